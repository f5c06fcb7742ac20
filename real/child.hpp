// Child: a process that we have started, what it says, and its end.
//
// It cannot outlive us, unless it is to: the kernel kills it when the thread that started it ends.
// Its standard input closes with us, which parts that follow it take as the word to end. It is in a
// process group of its own, so that a Ctrl-C at the terminal reaches only us, who end it in good
// order. It inherits no descriptors but its standard ones.
//
// Its output and its errors come line by line, or as they come where they may be anything. Lines of
// up to a quarter of a MiB come whole; longer ones do not come.
//
// A confined child is one that somebody else has asked for: it gets nothing of ours but what its
// confinement says, and whoever it has started ends with it, unless he has left its session.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "real/asio.hpp"
#include "real/process.hpp"

namespace real {

/// What a child has and may do that somebody else has asked for. It is in a session of its own,
/// cannot gain privileges, and makes files that are its owner's only.
struct Confinement {
  struct Limit {
    int resource;         // RLIMIT_CPU and so on
    std::uint64_t value;  // the hard limit too
  };
  std::vector<std::string> environment;  // all of it: "NAME=VALUE"
  std::string directory = "/";           // where it begins
  std::vector<Limit> limits;
};

class Child final : public Process {
 public:
  using Handlers = Process::Handlers;
  enum class Fate : std::uint8_t { ours, its_own };  // what becomes of it when we die
  enum class Talk : std::uint8_t { lines, bytes };   // what the handlers of its output are told
  struct How {
    Fate fate = Fate::ours;
    Talk talk = Talk::lines;
    std::optional<Confinement> confinement{};
  };

  /// Starts `words[0]`, a path, with the others as its arguments.
  ///
  ///   throws  std::system_error with the path, also when it cannot be executed
  Child(asio::io_context& io, const std::vector<std::string>& words, Handlers handlers,
        const How& how);
  Child(asio::io_context& io, const std::vector<std::string>& words, Handlers handlers,
        Fate fate = Fate::ours)
      : Child(io, words, std::move(handlers), How{.fate = fate}) {}
  /// Kills it if it still runs, and waits for that.
  ~Child() override;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const;
  bool running() const override;
  /// Exit code, or minus the signal that ended it; 0 while it runs.
  int code() const;
  bool still_there() const override;  // asks the kernel
  /// A confined one goes with all that it has started.
  void kill(int signal) override;
  void close_input() override;
  /// Sends it a line; see LineWriter.
  void write(std::string_view line);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace real
