// What the connections of one HttpServer have in common. For http_server.cpp and
// http_connection.cpp only.
#pragma once

#include <map>
#include <set>

#include "real/http_server.hpp"

namespace real {

struct HttpServer::Shared {
  Shared(asio::io_context& context, HttpServer::Options given, Router routes)
      : io(context), options(std::move(given)), router(std::move(routes)), acceptor(context) {
    if (options.rate) rate.emplace(*options.rate);
    if (options.certificate) tls.emplace(*options.certificate);
  }

  asio::io_context& io;
  HttpServer::Options options;
  Router router;
  tcp::acceptor acceptor;
  std::optional<RateLimit> rate;
  std::optional<TlsContext> tls;
  std::set<tcp::socket*> open;  // to be cut at the end
  std::map<std::string, std::size_t> of_address;
  bool closed = false;
};

/// Serves one connection to its end. Throws nothing that a peer can cause.
awaitable<void> serve_http(std::shared_ptr<HttpServer::Shared> shared, tcp::socket socket,
                           std::string peer);

}  // namespace real
