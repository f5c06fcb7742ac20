#include "real/http_client.hpp"

#include <stdexcept>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "real/link.hpp"
#include "real/spawn.hpp"

namespace real {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t read_size = 16 << 10;

[[noreturn]] void fail(const error_code& error) {
  throw std::runtime_error(error.message());
}

awaitable<HttpAnswer> get(HttpStream& stream, const HttpGet& wanted) {
  co_await connect_http(stream, wanted.place);
  std::string head = "GET " + wanted.target + " HTTP/1.1\r\nHost: " + wanted.place.name() +
                     "\r\nConnection: close\r\n";
  if (!wanted.token.empty()) head += "Authorization: Bearer " + wanted.token + "\r\n";
  head += "\r\n";
  co_return co_await exchange_http(stream, head, "", wanted.most);
}

}  // namespace

std::string HttpPlace::name() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + port;
}

std::optional<HttpPlace> http_place(std::string_view url) {
  HttpPlace place;
  constexpr std::string_view plain = "http://", tls = "https://";
  place.tls = url.starts_with(tls);
  if (!place.tls && !url.starts_with(plain)) return {};
  url.remove_prefix(place.tls ? tls.size() : plain.size());
  if (url.ends_with('/')) url.remove_suffix(1);
  if (url.find_first_of("/?#@") != std::string_view::npos) return {};
  auto split = split_address(std::string{url});
  if (!split) return {};
  std::tie(place.host, place.port) = std::move(*split);
  return place;
}

awaitable<void> connect_http(HttpStream& stream, const HttpPlace& place) {
  tcp::socket& socket = stream.socket();
  tcp::resolver resolver{socket.get_executor()};
  error_code error;
  const auto where = co_await resolver.async_resolve(place.host, place.port,
                                                     asio::redirect_error(use_awaitable, error));
  if (!error)
    co_await asio::async_connect(socket, where, asio::redirect_error(use_awaitable, error));
  if (error) fail(error);
  socket.set_option(tcp::no_delay{true}, error);
  const std::string refused = co_await stream.begin();
  if (!refused.empty()) throw std::runtime_error(refused);
}

awaitable<HttpAnswer> exchange_http(HttpStream& stream, std::string_view head,
                                    std::string_view body, std::size_t most) {
  error_code error;
  co_await stream.write({asio::buffer(head), asio::buffer(body)}, error);
  if (error) fail(error);
  http::response_parser<http::string_body> parser;
  parser.body_limit(most);
  parser.eager(true);
  boost::beast::flat_buffer buffer;
  while (!parser.is_done()) {
    buffer.commit(co_await stream.read_some(buffer.prepare(read_size), error));
    if (error && (error != asio::error::eof || !parser.got_some())) fail(error);
    const bool ended = error == asio::error::eof;
    error = {};
    while (buffer.size() > 0 && !parser.is_done()) {
      const std::size_t used = parser.put(buffer.data(), error);
      buffer.consume(used);
      if (error == http::error::need_more) error = {};
      if (error) fail(error);
      if (used == 0) break;
    }
    if (ended && !parser.is_done()) parser.put_eof(error);
    if (error) fail(error);
  }
  co_return HttpAnswer{.status = parser.get().result_int(),
                       .body = std::move(parser.get().body()),
                       .keep_alive = parser.get().keep_alive()};
}

HttpAnswer http_get(const HttpGet& wanted) {
  std::optional<TlsTrust> trust;
  if (wanted.place.tls) trust.emplace(wanted.ca);
  asio::io_context io{1};
  std::optional<HttpAnswer> answer;
  std::string trouble = "no answer in time";
  const auto ask = [&]() -> awaitable<void> {
    const auto stream =
        trust ? trust->stream(tcp::socket{io}, wanted.place.host) : plain_stream(tcp::socket{io});
    try {
      answer = co_await get(*stream, wanted);
    } catch (const std::exception& failure) {
      trouble = failure.what();
    }
  };
  spawn(io, "http", ask());
  io.run_for(wanted.patience);
  if (!answer) throw std::runtime_error(wanted.place.name() + ": " + trouble);
  return std::move(*answer);
}

}  // namespace real
