#include "real/http_server.hpp"

#include <algorithm>
#include <stdexcept>

#include "real/http_shared.hpp"
#include "real/spawn.hpp"

namespace real {
namespace {

using namespace std::chrono_literals;

constexpr auto pause_without_descriptors = 100ms;

/// All addresses of one IPv6 subscriber are one, or a limit would be none.
std::string name_of(const asio::ip::address& address) {
  if (!address.is_v6() || address.to_v6().is_v4_mapped()) return address.to_string();
  auto bytes = address.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return asio::ip::address_v6{bytes}.to_string();
}

/// Says why and closes, without waiting for anybody.
void turn_away(tcp::socket socket) {
  constexpr std::string_view answer =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\n"
      "Connection: close\r\n\r\n";
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(answer), ignored);
}

bool has_room(const HttpServer::Shared& shared, const std::string& peer) {
  if (shared.open.size() >= shared.options.connections) return false;
  const auto of_peer = shared.of_address.find(peer);
  return of_peer == shared.of_address.end() ||
         of_peer->second < shared.options.connections_of_address;
}

awaitable<void> accept_all(std::shared_ptr<HttpServer::Shared> shared) {
  for (;;) {
    boost::system::error_code error;
    tcp::endpoint from;
    tcp::socket socket =
        co_await shared->acceptor.async_accept(from, asio::redirect_error(use_awaitable, error));
    if (shared->closed) co_return;
    if (error) {  // no descriptors left, or the peer is gone already: others come
      asio::steady_timer wait{shared->io, pause_without_descriptors};
      co_await wait.async_wait(use_awaitable);
      continue;
    }
    std::string peer = name_of(from.address());
    if (!has_room(*shared, peer)) {
      turn_away(std::move(socket));
      continue;
    }
    spawn(shared->io, "http", serve_http(shared, std::move(socket), std::move(peer)));
  }
}

}  // namespace

HttpServer::HttpServer(asio::io_context& io, Options options, Router router)
    : shared_(std::make_shared<Shared>(io, std::move(options), std::move(router))) {
  Options& given = shared_->options;
  for (const char* name : {"localhost", "127.0.0.1", "[::1]"}) given.names.emplace_back(name);
  try {
    const auto address = asio::ip::make_address(given.host);
    const bool v6 = address.is_v6();
    given.names.push_back(v6 ? "[" + given.host + "]" : given.host);
    const tcp::endpoint where{address, given.port};
    shared_->acceptor.open(where.protocol());
    shared_->acceptor.set_option(tcp::acceptor::reuse_address{true});
    shared_->acceptor.bind(where);
    shared_->acceptor.listen();
  } catch (const boost::system::system_error& refused) {
    throw std::runtime_error(given.host + ":" + std::to_string(given.port) + ": " +
                             refused.code().message());
  }
  spawn(io, "http", accept_all(shared_));
}

HttpServer::~HttpServer() {
  close();
}

std::string HttpServer::address() const {
  const std::string& host = shared_->options.host;
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port());
}

std::uint16_t HttpServer::port() const {
  return shared_->acceptor.local_endpoint().port();
}

std::size_t HttpServer::connections() const {
  return shared_->open.size();
}

void HttpServer::close() {
  if (std::exchange(shared_->closed, true)) return;
  boost::system::error_code ignored;
  shared_->acceptor.close(ignored);
  for (tcp::socket* socket : shared_->open) socket->close(ignored);
}

}  // namespace real
