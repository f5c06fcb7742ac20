// A real SMTP server for a test, of python3-aiosmtpd; skipped where that is not installed.
#pragma once

#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/cli/brink_process.hpp"

namespace smtp_server {

using brink_process::Process;
using brink_process::Words;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

inline int run(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str());  // NOLINT(concurrency-mt-unsafe)
}

/// Whether there is what it needs; else says so.
inline bool is_there() {
  if (run("/usr/bin/python3 -c 'import aiosmtpd'") == 0) return true;
  WARN("skipped: there is no SMTP server to test with (apt-get install python3-aiosmtpd)");
  return false;
}

/// A certificate for localhost and its key, `folder`/smtp.pem and smtp.key.
inline bool make_certificate(const fs::path& folder) {
  const int code =
      run("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext "
          "subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout " +
          (folder / "smtp.key").string() + " -out " + (folder / "smtp.pem").string());
  if (code != 0) WARN("skipped: a certificate needs the program openssl");
  return code == 0;
}

struct Mail {
  std::string from, data;
  std::vector<std::string> to;
  bool tls = false;

  std::string header(const std::string& name) const {
    const std::size_t at = ("\r\n" + data).find("\r\n" + name + ": ");
    if (at == std::string::npos) return "";
    const std::size_t begin = at + name.size() + 2;
    return data.substr(begin, data.find("\r\n", begin) - begin);
  }
};

class Server {
 public:
  /// `words`: its options. Returns when it listens.
  Server(fs::path folder, Words words = {}) : folder_(std::move(folder)) {
    fs::create_directories(folder_);
    words.insert(words.begin(), {"/usr/bin/python3", SOURCE_DIR "/tests/real/fleet/smtp_server.py",
                                 (folder_ / "mails").string()});
    process_.emplace(words, Process::Start{}, folder_);
    for (int i = 0; i < 2000 && port_ == 0; ++i) {
      const std::string said = process_->out();
      if (said.starts_with("port ") && said.ends_with("\n")) port_ = std::stoi(said.substr(5));
      if (port_ == 0) std::this_thread::sleep_for(10ms);
    }
    INFO(process_->err());
    REQUIRE(port_ != 0);
  }
  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  /// Taken so far.
  std::vector<Mail> mails() const {
    std::vector<Mail> all;
    std::ifstream lines{folder_ / "mails"};
    for (std::string line; std::getline(lines, line);) {
      const auto json = nlohmann::json::parse(line, nullptr, false);
      if (json.is_discarded()) break;  // is being written
      all.push_back({json["from"], json["data"], json["to"], json["tls"]});
    }
    return all;
  }

 private:
  fs::path folder_;
  std::optional<Process> process_;
  int port_ = 0;
};

}  // namespace smtp_server
