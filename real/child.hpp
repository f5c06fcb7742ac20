// Child: a process that we have started, what it says, and its end.
//
// It cannot outlive us, unless it is to: the kernel kills it when the thread that started it ends.
// Its standard input closes with us, which parts that follow it take as the word to end. It is in a
// process group of its own, so that a Ctrl-C at the terminal reaches only us, who end it in good
// order. It inherits no descriptors but its standard ones.
//
// Lines of up to a quarter of a MiB come whole; longer ones do not come.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "real/asio.hpp"
#include "real/process.hpp"

namespace real {

class Child final : public Process {
 public:
  using Handlers = Process::Handlers;
  enum class Fate : std::uint8_t { ours, its_own };  // what becomes of it when we die

  /// Starts `words[0]`, a path, with the others as its arguments.
  ///
  ///   throws  std::system_error with the path, also when it cannot be executed
  Child(asio::io_context& io, const std::vector<std::string>& words, Handlers handlers,
        Fate fate = Fate::ours);
  /// Kills it if it still runs, and waits for that.
  ~Child() override;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const;
  bool running() const override;
  bool still_there() const override;  // asks the kernel
  void kill(int signal) override;
  void close_input() override;
  /// Sends it a line; see LineWriter.
  void write(std::string_view line);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace real
