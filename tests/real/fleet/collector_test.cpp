// What a collector takes, what it turns away, and what of that reaches its archive.
#include "real/fleet/collector.hpp"

#include <nlohmann/json.hpp>

#include "real/fleet/fleet_watch.hpp"
#include "tests/real/fleet/collector_rig.hpp"

using namespace real;
using namespace collector_rig;
using Catch::Contains;
using http_client::body_of;
using http_client::status_of;

namespace {

std::string batch(std::uint64_t first, std::size_t count, std::uint16_t cpu = 1000,
                  std::uint64_t session = 1) {
  Batch batch{.session = session, .uptime_s = 1000, .first = first};
  for (std::size_t i = 0; i < count; ++i) {
    batch.samples.push_back({static_cast<std::uint32_t>(count - 1 - i), {cpu, 2, 3, 4}});
  }
  return pack(batch);
}

}  // namespace

TEST_CASE("collector: a sealed batch is on the disk when it is answered, and taken once") {
  Rig rig;
  rig.start();
  const std::string body = seal(rig.key(0), "web1", 100, batch(0, 3));
  const std::string answer = rig.put("web1", body);
  CHECK(status_of(answer) == 200);
  const auto opened = open_answer(rig.key(0), "web1", 100, body_of(answer));
  REQUIRE(opened);
  CHECK(opened->stored);
  CHECK(rig.samples() == 3);

  const std::string again = rig.put("web1", body);
  CHECK(status_of(again) == 409);
  const auto refused = open_answer(rig.key(0), "web1", 100, body_of(again));
  REQUIRE(refused);
  CHECK_FALSE(refused->stored);
  CHECK(refused->last == 100);
  CHECK(status_of(rig.put("web1", seal(rig.key(0), "web1", 99, batch(3, 1)))) == 409);
  CHECK(rig.samples() == 3);

  // The answer was lost: the agent sends the same samples, and one more, under a new counter.
  CHECK(status_of(rig.put("web1", seal(rig.key(0), "web1", 101, batch(0, 4)))) == 200);
  CHECK(rig.samples() == 4);
  // A restart forgets neither counter nor numbers.
  rig.stop();
  rig.start();
  CHECK(status_of(rig.put("web1", body)) == 409);
  CHECK(status_of(rig.put("web1", seal(rig.key(0), "web1", 102, batch(2, 4)))) == 200);
  CHECK(rig.samples() == 6);
}

