// Crashes that meet other crashes, and runs at their edges: what once went wrong, kept.
#include <algorithm>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/scenarios.hpp"
#include "vm/model/run.hpp"

using namespace std::chrono_literals;
using namespace sim::literals;
using tests::add_clients;
using tests::add_cpu_kind;
using tests::constant_rate;
using vm::Outcome;
using vm::Time;

namespace {

struct Counts : vm::ObservationSink {
  void on(const vm::Batch& batch) override {
    for (const auto& row : batch.notices) {
      if (std::holds_alternative<vm::FailoverTriggered>(row.notice)) ++triggered;
      if (std::holds_alternative<vm::FailoverEnded>(row.notice)) ++ended;
    }
    for (const auto& row : batch.throughputs) issued += row.issued;
    samples.insert(samples.end(), batch.samples.begin(), batch.samples.end());
  }
  /// Tenants of a machine by its last sample.
  std::uint32_t tenants(std::uint32_t machine) const {
    const auto last = std::find_if(samples.rbegin(), samples.rend(),
                                   [&](const auto& row) { return row.machine.value == machine; });
    return last == samples.rend() ? 0 : last->sample.tenants;
  }
  int triggered = 0, ended = 0;
  std::uint64_t issued = 0;
  std::vector<vm::SampleRow> samples;
};

vm::Scenario synced(std::uint32_t machines, std::uint32_t spare, std::uint32_t clients) {
  vm::Scenario s = tests::quiet_scenario();
  add_cpu_kind(s, sim::Constant{0.001}, 1_KiB);
  add_clients(s, clients, vm::Deterministic{constant_rate(50)});
  s.durability.log = vm::Log::synced;
  s.fleets[0].count = machines;
  s.fleets[0].spare = spare;
  s.fleets[0].failover.policy = vm::FailoverPolicy::fresh_machine;
  s.fleets[0].failover.after = vm::AfterFailover::release;
  return s;
}

vm::Fault crash(std::uint32_t machine, vm::Duration at) {
  vm::Fault fault;
  fault.at = Time{at};
  fault.machine = machine;
  return fault;
}

}  // namespace

TEST_CASE("crash: a source lost while it switches over leaves no migration without an answer") {
  vm::Scenario s = synced(1, 2, 10);
  s.clients[0].arrivals = vm::Poisson{constant_rate(1100)};  // 1.1 cores of 1
  s.fleets[0].failover.cooldown = 60s;                       // one failover, and the crash's
  vm::Fault trap;
  trap.at = Time{};
  trap.during = vm::MigrationStep::switching;
  s.faults.push_back(trap);
  Counts counts;
  const auto outcome = vm::model::run(s, {.sink = &counts});
  CHECK(counts.triggered == 2);
  CHECK(counts.ended == 2);
  CHECK(outcome.books_balance);
  CHECK(outcome.groups[0].books.lost == 0);
}

TEST_CASE("crash: a restore that a crash cut short is not done by the machine that returns") {
  // 400 MiB from the log take 4.2 s. Machine 0 is lost at 10 s; machine 1 reads its log from 11 s
  // until it is lost at 12 s, and is back at 13.5 s. At 13 s machine 2 has been given the tenant.
  vm::Scenario s = synced(1, 2, 1);
  s.clients[0].state = 400_MiB;
  s.faults.push_back(crash(0, 10s));
  s.faults.push_back(crash(1, 12s));
  s.faults.back().lasts = 1500ms;
  Counts counts;
  const auto outcome = vm::model::run(s, {.sink = &counts});
  CHECK(counts.triggered == 2);
  CHECK(counts.ended == 2);
  CHECK(counts.tenants(1) == 0);
  CHECK(counts.tenants(2) == 1);
  CHECK(outcome.books_balance);
  CHECK(outcome.groups[0].books.lost == 0);
}

TEST_CASE("crash: a lost machine is released though the next home of a tenant was lost as well") {
  // Tenants 0 and 3 of machine 0 have copies on 1, which is lost at 10 s. The copies are built
  // again on 2, one after the other, 2.1 s each: at 14 s, when 0 is lost, one of them is there.
  // 2 is lost before that is noticed; the other tenant is restored on the spare, 3.
  vm::Scenario s = synced(3, 1, 6);
  s.durability.replicas = 2;
  s.clients[0].state = 20_MiB;
  s.fleets[0].failover.bandwidth = {10e6};
  s.fleets[0].failover.at_once = 1;
  s.faults = {crash(1, 10s), crash(0, 14s), crash(2, 14500ms)};
  Counts counts;
  const auto outcome = vm::model::run(s, {.sink = &counts});
  CHECK(counts.triggered == counts.ended);
  CHECK(outcome.machines[0].released < Time{17s});
  CHECK(outcome.books_balance);
  CHECK(outcome.groups[0].books.lost == 0);
  CHECK(outcome.groups[0].books[Outcome::committed] > 2500);  // of 3000: everybody is back
}

TEST_CASE("run: a closed loop that never thinks ends, with nobody there to answer") {
  vm::Scenario s = synced(1, 0, 1);
  s.clients[0].arrivals = vm::ClosedLoop{sim::Distribution{sim::Constant{1e-10}}};
  s.fleets[0].failover.policy = vm::FailoverPolicy::none;
  s.faults.push_back(crash(0, 1s));
  s.duration = 1s + 5us;
  const auto outcome = vm::model::run(s);
  // One a nanosecond: a client is failed at once and asks again in the next.
  CHECK(outcome.groups[0].books[Outcome::failed] == Approx(5000).margin(2));
}

TEST_CASE("run: throughput tells every transaction, those of the last instant too") {
  // The arrival at 60 s comes after the sample at 60 s.
  vm::Scenario s = synced(1, 0, 1);
  s.clients[0].arrivals = vm::Deterministic{constant_rate(1)};
  Counts counts;
  const auto outcome = vm::model::run(s, {.sink = &counts});
  CHECK(outcome.groups[0].books.issued == 60);
  CHECK(counts.issued == 60);
}
