// Hosts that are taken down on purpose, as a running collector, a later one and the status see
// them.
#include "real/fleet/retirements.hpp"

#include "real/fleet/fleet_status.hpp"
#include "tests/real/fleet/collector_rig.hpp"

using namespace real;
using namespace collector_rig;
using http_client::status_of;

namespace {

/// web1 and web2, who must not be silent for more than 0.6 s, and whose mails are written down.
class Watched {
 public:
  Watched() { start(); }

  void start() {
    rig.start([](Collector::Options& options) {
      options.rules.interval = 20ms;
      options.rules.silence = 600ms;
      options.rules.calm = 50ms;
      options.rules.farewell = 300ms;
      options.archive.mails = true;
      for (auto& host : options.hosts) host.mail = {"ops@example.org"};
    });
  }
  void say(std::size_t host) {
    const std::string name = host == 0 ? "web1" : "web2";
    const std::string body = pack({.session = 1, .uptime_s = 1000, .first = 0});
    REQUIRE(status_of(rig.put(name, seal(rig.key(host), name, ++counter_, body))) == 200);
  }
  /// For two silences, with web2 talking and web1 not.
  void pass() {
    for (int i = 0; i < 12; ++i) {
      say(1);
      std::this_thread::sleep_for(100ms);
    }
  }
  FleetStatus status() const {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return read_fleet_status(rig.database(), 0.999, sim::Time{now});
  }
  std::string conditions() const {
    std::string all;
    for (const auto& host : status().hosts) {
      all.append(all.empty() ? "" : ", ").append(to_string(host.condition));
    }
    return all;
  }
  std::int64_t count(const std::string& of) const { return rig.ask("SELECT count(*) FROM " + of); }

  Rig rig;

 private:
  std::uint64_t counter_ = 100;
};

}  // namespace

TEST_CASE("retirements: who is taken down becomes no incident and no mail, until he is up again") {
  Watched watched;
  watched.say(0);
  watched.say(1);
  Retirements retirements{watched.rig.database()};
  CHECK(retirements.retire("web1"));
  CHECK_FALSE(retirements.retire("web1"));
  CHECK_FALSE(retirements.retire("nobody"));
  watched.pass();
  CHECK(watched.count("incidents") == 0);
  CHECK(watched.conditions() == "taken down, up");
  // The time counts neither way.
  CHECK(watched.status().hosts[0].uptime[0].down == sim::Duration{});
  CHECK(watched.status().hosts[0].uptime[0].watched < 1s);
  CHECK(watched.status().hosts[1].uptime[0].watched > 1s);

  SECTION("also over a restart of the collector") {
    watched.rig.stop();
    watched.start();
    watched.pass();
    CHECK(watched.count("incidents") == 0);
    CHECK(watched.conditions() == "taken down, up");
  }
  SECTION("up again, and silent: that is an incident") {
    retirements.enlist("web1");
    const std::string mails = "outbox JOIN incidents ON incident = number WHERE host = 1";
    CHECK(eventually([&] { return watched.count(mails) == 1; }));
    CHECK(watched.count("incidents WHERE cause = 'silent' AND host = 1 AND closed IS NULL") == 1);
    // Taken down while it is missing: nobody gets to read that it answers again.
    CHECK(retirements.retire("web1"));
    CHECK(eventually(
        [&] { return watched.count("incidents WHERE host = 1 AND closed IS NULL") == 0; }));
    CHECK(watched.count("intervals WHERE kind = 'down' AND end IS NULL AND host = 1") == 0);
    CHECK(watched.count(mails) == 1);
  }
  SECTION("up again, and heard: it is up") {
    retirements.enlist("web1");
    watched.say(0);
    CHECK(watched.conditions() == "up, up");
    CHECK(watched.count("incidents") == 0);
    CHECK(watched.status().hosts[0].lasts < 1s);
  }
  SECTION("it could not be taken down after all: it is missed as before") {
    retirements.take_back("web1");
    CHECK(watched.count("intervals WHERE kind = 'retired'") == 0);
    CHECK(eventually([&] { return watched.count("incidents WHERE host = 1") == 1; }));
  }
  SECTION("it goes on sending: then it was not taken down") {
    watched.say(0);
    CHECK(eventually([&] {
      return watched.count("intervals WHERE kind = 'retired' AND end IS NOT NULL") == 1;
    }));
    CHECK(eventually([&] { return watched.count("incidents WHERE host = 1") == 1; }));
    // By the same name it is another time.
    CHECK(retirements.retire("web1"));
    CHECK(eventually(
        [&] { return watched.count("incidents WHERE host = 1 AND closed IS NULL") == 0; }));
    CHECK(watched.conditions().starts_with("taken down"));
  }
}

TEST_CASE("retirements: a batch on its way while a host is taken down does not bring it back") {
  Watched watched;
  watched.say(0);
  Retirements{watched.rig.database()}.retire("web1");
  watched.say(0);
  watched.pass();
  CHECK(watched.count("intervals WHERE kind = 'retired' AND end IS NULL") == 1);
  CHECK(watched.count("incidents") == 0);
}

TEST_CASE("retirements: what is written while no collector runs counts for the next one") {
  Watched watched;
  watched.say(0);
  watched.say(1);
  watched.rig.stop();
  Retirements retirements{watched.rig.database()};
  CHECK(retirements.retire("web1"));
  CHECK(watched.conditions().starts_with("taken down"));
  watched.start();
  watched.pass();
  CHECK(watched.count("incidents") == 0);
  watched.rig.stop();
  retirements.enlist("web1");
  watched.start();
  CHECK(eventually([&] { return watched.count("incidents WHERE host = 1") == 1; }));
}

TEST_CASE("retirements: without an archive there is nobody to be told") {
  const real_test::Folder folder;
  Retirements retirements{folder.path() / "none.sqlite"};
  CHECK_FALSE(retirements.retire("web1"));
  retirements.enlist("web1");
  CHECK_FALSE(std::filesystem::exists(folder.path() / "none.sqlite"));
}
