#include "real/line_writer.hpp"

namespace real {

struct LineWriter::Shared : std::enable_shared_from_this<LineWriter::Shared> {
  Shared(asio::io_context& io, int descriptor) : to(io, descriptor) { to.non_blocking(true); }

  void push() {
    boost::system::error_code refused;
    while (!waiting.empty() && !refused) {
      const std::size_t taken = to.write_some(asio::buffer(waiting), refused);
      if (!refused) waiting.erase(0, taken);
    }
    if (waiting.empty()) return;
    if (refused != asio::error::would_block || waiting.size() > limit) return close();
    if (std::exchange(wanted, true)) return;
    to.async_wait(asio::posix::stream_descriptor::wait_write,
                  [self = shared_from_this()](boost::system::error_code error) {
                    self->wanted = false;
                    if (!error && self->to.is_open()) self->push();
                  });
  }

  void close() {
    boost::system::error_code ignored;
    to.close(ignored);
    waiting.clear();
  }

  asio::posix::stream_descriptor to;
  std::string waiting;
  bool wanted = false;
};

LineWriter::LineWriter(asio::io_context& io, int descriptor)
    : shared_(std::make_shared<Shared>(io, descriptor)) {}

LineWriter::~LineWriter() {
  shared_->close();
}

void LineWriter::write(std::string_view line) {
  if (!open()) return;
  (shared_->waiting += line) += '\n';
  shared_->push();
}

void LineWriter::close() {
  shared_->close();
}

bool LineWriter::open() const {
  return shared_->to.is_open();
}

bool LineWriter::empty() const {
  return shared_->waiting.empty();
}

}  // namespace real
