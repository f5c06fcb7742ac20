// LineWriter: writes to a pipe without ever waiting for who reads it.
//
// What the pipe does not take is kept and leaves when there is room, up to a limit: a reader who
// has stopped must cost neither our time nor our memory. Beyond the limit, and once the reader is
// gone, everything is dropped. One thread, that of its io_context. Needs SIGPIPE to be ignored.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "real/asio.hpp"

namespace real {

class LineWriter {
 public:
  static constexpr std::size_t limit = std::size_t{16} << 20;  // bytes kept

  /// Takes `descriptor` over. Its open file becomes non-blocking.
  ///
  ///   throws  boost::system::system_error for what cannot be waited for, such as a plain file
  LineWriter(asio::io_context& io, int descriptor);
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  /// Writes `line` and an end of line, now or later.
  void write(std::string_view line);
  /// What could not be written yet is lost.
  void close();
  /// False once it was closed, the reader is gone, or he was too slow.
  bool open() const;
  /// All has been written that was to be.
  bool empty() const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace real
