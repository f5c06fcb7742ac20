// Ending: how the long-lived parts of a real run learn that they are to end.
//
// SIGINT and SIGTERM ask for it. A part that was started by another one also follows its standard
// input: whoever started it holds the other end, and when he dies, however he dies, it closes.
#pragma once

#include <array>
#include <functional>
#include <optional>

#include "real/asio.hpp"

namespace real {

class Ending {
 public:
  /// Calls `stop` once, in the io_context, which has work until then. Must live as long.
  ///
  ///   follow_stdin  also when standard input reaches its end; what is sent there is ignored
  Ending(asio::io_context& io, bool follow_stdin, std::function<void()> stop);
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;

  /// Stops waiting, so that the io_context may run out of work.
  void cancel();

 private:
  void read();
  void end();

  asio::signal_set signals_;
  std::optional<asio::posix::stream_descriptor> input_;
  std::array<char, 256> ignored_{};
  std::function<void()> stop_;
};

}  // namespace real
