#include "vm/chronicle.hpp"

#include "tests/vm/control_rig.hpp"

namespace {

using namespace control_rig;

Sampled busy(MachineId machine, double cpu) {
  Sampled fact{machine, {}};
  fact.sample.utilisation[Resource::cpu] = cpu;
  return fact;
}

}  // namespace

TEST_CASE("chronicle: machines, states, samples and notices follow from facts alone") {
  const Scenario scenario = small_scenario(FailoverPolicy::split, 2, 0, 4);
  Chronicle chronicle{scenario};
  Batch batch;
  chronicle.begin(batch);
  REQUIRE(batch.machines.size() == 2);
  CHECK(batch.machine_states[1].state == MachineState::up);
  batch.clear();

  for (int i = 1; i <= 5; ++i) chronicle.tell(Time{i * 1s}, busy({0}, 1.0), batch);
  CHECK(batch.samples.size() == 5);
  REQUIRE(batch.notices.size() == 2);  // a failure began, a failover is triggered
  CHECK(std::holds_alternative<FailoverTriggered>(batch.notices[1].notice));
  REQUIRE(batch.machines.size() == 1);  // no spare: one is allocated
  CHECK(batch.machines[0].machine == MachineId{2});
  CHECK(batch.machine_states.back().state == MachineState::booting);
  batch.clear();

  chronicle.tell(Time{6s}, busy({2}, 1.0), batch);  // of a machine that is not up
  CHECK(batch.samples.empty());
  // Attempts are numbered from 1 in order of asking: that boot was the first of all.
  chronicle.tell(Time{7s}, MachineReady{{2}, {1}}, batch);
  REQUIRE(batch.machine_states.size() == 1);
  CHECK(batch.machine_states[0].state == MachineState::up);
  batch.clear();

  chronicle.tell(Time{8s}, MachineLost{{1}}, batch);
  chronicle.tell(Time{8s}, MachineLost{{1}}, batch);  // told twice
  CHECK(batch.machine_states.front().machine == MachineId{1});
  CHECK(std::ranges::count_if(batch.machine_states, [](const MachineStateRow& row) {
          return row.machine == MachineId{1};
        }) == 1);
}

TEST_CASE(
    "chronicle: a machine's figures are of the samples after the warm-up, its cost of its life") {
  Scenario scenario = small_scenario(FailoverPolicy::none, 1, 0, 1);
  scenario.warmup = 2s;
  scenario.flavors[0].price = 0.36;  // an hour: 0.0001 a second
  Chronicle chronicle{scenario};
  Batch batch;
  chronicle.begin(batch);
  chronicle.tell(Time{1s}, busy({0}, 0.9), batch);
  chronicle.tell(Time{3s}, busy({0}, 0.2), batch);
  chronicle.tell(Time{4s}, busy({0}, 0.4), batch);
  const auto machines = chronicle.machines(Time{10s});
  REQUIRE(machines.size() == 1);
  CHECK(machines[0].utilisation[Resource::cpu] == Approx(0.3));
  CHECK(machines[0].utilisation_max[Resource::cpu] == Approx(0.4));
  CHECK(machines[0].cost == Approx(0.001));
  CHECK(machines[0].released == Time{10s});
  CHECK(chronicle.facts() == 3);
}

TEST_CASE(
    "chronicle: a second copy that is no longer kept up takes nothing over, and is built again") {
  Scenario scenario = small_scenario(FailoverPolicy::split, 3, 0, 3);
  scenario.durability.replicas = 2;
  Rig rig{scenario};
  rig.sample(Time{1s}, {0}, 0.1);
  const TenantId tenant{0};
  const MachineId copy = rig.inventory()[tenant].replica;
  REQUIRE(rig.inventory()[tenant].replica_complete);
  const auto orders = rig.tell(Time{2s}, ReplicaBroken{tenant, copy});
  CHECK_FALSE(rig.inventory()[tenant].replica_complete);
  CHECK(only<Replicate>(orders).tenant == tenant);
  CHECK(rig.tell(Time{3s}, ReplicaBroken{tenant, copy}).empty());  // known already
  CHECK(rig.tell(Time{3s}, ReplicaBroken{{999}, copy}).empty());
}
