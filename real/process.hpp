// Process: somebody whom we have started, here (Child) or on another host (Outpost), what he says
// and his end.
//
// Output and errors come line by line; the end comes once, after the last words. Handlers run in
// the io_context and never inside a call to the process, and none after it was destroyed.
#pragma once

#include <functional>
#include <string>

namespace real {

class Process {
 public:
  struct Handlers {
    std::function<void(const std::string& line)> on_output = [](const std::string&) {};
    std::function<void(const std::string& line)> on_error = [](const std::string&) {};
    /// "exit code 3", "killed by signal 9": how it ended.
    std::function<void(const std::string& how)> on_end = [](const std::string&) {};
  };

  /// Kills it if it still runs.
  virtual ~Process() = default;

  virtual bool running() const = 0;
  /// For those who wait outside the io_context; one on another host is as its host last said.
  virtual bool still_there() const = 0;
  /// Nothing happens where it has ended.
  virtual void kill(int signal) = 0;
  /// Closes its standard input: whoever follows it ends.
  virtual void close_input() = 0;
};

}  // namespace real
