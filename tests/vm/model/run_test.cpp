#include "vm/model/run.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/scenarios.hpp"

using namespace std::chrono_literals;
using namespace sim::literals;
using tests::add_clients;
using tests::add_cpu_kind;
using tests::constant_rate;
using vm::Outcome;
using vm::Time;

namespace {

/// Keeps the rows that a test wants to look at.
struct Notes : vm::ObservationSink {
  void on(const vm::Batch& batch) override {
    transactions.insert(transactions.end(), batch.transactions.begin(), batch.transactions.end());
    samples.insert(samples.end(), batch.samples.begin(), batch.samples.end());
    for (const auto& row : batch.throughputs) {
      if (row.at > Time{85s}) committed_late += row.committed;
    }
    for (const auto& row : batch.notices) {
      if (const auto* m = std::get_if<vm::MigrationEnded>(&row.notice)) migrations.push_back(*m);
      if (const auto* f = std::get_if<vm::FailoverEnded>(&row.notice)) failovers.push_back(*f);
      if (const auto* f = std::get_if<vm::SlaFailureBegan>(&row.notice)) failures.push_back(*f);
      if (std::holds_alternative<vm::FailoverTriggered>(row.notice)) triggered.push_back(row.at);
    }
  }
  std::vector<vm::TransactionRow> transactions;
  std::vector<vm::SampleRow> samples;
  std::vector<vm::MigrationEnded> migrations;
  std::vector<vm::FailoverEnded> failovers;
  std::vector<vm::SlaFailureBegan> failures;
  std::vector<Time> triggered;
  std::uint64_t committed_late = 0;  // after 85 s
};

/// Two tenants or more on one machine of one core, offered 1.5 cores of writes from 10 s on.
vm::Scenario overloaded(vm::FailoverPolicy policy) {
  vm::Scenario s = tests::quiet_scenario();
  add_cpu_kind(s, sim::Exponential{0.005}, 1_KiB);
  auto& group = add_clients(
      s, 20, vm::Poisson{{{{Time{}, 100}, {Time{10s}, 100}, {Time{10s}, 300}}}});
  group.timeout = 1s;
  group.state = 10_MiB;  // 0.2 s to copy: something is written meanwhile
  s.durability.log = vm::Log::synced;
  s.fleets[0].spare = 1;
  s.fleets[0].failover.policy = policy;
  s.fleets[0].failover.cooldown = 20s;
  return s;
}

}  // namespace

TEST_CASE("run: one transaction takes what its steps take") {
  // 10 ms of one core, 1 MB of disk at 100 MB/s (10 ms), 500 KB of network (5 ms): 25 ms each, and
  // arrivals every 100 ms never meet.
  vm::Scenario s = tests::quiet_scenario();
  s.transactions.push_back({.name = "steps",
                            .steps = {{vm::Resource::cpu, sim::Distribution{sim::Constant{0.01}}},
                                      {vm::Resource::disk, sim::Distribution{sim::Constant{1e6}}},
                                      {vm::Resource::network, sim::Distribution{sim::Constant{5e5}}}},
                            .memory = 1_MiB,
                            .write = {}});
  add_clients(s, 1, vm::Deterministic{constant_rate(10)});
  const auto outcome = vm::model::run(s);
  const auto& group = outcome.groups[0];
  CHECK(group.books.issued == 600);
  CHECK(group.books[Outcome::committed] == 599);  // the last one is issued at the very end
  CHECK(group.books.in_flight == 1);
  CHECK(group.latency.max() == 25'000'000);
  CHECK(group.latency.min() == 25'000'000);
  // Busy 10, 10 and 5 ms of every 100.
  const auto& used = outcome.machines[0].utilisation;
  CHECK(used[vm::Resource::cpu] == Approx(0.1).epsilon(0.01));
  CHECK(used[vm::Resource::disk] == Approx(0.1).epsilon(0.01));
  CHECK(used[vm::Resource::network] == Approx(0.05).epsilon(0.01));
  CHECK(outcome.machines[0].cost == Approx(60));
}

