#include "real/link.hpp"

#include <catch2/catch.hpp>

#include "real/spawn.hpp"

namespace {

using namespace real;
using namespace std::chrono_literals;

// g++ 12 destroys a braced temporary in the arguments of an awaited call twice: name it first.
const Hello a_node{.role = Role::node};

Listener::Check only_nodes() {
  return [](const Hello& hello) {
    return hello.role == Role::node ? std::string{} : std::string{"nodes only"};
  };
}

/// Runs until everybody is done or the deadline has passed, which is a failure.
void run(asio::io_context& io, std::chrono::seconds limit = 20s) {
  io.restart();
  io.run_for(limit);
}

/// Echoes pings, on as many links as come.
struct Echo {
  explicit Echo(asio::io_context& io, Listener::Options options = {})
      : listener(io, std::move(options), only_nodes(),
                 [this](std::shared_ptr<Link> link, const Hello&) {
                   links.push_back(link);
                   link->start(
                       [raw = link.get()](Message& message) {
                         if (const auto* ping = std::get_if<Ping>(&message)) {
                           raw->send(Pong{ping->number});
                         }
                       },
                       [this](const std::string& reason) { ended.push_back(reason); });
                 }) {}
  std::vector<std::shared_ptr<Link>> links;
  std::vector<std::string> ended;
  Listener listener;
};

}  // namespace

TEST_CASE("link: what is sent arrives in order, and answers come back") {
  asio::io_context io;
  Echo echo{io};
  std::uint64_t next = 0;
  spawn(io, "test",
        [](asio::io_context& context, Echo& server, std::uint64_t& expected) -> awaitable<void> {
          const auto link = co_await dial(context, server.listener.address(), a_node);
          link->start(
              [&, raw = link.get()](Message& message) {
                CHECK(std::get<Pong>(message).number == expected);
                if (++expected < 10'000) return;
                raw->close();
                server.listener.close();
              },
              [](const std::string& reason) { FAIL(reason); });
          for (std::uint64_t i = 0; i < 10'000; ++i) link->send(Ping{i});
        }(io, echo, next));
  run(io);
  CHECK(next == 10'000);
  REQUIRE(echo.ended.size() == 1);
  CHECK(echo.ended[0].find("closed by") == 0);
}

TEST_CASE("link: who is not welcome is told why") {
  asio::io_context io;
  Echo echo{io};
  std::vector<std::string> reasons;
  const auto attempt = [](asio::io_context& context, std::string address, Hello hello,
                          std::vector<std::string>& told) -> awaitable<void> {
    try {
      co_await dial(context, address, hello);
    } catch (const std::runtime_error& e) {
      told.emplace_back(e.what());
    }
  };
  const std::string address = echo.listener.address();
  spawn(io, "wrong role", attempt(io, address, {.role = Role::agent}, reasons));
  spawn(io, "wrong version", attempt(io, address, {.version = 99, .role = Role::node}, reasons));
  spawn(io, "no port", attempt(io, "localhost", {}, reasons));
  asio::steady_timer end{io, 1s};
  end.async_wait([&](boost::system::error_code) { echo.listener.close(); });
  run(io);
  REQUIRE(reasons.size() == 3);
  std::ranges::sort(reasons);
  CHECK(reasons[0] == "\"localhost\": expected HOST:PORT");
  CHECK(reasons[1].find("nodes only") != std::string::npos);
  CHECK(reasons[2].find("version 99, expected " + std::to_string(wire_version)) != std::string::npos);
}

TEST_CASE("link: nonsense, silence and half a frame end a connection, and others go on") {
  asio::io_context io;
  Echo echo{io, {.patience = 200ms}};
  const auto port = echo.listener.port();
  std::vector<std::size_t> heard;
  const auto raw = [](asio::io_context& context, std::uint16_t to, std::string bytes,
                      std::vector<std::size_t>& sizes) -> awaitable<void> {
    tcp::socket socket{context};
    co_await socket.async_connect({asio::ip::make_address("127.0.0.1"), to}, use_awaitable);
    co_await asio::async_write(socket, asio::buffer(bytes), use_awaitable);
    std::array<char, 1024> answer{};
    std::size_t size = 0;
    boost::system::error_code error;
    while (!error) {
      size += co_await socket.async_read_some(asio::buffer(answer),
                                              asio::redirect_error(use_awaitable, error));
    }
    sizes.push_back(size);  // it was ended, or this would still wait
  };
  spawn(io, "huge", raw(io, port, std::string("\xff\xff\xff\x7f", 4), heard));
  spawn(io, "http", raw(io, port, "GET / HTTP/1.1\r\n\r\n", heard));
  spawn(io, "silent", raw(io, port, "", heard));
  spawn(io, "half", raw(io, port, std::string("\x20\0\0\0\0\1", 6), heard));
  bool answered = false;
  spawn(io, "fine", [](asio::io_context& context, Echo& server, bool& done) -> awaitable<void> {
    asio::steady_timer later{context, 500ms};
    co_await later.async_wait(use_awaitable);
    const auto link = co_await dial(context, server.listener.address(), a_node);
    link->send(Ping{1});
    done = std::holds_alternative<Pong>(co_await receive_one(link, 5s));
    link->close();
    server.listener.close();
  }(io, echo, answered));
  run(io);
  CHECK(heard.size() == 4);
  CHECK(answered);
}

TEST_CASE("link: a peer that does not read is cut off before it eats the memory") {
  asio::io_context io;
  Echo echo{io};
  spawn(io, "deaf", [](asio::io_context& context, Echo& server) -> awaitable<void> {
    // Never started: nothing is read from it.
    const auto link = co_await dial(context, server.listener.address(), a_node);
    asio::steady_timer wait{context};
    while (server.links.empty()) {
      wait.expires_after(1ms);
      co_await wait.async_wait(use_awaitable);
    }
    const std::string block(1 << 20, 'x');
    for (int i = 0; i < 80 && server.ended.empty(); ++i) {
      server.links[0]->send(Broken{{}, block});
      wait.expires_after(1ms);
      co_await wait.async_wait(use_awaitable);
    }
    CHECK(server.links[0]->queued() <= Link::queue_limit + 2 * block.size());
    server.listener.close();
  }(io, echo));
  run(io);
  REQUIRE(echo.ended.size() == 1);
  CHECK(echo.ended[0].find("does not read") != std::string::npos);
}

TEST_CASE("link: a port that is taken is said by its name") {
  asio::io_context io;
  Echo echo{io};
  const Listener::Options same{.port = echo.listener.port()};
  CHECK_THROWS_WITH((Listener{io, same, only_nodes(), {}}),
                    Catch::Contains(echo.listener.address()) && Catch::Contains("in use"));
}
