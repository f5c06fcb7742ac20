// brink real on three hosts over SSH: networks, process lists and homes of their own, an OpenSSH
// server each.
#include <thread>

#include <catch2/catch.hpp>

#include "cli/real_places.hpp"
#include "cli/verbs.hpp"
#include "real/fleet/places.hpp"
#include "tests/cli/brink_process.hpp"
#include "tests/real/fleet/hosts_fixture.hpp"
#include "tests/real/fleet/hosts_run.hpp"

namespace {

using namespace hosts_run;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// As the machines of the test see this one; see kill_table::Network.
constexpr const char* here = "10.77.0.1";

struct Machines {
  std::unique_ptr<fleet_test::Hosts> hosts;
  fs::path fleet;

  explicit Machines(std::size_t count = 3) {
    std::string why;
    hosts = fleet_test::Hosts::try_start({.count = count}, why);
    if (!hosts) {
      WARN("skipped: " << why);
      return;
    }
    fleet = hosts->folder() / "fleet.toml";
    std::ofstream{fleet} << hosts->fleet_text();
  }
  explicit operator bool() const { return hosts != nullptr; }

  std::vector<real::Stage::Place> places() const {
    const auto read = real::read_fleet(fleet);
    REQUIRE(read);
    std::vector<real::Stage::Place> all;
    for (auto& place : real::make_ready({.fleet = *read, .binary = BRINK, .patience = 60s})) {
      if (!place) UNSCOPED_INFO(place.error());
      REQUIRE(place);
      all.push_back(*place);
    }
    return all;
  }
  /// No process of brink's and no folder of a run.
  bool is_empty(std::size_t i) const {
    const int found = hosts->run_there(
        i, {"/bin/sh", "-c", "exec grep -qsa '[b]rink-real' /proc/[0-9]*/cmdline"});
    const fs::path runs = hosts->home(i) / ".brink/runs";
    return found != 0 && (!fs::exists(runs) || fs::is_empty(runs));
  }
  bool soon_empty(std::size_t i) const {
    for (int tries = 0; tries < 300 && !is_empty(i); ++tries) std::this_thread::sleep_for(100ms);
    return is_empty(i);
  }
};

std::function<void(double, real::Stage&)> once_at(double when,
                                                  std::function<void(real::Stage&)> what) {
  return [when, what = std::move(what), done = false](double seconds, real::Stage& stage) mutable {
    if (seconds < when || std::exchange(done, true)) return;
    what(stage);
  };
}

}  // namespace

TEST_CASE("real over SSH: a machine crashes, another host takes over, nothing is lost or left",
          "[e2e]") {
  const Machines machines;
  if (!machines) return;
  const auto places = machines.places();
  REQUIRE(places.size() == 3);
  CHECK(places[1].name == "host1");
  CHECK(places[1].capacity.cores >= 1);
  const auto sent = fs::last_write_time(machines.hosts->home(0) / ".brink/brink-real");
  const Told told = play({.places = places,
                          .listen = here,
                          .meanwhile = once_at(2, [](auto& stage) { stage.kill_machine({1}); })});
  INFO(told.text());
  CHECK(told.failure.empty());
  CHECK(told.said("host host1 at 10.77.0.11: machine 1"));
  CHECK(told.said("files of machine 1 go from host1 to host2"));
  REQUIRE(told.failovers.size() == 1);
  CHECK(told.failovers[0].result == vm::FailoverResult::completed);
  CHECK(told.acknowledged > 50);
  CHECK(told.samples > 15);
  CHECK(told.lost == 0);
  CHECK(told.duplicated == 0);
  CHECK(told.books_balance);
  CHECK(told.replayed.empty());
  for (std::size_t i = 0; i < 3; ++i) CHECK(machines.is_empty(i));
  // The second time it is there already.
  CHECK(machines.places().size() == 3);
  CHECK(fs::last_write_time(machines.hosts->home(0) / ".brink/brink-real") == sent);
}

TEST_CASE(
    "real over SSH: a host is cut off; with two copies nothing is lost, and it ends by itself",
    "[e2e]") {
  const Machines machines;
  if (!machines) return;
  const Told told = play({.places = machines.places(),
                          .replicas = 2,
                          .listen = here,
                          .duration = "8 s",
                          .patience = 3s,
                          .meanwhile = once_at(2, [&](auto&) { machines.hosts->cut_off(1); })});
  INFO(told.text());
  CHECK(told.failure.empty());
  CHECK(told.said("host host1 is lost (it has not answered for 3 s)"));
  REQUIRE_FALSE(told.failovers.empty());
  CHECK(told.failovers[0].result == vm::FailoverResult::completed);
  CHECK(told.acknowledged > 50);
  CHECK(told.lost == 0);
  CHECK(told.duplicated == 0);
  CHECK(told.books_balance);
  CHECK(told.replayed.empty());
  CHECK(machines.is_empty(0));
  CHECK(machines.soon_empty(1));  // though nobody can tell it
  CHECK(machines.is_empty(2));
}

TEST_CASE("real over SSH: a stage that is killed leaves nothing on any host", "[e2e]") {
  const Machines machines{2};
  if (!machines) return;
  const brink_process::Desk desk;
  desk.put("far.toml", brink_process::edited("", "[real]\nfleet = \"" + machines.fleet.string() +
                                                     "\"\nlisten = \"10.77.0.1\"\n"));
  const auto run = desk.start({"real", "far.toml"});
  const auto journal = desk / "results/small-1/journal.jsonl";
  for (int i = 0; i < 12'000 && brink_process::whole_file(journal).empty(); ++i) {
    std::this_thread::sleep_for(10ms);
  }
  CAPTURE(run->err());
  REQUIRE_FALSE(brink_process::whole_file(journal).empty());
  CHECK_FALSE(machines.is_empty(0));
  run->send(SIGKILL);
  CHECK(run->wait().code == -SIGKILL);
  CHECK(machines.soon_empty(0));
  CHECK(machines.soon_empty(1));
}

TEST_CASE("real over SSH: what cannot be is said before anything begins", "[e2e]") {
  const Machines machines{1};
  if (!machines) return;
  const brink_process::Desk desk;
  const auto said = [&](const std::string& section, const brink_process::Words& more = {}) {
    desk.put("far.toml", brink_process::edited("", "[real]\n" + section));
    brink_process::Words words{"real", "far.toml"};
    words.insert(words.end(), more.begin(), more.end());
    const auto result = desk.brink(words);
    CHECK(desk.list("results").empty());
    UNSCOPED_INFO(result.err);
    return result;
  };
  const std::string fleet = "fleet = \"" + machines.fleet.string() + "\"\n";
  const auto missing = said("fleet = \"none.toml\"\n");
  CHECK(missing.code == 2);
  CHECK(missing.err.find("none.toml: no such file") != std::string::npos);
  const auto unknown = said(fleet + "hosts = [\"host7\"]\n");
  CHECK(unknown.code == 2);
  CHECK(unknown.err.find("no host 'host7'") != std::string::npos);
  const auto deaf = said(fleet);
  CHECK(deaf.code == 2);
  CHECK(deaf.err.find("cannot reach this machine at 127.0.0.1") != std::string::npos);
  const auto listen = "listen = \"10.77.0.1\"\n";
  const auto big = said(fleet + listen, {"--set", "flavor.small.cores=1000"});
  CHECK(big.code == 2);
  CHECK(big.err.find("1000 cores, host0 has") != std::string::npos);
  machines.hosts->cut_off(0);
  const auto silent = said(fleet + listen);
  CHECK(silent.code == 3);
  CHECK(silent.err.find("host0") != std::string::npos);
}
