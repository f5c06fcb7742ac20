// Faults that overlap, and faults that strike again and again.
#include <algorithm>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/scenarios.hpp"
#include "vm/model/world.hpp"

using namespace std::chrono_literals;
using namespace sim::literals;
using tests::add_clients;
using tests::add_cpu_kind;
using tests::constant_rate;
using vm::FaultKind;
using vm::MachineId;
using vm::Resource;
using vm::Time;

namespace {

struct Notes : vm::ObservationSink {
  void on(const vm::Batch& batch) override {
    samples.insert(samples.end(), batch.samples.begin(), batch.samples.end());
    for (const auto& row : batch.machine_states) {
      if (row.machine != MachineId{0} && row.state == vm::MachineState::up)
        booted.push_back(row.at);
    }
    for (const auto& row : batch.notices) {
      if (std::holds_alternative<vm::SlaFailureBegan>(row.notice)) failures.push_back(row.at);
    }
  }
  double at(Time when, Resource resource) const {
    const auto row = std::find_if(samples.begin(), samples.end(),
                                  [&](const auto& sample) { return sample.at == when; });
    REQUIRE(row != samples.end());
    return row->sample.utilisation[resource];
  }
  std::vector<vm::SampleRow> samples;
  std::vector<Time> booted, failures;
};

/// Writes of 4 ms of one core, so many a second, on machine 0.
vm::Scenario writes(double per_second) {
  vm::Scenario s = tests::quiet_scenario();
  add_cpu_kind(s, sim::Constant{0.004}, 1_KiB);
  add_clients(s, 1, vm::Deterministic{constant_rate(per_second)});
  return s;
}

vm::Fault fault(FaultKind kind, vm::Duration at, vm::Duration lasts) {
  vm::Fault f;
  f.kind = kind;
  f.at = Time{at};
  f.lasts = lasts;
  f.machine = 0;
  return f;
}

}  // namespace

TEST_CASE("fault: two that slow a machine multiply, and each lasts its own time") {
  vm::Scenario s = writes(100);  // 0.4 of a core
  s.faults = {fault(FaultKind::slow, 10s, 30s), fault(FaultKind::slow, 20s, 10s)};
  s.faults[0].factor = s.faults[1].factor = 0.8;
  Notes notes;
  vm::model::run(s, {.sink = &notes});
  // 0.4; 0.4 / 0.8; 0.4 / 0.64; 0.4 / 0.8; 0.4.
  CHECK(notes.at(Time{9s}, Resource::cpu) == Approx(0.4).margin(0.01));
  CHECK(notes.at(Time{15s}, Resource::cpu) == Approx(0.5).margin(0.01));
  CHECK(notes.at(Time{25s}, Resource::cpu) == Approx(0.625).margin(0.01));
  CHECK(notes.at(Time{35s}, Resource::cpu) == Approx(0.5).margin(0.01));
  CHECK(notes.at(Time{45s}, Resource::cpu) == Approx(0.4).margin(0.01));
}

TEST_CASE("fault: a machine is as slow after a crash as it was before") {
  vm::Scenario s = writes(100);
  s.durability.log = vm::Log::synced;
  s.faults = {fault(FaultKind::slow, 10s, 30s), fault(FaultKind::crash, 15s, 5s)};
  Notes notes;
  vm::model::run(s, {.sink = &notes});
  CHECK(notes.at(Time{30s}, Resource::cpu) == Approx(0.8).margin(0.01));  // 0.4 of one half
  CHECK(notes.at(Time{45s}, Resource::cpu) == Approx(0.4).margin(0.01));
}

TEST_CASE("fault: a disk is full until the last such fault is over") {
  vm::Scenario s = writes(10);
  s.faults = {fault(FaultKind::disk_full, 10s, 30s), fault(FaultKind::disk_full, 20s, 10s)};
  // 30 s of 10 writes a second, give or take those at both ends.
  CHECK(vm::model::run(s).groups[0].books[vm::Outcome::refused] == Approx(300).margin(1));
}

