// The attacks that a server on a port meets, over real sockets on loopback. Limits are shortened,
// so that a test of them is short; the defaults are stated in the header.
#include "real/http_server.hpp"

#include <thread>

#include <catch2/catch.hpp>

#include "tests/real/http_client.hpp"

using namespace real;
using namespace http_client;
using namespace std::chrono_literals;

namespace {

Router small_router() {
  Router router;
  router.add("GET", "/hello", at_once([](const Request& request) {
               return Response{.body = "hello " + request.peer};
             }));
  router.add("POST", "/echo", at_once([](const Request& request) {
               return Response{.status = 201, .body = request.body};
             }));
  router.add("GET", "/large",
             at_once([](const Request&) { return Response{.body = std::string(64 << 20, 'x')}; }));
  router.add("GET", "/throws", at_once([](const Request&) -> Response {
               throw std::runtime_error("secret detail");
             }));
  router.add("GET", "/waits", [](const Request&) -> awaitable<Response> {
    asio::steady_timer timer{co_await asio::this_coro::executor, 20ms};
    co_await timer.async_wait(use_awaitable);
    co_return Response{.body = "waited"};
  });
  return router;
}

/// A server on a thread of its own. `report` is what it told.
class Served {
 public:
  explicit Served(HttpServer::Options options = {}) {
    options.report = [this](const std::string& what) { reported_ = what; };
    server_.emplace(io_, std::move(options), small_router());
    port = server_->port();
    thread_ = std::thread{[this] { io_.run(); }};
  }
  ~Served() { stop(); }
  void stop() {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] { server_->close(); });
    thread_.join();  // run() ends only when no connection is left
  }
  std::string reported() {
    stop();
    return reported_;
  }
  std::uint16_t port = 0;

 private:
  asio::io_context io_;
  std::optional<HttpServer> server_;
  std::thread thread_;
  std::string reported_;
};

struct Client : HttpClient {
  explicit Client(const Served& served) : HttpClient(served.port) {}
};

const std::string get_hello = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";

std::string post(const std::string& fields, const std::string& body) {
  return "POST /echo HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n" + body;
}

int status_for(const Served& served, const std::string& text) {
  Client client{served};
  return status_of(client.send(text).answer());
}

}  // namespace

