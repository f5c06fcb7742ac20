// Commands: runs what an allow-file names, for people far away.
//
// A command is a program and its words, which nobody but the file says: there is no shell and no
// word of the caller. It runs in a session of its own from the directory /, with an environment of
// three lines, no descriptors but its output's, no privileges to gain, and limits: its time, its
// output, its memory, the files it writes. Who passes one is killed with all that he has started
// (unless he has left the session, which the allow-file's owner would have to permit), and the
// answer says so and what there was up to then.
//
// Call from the thread of the io_context.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "real/asio.hpp"
#include "real/fleet/allow_file.hpp"

namespace real {

class Commands {
 public:
  struct Limits {
    std::chrono::milliseconds time = std::chrono::seconds{10};
    std::size_t output = std::size_t{64} << 10;  // bytes, both kinds together
    std::size_t at_once = 4;
    std::uint64_t memory = std::uint64_t{2} << 30;       // of addresses
    std::uint64_t file_bytes = std::uint64_t{16} << 20;  // of each file that it writes
    std::uint64_t descriptors = 256;
  };

  struct Ended {
    enum class Why : std::uint8_t { by_itself, too_slow, too_much_output, never_began };
    Why why = Why::by_itself;
    int code = 0;         // exit code, or minus the signal that ended it
    std::string trouble;  // never_began: why
    std::string output, errors;
    std::chrono::milliseconds took{};
  };

  Commands(asio::io_context& io, std::vector<AllowedCommand> allowed);
  Commands(asio::io_context& io, std::vector<AllowedCommand> allowed, const Limits& limits);

  /// None where the name is not on the list.
  const AllowedCommand* find(std::string_view name) const;
  bool has_room() const { return *running_ < limits_.at_once; }

  /// Runs one to its end. Requires has_room().
  awaitable<Ended> run(AllowedCommand command);

  const std::vector<AllowedCommand>& allowed() const { return allowed_; }

 private:
  asio::io_context& io_;
  std::vector<AllowedCommand> allowed_;
  Limits limits_;
  // A coroutine that counts may end with the io_context, after this.
  std::shared_ptr<std::size_t> running_ = std::make_shared<std::size_t>(0);
};

/// "exited", "too slow" and so on.
std::string_view to_string(Commands::Ended::Why why);

}  // namespace real
