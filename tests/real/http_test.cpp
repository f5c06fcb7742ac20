// Heads, paths and the router, without a socket.
#include "real/http.hpp"

#include <catch2/catch.hpp>

#include "real/http_head.hpp"
#include "real/rate_limit.hpp"

using namespace real;
using namespace std::chrono_literals;

namespace {

unsigned status_of(const std::string& head) {
  const HeadCheck check = check_head(head);
  return check.state == HeadCheck::State::bad     ? check.status
         : check.state == HeadCheck::State::whole ? 200
                                                  : 0;
}

const std::string get = "GET / HTTP/1.1\r\nHost: localhost\r\n";

/// A head with these fields after a good request line and Host.
unsigned with(const std::string& fields) {
  return status_of(get + fields + "\r\n");
}

Response play(const Router& router, const std::string& method, const std::string& target) {
  const Router::Found found = router.find(method, target);
  if (found.handler == nullptr) return found.refusal;
  Request request{.method = method,
                  .target = target,
                  .headers = {},
                  .body = {},
                  .peer = {},
                  .parts = found.parts};
  asio::io_context io;
  Response response;
  asio::co_spawn(
      io,
      [](const Handler& handler, const Request& asked, Response& answer) -> awaitable<void> {
        answer = co_await handler(asked);
      }(*found.handler, request, response),
      [](const std::exception_ptr& error) { CHECK_FALSE(error); });
  io.run();
  return response;
}

}  // namespace

TEST_CASE("http head: a plain request is whole where its empty line ends, and not before") {
  const std::string head =
      "GET /metrics?x=1 HTTP/1.1\r\nHost: localhost:9110\r\nAccept: */*\r\n\r\n";
  for (std::size_t size = 0; size < head.size(); ++size) {
    CAPTURE(size);
    CHECK(check_head(head.substr(0, size)).state == HeadCheck::State::incomplete);
  }
  const std::string more = head + "GET";  // the next request waits behind it
  const HeadCheck check = check_head(more);
  CHECK(check.state == HeadCheck::State::whole);
  CHECK(check.size == head.size());
  CHECK(check.host == "localhost:9110");
}

