// Runs on several hosts, without SSH between them: three folders of this host, each with a warden
// and an agent of its own. What SSH adds is tested where there are hosts with an sshd.
#include <csignal>
#include <thread>

#include <catch2/catch.hpp>

#include "real/warden.hpp"
#include "tests/kill/processes.hpp"
#include "tests/real/fleet/hosts_run.hpp"
#include "tests/real/folder.hpp"

namespace {

using namespace hosts_run;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// Three hosts, and at the end the proof that nothing of a run is left on them.
struct Hosts {
  real_test::Folder folder;
  std::vector<real::Stage::Place> places = local_places(folder.path(), 3);

  bool is_empty() const {
    for (const real::Stage::Place& place : places) {
      const fs::path runs = folder.path() / place.name;
      if (fs::exists(runs) && !fs::is_empty(runs)) return false;
    }
    return kill_table::parts_of(folder.path()).empty();
  }
  bool soon_empty() const {
    for (int i = 0; i < 1000 && !is_empty(); ++i) std::this_thread::sleep_for(10ms);
    return is_empty();
  }
};

/// Does something once, so many seconds after the beginning.
std::function<void(double, real::Stage&)> once_at(double when,
                                                  std::function<void(real::Stage&)> what) {
  return [when, what = std::move(what), done = false](double seconds, real::Stage& stage) mutable {
    if (seconds < when || std::exchange(done, true)) return;
    what(stage);
  };
}

}  // namespace

TEST_CASE("real on hosts: a machine crashes there and another host takes over what it had synced",
          "[e2e]") {
  const Hosts hosts;
  std::string crashed_on, spare_on;
  const Told told = play({.places = hosts.places, .meanwhile = once_at(1.5, [&](auto& stage) {
                                                    crashed_on = stage.host_of({1});
                                                    spare_on = stage.host_of({2});
                                                    stage.kill_machine({1});
                                                  })});
  INFO(told.text());
  CHECK(told.failure.empty());
  CHECK(told.said("host a at 127.0.0.1: machine 0"));
  CHECK(crashed_on == "b");
  CHECK(spare_on == "c");
  CHECK(told.said("files of machine 1 go from b to c"));
  REQUIRE(told.failovers.size() == 1);
  CHECK(told.failovers[0].result == vm::FailoverResult::completed);
  CHECK(told.failovers[0].to == vm::MachineId{2});
  CHECK(told.acknowledged > 100);
  CHECK(told.lost == 0);
  CHECK(told.duplicated == 0);
  CHECK(told.books_balance);
  CHECK(told.samples > 30);  // three machines, five a second, some five seconds
  CHECK(told.replayed.empty());
  CHECK(hosts.is_empty());
}

TEST_CASE("real on hosts: a host is lost; with two copies nothing is", "[e2e]") {
  const Hosts hosts;
  const Told told = play({.places = hosts.places,
                          .replicas = 2,
                          .meanwhile = once_at(1.5, [&](auto&) {
                            const auto parts = kill_table::parts_of(hosts.folder.path() / "b");
                            const auto warden = kill_table::find(parts, "warden");
                            if (warden) ::kill(*warden, SIGKILL);
                          })});
  INFO(told.text());
  CHECK(told.failure.empty());
  CHECK(told.said("host b is lost (killed by signal 9)"));
  REQUIRE_FALSE(told.failovers.empty());
  CHECK(told.failovers[0].result == vm::FailoverResult::completed);
  CHECK(told.acknowledged > 100);
  CHECK(told.lost == 0);
  CHECK(told.duplicated == 0);
  CHECK(told.books_balance);
  CHECK(told.replayed.empty());
  // Its warden had no time to tidy up: the next one does.
  CHECK_FALSE(hosts.is_empty());
  CHECK(kill_table::parts_of(hosts.folder.path()).empty());
  real::sweep_abandoned(hosts.folder.path() / "b");
  CHECK(hosts.is_empty());
}

