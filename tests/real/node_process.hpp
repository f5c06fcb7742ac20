// `brink node` as a process of its own, to be killed or measured; it dies with its parent.
#pragma once

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace real_test {

class NodeProcess {
 public:
  /// Returns when it listens.
  NodeProcess(const std::filesystem::path& brink, const std::filesystem::path& directory,
              const std::filesystem::path& key, std::uint32_t machine,
              const std::string& memory = "1GiB") {
    int in[2], out[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) {
      throw std::runtime_error("no pipes");
    }
    const std::string number = std::to_string(machine);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      ::execl(brink.c_str(), "brink", "node", "--directory", directory.c_str(), "--machine",
              number.c_str(), "--cores", "1", "--memory", memory.c_str(), "--disk", "1GB/s",
              "--network", "40Gbit/s", "--key-file", key.c_str(), "--follow-stdin", nullptr);
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    input_ = in[1];
    FILE* const text = ::fdopen(out[0], "r");
    char line[256];
    while (address.empty() && std::fgets(line, sizeof line, text) != nullptr) {
      said += line;
      const std::string mark = "listening on ", now{line};
      if (now.starts_with(mark)) address = now.substr(mark.size(), now.size() - mark.size() - 1);
    }
    std::fclose(text);
    if (address.empty()) throw std::runtime_error("brink node does not start");
  }
  ~NodeProcess() { end(SIGKILL); }
  NodeProcess(const NodeProcess&) = delete;
  NodeProcess& operator=(const NodeProcess&) = delete;

  /// Exit code, or minus the signal that ended it.
  int end(int signal) {
    if (pid_ <= 0) return 0;
    if (signal != 0) ::kill(pid_, signal);
    ::close(input_);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    remove_group();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  pid_t pid() const { return pid_; }

  std::string address, said;

 private:
  /// Killed, it could not remove its own.
  void remove_group() const {
    const std::string mark = "group: ";
    const auto at = said.find(mark);
    if (at == std::string::npos) return;
    const auto begin = at + mark.size();
    const std::string group = said.substr(begin, said.find('\n', begin) - begin);
    for (int i = 0; i < 100 && ::rmdir(group.c_str()) != 0 && errno == EBUSY; ++i) ::usleep(1'000);
  }

  pid_t pid_ = 0;
  int input_ = -1;
};

}  // namespace real_test
