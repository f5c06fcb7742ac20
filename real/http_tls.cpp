// The only file that sees OpenSSL's TLS; Asio's part for it is compiled here too.
#include <stdexcept>

#include <boost/asio/ssl.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "real/http_stream.hpp"
#include "real/password.hpp"
#include "real/secret_file.hpp"

namespace real {
namespace {

namespace ssl = asio::ssl;

constexpr std::size_t most_pem = std::size_t{64} << 10;  // bytes of one file

class TlsStream final : public HttpStream {
 public:
  TlsStream(tcp::socket socket, ssl::context& context) : stream_(std::move(socket), context) {}

  tcp::socket& socket() override { return stream_.next_layer(); }
  awaitable<bool> begin() override {
    error_code refused;
    co_await stream_.async_handshake(ssl::stream_base::server,
                                     asio::redirect_error(use_awaitable, refused));
    co_return !refused;
  }
  awaitable<std::size_t> read_some(asio::mutable_buffer into, error_code& error) override {
    co_return co_await stream_.async_read_some(into, asio::redirect_error(use_awaitable, error));
  }
  awaitable<void> write(std::array<asio::const_buffer, 2> pieces, error_code& error) override {
    co_await asio::async_write(stream_, pieces, asio::redirect_error(use_awaitable, error));
  }
  awaitable<void> end() override {
    error_code ignored;
    co_await stream_.async_shutdown(asio::redirect_error(use_awaitable, ignored));
    socket().shutdown(tcp::socket::shutdown_send, ignored);
  }

 private:
  ssl::stream<tcp::socket> stream_;
};

/// What OpenSSL's functions that return 1 say when they do not.
void require(long result, const char* what) {
  if (result != 1) throw std::runtime_error(std::string{"OpenSSL refuses "} + what);
}

void harden(SSL_CTX* context) {
  require(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION), "TLS 1.2");
  require(SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20"), "our ciphers");
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);  // who is idle holds little
}

/// `step` with the name of the file that it is about in what it throws.
template <class Step>
void about(const std::filesystem::path& file, const char* what, Step step) {
  boost::system::error_code error;
  step(error);
  if (!error) return;
  ERR_clear_error();
  throw std::runtime_error(file.string() + ": " + what + ": " + error.message());
}

}  // namespace

struct TlsContext::Hidden {
  ssl::context context{ssl::context::tls_server};
};

TlsContext::TlsContext(const Certificate& certificate) : hidden_(std::make_unique<Hidden>()) {
  ssl::context& context = hidden_->context;
  harden(context.native_handle());
  // An encrypted key would have its password asked for on the terminal.
  context.set_password_callback([](std::size_t, ssl::context::password_purpose) { return ""; });
  const std::string chain = read_orders(certificate.chain, most_pem);
  about(certificate.chain, "no certificate in PEM form", [&](boost::system::error_code& error) {
    context.use_certificate_chain(asio::buffer(chain), error);
  });
  std::string key = read_secret_text(certificate.key, most_pem);
  about(certificate.key, "no private key in PEM form that goes with the certificate",
        [&](boost::system::error_code& error) {
          context.use_private_key(asio::buffer(key), ssl::context::pem, error);
          wipe(key);
        });
}

TlsContext::~TlsContext() = default;

std::unique_ptr<HttpStream> TlsContext::stream(tcp::socket socket) {
  return std::make_unique<TlsStream>(std::move(socket), hidden_->context);
}

}  // namespace real
