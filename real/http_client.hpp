// HTTP client: asks a server of Brink's for something, in plain HTTP or over TLS.
//
// For our own tools: no redirects, no cookies, no compression, answers of a bounded size. Whoever
// uses the coroutines sets the time limit, by closing the stream's socket.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "real/asio.hpp"
#include "real/http_stream.hpp"

namespace real {

/// http://HOST:PORT or https://HOST:PORT, taken apart.
struct HttpPlace {
  bool tls = false;
  std::string host, port;  // without brackets

  /// HOST:PORT as a Host field has it.
  std::string name() const;
};

/// Nothing where `url` is anything else, or has more than a final '/' behind its port.
std::optional<HttpPlace> http_place(std::string_view url);

struct HttpAnswer {
  unsigned status = 0;
  std::string body;
  bool keep_alive = false;  // the connection can be used again
};

/// Connects and agrees on how to talk. Throws std::runtime_error.
awaitable<void> connect_http(HttpStream& stream, const HttpPlace& place);

/// Sends a request, its head up to and with the empty line, and takes the answer.
///
///   most    bytes of a body that are accepted
///   throws  std::runtime_error; the connection is of no use then
awaitable<HttpAnswer> exchange_http(HttpStream& stream, std::string_view head,
                                    std::string_view body, std::size_t most);

struct HttpGet {
  HttpPlace place;
  std::filesystem::path ca{};  // of https://: as TlsTrust has it
  std::string target;
  std::string token{};                       // brought as bearer; empty: none
  std::chrono::milliseconds patience{};      // for all of it
  std::size_t most = std::size_t{64} << 20;  // bytes of the body
};

/// Asks once and waits for the answer, whatever its status. Throws std::runtime_error.
HttpAnswer http_get(const HttpGet& get);

}  // namespace real
