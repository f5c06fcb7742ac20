// The only file that sees OpenSSL's TLS; Asio's part for it is compiled here too.
#include <stdexcept>

#include <boost/asio/ssl.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "real/http_stream.hpp"
#include "real/password.hpp"
#include "real/secret_file.hpp"

namespace real {
namespace {

namespace ssl = asio::ssl;

class TlsStream final : public HttpStream {
 public:
  TlsStream(tcp::socket socket, ssl::context& context, ssl::stream_base::handshake_type part)
      : stream_(std::move(socket), context), part_(part) {}

  tcp::socket& socket() override { return stream_.next_layer(); }
  SSL* native() { return stream_.native_handle(); }
  awaitable<std::string> begin() override {
    error_code refused;
    co_await stream_.async_handshake(part_, asio::redirect_error(use_awaitable, refused));
    if (!refused) co_return "";
    const long objection = SSL_get_verify_result(native());
    if (objection == X509_V_OK) co_return "TLS: " + refused.message();
    co_return std::string{"its certificate: "} + X509_verify_cert_error_string(objection);
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
  ssl::stream_base::handshake_type part_;
};

template <auto Free>
struct Freed {
  void operator()(auto* thing) const { Free(thing); }
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
  const std::string chain = read_orders(certificate.chain, most_pem_bytes);
  about(certificate.chain, "no certificate in PEM form", [&](boost::system::error_code& error) {
    context.use_certificate_chain(asio::buffer(chain), error);
  });
  std::string key = read_secret(certificate.key, most_pem_bytes);
  about(certificate.key, "no private key in PEM form that goes with the certificate",
        [&](boost::system::error_code& error) {
          context.use_private_key(asio::buffer(key), ssl::context::pem, error);
          wipe(key);
        });
}

TlsContext::~TlsContext() = default;

std::unique_ptr<HttpStream> TlsContext::stream(tcp::socket socket) {
  return std::make_unique<TlsStream>(std::move(socket), hidden_->context, ssl::stream_base::server);
}

struct TlsTrust::Hidden {
  ssl::context context{ssl::context::tls_client};
};

TlsTrust::TlsTrust(const std::filesystem::path& file) : hidden_(std::make_unique<Hidden>()) {
  ssl::context& context = hidden_->context;
  harden(context.native_handle());
  context.set_verify_mode(ssl::verify_peer);
  if (file.empty()) {
    context.set_default_verify_paths();
    return;
  }
  const std::string text = read_orders(file, most_pem_bytes);
  about(file, "no certificate in PEM form", [&](boost::system::error_code& error) {
    context.add_certificate_authority(asio::buffer(text), error);
  });
  // A certificate that another one has signed is enough in itself where it is the one we were
  // given.
  X509_STORE_set_flags(SSL_CTX_get_cert_store(context.native_handle()), X509_V_FLAG_PARTIAL_CHAIN);
}

TlsTrust::~TlsTrust() = default;

std::unique_ptr<HttpStream> TlsTrust::stream(tcp::socket socket, const std::string& host) const {
  auto stream =
      std::make_unique<TlsStream>(std::move(socket), hidden_->context, ssl::stream_base::client);
  X509_VERIFY_PARAM* const wanted = SSL_get0_param(stream->native());
  if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) != 1) {
    ERR_clear_error();
    require(X509_VERIFY_PARAM_set1_host(wanted, host.c_str(), host.size()), "this host's name");
    SSL_set_tlsext_host_name(stream->native(), host.c_str());
  }
  return stream;
}

bool is_made_for(const std::filesystem::path& certificate, const std::string& host) {
  const std::string text = read_orders(certificate, most_pem_bytes);
  const std::unique_ptr<BIO, Freed<BIO_free_all>> bytes{
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
  const std::unique_ptr<X509, Freed<X509_free>> first{
      PEM_read_bio_X509(bytes.get(), nullptr, nullptr, nullptr)};
  ERR_clear_error();
  if (!first) throw std::runtime_error(certificate.string() + ": no certificate in PEM form");
  return X509_check_ip_asc(first.get(), host.c_str(), 0) == 1 ||
         X509_check_host(first.get(), host.c_str(), host.size(), 0, nullptr) == 1;
}

}  // namespace real
