// Transcript: what a person at two terminals would have typed and seen, in the order in which it
// happened. Kept in the file that $BRINK_FLEET_TRANSCRIPT names; scripts/fleet-transcript puts it
// into docs/FLEET.md.
#pragma once

#include <cstdlib>
#include <fstream>
#include <string>

#include "tests/real/fleet/smtp_server.hpp"

namespace fleet_test {

class Transcript {
 public:
  /// What happens outside of the terminals.
  void note(const std::string& what) { text_ += "\n# " + what + "\n"; }
  void command(const std::string& line) { text_ += "\n$ " + line + "\n"; }
  void output(const std::string& lines) { text_ += lines; }

  void mail(const smtp_server::Mail& mail) {
    text_ += "To: " + recipients(mail) + "\nSubject: " + mail.header("Subject") + "\n\n";
    std::string body = mail.data.substr(mail.data.find("\r\n\r\n") + 4);
    std::erase(body, '\r');
    for (std::size_t at = 0; (at = body.find("=\n", at)) != std::string::npos;) body.erase(at, 2);
    text_ += body;
  }

  static std::string recipients(const smtp_server::Mail& mail) {
    std::string all;
    for (const std::string& one : mail.to) all += (all.empty() ? "" : ", ") + one;
    return all;
  }

  void save() const {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment meanwhile.
    if (const char* file = std::getenv("BRINK_FLEET_TRANSCRIPT")) std::ofstream{file} << text_;
  }

 private:
  std::string text_;
};

}  // namespace fleet_test