TEST_CASE("run: what does not fit into memory or the queue is refused") {
  vm::Scenario s = tests::quiet_scenario();
  add_cpu_kind(s, sim::Constant{0.1});
  s.transactions[0].memory = 400_MiB;  // two fit into 1 GiB
  add_clients(s, 1, vm::Deterministic{constant_rate(100)});
  const auto by_memory = vm::model::run(s);
  CHECK(by_memory.groups[0].books[Outcome::refused] > 4000);
  CHECK(by_memory.groups[0].latency.max() <= 300'000'000);  // never more than two at once
  CHECK(by_memory.books_balance);

  s.transactions[0].memory = {};
  s.flavors[0].queue = 2;
  const auto by_queue = vm::model::run(s);
  CHECK(by_queue.groups[0].books[Outcome::refused] == by_memory.groups[0].books[Outcome::refused]);
}

TEST_CASE("run: a flavor's admission rate lets through that rate") {
  vm::Scenario s = tests::quiet_scenario();
  add_cpu_kind(s, sim::Constant{0.001});
  s.flavors[0].admission = vm::Admission{50, 10};
  add_clients(s, 1, vm::Deterministic{constant_rate(200)});
  const auto outcome = vm::model::run(s);
  // 60 s at 50 /s and a full bucket of 10 at the start.
  CHECK(outcome.groups[0].books[Outcome::committed] == Approx(3010).margin(2));
}

TEST_CASE("run: an attempt that times out goes on using the machine, and a late answer is no commit") {
  vm::Scenario s = tests::quiet_scenario();
  add_cpu_kind(s, sim::Constant{0.5}, 1_KiB);
  auto& group = add_clients(s, 1, vm::Deterministic{constant_rate(1)});
  group.timeout = 100ms;
  const auto outcome = vm::model::run(s);
  const auto& books = outcome.groups[0].books;
  CHECK(books[Outcome::timed_out] == 59);
  CHECK(books[Outcome::committed] == 0);
  CHECK(books.applied == 59);  // 0.5 s each, all done in time for the next
  CHECK(books.acknowledged == 0);
  CHECK(books.unacknowledged == 59);
  CHECK(outcome.books_balance);
  CHECK(outcome.machines[0].utilisation[vm::Resource::cpu] == Approx(0.49).margin(0.01));
}

TEST_CASE("run: a retry of an applied write is acknowledged and not applied again") {
  vm::Scenario s = tests::quiet_scenario();
  // 0.3 s of work and 0.4 s of patience: alone it would do. The first attempt shares with others.
  add_cpu_kind(s, sim::Constant{0.3}, 1_KiB);
  auto& group = add_clients(s, 5, vm::Poisson{constant_rate(1.5)});
  group.timeout = 400ms;
  group.retry.attempts = 5;
  group.retry.backoff = {0.2, 2, 5, true};
  const auto outcome = vm::model::run(s);
  CHECK(outcome.groups[0].books.attempts > outcome.groups[0].books.issued);
  CHECK(outcome.books_balance);
  CHECK(outcome.groups[0].books.duplicated == 0);
  SECTION("and the books catch it when it is") {
    const auto broken = vm::model::run(s, {.sabotage = {.apply_twice = true}});
    CHECK_FALSE(broken.books_balance);
    CHECK(broken.groups[0].books.duplicated > 0);
  }
}

TEST_CASE("run: an overloaded machine fails its SLA, and the split moves half within the pause") {
  Notes notes;
  const auto s = overloaded(vm::FailoverPolicy::split);
  const auto outcome = vm::model::run(s, {.sink = &notes});
  REQUIRE(notes.failures.size() >= 1);
  CHECK(notes.failures[0].cause == vm::Cause::cpu);
  CHECK(notes.failures[0].machine == vm::MachineId{0});
  REQUIRE(notes.failovers.size() >= 1);
  CHECK(notes.failovers[0].to == vm::MachineId{1});
  CHECK(notes.failovers[0].moved >= 5);
  CHECK(notes.failovers[0].moved < 20);
  CHECK(notes.failovers[0].pause_max <= s.fleets[0].failover.pause);
  CHECK(notes.triggered[0] >= Time{14s});  // not before a window of evidence
  CHECK(notes.triggered[0] <= Time{20s});
  CHECK(outcome.books_balance);
  CHECK(outcome.groups[0].books.lost == 0);
}

