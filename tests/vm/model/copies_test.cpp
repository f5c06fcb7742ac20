// Restores and second copies that meet with difficulties, and what is left when they are through.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/scenarios.hpp"
#include "tests/settled.hpp"

using namespace std::chrono_literals;
using namespace sim::literals;
using tests::add_clients;
using tests::add_cpu_kind;
using tests::constant_rate;
using vm::MachineId;
using vm::MachineState;
using vm::Outcome;
using vm::Time;

namespace {

struct Notes : vm::ObservationSink {
  void on(const vm::Batch& batch) override {
    for (const auto& row : batch.notices) {
      if (const auto* f = std::get_if<vm::FailoverEnded>(&row.notice)) failovers.push_back(*f);
    }
    for (const auto& row : batch.machine_states) {
      if (row.machine == MachineId{0}) states.push_back(row.state);
    }
    for (const auto& row : batch.throughputs) {
      if (row.at > Time{50s}) committed_late += row.committed;
    }
  }
  std::vector<vm::FailoverEnded> failovers;
  std::vector<MachineState> states;  // of machine 0
  std::uint64_t committed_late = 0;  // after 50 s
};

vm::Scenario synced(std::uint32_t machines, std::uint32_t clients) {
  vm::Scenario s = tests::quiet_scenario();
  add_cpu_kind(s, sim::Constant{0.001}, 1_MiB);
  add_clients(s, clients, vm::Deterministic{constant_rate(10)});
  s.durability.log = vm::Log::synced;
  s.fleets[0].count = machines;
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

TEST_CASE("copies: a second copy that takes longer than the timeout is completed all the same") {
  // 20 MiB at 2 MB/s take 10.5 s, the timeout is 4 s.
  vm::Scenario s = synced(3, 3);
  s.durability.replicas = 2;
  s.clients[0].state = s.clients[0].keep.emplace(20_MiB);
  s.fleets[0].failover.bandwidth = {2e6};
  s.fleets[0].failover.timeout = 4s;
  s.faults.push_back(crash(1, 5s));
  vm::model::World world{s, {}};
  const auto outcome = world.play();
  CHECK(tests::unsettled(world) == std::vector<std::string>{});
  for (const auto& tenant : world.cloud().tenants) CHECK(tenant.replica.complete);
  CHECK(outcome.books_balance);
}

TEST_CASE("copies: a second copy that its home has no room for finds another") {
  // Tenants of 200 MiB, one a machine of 1 GiB, copies on the next one. Machine 1 leaks 500 MiB,
  // which the books do not know. When machine 2 is lost, tenant 2 goes to its copy on 0, and needs
  // another copy: machine 1 would do by the books, and refuses.
  vm::Scenario s = synced(3, 3);
  s.durability.replicas = 2;
  s.clients[0].state = s.clients[0].keep.emplace(200_MiB);
  s.fleets[0].spare = 1;
  s.sla.threshold = {{1, 1, 1, 1}};
  s.faults.push_back(crash(2, 10s));
  vm::Fault leak;
  leak.kind = vm::FaultKind::leak;
  leak.at = Time{1s};
  leak.machine = 1;
  leak.lasts = 5s;
  leak.rate = {100.0 * (1 << 20)};
  s.faults.push_back(leak);
  vm::model::World world{s, {}};
  world.play();
  CHECK(tests::unsettled(world) == std::vector<std::string>{});
  for (const auto& tenant : world.cloud().tenants) CHECK(tenant.replica.complete);
}

TEST_CASE("copies: a restore that does not fit goes to a machine of the source's own flavor") {
  // The books know the 10 MiB of the start; at 30 s each tenant has grown to 160 MiB.
  vm::Scenario s = synced(1, 2);
  s.clients[0].state = 10_MiB;
  vm::Flavor tiny = s.flavors[0];
  tiny.name = "tiny";
  tiny.capacity.memory = 100_MiB;
  s.flavors.push_back(tiny);
  s.fleets[0].failover.flavor = vm::FlavorId{1};
  s.faults.push_back(crash(0, 30s));
  Notes notes;
  vm::model::World world{s, {.sink = &notes}};
  const auto outcome = world.play();
  CHECK(tests::unsettled(world) == std::vector<std::string>{});
  REQUIRE(notes.failovers.size() == 1);
  CHECK(notes.failovers[0].result == vm::FailoverResult::completed);
  CHECK(notes.failovers[0].moved == 2);
  CHECK(notes.committed_late > 90);
  CHECK(outcome.groups[0].books.lost == 0);
}

TEST_CASE("copies: where no second copy is known, what is left of one goes with its owner") {
  // Machines 0 and 1 with copies of each other. 0 is lost at 10 s; at 10.5 s 1 is lost as well, so
  // that both tenants are restored elsewhere, from nothing.
  vm::Scenario s = synced(2, 2);
  s.durability = {.log = vm::Log::memory, .replicas = 2};
  s.clients[0].keep = 20_MiB;
  s.fleets[0].spare = 2;
  s.faults = {crash(0, 10s), crash(1, 10500ms)};
  vm::model::World world{s, {}};
  const auto outcome = world.play();
  CHECK(tests::unsettled(world) == std::vector<std::string>{});
  CHECK(outcome.groups[0].books.lost > 90);  // 10 /s for 10 s
  CHECK(outcome.books_balance);
}

TEST_CASE("draining: a source is seen to drain while its tenants leave it for good") {
  vm::Scenario s = synced(1, 4);
  s.transactions[0].write = 1_KiB;
  s.clients[0].state = 20_MiB;
  s.clients[0].arrivals = vm::Deterministic{constant_rate(1500)};
  s.fleets[0].spare = 1;
  s.fleets[0].failover.cooldown = 10min;
  Notes notes;
  SECTION("and is released after") {
    vm::model::run(s, {.sink = &notes});
    CHECK(notes.states ==
          std::vector{MachineState::up, MachineState::draining, MachineState::down});
  }
  SECTION("and is up again where some could not leave") {
    s.fleets[0].failover.attempts = 1;
    s.fleets[0].failover.timeout = 1ms;
    vm::model::run(s, {.sink = &notes});
    CHECK(notes.states == std::vector{MachineState::up, MachineState::draining, MachineState::up});
  }
  SECTION("and not where it is kept") {
    s.fleets[0].failover.after = vm::AfterFailover::keep;
    vm::model::run(s, {.sink = &notes});
    CHECK(notes.states == std::vector{MachineState::up});
  }
}

TEST_CASE("run: what memory refuses costs nothing of the admission rate") {
  // 200 attempts a second that never fit, 40 that do, and 50 are let in.
  vm::Scenario s = tests::quiet_scenario();
  add_cpu_kind(s, sim::Constant{0.001});
  s.transactions.push_back(s.transactions[0]);
  s.transactions[1].memory = 2048_MiB;
  s.flavors[0].admission = vm::Admission{50, 10};
  add_clients(s, 1, vm::Deterministic{constant_rate(40)});
  add_clients(s, 1, vm::Deterministic{constant_rate(200)}).mix = {0, 1};
  const auto outcome = vm::model::run(s);
  CHECK(outcome.groups[0].books[Outcome::refused] == 0);
  CHECK(outcome.groups[1].books[Outcome::committed] == 0);
}
