// An agent's samples on their way, whatever becomes of the collector meanwhile.
#include "real/fleet/push.hpp"

#include "tests/real/fleet/collector_rig.hpp"
#include "tests/real/made_certificate.hpp"

using namespace real;
using namespace collector_rig;
using Catch::Contains;

namespace {

Push::Options to(const Rig& rig, std::size_t host = 0) {
  Push::Options options;
  options.url = "http://127.0.0.1:" + std::to_string(rig.port());
  options.name = host == 0 ? "web1" : "web2";
  options.key = rig.key(host);
  options.interval = 20ms;
  return options;
}

/// Runs the agent's loop until `holds`, or for 20 s.
template <class Holds>
bool run_until(asio::io_context& io, Holds holds) {
  for (int i = 0; i < 2000 && !holds(); ++i) io.run_for(10ms);
  return holds();
}

void add(Push& push, int count) {
  for (int i = 0; i < count; ++i) push.add({{0.25, 0.5, 0, 0}});
}

}  // namespace

TEST_CASE("push: samples arrive once, also when the collector is away and comes back") {
  Rig rig;
  rig.start();
  asio::io_context io;
  Push push{io, to(rig)};
  add(push, 3);
  CHECK(run_until(io, [&] { return push.buffered() == 0; }));
  CHECK(rig.samples() == 3);
  for (int round = 0; round < 4; ++round) {
    rig.stop();
    add(push, 50);
    io.run_for(60ms);
    CHECK(push.buffered() == 50);
    rig.start();
    add(push, 1);
    CHECK(run_until(io, [&] { return push.buffered() == 0; }));
    CHECK(rig.samples() == 3 + 51 * (round + 1));
  }
  CHECK(push.dropped() == 0);
  CHECK(rig.ask("SELECT count(*) FROM gaps") == 0);
}

TEST_CASE("push: a buffer that is full drops the oldest, and the collector records how many") {
  Rig rig;
  rig.start();
  asio::io_context io;
  auto options = to(rig);
  options.most = 100;
  Push push{io, options};
  add(push, 1);
  REQUIRE(run_until(io, [&] { return push.buffered() == 0; }));
  rig.stop();
  add(push, 130);
  CHECK(push.buffered() == 100);
  CHECK(push.dropped() == 30);
  rig.start();
  CHECK(run_until(io, [&] { return push.buffered() == 0; }));
  CHECK(rig.samples() == 101);
  CHECK(rig.ask("SELECT samples FROM gaps WHERE cause = 'agent''s buffer full'") == 30);
}

TEST_CASE("push: more than a batch holds goes in several, in order") {
  Rig rig;
  rig.start();
  asio::io_context io;
  Push push{io, to(rig)};
  add(push, 3000);
  CHECK(run_until(io, [&] { return push.buffered() == 0; }));
  CHECK(rig.samples() == 3000);
}

TEST_CASE("push: a clock that went back finds its counter again") {
  Rig rig;
  rig.start();
  // The collector has taken a body of this agent's future: its clock was wrong then.
  const std::uint64_t future = 4'000'000'000'000'000'000u;
  const std::string body = seal(rig.key(0), "web1", future, pack({.session = 1}));
  REQUIRE(http_client::status_of(rig.put("web1", body)) == 200);
  asio::io_context io;
  Push push{io, to(rig)};
  add(push, 5);
  CHECK(run_until(io, [&] { return push.buffered() == 0; }));
  CHECK(rig.samples() == 5);
  CHECK(rig.ask("SELECT counter FROM hosts WHERE name = 'web1'") > static_cast<long>(future));
}

TEST_CASE("push: who answers without the key is not believed") {
  // Somebody listens on the collector's port and says 200 to everything.
  asio::io_context io;
  tcp::acceptor acceptor{io, {asio::ip::address_v4::loopback(), 0}};
  int asked = 0;
  std::function<void()> serve = [&] {
    auto socket = std::make_shared<tcp::socket>(io);
    acceptor.async_accept(*socket, [&, socket](boost::system::error_code error) {
      if (error) return;
      auto chunk = std::make_shared<std::array<char, 4096>>();
      socket->async_read_some(asio::buffer(*chunk), [&, socket, chunk](auto, std::size_t) {
        ++asked;
        boost::system::error_code ignored;
        asio::write(*socket,
                    asio::buffer(std::string{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"}),
                    ignored);
      });
      serve();
    });
  };
  serve();
  const Rig rig;
  auto options = to(rig);
  options.url = "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
  std::string told;
  options.report = [&](const std::string& what) { told = what; };
  Push push{io, options};
  add(push, 5);
  CHECK(run_until(io, [&] { return asked >= 3; }));
  CHECK(push.buffered() == 5);
  CHECK_THAT(told, Contains("somebody else"));
}

TEST_CASE("push: over TLS samples go to whom the certificate vouches for, and to nobody else") {
  Rig rig;
  const Certificate certificate =
      made_certificate::make(rig.path(), "collector", "DNS:localhost,IP:127.0.0.1");
  const Certificate elsewhere = made_certificate::make(rig.path(), "elsewhere", "DNS:elsewhere");
  const auto speaking = [&](const Certificate& with) {
    return [&](Collector::Options& options) { options.http.certificate = with; };
  };
  rig.start(speaking(certificate));
  asio::io_context io;
  std::string told;
  const auto over_tls = [&](const Certificate& believed) {
    auto options = to(rig);
    options.url.replace(0, 4, "https");
    options.ca = believed.chain;
    options.report = [&told](const std::string& what) { told = what; };
    return options;
  };
  {
    Push push{io, over_tls(certificate)};
    add(push, 3);
    CHECK(run_until(io, [&] { return push.buffered() == 0; }));
    CHECK(rig.samples() == 3);
    rig.stop();
    rig.start(speaking(certificate));
    add(push, 2);
    CHECK(run_until(io, [&] { return push.buffered() == 0; }));
    CHECK(rig.samples() == 5);
  }
  const auto refused = [&](Push::Options options, const std::string& why) {
    CAPTURE(why);
    told.clear();
    Push push{io, std::move(options)};
    add(push, 3);
    CHECK(run_until(io, [&] { return !told.empty(); }));
    CHECK_THAT(told, Contains(why));
    CHECK(push.buffered() == 3);
  };
  refused(over_tls(elsewhere), "its certificate: self-signed certificate");
  auto plain = to(rig);
  plain.report = [&told](const std::string& what) { told = what; };
  refused(plain, "End of file");
  rig.stop();
  rig.start(speaking(elsewhere));  // ours, but not made for 127.0.0.1
  refused(over_tls(elsewhere), "its certificate: IP address mismatch");
  rig.stop();
  rig.start();
  refused(over_tls(certificate), "TLS: ");
  CHECK(rig.samples() == 5);
  auto nobody = over_tls(certificate);
  nobody.ca = rig.path() / "nobody.pem";
  CHECK_THROWS_WITH((Push{io, nobody}), Contains("nobody.pem"));
}

TEST_CASE("push: an address that is none is refused at the start") {
  const Rig rig;
  asio::io_context io;
  for (const char* url :
       {"https://a", "a:1", "http://", "http://a:b", "http://a", "http://a:1/b"}) {
    auto options = to(rig);
    options.url = url;
    CAPTURE(url);
    CHECK_THROWS_WITH((Push{io, options}), Contains(url));
  }
}
