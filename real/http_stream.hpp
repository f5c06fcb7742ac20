// HttpStream: the bytes of one connection of an HttpServer, as they are or over TLS.
//
// TLS is 1.2 or 1.3, with ciphers that keep old connections secret when a key is lost, without
// renegotiation, compression, tickets or sessions to resume: each of those costs memory or has been
// an attack. OpenSSL is seen by http_tls.cpp only.
//
// None of these throws for what a peer does. Cancelling the socket ends what is under way.
#pragma once

#include <array>
#include <filesystem>
#include <memory>

#include "real/asio.hpp"

namespace real {

class HttpStream {
 public:
  using error_code = boost::system::error_code;

  HttpStream() = default;
  virtual ~HttpStream() = default;
  HttpStream(const HttpStream&) = delete;
  HttpStream& operator=(const HttpStream&) = delete;

  virtual tcp::socket& socket() = 0;
  /// Agrees with the peer on how to talk. False: it could not be.
  virtual awaitable<bool> begin() = 0;
  virtual awaitable<std::size_t> read_some(asio::mutable_buffer into, error_code& error) = 0;
  virtual awaitable<void> write(std::array<asio::const_buffer, 2> pieces, error_code& error) = 0;
  /// Says that nothing more will be written.
  virtual awaitable<void> end() = 0;
};

std::unique_ptr<HttpStream> plain_stream(tcp::socket socket);

/// A certificate with those between it and its root, and its private key, in PEM form. The key's
/// file is its owner's only (secret_file.hpp), and not encrypted: nobody is there to ask.
struct Certificate {
  std::filesystem::path chain, key;
};

class TlsContext {
 public:
  /// Throws std::system_error, or std::runtime_error that says what is wrong with which file.
  explicit TlsContext(const Certificate& certificate);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  /// The context must outlive it.
  std::unique_ptr<HttpStream> stream(tcp::socket socket);

 private:
  struct Hidden;
  std::unique_ptr<Hidden> hidden_;
};

}  // namespace real