TEST_CASE("http server: one connection, many requests, also sent ahead") {
  const Served served;
  Client client{served};
  const std::string first = client.send(get_hello).answer();
  CHECK(status_of(first) == 200);
  CHECK(body_of(first) == "hello 127.0.0.1");
  CHECK(first.find("\r\nX-Content-Type-Options: nosniff\r\n") != std::string::npos);
  client.send(get_hello + post("Content-Length: 5\r\n", "12345") + get_hello);
  CHECK(body_of(client.answer()) == "hello 127.0.0.1");
  CHECK(body_of(client.answer()) == "12345");
  CHECK(body_of(client.answer()) == "hello 127.0.0.1");
  client.send("GET /waits HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  CHECK(body_of(client.rest()) == "waited");
}

TEST_CASE("http server: bytes may come one by one") {
  const Served served;
  Client client{served};
  client.socket().set_option(tcp::no_delay{true});
  for (const char c :
       post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n")) {
    client.send({&c, 1});
  }
  CHECK(body_of(client.answer()) == "abcde");
}

TEST_CASE("http server: HEAD has no body, HTTP/1.0 closes, methods and paths have their answers") {
  const Served served;
  Client head{served};
  const std::string answer =
      head.send("HEAD /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").rest();
  CHECK(answer.find("Content-Length: 15\r\n") != std::string::npos);
  CHECK(body_of(answer).empty());
  Client old{served};
  CHECK(body_of(old.send("GET /hello HTTP/1.0\r\n\r\n").rest()) == "hello 127.0.0.1");
  CHECK(status_for(served, "TRACE /hello HTTP/1.1\r\nHost: localhost\r\n\r\n") == 405);
  CHECK(status_for(served, "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n") == 404);
}

TEST_CASE("http server: malformed and ambiguous requests are refused and end the connection") {
  const Served served;
  const std::vector<std::pair<std::string, int>> attacks{
      {"GET /hello HTTP/1.1\nHost: localhost\n\n", 400},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400},
      {post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
      {post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n"), 400},  // beyond 64 bits
      {post("Transfer-Encoding: chunked\r\n", "-1\r\n"), 400},
      {post("Transfer-Encoding: chunked\r\n", "zz\r\n"), 400},
      {post("Content-Length: 10000000000\r\n", std::string(1000, 'x')), 413},
      {post("Content-Length: 65537\r\n", ""), 413},
      {post("Transfer-Encoding: chunked\r\n",
            "20000\r\n" + std::string(0x20000, 'x') + "\r\n0\r\n\r\n"),
       413},
      {post("Transfer-Encoding: chunked\r\n",
            "1;" + std::string(1 << 20, 'e') + "\r\nx\r\n0\r\n\r\n"),
       413},
      {"GET /hello HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421},
      {get_hello.substr(0, get_hello.size() - 2) + "X: " + std::string(1 << 20, 'a') + "\r\n\r\n",
       431},
  };
  for (const auto& [text, status] : attacks) {
    CAPTURE(text.substr(0, 200));
    Client client{served};
    const std::string answer = client.send(text).rest();
    CHECK(status_of(answer) == status);
    CHECK(answer.find("Connection: close\r\n") != std::string::npos);
    CHECK(answer.rfind("HTTP/1.1") == 0);  // one answer, whatever was smuggled behind it
  }
  CHECK(status_for(served, get_hello) == 200);  // and the server goes on
}

TEST_CASE("http server: trailers in any number do not grow the memory") {
  const Served served;
  std::string trailers;
  for (int i = 0; i < 20'000; ++i) trailers += "T" + std::to_string(i) + ": x\r\n";
  const int status =
      status_for(served, post("Transfer-Encoding: chunked\r\n", "0\r\n" + trailers + "\r\n"));
  CHECK((status == 413 || status == 400 || status == 431));
}

TEST_CASE("http server: slow heads and bodies are told so, idle connections are closed") {
  HttpServer::Options options;
  options.head_limit = 200ms;
  options.body_limit = 200ms;
  options.idle_limit = 300ms;
  const Served served{options};
  std::vector<std::unique_ptr<Client>> slow;  // slowloris, 50 of them
  for (int i = 0; i < 50; ++i) {
    slow.push_back(std::make_unique<Client>(served));
    slow.back()->send("GET /hello HTTP/1.1\r\nX-a: ");
  }
  Client body{served};
  body.send(post("Content-Length: 100\r\n", "only ten b"));
  Client silent{served};
  Client idle{served};
  CHECK(status_of(idle.send(get_hello).answer()) == 200);
  for (const auto& client : slow) CHECK(status_of(client->rest()) == 408);
  CHECK(status_of(body.rest()) == 408);
  CHECK(silent.rest().empty());  // who asked nothing gets no answer
  CHECK(idle.rest().empty());
  // A head that trickles: every byte in time, the whole not.
  Client trickle{served};
  boost::system::error_code closed;
  for (int i = 0; i < 100 && !closed; ++i) {
    asio::write(trickle.socket(), asio::buffer("G", 1), closed);
    std::this_thread::sleep_for(20ms);
  }
  CHECK(closed);
}

TEST_CASE("http server: who does not read is cut off, and his place is free again") {
  HttpServer::Options options;
  options.write_limit = 300ms;
  options.connections = 1;
  const Served served{options};
  const auto soon_free = [&served] {
    for (int i = 0; i < 400; ++i) {
      if (status_for(served, get_hello) == 200) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  };
  Client deaf{served};
  deaf.send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(status_for(served, get_hello) == 503);
  CHECK(soon_free());
  // Requests without end from one who never reads the answers.
  Client flood{served};
  flood.socket().non_blocking(true);
  std::string many;
  for (int i = 0; i < 1000; ++i) many += get_hello;
  boost::system::error_code full;
  for (int i = 0; i < 10'000 && !full; ++i) flood.socket().write_some(asio::buffer(many), full);
  CHECK(full);
  CHECK(soon_free());
}

TEST_CASE("http server: connections beyond the limit are turned away, and their places come back") {
  HttpServer::Options options;
  options.connections = 8;
  const Served served{options};
  {
    std::vector<std::unique_ptr<Client>> many;
    for (int i = 0; i < 8; ++i) {
      many.push_back(std::make_unique<Client>(served));
      CHECK(status_of(many.back()->send(get_hello).answer()) == 200);
    }
    for (int i = 0; i < 100; ++i) {
      Client more{served};
      CHECK(status_of(more.rest()) == 503);
    }
    CHECK(status_of(many.front()->send(get_hello).answer()) == 200);
  }
  int status = 503;
  for (int i = 0; i < 100 && status != 200; ++i) {
    status = status_for(served, get_hello);
    std::this_thread::sleep_for(5ms);
  }
  CHECK(status == 200);
}

TEST_CASE("http server: one address has so many connections and requests") {
  HttpServer::Options options;
  options.connections_of_address = 1;
  options.rate = {.per_second = 0.001, .burst = 3};
  const Served served{options};
  Client first{served};
  CHECK(status_of(first.send(get_hello).answer()) == 200);
  Client second{served};
  CHECK(status_of(second.rest()) == 503);
  CHECK(status_of(first.send(get_hello).answer()) == 200);
  CHECK(status_of(first.send(get_hello).answer()) == 200);
  const std::string fourth = first.send(get_hello).rest();
  CHECK(status_of(fourth) == 429);
  CHECK(fourth.find("Retry-After: 1000\r\n") != std::string::npos);
}

TEST_CASE("http server: a handler that throws is told to us, and the client no details") {
  Served served;
  Client client{served};
  const std::string answer =
      client.send("GET /throws HTTP/1.1\r\nHost: localhost\r\n\r\n").answer();
  CHECK(status_of(answer) == 500);
  CHECK(answer.find("secret") == std::string::npos);
  CHECK(served.reported() == "GET /throws: secret detail");
}

TEST_CASE("http server: a client that waits for leave to send its body gets it") {
  const Served served;
  Client client{served};
  client.send(post("Content-Length: 3\r\nExpect: 100-continue\r\n", ""));
  CHECK(status_of(client.answer()) == 100);
  CHECK(body_of(client.send("abc").answer()) == "abc");
}

TEST_CASE("http server: names are those it was given, loopback's, and its address") {
  HttpServer::Options options;
  options.names = {"node-1"};
  const Served served{options};
  for (const char* host : {"localhost", "LocalHost:1", "127.0.0.1", "[::1]:9", "node-1:9110"}) {
    CAPTURE(host);
    CHECK(status_for(served, "GET /hello HTTP/1.1\r\nHost: " + std::string{host} + "\r\n\r\n") ==
          200);
  }
  for (const char* host : {"node-1.evil.example", "node-10", "", "127.0.0.1.evil"}) {
    CAPTURE(host);
    const int status =
        status_for(served, "GET /hello HTTP/1.1\r\nHost: " + std::string{host} + "\r\n\r\n");
    CHECK((status == 421 || status == 400));
  }
}

TEST_CASE("http server: a port that is taken is an error with its name") {
  const Served served;
  asio::io_context io;
  HttpServer::Options options;
  options.port = served.port;
  CHECK_THROWS_WITH((HttpServer{io, options, Router{}}),
                    Catch::Contains("127.0.0.1:" + std::to_string(served.port)));
}