TEST_CASE("fault: samples are lost until the last such fault is over, and late by the longest") {
  vm::Scenario s = writes(1000);  // four cores of one: a failure after one window of 5 s
  SECTION("lost") {
    s.faults = {fault(FaultKind::lose_samples, 0s, 40s), fault(FaultKind::lose_samples, 5s, 10s)};
    Notes notes;
    vm::model::run(s, {.sink = &notes});
    REQUIRE(notes.failures.size() == 1);
    CHECK(notes.failures[0] >= Time{40s});
  }
  SECTION("late") {
    s.faults = {fault(FaultKind::late_samples, 0s, 60s), fault(FaultKind::late_samples, 0s, 2s)};
    s.faults[0].delay = 10s;
    s.faults[1].delay = 1s;
    Notes notes;
    vm::model::run(s, {.sink = &notes});
    REQUIRE(notes.failures.size() == 1);
    CHECK(notes.failures[0] >= Time{14s});  // four of five samples, and ten seconds
  }
}

TEST_CASE("fault: boots fail until the last such fault is over") {
  vm::Scenario s = writes(1000);
  s.fleets[0].failover.policy = vm::FailoverPolicy::fresh_machine;
  s.fleets[0].failover.cooldown = 1s;
  s.faults = {fault(FaultKind::boot_failure, 0s, 40s), fault(FaultKind::boot_failure, 5s, 5s)};
  Notes notes;
  vm::model::run(s, {.sink = &notes});  // boots of 5 s, again and again
  REQUIRE_FALSE(notes.booted.empty());
  CHECK(notes.booted.front() >= Time{40s});
  CHECK(notes.booted.front() <= Time{50s});
}

TEST_CASE("fault: a crash takes what had leaked, and the leak goes on for the rest of its time") {
  vm::Scenario s = writes(1);
  s.durability.log = vm::Log::synced;
  s.faults = {fault(FaultKind::leak, 5s, 20s), fault(FaultKind::crash, 10s, 5s),
              fault(FaultKind::leak, 18s, 1s)};
  s.faults[0].rate = s.faults[2].rate = {32.0 * (1 << 20)};
  Notes notes;
  vm::model::run(s, {.sink = &notes});
  // Of 1 GiB: 4 s of 32 MiB; back at 15 s; 5 s of 32 MiB and one more second of them; 10 s and one.
  CHECK(notes.at(Time{9s}, Resource::memory) == Approx(4 / 32.0).margin(0.001));
  CHECK(notes.at(Time{16s}, Resource::memory) == Approx(1 / 32.0).margin(0.001));
  CHECK(notes.at(Time{20s}, Resource::memory) == Approx(6 / 32.0).margin(0.001));
  CHECK(notes.at(Time{25s}, Resource::memory) == Approx(11 / 32.0).margin(0.001));
  CHECK(notes.at(Time{60s}, Resource::memory) == Approx(11 / 32.0).margin(0.001));
}

TEST_CASE("fault: one without an end that strikes for ever fills no memory and leaves some CPU") {
  vm::Scenario s = writes(1);
  s.duration = 600s;
  for (const FaultKind kind : {FaultKind::slow, FaultKind::leak, FaultKind::disk_full}) {
    vm::Fault again;
    again.kind = kind;
    again.every.emplace(sim::Constant{0.1});
    s.faults.push_back(again);
  }
  vm::Fault trap;
  trap.every.emplace(sim::Constant{0.1});
  trap.during = vm::MigrationStep::copying;
  s.faults.push_back(trap);
  vm::model::World world{s, {}};
  world.play();
  CHECK(world.faults().under_way() == 3);
  CHECK(world.operations().traps() == 1);
}

TEST_CASE("fault: one that would last beyond the end of time lasts to the end of the run") {
  vm::Scenario s = writes(10);
  s.flavors[0].boot = sim::Distribution{sim::Constant{1e300}};
  s.fleets[0].failover.policy = vm::FailoverPolicy::fresh_machine;
  s.faults = {fault(FaultKind::crash, 10s, vm::Duration::max()),
              fault(FaultKind::boot_failure, 1s, vm::Duration::max()),
              fault(FaultKind::disk_full, 1s, vm::Duration::max())};
  const auto outcome = vm::model::run(s);
  CHECK(outcome.end == Time{60s});
  CHECK(outcome.groups[0].books[vm::Outcome::committed] == Approx(10).margin(1));
  CHECK(outcome.books_balance);
}