TEST_CASE("real on hosts: a host is lost with the only copies: said, counted, and never made up",
          "[e2e]") {
  const Hosts hosts;
  const Told told =
      play({.places = hosts.places, .meanwhile = once_at(1.5, [&](auto&) {
                                      const auto parts =
                                          kill_table::parts_of(hosts.folder.path() / "b");
                                      const auto warden = kill_table::find(parts, "warden");
                                      if (warden) ::kill(*warden, SIGTERM);
                                    })});
  INFO(told.text());
  CHECK(told.failure.empty());
  REQUIRE_FALSE(told.failovers.empty());
  CHECK(told.failovers[0].result == vm::FailoverResult::failed);
  CHECK(told.lost > 0);
  CHECK(told.lost < told.acknowledged);
  CHECK(told.duplicated == 0);
  CHECK_FALSE(told.complaints.empty());
  CHECK(told.replayed.empty());
  CHECK(hosts.is_empty());  // one that is asked to end tidies up
}

TEST_CASE("real on hosts: a host that cannot hold a machine gets none; where none can, it is said",
          "[e2e]") {
  Hosts hosts;
  hosts.places[0].capacity.memory = {1 << 20};
  std::string first;
  const Told told =
      play({.places = hosts.places, .duration = "1 s", .meanwhile = once_at(0, [&](auto& stage) {
                                                         first = stage.host_of({0});
                                                       })});
  INFO(told.text());
  CHECK(first == "b");
  CHECK(told.said("host a at 127.0.0.1: no machine yet"));
  CHECK(told.lost == 0);
  for (auto& place : hosts.places) place.capacity.memory = {1 << 20};
  CHECK(play({.places = hosts.places}).failure == "no host can give a machine of flavor small");
  CHECK(hosts.is_empty());
}

TEST_CASE("real on hosts: a relay that cannot begin ends the run before it began", "[e2e]") {
  Hosts hosts;
  hosts.places[1].words = {"/bin/sh", "-c", "echo no route to b >&2; exit 3"};
  const Told told = play({.places = hosts.places});
  CHECK(told.failure == "host b is lost (exit code 3: no route to b)");
  CHECK(told.acknowledged == 0);
  CHECK(hosts.soon_empty());
}

TEST_CASE("real on hosts: machine and gateway are killed together; it goes on from the journal",
          "[e2e]") {
  const Hosts hosts;
  const Told told = play(
      {.places = hosts.places, .duration = "7 s", .meanwhile = once_at(1.5, [](real::Stage& stage) {
                                                    stage.kill_machine({1});
                                                    stage.kill_gateway();
                                                  })});
  INFO(told.text());
  CHECK(told.failure.empty());
  CHECK(told.said("gateway ended (killed by signal 9), started again"));
  CHECK(told.said("files of machine 1 go from b to c"));
  REQUIRE(told.failovers.size() == 1);
  CHECK(told.failovers[0].result == vm::FailoverResult::completed);
  CHECK(told.lost == 0);
  CHECK(told.duplicated == 0);
  CHECK(told.books_balance);
  CHECK(told.replayed.empty());
  CHECK(hosts.is_empty());
}

TEST_CASE("real on hosts: a machine that crashes for a while comes back where its files are",
          "[e2e]") {
  const Hosts hosts;
  const Told told = play({.places = hosts.places,
                          .further = "\n[[fault]]\nkind = \"crash\"\nat = \"1 s\"\nmachine = 1\n"
                                     "for = \"1 s\"\n\n[expect]\nlost = \"== 0\"\n",
                          .replicas = 2});
  INFO(told.text());
  CHECK(told.failure.empty());
  CHECK(told.lost == 0);
  CHECK(told.duplicated == 0);
  CHECK(told.books_balance);
  CHECK(told.replayed.empty());
  CHECK(hosts.is_empty());
}
