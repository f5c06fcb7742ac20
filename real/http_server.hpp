// HTTP server: HTTP/1.1 on one port, for people, tools and Prometheus.
//
// Every step of a connection has a limit, so that no stranger holds anything for long or makes the
// memory grow: what is too slow, too large, too many or ambiguous gets an answer that says so, and
// the connection is closed.
//
//   TLS       10 s until it is agreed on: cut off
//   head      10 s from its first byte (from the connection, for the first one): 408. 16 KiB, 100
//             fields: 431. What check_head() does not like: 400, 414, 501, 505
//   Host      not one of `names`: 421, since a page in a browser may have talked its owner's name
//             server into our address
//   body      64 KiB: 413. 10 s: 408
//   answer    10 s until all of it has left: cut off
//   idle      60 s between requests, 1,000 requests: closed
//   many      connections in all and for each address: 503; requests of an address: 429
//
// Requests of one connection are answered one after the other; only then is the next one read, so
// what is sent ahead waits in the socket. Runs in the one thread of its io_context. What a handler
// throws becomes 500 and is told to `report`. With a certificate it speaks TLS and nothing else;
// without one it is for loopback, or behind something that has one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "real/asio.hpp"
#include "real/http.hpp"
#include "real/http_head.hpp"
#include "real/http_stream.hpp"
#include "real/rate_limit.hpp"

namespace real {

class HttpServer {
 public:
  struct Options {
    std::string host = "127.0.0.1";  // address to listen on
    std::uint16_t port = 0;          // 0: any that is free
    std::vector<std::string> names;  // hosts that it answers to, besides loopback's and `host`
    std::optional<Certificate> certificate;  // none: no TLS
    HeadLimits head;
    std::size_t body_bytes = 64 << 10;
    std::size_t connections = 256;
    std::size_t connections_of_address = 128;  // so that no address has them all
    std::size_t requests_of_connection = 1000;
    std::optional<RateLimit::Config> rate;  // requests of one address
    std::chrono::milliseconds head_limit = std::chrono::seconds{10};
    std::chrono::milliseconds body_limit = std::chrono::seconds{10};
    std::chrono::milliseconds write_limit = std::chrono::seconds{10};
    std::chrono::milliseconds idle_limit = std::chrono::seconds{60};
    std::function<void(const std::string&)> report = [](const std::string&) {};
  };

  /// Listens from now on; serves while the io_context runs.
  ///
  ///   throws  std::runtime_error "HOST:PORT: address already in use", or as TlsContext's
  HttpServer(asio::io_context& io, Options options, Router router);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string address() const;  // host:port
  std::uint16_t port() const;
  std::size_t connections() const;
  /// Takes no more connections and cuts those that there are.
  void close();

  struct Shared;  // what its connections use; lives as long as the last of them

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace real