TEST_CASE("http head: what two parsers could read differently is refused") {
  CHECK(with("") == 200);
  CHECK(with("Content-Length: 5\r\n") == 200);
  CHECK(with("Transfer-Encoding: chunked\r\n") == 200);
  CHECK(with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") == 400);     // CL.TE
  CHECK(with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") == 400);     // TE.CL
  CHECK(with("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n") == 400);  // TE.TE
  CHECK(with("Transfer-Encoding: xchunked\r\n") == 501);
  CHECK(with("Transfer-Encoding: gzip, chunked\r\n") == 501);
  CHECK(with("Transfer-Encoding : chunked\r\n") == 400);
  CHECK(with("Transfer-Encoding: chunked\x0b\r\n") == 400);
  CHECK(with("Content-Length: 5\r\nContent-Length: 6\r\n") == 400);
  CHECK(with("Content-Length: 5\r\nContent-Length: 5\r\n") == 400);
  CHECK(with("Content-Length: -1\r\n") == 400);
  CHECK(with("Content-Length: +5\r\n") == 400);
  CHECK(with("Content-Length: 5, 5\r\n") == 400);
  CHECK(with("Content-Length: 0x5\r\n") == 400);
  CHECK(with("Content-Length:\r\n") == 400);
  CHECK(with("Content-Length: 18446744073709551616\r\n") == 400);
  CHECK(with("Content-Encoding: gzip\r\n") == 415);  // no bomb is unpacked here
  CHECK(with("X: a\r\n folded\r\n") == 400);
  CHECK(with("X: a\n") == 400);
  CHECK(with("no colon\r\n") == 400);
  CHECK(with(": no name\r\n") == 400);
  CHECK(with("Bad Name: x\r\n") == 400);
  CHECK(with(std::string{"X: a\0b\r\n", 9}) == 400);
  CHECK(with("X: a\rb\r\n") == 400);
  CHECK(with("X: \xc3\xa4\r\n") == 200);  // bytes beyond ASCII are allowed in a value
  CHECK(with("Host: other\r\n") == 400);
}

TEST_CASE("http head: request lines") {
  const auto line = [](const std::string& text) {
    return status_of(text + "\r\nHost: localhost\r\n\r\n");
  };
  CHECK(line("GET / HTTP/1.1") == 200);
  CHECK(line("GET / HTTP/1.0") == 200);
  CHECK(line("TRACE / HTTP/1.1") == 200);  // well-formed: 405 is the router's
  CHECK(line("GET / HTTP/2.0") == 505);
  CHECK(line("GET / HTTP/9.9") == 505);
  CHECK(line("GET / HTTP/1.10") == 400);
  CHECK(line("GET /") == 400);  // HTTP/0.9
  CHECK(line("GET  HTTP/1.1") == 400);
  CHECK(line("GET / / HTTP/1.1") == 400);
  CHECK(line("GET http://localhost/ HTTP/1.1") == 400);
  CHECK(line("GET * HTTP/1.1") == 400);
  CHECK(line("GET /a#b HTTP/1.1") == 400);
  CHECK(line("GET /\x7f HTTP/1.1") == 400);
  CHECK(line("G@T / HTTP/1.1") == 400);
  CHECK(line(" GET / HTTP/1.1") == 400);
  CHECK(line("GET /" + std::string(5000, 'a') + " HTTP/1.1") == 414);
  CHECK(status_of("GET / HTTP/1.1\r\n\r\n") == 400);  // no Host
  CHECK(status_of("GET / HTTP/1.0\r\n\r\n") == 200);
  CHECK(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
  CHECK(status_of("\x16\x03\x01\x02") == 400);  // TLS: told at once, there may never be a line
  CHECK(status_of("\r\n") == 400);
}

TEST_CASE("http head: 100 fields and 16 KiB, and not one more") {
  const auto fields = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "X-" + std::to_string(i) + ": y\r\n";
    return text;
  };
  CHECK(with(fields(99)) == 200);  // with Host 100
  CHECK(with(fields(100)) == 431);
  CHECK(with(fields(100'000)) == 431);
  const std::size_t room = (16 << 10) - get.size() - 2 - std::string{"X: \r\n"}.size();
  CHECK(with("X: " + std::string(room, 'a') + "\r\n") == 200);
  CHECK(with("X: " + std::string(room + 1, 'a') + "\r\n") == 431);
  CHECK(status_of(get + "X: " + std::string(1 << 20, 'a')) == 431);  // and no end in sight
}

TEST_CASE("http head: a host is a name with or without a port, in any letters") {
  CHECK(is_host("localhost", "localhost"));
  CHECK(is_host("LOCALHOST:9110", "localhost"));
  CHECK(is_host("[::1]:80", "[::1]"));
  CHECK_FALSE(is_host("localhost.evil.example", "localhost"));
  CHECK_FALSE(is_host("localhost:80@evil", "localhost"));
  CHECK_FALSE(is_host("evil", "localhost"));
  CHECK_FALSE(is_host("", "localhost"));
}

TEST_CASE("http: percent-decoding is strict and hides no control character") {
  CHECK(percent_decoded("a%20b%C3%a4") == "a b\xc3\xa4");
  CHECK_FALSE(percent_decoded("%"));
  CHECK_FALSE(percent_decoded("%4"));
  CHECK_FALSE(percent_decoded("%zz"));
  CHECK_FALSE(percent_decoded("%00"));
  CHECK_FALSE(percent_decoded("a%0d%0ab"));
}

TEST_CASE("http router: paths, parts, methods and what is not there") {
  Router router;
  router.add("GET", "/metrics", at_once([](const Request&) { return Response{.body = "m"}; }));
  router.add("GET", "/tenants/{}/audit",
             at_once([](const Request& request) { return Response{.body = request.parts.at(0)}; }));
  router.add("DELETE", "/tenants/{}", at_once([](const Request&) { return Response{}; }));
  CHECK(play(router, "GET", "/metrics").body == "m");
  CHECK(play(router, "GET", "/metrics?x=1").body == "m");
  CHECK(play(router, "HEAD", "/metrics").status == 200);
  CHECK(play(router, "GET", "/tenants/a%20b/audit").body == "a b");
  CHECK(play(router, "GET", "/tenants/a%2fb/audit").body == "a/b");  // one segment still
  CHECK(play(router, "GET", "/tenants//audit").status == 404);
  CHECK(play(router, "GET", "/metrics/").status == 404);
  CHECK(play(router, "GET", "/../metrics").status == 404);
  CHECK(play(router, "GET", "/%zz").status == 400);
  for (const char* method : {"TRACE", "POST", "CONNECT", "get"}) {
    const Response refusal = play(router, method, "/metrics");
    CHECK(refusal.status == 405);
    REQUIRE(refusal.headers.size() == 1);
    CHECK(refusal.headers[0].second == "GET, HEAD");
  }
}

TEST_CASE("http: fields, bearer tokens and parameters of a request") {
  const Request request{.method = "GET",
                        .target = "/x?first=1&name=a%20b&bad=%zz&flag",
                        .headers = {{"authorization", "BEARER abc.def"}, {"accept", "x"}},
                        .body = {},
                        .peer = {},
                        .parts = {}};
  CHECK(request.header("accept") == "x");
  CHECK(request.header("cookie").empty());
  CHECK(request.bearer() == "abc.def");
  CHECK(request.parameter("name") == "a b");
  CHECK_FALSE(request.parameter("bad"));
  CHECK_FALSE(request.parameter("flag"));
  CHECK_FALSE(request.parameter("ame"));
  const Request basic{.method = "GET",
                      .target = "/",
                      .headers = {{"authorization", "Basic eA=="}},
                      .body = {},
                      .peer = {},
                      .parts = {}};
  CHECK(basic.bearer().empty());
}

TEST_CASE("rate limit: a burst, then so many a second, each key for itself") {
  RateLimit limit{{.per_second = 2, .burst = 3, .slots = 4096}};
  sim::Time now{100s};
  for (int i = 0; i < 3; ++i) CHECK(limit.take("a", now) == 0s);
  CHECK(limit.take("a", now) == 500ms);  // half a second brings the next one
  CHECK(limit.take("b", now) == 0s);
  now += 250ms;
  CHECK(limit.take("a", now) == 250ms);
  now += 250ms;
  CHECK(limit.take("a", now) == 0s);
  now += 1h;  // no more than the burst is saved up
  for (int i = 0; i < 3; ++i) CHECK(limit.take("a", now) == 0s);
  CHECK(limit.take("a", now) > 0s);
}
