// Random clouds under random faults: what must hold whatever fails.
//
// A failure names its seed, and the seed is the bug report. BRINK_SWARM_SEEDS sets how many; the
// default fits into the test command, scripts/swarm runs many more.
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/swarm/random_scenario.hpp"
#include "vm/model/run.hpp"

namespace {

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
        CHECK((share >= 0 && share <= 1 + 1e-9));
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
        CHECK(failovers.insert({triggered->failover.value, true}).second);
      }
      if (const auto* ended = std::get_if<vm::FailoverEnded>(&row.notice)) {
        CHECK(failovers.erase(ended->failover.value) == 1);
      }
      if (const auto* moved = std::get_if<vm::MigrationEnded>(&row.notice)) {
        // A frozen tenant waits for its budget, and once more for an abort at the worst.
        if (!moved->aborted) CHECK(moved->pause > vm::Duration::zero());
      }
    }
  }
  const vm::Scenario& scenario;
  std::map<std::uint32_t, bool> open, failovers;
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
    const vm::Scenario scenario = tests::random_scenario(seed, {.survivable = true});
    const vm::RunOutcome outcome = vm::model::run(scenario);
    for (const std::string& complaint : outcome.complaints) UNSCOPED_INFO(complaint);
    REQUIRE(outcome.books_balance);
    for (const auto& group : outcome.groups) REQUIRE(group.books.lost == 0);
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
