// BoundedLog: a file for what a daemon says, which never grows beyond a size.
//
// Standard output and errors go to the file, whoever in the process writes them. Now and then it is
// looked at, and when it has grown too long, the older part goes: what is left begins with a whole
// line. Between two looks it can be longer. Nobody else may write to it.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>

#include "real/asio.hpp"
#include "real/posix.hpp"

namespace real {

class BoundedLog {
 public:
  struct Options {
    std::size_t most = 1 << 20;                                 // bytes; half of it stays
    std::chrono::milliseconds every = std::chrono::seconds{5};  // between two looks
  };

  /// Opens the file, or makes it with mode 0600, and turns this process's standard output and
  /// errors to it.
  ///
  ///   throws  std::system_error with the path
  BoundedLog(asio::io_context& io, const std::filesystem::path& path, Options options);
  BoundedLog(asio::io_context& io, const std::filesystem::path& path)
      : BoundedLog(io, path, Options{}) {}

  /// Shortens the file behind `descriptor`, open for reading and appending, to its last `keep`
  /// bytes from a line's beginning on. Nothing happens where it is shorter than `most`, or where
  /// the system refuses: a log is not worth a failure.
  static void shorten(int descriptor, std::size_t most, std::size_t keep);

 private:
  void look_later();

  Options options_;
  Descriptor file_;
  asio::steady_timer timer_;
};

}  // namespace real
