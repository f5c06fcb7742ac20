#include "real/ending.hpp"

#include <csignal>
#include <utility>

#include <unistd.h>

#include "real/posix.hpp"

namespace real {

Ending::Ending(asio::io_context& io, bool follow_stdin, std::function<void()> stop)
    : signals_(io, SIGINT, SIGTERM), stop_(std::move(stop)) {
  signals_.async_wait([this](boost::system::error_code error, int) {
    if (!error) end();
  });
  if (!follow_stdin) return;
  const int input = ::dup(STDIN_FILENO);
  if (input < 0) throw refused_by_system("standard input");
  boost::system::error_code not_waitable;  // a file or /dev/null: it has ended already
  input_.emplace(io);
  input_->assign(input, not_waitable);
  if (!not_waitable) {
    read();
  } else {
    ::close(input);
    input_.reset();
    asio::post(io, [this] { end(); });
  }
}

void Ending::read() {
  input_->async_read_some(asio::buffer(ignored_),
                          [this](boost::system::error_code error, std::size_t) {
                            if (error == asio::error::operation_aborted) return;
                            error ? end() : read();
                          });
}

void Ending::cancel() {
  boost::system::error_code ignored;
  signals_.cancel(ignored);
  if (input_) input_->cancel(ignored);
}

void Ending::end() {
  cancel();
  if (const auto stop = std::exchange(stop_, nullptr)) stop();
}

}  // namespace real
