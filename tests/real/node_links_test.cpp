#include "real/node_links.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace real;
using namespace std::chrono_literals;

constexpr vm::MachineId machine{3};

/// A gateway's links to one machine, and what it hears of it.
struct Watcher {
  explicit Watcher(asio::io_context& io)
      : links(io, {.token = [] { return std::string{}; }, .ping = 20ms, .redial = 5ms},
              {.on_message = [](vm::MachineId, Message&) {},
               .on_up = [this](vm::MachineId) { ++up; },
               .on_broken = [this](vm::MachineId) { ++broken; },
               .on_silent = [this](vm::MachineId) { ++silent; }}) {}
  int up = 0, broken = 0, silent = 0;
  NodeLinks links;
};

/// Lets everybody in and then does with him as it likes.
struct Machine {
  Machine(asio::io_context& io, std::function<void(const std::shared_ptr<Link>&)> treat)
      : listener(
            io, {}, [](const Hello&) { return std::string{}; },
            [this, treat](std::shared_ptr<Link> link, const Hello&) {
              links.push_back(link);
              treat(link);
            }) {}
  std::vector<std::shared_ptr<Link>> links;
  Listener listener;
};

void send_raw(const std::shared_ptr<Link>& link, const std::string& bytes) {
  boost::system::error_code ignored;
  asio::write(link->socket(), asio::buffer(bytes), ignored);
}

void run_until(asio::io_context& io, const std::function<bool()>& condition) {
  for (int i = 0; i < 1'000 && !condition(); ++i) io.run_for(10ms);
}

}  // namespace

TEST_CASE("node links: who answers garbage on every link is as good as silent") {
  asio::io_context io;
  Machine garbage{io, [](const std::shared_ptr<Link>& link) {
                    // A frame of 2^31 - 1 bytes, it says.
                    asio::post(link->socket().get_executor(), [link] {
                      send_raw(link, std::string{"\xff\xff\xff\x7f"
                                                 "junk",
                                                 8});
                    });
                  }};
  Watcher watcher{io};
  watcher.links.connect(machine, garbage.listener.address(), 200ms);
  run_until(io, [&] { return watcher.silent > 0; });
  CHECK(watcher.silent == 1);
  CHECK(watcher.up > 2);
  CHECK(watcher.broken > 2);
}

TEST_CASE("node links: half a frame and then nothing is silence") {
  asio::io_context io;
  Machine half{io, [](const std::shared_ptr<Link>& link) {
                 asio::post(link->socket().get_executor(), [link] {
                   send_raw(link, std::string{"\x20\0\0\0\x04", 5});
                 });
               }};
  Watcher watcher{io};
  watcher.links.connect(machine, half.listener.address(), 200ms);
  run_until(io, [&] { return watcher.silent > 0; });
  CHECK(watcher.silent == 1);
  CHECK(watcher.up == 1);
}

TEST_CASE("node links: a machine that answers now and then, on ever new links, is there") {
  asio::io_context io;
  std::vector<std::shared_ptr<Link>> kept;  // not by their own handlers, which would be for ever
  Machine moody{io, [&kept](const std::shared_ptr<Link>& link) {
                  kept.push_back(link);
                  link->start(
                      [raw = link.get()](Message& message) {
                        if (const auto* ping = std::get_if<Ping>(&message)) {
                          raw->send(Pong{ping->number});
                          raw->say_goodbye("enough for now");
                        }
                      },
                      [](const std::string&) {});
                }};
  Watcher watcher{io};
  watcher.links.connect(machine, moody.listener.address(), 200ms);
  run_until(io, [&] { return watcher.up > 20; });
  CHECK(watcher.up > 20);
  CHECK(watcher.silent == 0);
}
