#include "real/http_stream.hpp"

namespace real {
namespace {

class PlainStream final : public HttpStream {
 public:
  explicit PlainStream(tcp::socket socket) : socket_(std::move(socket)) {}

  tcp::socket& socket() override { return socket_; }
  awaitable<std::string> begin() override { co_return ""; }
  awaitable<std::size_t> read_some(asio::mutable_buffer into, error_code& error) override {
    co_return co_await socket_.async_read_some(into, asio::redirect_error(use_awaitable, error));
  }
  awaitable<void> write(std::array<asio::const_buffer, 2> pieces, error_code& error) override {
    co_await asio::async_write(socket_, pieces, asio::redirect_error(use_awaitable, error));
  }
  awaitable<void> end() override {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    co_return;
  }

 private:
  tcp::socket socket_;
};

}  // namespace

std::unique_ptr<HttpStream> plain_stream(tcp::socket socket) {
  return std::make_unique<PlainStream>(std::move(socket));
}

}  // namespace real