TEST_CASE("collector: nothing is stored of what was not sealed for that name, or makes no sense") {
  Rig rig;
  rig.start();
  const std::string body = seal(rig.key(0), "web1", 100, batch(0, 3));
  CHECK(status_of(rig.put("web2", body)) == 401);  // another agent's
  CHECK(status_of(rig.put("web1", seal(rig.key(1), "web1", 100, batch(0, 3)))) == 401);
  CHECK(status_of(rig.put("nobody", body)) == 401);
  CHECK(status_of(rig.put("..%2fweb1", body)) == 401);
  CHECK(status_of(rig.put("web1%27%20OR%201=1--", body)) == 401);
  CHECK(status_of(rig.put("web1", "")) == 401);
  for (const std::size_t at : {std::size_t{0}, std::size_t{5}, std::size_t{20}, body.size() - 1}) {
    std::string tampered = body;
    tampered[at] = static_cast<char>(tampered[at] ^ 1);
    CHECK(status_of(rig.put("web1", tampered)) == 401);
    CHECK(status_of(rig.put("web1", body.substr(0, at))) == 401);
  }
  // Sealed as it should be, but not what an agent says.
  CHECK(status_of(rig.put("web1", seal(rig.key(0), "web1", 101, "hello"))) == 400);
  CHECK(status_of(rig.put("web1", seal(rig.key(0), "web1", 102, std::string(40'000, 'x')))) == 413);
  CHECK(rig.samples() == 0);
  CHECK(rig.ask("SELECT count(*) FROM hosts WHERE counter > 0") == 0);
  // None of it stands in the way of the true one.
  CHECK(status_of(rig.put("web1", body)) == 200);
  CHECK(rig.samples() == 3);
}

TEST_CASE("collector: too many batches of one agent, or bodies of a stranger, have to wait") {
  Rig rig;
  rig.start();
  int later = 0;
  for (int i = 0; i < 80; ++i) later += status_of(rig.put("web1", "garbage")) == 429;
  CHECK(later > 10);
  CHECK(later < 40);  // 50 at once, 5 more a second
  CHECK(status_of(rig.put("web1", seal(rig.key(0), "web1", 100, batch(0, 1)))) == 200);
  later = 0;
  std::string last;
  for (std::uint64_t i = 1; i < 400; ++i) {
    const std::string answer = rig.put("web2", seal(rig.key(1), "web2", 100 + i, batch(i, 1)));
    later += status_of(answer) == 429;
    if (status_of(answer) == 429) last = answer;
  }
  CHECK(later > 0);
  CHECK_THAT(last, Contains("Retry-After: 1"));
}

TEST_CASE("collector: a key made while it runs is taken, and the old one is not any more") {
  Rig rig;
  rig.start();
  CHECK(status_of(rig.put("web1", seal(rig.key(0), "web1", 100, batch(0, 1)))) == 200);
  std::filesystem::remove(rig.keys() / "web1");
  const Key fresh = create_key_file(rig.keys() / "web1");
  CHECK(status_of(rig.put("web1", seal(fresh, "web1", 101, batch(1, 1)))) == 200);
  CHECK(status_of(rig.put("web1", seal(rig.key(0), "web1", 102, batch(2, 1)))) == 401);
}

TEST_CASE("collector: GET /fleet shows hosts and incidents, to whoever has the token") {
  Rig rig;
  rig.start([](Collector::Options& options) {
    options.token = "a-token-of-22-letters.";
    options.rules.window = 100ms;
    options.rules.interval = 10ms;
  });
  CHECK(status_of(http_client::get(rig.port(), "/fleet")) == 401);
  CHECK(status_of(http_client::get(rig.port(), "/fleet", "Authorization: Bearer other\r\n")) ==
        401);
  CHECK(status_of(http_client::get(rig.port(), "/healthz")) == 200);
  Batch over{.session = 1, .uptime_s = 1000, .first = 0};
  for (std::uint32_t i = 0; i < 20; ++i) over.samples.push_back({190 - 10 * i, {10'000, 2, 3, 4}});
  CHECK(status_of(rig.put("web1", seal(rig.key(0), "web1", 100, pack(over)))) == 200);
  const std::string answer =
      http_client::get(rig.port(), "/fleet", "Authorization: Bearer a-token-of-22-letters.\r\n");
  CHECK(status_of(answer) == 200);
  const auto json = nlohmann::json::parse(body_of(answer));
  CHECK(json["fleet"] == "test");
  CHECK(json["collecting"] == true);
  REQUIRE(json["hosts"].size() == 2);
  CHECK(json["hosts"][0]["name"] == "web1");
  CHECK(json["hosts"][0]["condition"] == "up");
  CHECK(json["hosts"][0]["cpu"] == 1.0);
  CHECK(json["hosts"][0]["network"] == 0.0004);
  CHECK(json["hosts"][0]["day"]["availability"] == 1.0);
  CHECK(json["hosts"][1]["condition"] == "awaited");
  REQUIRE(json["incidents"].size() == 1);
  CHECK(json["incidents"][0]["cause"] == "cpu");
  CHECK(json["incidents"][0]["host"] == "web1");
  CHECK(json["incidents"][0]["end"].is_null());

  const std::string token = "Authorization: Bearer a-token-of-22-letters.\r\n";
  CHECK(status_of(http_client::get(rig.port(), "/fleet/past")) == 401);
  const auto past =
      nlohmann::json::parse(body_of(http_client::get(rig.port(), "/fleet/past?seconds=60", token)));
  CHECK(past["at"].get<double>() - past["since"].get<double>() == Approx(60));
  CHECK(past["hosts"].size() == 2);
  CHECK(past["incidents"][0]["number"] == json["incidents"][0]["number"]);
  for (const char* odd : {"", "0", "-1", "x", "60x", "99999999999"}) {
    CAPTURE(odd);
    const std::string target = std::string{"/fleet/past?seconds="} + odd;
    CHECK(status_of(http_client::get(rig.port(), target, token)) == 400);
  }
}

TEST_CASE("collector: in plain HTTP beyond loopback it takes what is sealed and shows nothing") {
  Rig rig;
  rig.start([](Collector::Options& options) {
    options.token = "a-token-of-22-letters.";
    options.sealed_only = true;
  });
  for (const char* head : {"", "Authorization: Bearer a-token-of-22-letters.\r\n"}) {
    for (const char* target : {"/fleet", "/fleet/past"}) {
      const std::string answer = http_client::get(rig.port(), target, head);
      CHECK(status_of(answer) == 403);
      CHECK_THAT(body_of(answer), Contains("'certificate_key', or 'plain_http = true'"));
    }
  }
  CHECK(status_of(rig.put("web1", seal(rig.key(0), "web1", 100, batch(0, 1)))) == 200);
  CHECK(status_of(http_client::get(rig.port(), "/healthz")) == 200);

  // What of it a fleet file decides.
  const auto options_of = [&](const std::string& collector) {
    const auto fleet = parse_fleet(
        "[collector]\n" + collector + "\n[host.a]\nuser = \"u\"\nkey = \"k\"\n", "f", rig.path());
    REQUIRE(fleet);
    return collector_options(*fleet);
  };
  const Collector::Options near = options_of("listen = \"[::1]:9120\"");
  CHECK(near.token.empty());
  CHECK_FALSE(near.sealed_only);
  CHECK(near.http.names == std::vector<std::string>{"[::1]"});
  const std::string far = "listen = \"10.0.0.1:9120\"\n";
  CHECK_FALSE(options_of(far).token.empty());
  CHECK(options_of(far).sealed_only);
  CHECK_FALSE(options_of(far + "plain_http = true").sealed_only);
  CHECK_FALSE(options_of(far + "plain_http = true").token.empty());
  const auto safe = options_of(far + "certificate = \"a.pem\"\ncertificate_key = \"a.key\"");
  CHECK_FALSE(safe.sealed_only);
  CHECK_FALSE(safe.token.empty());
  REQUIRE(safe.http.certificate);
  CHECK(safe.http.certificate->key == rig.path() / "a.key");
}

TEST_CASE("collector: who falls silent is down until heard again, with the cause it comes with") {
  Rig rig;
  const auto quick = [](Collector::Options& options) {
    options.rules.interval = 20ms;
    options.rules.silence = 600ms;
    options.rules.calm = 50ms;
  };
  rig.start(quick);
  std::uint64_t counter = 100;
  const auto say = [&](std::size_t host, std::uint64_t session, std::uint64_t uptime_s) {
    const std::string name = host == 0 ? "web1" : "web2";
    const Batch life{.session = session, .uptime_s = uptime_s, .first = 0};
    return status_of(rig.put(name, seal(rig.key(host), name, ++counter, pack(life))));
  };
  const auto down = [&](std::size_t host) {
    return rig.ask(
        "SELECT count(*) FROM intervals WHERE kind = 'down' AND end IS NULL AND host = " +
        std::to_string(host + 1));
  };
  REQUIRE(say(0, 1, 1000) == 200);
  REQUIRE(say(1, 1, 1000) == 200);
  CHECK(eventually([&] { return down(0) == 1 && down(1) == 1; }));
  CHECK(rig.ask("SELECT count(*) FROM incidents WHERE cause = 'silent' AND closed IS NULL") == 2);
  CHECK(say(0, 1, 1000) == 200);  // the same life of the agent
  CHECK(say(1, 2, 0) == 200);     // another one, of a host that has just started
  CHECK(down(0) + down(1) == 0);
  CHECK(rig.ask("SELECT count(*) FROM intervals WHERE cause = 'cut off'") == 1);
  CHECK(rig.ask("SELECT count(*) FROM intervals WHERE cause = 'host restarted'") == 1);
  CHECK(eventually([&] {
    say(0, 1, 1000);
    return rig.ask("SELECT count(*) FROM incidents WHERE closed IS NOT NULL AND host = 1") == 1;
  }));
}

TEST_CASE("collector: two of them on one archive would send every mail twice, so there is one") {
  Rig rig;
  rig.start();
  asio::io_context io;
  Collector::Options options;
  options.hosts = {{.name = "web1"}};
  options.archive.file = rig.database();
  options.keys = rig.keys();
  CHECK_THROWS_WITH((Collector{io, options}), Contains("another collector"));
}