TEST_CASE("run: a migration that forgets its last delta is refused by the comparison of digests") {
  Notes notes;
  const auto outcome =
      vm::model::run(overloaded(vm::FailoverPolicy::split),
                     {.sink = &notes, .sabotage = {.forget_last_delta = true}});
  CHECK(outcome.books_balance);  // whatever could not be proved equal stayed where it was
  CHECK(outcome.groups[0].books.lost == 0);
  std::size_t aborted = 0;
  for (const auto& m : notes.migrations) aborted += m.aborted ? 1 : 0;
  CHECK(aborted > 0);
}

TEST_CASE("run: and when nobody compares, the ledger catches it") {
  const auto outcome = vm::model::run(
      overloaded(vm::FailoverPolicy::split),
      {.sabotage = {.forget_last_delta = true, .verify_blindly = true}});
  CHECK_FALSE(outcome.books_balance);
  CHECK(outcome.groups[0].books.lost > 0);
  CHECK(outcome.complaints.size() > 0);
}

TEST_CASE("run: a crash takes what only memory held, and no more") {
  vm::Scenario s = tests::quiet_scenario();
  add_cpu_kind(s, sim::Exponential{0.002}, 1_KiB);
  add_clients(s, 10, vm::Poisson{constant_rate(100)}).timeout = 1s;
  s.fleets[0].count = 2;
  s.fleets[0].spare = 1;
  s.fleets[0].failover.policy = vm::FailoverPolicy::fresh_machine;
  vm::Fault crash;
  crash.at = Time{30s};
  crash.machine = 0;
  s.faults.push_back(crash);

  SECTION("memory: everything acknowledged by that machine is lost, and counted") {
    const auto outcome = vm::model::run(s);
    // Half of 100 /s for 30 s: 1500, give or take four standard deviations of a Poisson count.
    CHECK(outcome.groups[0].books.lost == Approx(1500).margin(160));
    CHECK(outcome.books_balance);
  }
  SECTION("a synced log: nothing") {
    s.durability.log = vm::Log::synced;
    const auto outcome = vm::model::run(s);
    CHECK(outcome.groups[0].books.lost == 0);
    CHECK(outcome.books_balance);
    CHECK(outcome.groups[0].books[Outcome::failed] > 0);  // while nobody served them
  }
  SECTION("two replicas: nothing") {
    s.durability.replicas = 2;
    const auto outcome = vm::model::run(s);
    CHECK(outcome.groups[0].books.lost == 0);
    CHECK(outcome.books_balance);
  }
  SECTION("no failover and a restart with a synced log: back after it") {
    s.durability.log = vm::Log::synced;
    s.fleets[0].failover.policy = vm::FailoverPolicy::none;
    s.faults[0].lasts = 10s;
    const auto outcome = vm::model::run(s);
    CHECK(outcome.groups[0].books.lost == 0);
    // Half of 100 /s for 10 s.
    CHECK(outcome.groups[0].books[Outcome::failed] == Approx(500).margin(90));
  }
}

TEST_CASE("run: a crash at any step of a migration loses nothing that was synced") {
  const auto step = GENERATE(vm::MigrationStep::copying, vm::MigrationStep::frozen,
                             vm::MigrationStep::verifying, vm::MigrationStep::switching);
  const auto side = GENERATE(vm::Side::source, vm::Side::target);
  CAPTURE(static_cast<int>(step), static_cast<int>(side));
  vm::Scenario s = overloaded(vm::FailoverPolicy::split);
  s.fleets[0].spare = 2;
  s.duration = 90s;  // the lost half is restored on one machine, which is split again
  vm::Fault crash;
  crash.at = Time{10s};
  crash.during = step;
  crash.side = side;
  s.faults.push_back(crash);
  Notes notes;
  const auto outcome = vm::model::run(s, {.sink = &notes});
  for (const auto& complaint : outcome.complaints) UNSCOPED_INFO(complaint);
  CHECK(outcome.books_balance);
  CHECK(outcome.groups[0].books.lost == 0);
  CHECK(outcome.groups[0].books.duplicated == 0);
  // The overload's failover, and the answer to the crash where somebody still lived there.
  CHECK(notes.triggered.size() >= 1);
  CHECK(notes.failovers.size() == notes.triggered.size());
  // Everybody is served again: of 300 a second for five seconds all but those on their way.
  CHECK(notes.committed_late > 1400);
}

