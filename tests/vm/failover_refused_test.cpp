// What the control plane does where a restore or a second copy is refused, or never answered.
#include "tests/vm/control_rig.hpp"
#include "vm/failover.hpp"

namespace {

using namespace control_rig;

constexpr MachineId m0{0}, m1{1}, m2{2}, m3{3};

std::vector<Order> fire(Rig& rig, const SetTimer& timer) {
  return rig.tell(timer.at, TimerFired{timer.attempt});
}

Scenario synced(std::uint32_t spare, std::uint32_t tenants) {
  Scenario s = small_scenario(FailoverPolicy::fresh_machine, 1, spare, tenants);
  s.durability.log = Log::synced;
  return s;
}

}  // namespace

TEST_CASE("refused: a restore goes to the next target, and the others follow") {
  Rig rig{synced(2, 2)};
  const auto first = every<Restore>(rig.tell(Time{3s}, MachineLost{m0}));
  REQUIRE(first.size() == 2);
  CHECK(first[0].to == m1);
  auto orders = rig.tell(Time{4s}, MigrationBroken{first[0].attempt});
  const auto second = only<Restore>(orders);
  CHECK(second.tenant == first[0].tenant);
  CHECK(second.to == m2);
  CHECK(second.epoch > first[0].epoch);
  CHECK(second.from == RestoreFrom::log);
  CHECK(rig.tell(Time{4s}, MigrationBroken{first[0].attempt}).empty());  // told twice
  // Both end where there is room for them; m1 has nobody and waits as a spare.
  orders = rig.tell(Time{5s}, MigrationBroken{first[1].attempt});
  CHECK(only<Restore>(orders).to == m2);
  CHECK(rig.tell(Time{6s}, Restored{second.attempt, 0}).empty());
  const auto ended =
      only<FailoverEnded>(rig.tell(Time{6s}, Restored{only<Restore>(orders).attempt, 0}));
  CHECK(ended.result == FailoverResult::completed);
  CHECK(ended.to == m2);
  CHECK(ended.aborted == 0);
  CHECK(rig.inventory()[m1].spare);
}

TEST_CASE("refused: a failover whose every target refuses ends, with counts, and is tried again") {
  Scenario s = synced(3, 1);
  s.fleets[0].failover.attempts = 2;
  Rig rig{s};
  auto orders = rig.tell(Time{3s}, MachineLost{m0});
  orders = rig.tell(Time{4s}, MigrationBroken{only<Restore>(orders).attempt});
  CHECK(only<Restore>(orders).to == m2);
  orders = rig.tell(Time{5s}, MigrationBroken{only<Restore>(orders).attempt});
  CHECK(every<Restore>(orders).empty());
  const auto ended = only<FailoverEnded>(orders);
  CHECK(ended.result == FailoverResult::failed);
  CHECK(ended.aborted == 1);
  CHECK(ended.moved == 0);
  CHECK(every<SlaFailureEnded>(orders).empty());  // nobody serves it
  const auto quiet = only<SetTimer>(orders);
  CHECK(quiet.at == Time{5s} + s.fleets[0].failover.cooldown);
  orders = fire(rig, quiet);
  CHECK(only<FailoverTriggered>(orders).from == m0);
  orders = rig.tell(quiet.at + 1s, Restored{only<Restore>(orders).attempt, 0});
  CHECK(only<FailoverEnded>(orders).result == FailoverResult::completed);
}

TEST_CASE("refused: a machine that is lost twice stays in failure until its tenants are served") {
  Rig rig{synced(2, 1)};
  auto orders = rig.tell(Time{3s}, MachineLost{m0});
  const auto first = only<Restore>(orders);
  rig.tell(Time{4s}, MachineReturned{m0});
  CHECK(every<SlaFailureEnded>(rig.tell(Time{5s}, MachineLost{m0})).empty());  // it had nobody
  const auto second = only<Restore>(rig.tell(Time{6s}, MigrationBroken{first.attempt}));
  CHECK(only<SlaFailureEnded>(rig.tell(Time{7s}, Restored{second.attempt, 0})).failure == 0);
}

TEST_CASE("refused: a target too small is followed by one of the lost machine's own flavor") {
  Scenario s = synced(0, 1);
  Flavor tiny = s.flavors[0];
  tiny.name = "tiny";
  tiny.capacity.memory = 8_MiB;  // the state is 1 MiB, as far as the books know
  s.flavors.push_back(tiny);
  s.fleets[0].failover.flavor = FlavorId{2};
  Rig rig{s};
  const auto small = only<Allocate>(rig.tell(Time{3s}, MachineLost{m0}));
  CHECK(small.flavor == FlavorId{2});
  auto orders = rig.tell(Time{9s}, MachineReady{small.machine, small.attempt});
  orders = rig.tell(Time{10s}, MigrationBroken{only<Restore>(orders).attempt});
  CHECK(only<Allocate>(orders).flavor == FlavorId{0});
}

