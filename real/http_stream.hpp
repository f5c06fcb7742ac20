// HttpStream: the bytes of one HTTP connection, of a server or a client, as they are or over TLS.
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
#include <string>

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
  /// Agrees with the peer on how to talk. Returns why it could not be; empty: it is done.
  virtual awaitable<std::string> begin() = 0;
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

/// The most that is read of a PEM file, in bytes.
inline constexpr std::size_t most_pem_bytes = std::size_t{64} << 10;

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

/// Whom clients believe.
class TlsTrust {
 public:
  /// file    certificates in PEM form: the peer's own, or those that have signed it. Nobody but its
  ///         owner may write it. Empty: the system's
  /// throws  as TlsContext
  explicit TlsTrust(const std::filesystem::path& file);
  ~TlsTrust();
  TlsTrust(const TlsTrust&) = delete;
  TlsTrust& operator=(const TlsTrust&) = delete;

  /// A client's stream over a socket that may still have to be connected. Its peer's certificate
  /// must be made for `host`, a name or an IP address without brackets. This must outlive it.
  std::unique_ptr<HttpStream> stream(tcp::socket socket, const std::string& host) const;

 private:
  struct Hidden;
  std::unique_ptr<Hidden> hidden_;
};

/// Whether the first certificate of a PEM file is made for `host`, as TlsTrust has it.
///
///   throws  as TlsContext
bool is_made_for(const std::filesystem::path& certificate, const std::string& host);

}  // namespace real
