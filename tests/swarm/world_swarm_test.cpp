// Random clouds under random faults: what must hold whatever fails.
//
// A failure names its seed, and the seed is the bug report. BRINK_SWARM_SEEDS sets how many; the
// default fits into the test command, scripts/swarm runs many more. Safety is checked while faults
// go on, liveness after they have stopped: within a bound everything must have come to rest.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/settled.hpp"
#include "tests/swarm/random_scenario.hpp"

namespace {

using namespace std::chrono_literals;

std::uint64_t seeds() {
  const char* wanted = std::getenv("BRINK_SWARM_SEEDS");
  return wanted != nullptr ? std::stoull(wanted) : 150;
}
std::uint64_t first_seed() {
  const char* wanted = std::getenv("BRINK_SWARM_FIRST");
  return wanted != nullptr ? std::stoull(wanted) : 0;
}

/// Checks each observation as it comes.
struct Checker : vm::ObservationSink {
  explicit Checker(const vm::Scenario& scenario_) : scenario(scenario_) {}

  void on(const vm::Batch& batch) override {
    for (const auto& row : batch.samples) {
      for (const double share : row.sample.utilisation.values) {
        if (!(share >= 0 && share <= 1 + 1e-9)) FAIL_CHECK("a utilisation of " << share);
      }
    }
    for (const auto& row : batch.notices) {
      if (const auto* began = std::get_if<vm::SlaFailureBegan>(&row.notice)) {
        CHECK(open.insert({began->failure, true}).second);
      }
      if (const auto* ended = std::get_if<vm::SlaFailureEnded>(&row.notice)) {
        CHECK(open.erase(ended->failure) == 1);
      }
      if (const auto* triggered = std::get_if<vm::FailoverTriggered>(&row.notice)) {
        CHECK(failovers.insert({triggered->failover.value, row.at}).second);
      }
      if (const auto* ended = std::get_if<vm::FailoverEnded>(&row.notice)) {
        CHECK(failovers.erase(ended->failover.value) == 1);
      }
      if (const auto* moved = std::get_if<vm::MigrationEnded>(&row.notice)) {
        // The least that a switch-over takes is its four round trips.
        if (!moved->aborted) CHECK(moved->pause >= 4 * vm::model::round_trip);
      }
    }
    for (const auto& row : batch.throughputs) {
      if (row.at > vm::Time{scenario.duration} - last_minutes) committed += row.committed;
    }
  }

  static constexpr vm::Duration last_minutes = 2min;
  const vm::Scenario& scenario;
  std::map<std::uint32_t, bool> open;
  std::map<std::uint32_t, vm::Time> failovers;  // open ones, and when they began
  std::uint64_t committed = 0;                  // in the last minutes
};

}  // namespace

TEST_CASE("swarm: books balance and nothing is lost unaccounted, whatever fails", "[swarm]") {
  for (std::uint64_t seed = first_seed(); seed < first_seed() + seeds(); ++seed) {
    CAPTURE(seed);
    const vm::Scenario scenario = tests::random_scenario(seed);
    Checker checker{scenario};
    const vm::RunOutcome outcome = vm::model::run(scenario, {.sink = &checker});
    for (const std::string& complaint : outcome.complaints) UNSCOPED_INFO(complaint);
    REQUIRE(outcome.books_balance);
    for (const auto& group : outcome.groups) {
      REQUIRE(group.books.balanced());
      REQUIRE(group.books.duplicated == 0);
      REQUIRE(group.books.applied >= group.books.acknowledged - group.books.lost);
    }
  }
}

TEST_CASE("swarm: with a synced log no acknowledged write is ever lost", "[swarm]") {
  for (std::uint64_t seed = first_seed(); seed < first_seed() + seeds(); ++seed) {
    CAPTURE(seed);
    const vm::Scenario scenario = tests::random_scenario(seed, {.synced = true});
    const vm::RunOutcome outcome = vm::model::run(scenario);
    for (const std::string& complaint : outcome.complaints) UNSCOPED_INFO(complaint);
    REQUIRE(outcome.books_balance);
    for (const auto& group : outcome.groups) REQUIRE(group.books.lost == 0);
  }
}

TEST_CASE("swarm: when faults stop, every failover ends and everybody is served", "[swarm]") {
  for (std::uint64_t seed = first_seed(); seed < first_seed() + seeds(); ++seed) {
    CAPTURE(seed);
    const vm::Scenario scenario =
        tests::random_scenario(seed, {.synced = seed % 2 == 0, .settles = true});
    Checker checker{scenario};
    const vm::model::RunOptions options{.sink = &checker};
    vm::model::World world{scenario, options};
    const vm::RunOutcome outcome = world.play();
    REQUIRE(outcome.books_balance);
    for (const auto& [failover, began] : checker.failovers) {
      CAPTURE(failover, sim::seconds(began));
      REQUIRE(outcome.end - began < tests::calm / 2);
    }
    // What leaked stays until its machine goes, so that one which nobody may leave in time (no
    // policy, a hopeless timeout) refuses its tenants for good, and may be failing over at the very
    // end.
    const bool leaks = std::any_of(scenario.faults.begin(), scenario.faults.end(),
                                   [](const auto& f) { return f.kind == vm::FaultKind::leak; });
    if (!checker.failovers.empty()) continue;
    CHECK(tests::unsettled(world) == std::vector<std::string>{});
    CHECK((checker.committed > 0 || leaks));
  }
}

TEST_CASE("swarm: a run is a function of its scenario, with and without somebody watching",
          "[swarm]") {
  for (std::uint64_t seed = first_seed(); seed < first_seed() + seeds() / 10; ++seed) {
    CAPTURE(seed);
    const vm::Scenario scenario = tests::random_scenario(seed);
    Checker checker{scenario};
    const auto watched = vm::model::run(scenario, {.sink = &checker, .transactions = true});
    REQUIRE(vm::model::run(scenario).fingerprint == watched.fingerprint);
  }
}