TEST_CASE("refused: a second copy that is not there any more is followed by the log") {
  Scenario s = small_scenario(FailoverPolicy::fresh_machine, 2, 1, 2);
  s.durability = {.log = Log::synced, .replicas = 2};
  Rig rig{s};
  const auto promoted = only<Restore>(rig.tell(Time{3s}, MachineLost{m0}));
  CHECK(promoted.from == RestoreFrom::replica);
  CHECK(promoted.to == m1);
  const auto orders = rig.tell(Time{4s}, MigrationBroken{promoted.attempt});
  CHECK(only<Restore>(orders).from == RestoreFrom::log);
  CHECK(only<Restore>(orders).to == m2);
}

TEST_CASE(
    "refused: a machine that came back by itself tries again, after longer and longer rests") {
  Scenario s = synced(0, 1);
  s.fleets[0].failover.policy = FailoverPolicy::none;
  Rig rig{s};
  rig.tell(Time{3s}, MachineLost{m0});
  Time now{10s};
  auto orders = rig.tell(now, MachineReturned{m0});
  for (const Duration rest : {1s, 2s, 4s}) {
    now += 100ms;
    const auto alarm =
        only<SetTimer>(rig.tell(now, MigrationBroken{only<Restore>(orders).attempt}));
    CHECK(alarm.at == now + rest);
    now = alarm.at;
    orders = fire(rig, alarm);
    CHECK(only<Restore>(orders).to == m0);
  }
  CHECK(every<SlaFailureEnded>(rig.tell(now, Restored{only<Restore>(orders).attempt, 0})).size() ==
        1);
}

TEST_CASE("replicas: an unanswered order is given again, the very same, however often") {
  Scenario s = small_scenario(FailoverPolicy::fresh_machine, 3, 0, 1);  // m0, copy on m1
  s.durability.replicas = 2;
  Rig rig{s};
  auto orders = rig.tell(Time{3s}, MachineLost{m1});
  const auto first = only<Replicate>(orders);
  CHECK(first.to == m2);
  for (int i = 0; i < 5; ++i) {
    orders = fire(rig, only<SetTimer>(orders));
    CHECK(only<Replicate>(orders).attempt == first.attempt);
    CHECK(only<Replicate>(orders).to == m2);
  }
  rig.tell(Time{3h}, Replicated{first.attempt});
  CHECK(rig.inventory()[TenantId{0}].replica_complete);
}

TEST_CASE("replicas: who has no second copy at the start gets one when there is a machine for it") {
  Scenario s = small_scenario(FailoverPolicy::split, 1, 0, 2);  // one machine: no place for copies
  s.durability.replicas = 2;
  Rig rig{s};
  const auto boot = only<Allocate>(rig.overload(m0));
  auto orders = rig.tell(Time{9s}, MachineReady{boot.machine, boot.attempt});
  CHECK(every<Replicate>(orders).empty());  // it is there to take over load first
  LoadsReported report{only<AskLoads>(orders).attempt, m0, {{{0}, 1, 1_MiB}, {{1}, 1, 1_MiB}}};
  orders = rig.tell(Time{10s}, report);
  const Attempt a = only<StartCopy>(orders).attempt;
  rig.tell(Time{11s}, Copied{a, 1_MiB, {}, 0});
  rig.tell(Time{11s}, Frozen{a, {}});
  rig.tell(Time{11s}, Copied{a, {}, {}, 1});
  rig.tell(Time{11s}, Verified{a, true});
  CHECK(every<Replicate>(rig.tell(Time{11s}, SwitchedOver{a, 9ms})).size() == 2);
}

TEST_CASE("replicas: and at once where there is one already") {
  Scenario s = small_scenario(FailoverPolicy::split, 1, 1, 1);
  s.durability.replicas = 2;
  Rig rig{s};
  CHECK(only<Replicate>(rig.tell(Time{1s}, OutcomesCounted{})).to == m1);
  CHECK(rig.tell(Time{2s}, OutcomesCounted{}).empty());
}

TEST_CASE("replicas: a home that refuses is asked again only where there is no other") {
  Scenario s = small_scenario(FailoverPolicy::fresh_machine, 4, 0, 1);  // m0, copy on m1
  s.durability.replicas = 2;
  Rig rig{s};
  auto orders = rig.tell(Time{3s}, MachineLost{m1});
  CHECK(only<Replicate>(orders).to == m2);
  orders = rig.tell(Time{4s}, MigrationBroken{only<Replicate>(orders).attempt});
  CHECK(every<Replicate>(orders).empty());
  CHECK(only<SetTimer>(orders).at == Time{5s});
  orders = fire(rig, only<SetTimer>(orders));
  CHECK(only<Replicate>(orders).to == m3);
  CHECK(only<Replicate>(rig.tell(Time{6s}, MachineLost{m3})).to == m2);
}