TEST_CASE("run: demands are the transaction's own, whatever the policy does", "[golden]") {
  Notes none, split;
  vm::model::run(overloaded(vm::FailoverPolicy::none), {.sink = &none, .transactions = true});
  vm::model::run(overloaded(vm::FailoverPolicy::split), {.sink = &split, .transactions = true});
  const auto by_identity = [](const vm::TransactionRow& a, const vm::TransactionRow& b) {
    return a.client != b.client ? a.client < b.client : a.sequence < b.sequence;
  };
  std::sort(none.transactions.begin(), none.transactions.end(), by_identity);
  std::sort(split.transactions.begin(), split.transactions.end(), by_identity);
  std::size_t compared = 0;
  for (std::size_t i = 0, k = 0; i < none.transactions.size() && k < split.transactions.size();) {
    if (by_identity(none.transactions[i], split.transactions[k])) {
      ++i;
    } else if (by_identity(split.transactions[k], none.transactions[i])) {
      ++k;
    } else {
      REQUIRE(none.transactions[i].issued == split.transactions[k].issued);
      ++compared, ++i, ++k;
    }
  }
  CHECK(compared > 10'000);
}

TEST_CASE("run: a machine whose CPU is stolen is as busy as its own clock says") {
  vm::Scenario s = tests::quiet_scenario();
  add_cpu_kind(s, sim::Constant{0.005});
  add_clients(s, 1, vm::Deterministic{constant_rate(100)});  // half a core
  vm::Fault slow;
  slow.kind = vm::FaultKind::slow;
  slow.at = Time{30s};
  slow.machine = 0;
  slow.factor = 0.625;  // 0.5 of 0.625 is 80 %
  s.faults.push_back(slow);
  Notes notes;
  vm::model::run(s, {.sink = &notes});
  CHECK(notes.samples[20].sample.utilisation[vm::Resource::cpu] == Approx(0.5).margin(0.01));
  CHECK(notes.samples[50].sample.utilisation[vm::Resource::cpu] == Approx(0.8).margin(0.01));
}

TEST_CASE("run: a leak fills the memory and stays behind with the old machine") {
  vm::Scenario s = tests::quiet_scenario();
  add_cpu_kind(s, sim::Constant{0.001}, 1_KiB);
  add_clients(s, 4, vm::Deterministic{constant_rate(50)});
  s.durability.log = vm::Log::synced;
  s.fleets[0].spare = 1;
  s.fleets[0].failover.policy = vm::FailoverPolicy::fresh_machine;
  s.fleets[0].failover.after = vm::AfterFailover::release;
  vm::Fault leak;
  leak.kind = vm::FaultKind::leak;
  leak.at = Time{5s};
  leak.machine = 0;
  leak.rate = {64.0 * (1 << 20)};  // 1 GiB in 16 s
  s.faults.push_back(leak);
  Notes notes;
  const auto outcome = vm::model::run(s, {.sink = &notes});
  REQUIRE(notes.failures.size() == 1);
  CHECK(notes.failures[0].cause == vm::Cause::memory);
  REQUIRE(notes.failovers.size() == 1);
  CHECK(notes.failovers[0].moved == 4);
  CHECK(outcome.machines[0].state == vm::MachineState::down);
  CHECK(outcome.machines[1].utilisation_max[vm::Resource::memory] < 0.1);
  CHECK(outcome.groups[0].books.lost == 0);
}

TEST_CASE("run: asked to stop, it ends at the next sample with balanced books") {
  const std::atomic<bool> stop{true};
  const auto s = overloaded(vm::FailoverPolicy::split);
  const auto outcome = vm::model::run(s, {.stop = &stop});
  CHECK(outcome.interrupted);
  CHECK(outcome.end == Time{1s});
  CHECK(outcome.books_balance);
}
