// The server over TLS: what it agrees to, and what those get who try something else.
#include <thread>

#include <boost/asio/ssl.hpp>
#include <catch2/catch.hpp>
#include <openssl/ssl.h>

#include "real/http_server.hpp"
#include "tests/real/fake_proc.hpp"
#include "tests/real/http_client.hpp"
#include "tests/real/made_certificate.hpp"

using namespace real;
using namespace http_client;
using namespace std::chrono_literals;
namespace ssl = boost::asio::ssl;

namespace {

class Served {
 public:
  explicit Served(HttpServer::Options options = {}) {
    options.certificate = certificate = made_certificate::make(folder_.path());
    Router router;
    router.add("GET", "/large",
               at_once([](const Request&) { return Response{.body = std::string(1 << 20, 'x')}; }));
    router.add("POST", "/echo",
               at_once([](const Request& request) { return Response{.body = request.body}; }));
    server_.emplace(io_, std::move(options), std::move(router));
    port = server_->port();
    thread_ = std::thread{[this] { io_.run(); }};
  }
  ~Served() {
    asio::post(io_, [this] { server_->close(); });
    thread_.join();
  }
  Certificate certificate;
  std::uint16_t port = 0;

 private:
  fake_proc::Folder folder_;
  asio::io_context io_;
  std::optional<HttpServer> server_;
  std::thread thread_;
};

/// A client that checks the certificate and the name in it.
class TlsClient {
 public:
  explicit TlsClient(const Served& served, int least = TLS1_2_VERSION, int most = 0,
                     const char* ciphers = nullptr) {
    context_.load_verify_file(served.certificate.chain);
    context_.set_verify_mode(ssl::verify_peer);
    SSL_CTX_set_security_level(context_.native_handle(), 0);  // the server is to refuse, not we
    SSL_CTX_set_min_proto_version(context_.native_handle(), least);
    SSL_CTX_set_max_proto_version(context_.native_handle(), most);
    if (ciphers != nullptr) SSL_CTX_set_cipher_list(context_.native_handle(), ciphers);
    stream_.emplace(io_, context_);
    stream_->set_verify_callback(ssl::host_name_verification{"localhost"});
    stream_->next_layer().connect({asio::ip::address_v4::loopback(), served.port});
    stream_->handshake(ssl::stream_base::client, refused);
  }
  std::string ask(const std::string& text) {
    boost::system::error_code ignored;
    asio::write(*stream_, asio::buffer(text), ignored);
    std::string answer;
    asio::read(*stream_, asio::dynamic_buffer(answer), ignored);
    ended = ignored;
    return answer;
  }
  SSL* native() { return stream_->native_handle(); }
  ssl::stream<tcp::socket>& stream() { return *stream_; }

  boost::system::error_code refused, ended;

 private:
  asio::io_context io_;
  ssl::context context_{ssl::context::tls_client};
  std::optional<ssl::stream<tcp::socket>> stream_;
};

std::string post(const std::string& body) {
  return "POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

TEST_CASE("http tls: requests and answers of any size go over 1.2 and 1.3, and the end is told") {
  const Served served;
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  TlsClient client{served, version, version};
  REQUIRE_FALSE(client.refused);
  CHECK(SSL_version(client.native()) == version);
  CHECK(body_of(client.ask(post("hello"))) == "hello");
  CHECK(client.ended == asio::error::eof);  // and no truncation
  TlsClient large{served, version, version};
  const std::string answer =
      large.ask("GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  CHECK(body_of(answer).size() == 1 << 20);
  TlsClient more{served, version, version};
  const std::string body(60'000, 'y');
  CHECK(body_of(more.ask(post(body))) == body);
}

TEST_CASE("http tls: what is old or weak is refused") {
  const Served served;
  CHECK(TlsClient{served, TLS1_VERSION, TLS1_VERSION}.refused);
  CHECK(TlsClient{served, TLS1_1_VERSION, TLS1_1_VERSION}.refused);
  for (const char* ciphers : {"AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "NULL", "aNULL"}) {
    CAPTURE(ciphers);
    CHECK(TlsClient{served, TLS1_2_VERSION, TLS1_2_VERSION, ciphers}.refused);
  }
  CHECK_FALSE(TlsClient{served}.refused);
}

TEST_CASE("http tls: there is no session to resume and nothing to renegotiate") {
  const Served served;
  TlsClient client{served, TLS1_2_VERSION, TLS1_2_VERSION};
  REQUIRE_FALSE(client.refused);
  CHECK(SSL_SESSION_has_ticket(SSL_get_session(client.native())) == 0);
  unsigned length = 0;
  SSL_SESSION_get_id(SSL_get_session(client.native()), &length);
  CHECK(length == 0);
  SSL_renegotiate(client.native());
  CHECK(client.ask(post("x")).find("200 OK") == std::string::npos);
}

TEST_CASE("http tls: who speaks something else, or nothing, is cut off in time") {
  HttpServer::Options options;
  options.head_limit = 200ms;
  options.connections = 4;
  const Served served{options};
  HttpClient plain{served.port};
  CHECK(status_of(plain.send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n").rest()) == 0);
  HttpClient garbage{served.port};
  CHECK(status_of(garbage.send(std::string(20'000, '\x16')).rest()) == 0);
  HttpClient silent{served.port};
  CHECK(silent.rest().empty());
  HttpClient half{served.port};  // the beginning of a ClientHello
  CHECK(half.send({"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11}).rest().size() < 100);
  bool served_again = false;  // their places are free
  for (int i = 0; i < 400 && !served_again; ++i) {
    TlsClient client{served};
    served_again = !client.refused && body_of(client.ask(post("x"))) == "x";
    std::this_thread::sleep_for(5ms);
  }
  CHECK(served_again);
}

TEST_CASE("http tls: agreeing counts like a request of that address") {
  HttpServer::Options options;
  options.rate = {.per_second = 0.001, .burst = 3};
  const Served served{options};
  TlsClient first{served};
  CHECK(body_of(first.ask(post("x"))) == "x");
  CHECK_FALSE(TlsClient{served}.refused);
  CHECK(TlsClient{served}.refused);
}

TEST_CASE("http tls: a certificate or key that cannot be used is an error with its file") {
  const fake_proc::Folder folder;
  const Certificate good = made_certificate::make(folder.path(), "good");
  const Certificate other = made_certificate::make(folder.path(), "other");
  CHECK_NOTHROW(TlsContext{good});
  CHECK_THROWS_WITH((TlsContext{{.chain = good.chain, .key = other.key}}),
                    Catch::Contains("other.key: no private key in PEM form that goes with"));
  CHECK_THROWS_WITH((TlsContext{{.chain = good.key, .key = good.key}}),
                    Catch::Contains("good.key: no certificate in PEM form"));
  CHECK_THROWS_WITH((TlsContext{{.chain = folder.path() / "none", .key = good.key}}),
                    Catch::Contains("none"));
  ::chmod(good.key.c_str(), 0640);
  CHECK_THROWS_WITH(TlsContext{good}, Catch::Contains("others may use this secret"));
  folder.put("locked.key",
             "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
  ::chmod((folder.path() / "locked.key").c_str(), 0600);
  CHECK_THROWS_WITH((TlsContext{{.chain = good.chain, .key = folder.path() / "locked.key"}}),
                    Catch::Contains("locked.key: no private key"));
}
