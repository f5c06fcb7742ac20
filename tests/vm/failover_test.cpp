#include "vm/failover.hpp"

#include "tests/vm/control_rig.hpp"

namespace {

using namespace control_rig;

constexpr MachineId m0{0}, m1{1}, m2{2}, m3{3};

LoadsReported loads(const AskLoads& ask, const Rig& rig, double cpu = 1) {
  LoadsReported report{ask.attempt, ask.machine, {}};
  for (const TenantId t : rig.inventory()[ask.machine].tenants)
    report.loads.push_back({t, cpu, 1_MiB});
  return report;
}

/// Answers every order of a migration as a perfect world would, all at `now`.
std::vector<Order> move_through(Rig& rig, Time now, const StartCopy& copy) {
  const Attempt a = copy.attempt;
  rig.tell(now, Copied{a, 1_MiB, {}, 0});
  rig.tell(now, Frozen{a, {}});
  rig.tell(now, Copied{a, {}, {}, 1});
  rig.tell(now, Verified{a, true});
  return rig.tell(now, SwitchedOver{a, 9ms});
}

/// Ends every migration that is under way or starts meanwhile; the orders of all of them.
std::vector<Order> move_all(Rig& rig, Time now, std::vector<Order> orders) {
  std::vector<Order> all = orders;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto* copy = std::get_if<StartCopy>(&all[i]);
    if (!copy) continue;
    const auto more = move_through(rig, now, StartCopy{*copy});
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

std::vector<Order> fire(Rig& rig, const SetTimer& timer) {
  return rig.tell(timer.at, TimerFired{timer.attempt});
}

}  // namespace

TEST_CASE("failover: an overloaded machine moves everything to a warm spare and is released") {
  Rig rig{small_scenario(FailoverPolicy::fresh_machine, 2, 1, 4)};  // m0: 0, 2; m1: 1, 3; spare m2
  auto orders = rig.overload(m0);
  CHECK(only<FailoverTriggered>(orders).from == m0);
  CHECK(only<FailoverTriggered>(orders).failure == only<SlaFailureBegan>(orders).failure);
  CHECK(only<FailoverTriggered>(orders).cause == Cause::cpu);
  CHECK(every<Allocate>(orders).empty());

  orders = rig.tell(Time{6s}, loads(only<AskLoads>(orders), rig));
  REQUIRE(every<StartCopy>(orders).size() == 2);
  CHECK(every<StartCopy>(orders)[0].to == m2);
  orders = move_all(rig, Time{7s}, orders);
  const auto ended = only<FailoverEnded>(orders);
  CHECK(ended.result == FailoverResult::completed);
  CHECK(ended.to == m2);
  CHECK(ended.moved == 2);
  CHECK(ended.bytes == 2_MiB);
  CHECK(ended.pause_max == 9ms);
  CHECK(only<Release>(orders).machine == m0);
  CHECK(every<SlaFailureEnded>(orders).size() == 1);  // a released machine has no SLA
  CHECK(rig.inventory()[TenantId{2}].owner == m2);
  CHECK(rig.inventory()[TenantId{2}].epoch == 1);
}

TEST_CASE(
    "failover: without a spare a machine of the fleet is booted, and asked for loads when up") {
  Rig rig{small_scenario(FailoverPolicy::split, 2, 0, 4)};
  const auto orders = rig.overload(m0);
  const auto allocate = only<Allocate>(orders);
  CHECK(allocate.machine == m2);
  CHECK(allocate.flavor == FlavorId{0});
  CHECK(only<SetTimer>(orders).at == Time{5s + 5min});
  CHECK(rig.tell(Time{6s}, MachineReady{m2, Attempt{allocate.attempt.value + 50}}).empty());
  CHECK(every<AskLoads>(rig.tell(Time{9s}, MachineReady{m2, allocate.attempt})).size() == 1);
  CHECK(rig.tell(Time{9s}, MachineReady{m2, allocate.attempt}).empty());
}

TEST_CASE("failover: split moves the hottest half and keeps the machine") {
  Rig rig{small_scenario(FailoverPolicy::split, 1, 1, 4)};
  const auto ask = only<AskLoads>(rig.overload(m0));
  const LoadsReported report{
      ask.attempt, m0, {{{0}, 1, {}}, {{1}, 1, {}}, {{2}, 7, {}}, {{3}, 1, {}}}};
  const auto orders = move_all(rig, Time{7s}, rig.tell(Time{6s}, report));
  CHECK(only<StartCopy>(orders).tenant == TenantId{2});
  CHECK(only<FailoverEnded>(orders).result == FailoverResult::completed);
  CHECK(every<Release>(orders).empty());
}

TEST_CASE("failover: a bigger flavor is the next one up") {
  Rig rig{small_scenario(FailoverPolicy::bigger_flavor, 1, 1, 1)};  // the spare is too small
  CHECK(only<Allocate>(rig.overload(m0)).flavor == FlavorId{1});
}

TEST_CASE("failover: why a failure gets none is said once") {
  Scenario biggest = small_scenario(FailoverPolicy::bigger_flavor, 1, 0, 1);
  biggest.fleets[0].flavor = FlavorId{1};
  const Scenario single = small_scenario(FailoverPolicy::split, 1, 1, 1);
  const Scenario empty = small_scenario(FailoverPolicy::fresh_machine, 1, 1, 0);
  const std::vector<std::pair<Scenario, std::string_view>> cases{
      {biggest, "no bigger flavor"},
      {single, "a single tenant cannot be split"},
      {empty, "no tenant to move"}};
  for (const auto& [scenario, reason] : cases) {
    Rig rig{scenario};
    CHECK(only<FailoverWithheld>(rig.overload(m0)).reason == reason);
    rig.overload(m0, Time{5s});
    CHECK(every<FailoverWithheld>(rig.all()).size() == 1);
    CHECK(every<FailoverTriggered>(rig.all()).empty());
  }
}

TEST_CASE("failover: policy none records the failure and does nothing") {
  Rig rig{small_scenario(FailoverPolicy::none, 1, 1, 2)};
  CHECK(rig.overload(m0).size() == 1);  // the notice that it began
}

TEST_CASE("failover: a failure that lasts is answered again after the cool-down, not within") {
  // Everything fails to boot: each failover ends at once, and the machine stays overloaded.
  Scenario s = small_scenario(FailoverPolicy::fresh_machine, 1, 0, 1);
  s.fleets[0].failover.boot_attempts = 1;
  Rig rig{s};
  auto orders = rig.overload(m0);  // triggered at 5 s
  orders = rig.tell(Time{6s}, BootFailed{m1, only<Allocate>(orders).attempt});
  CHECK(only<FailoverEnded>(orders).result == FailoverResult::failed);
  CHECK(only<FailoverEnded>(orders).to == no_machine);
  CHECK(only<Release>(orders).machine == m1);
  CHECK(only<FailoverWithheld>(orders).reason == "cool-down");
  CHECK(only<SetTimer>(orders).at == Time{25s});
  for (int t = 7; t < 25; ++t) CHECK(rig.sample(Time{t * 1s}, m0, 1).empty());
  CHECK(only<FailoverTriggered>(fire(rig, only<SetTimer>(orders))).from == m0);
}

TEST_CASE("failover: a machine that received tenants has its cool-down from then") {
  Rig rig{small_scenario(FailoverPolicy::fresh_machine, 1, 2, 1)};
  auto orders = rig.tell(Time{6s}, loads(only<AskLoads>(rig.overload(m0)), rig));
  move_all(rig, Time{30s}, orders);  // m1 has it from 30 s
  orders = rig.overload(m1, Time{35s});
  CHECK(only<FailoverWithheld>(orders).reason == "cool-down");
  CHECK(only<SetTimer>(orders).at == Time{50s});
  CHECK(only<FailoverTriggered>(fire(rig, only<SetTimer>(orders))).from == m1);
}

TEST_CASE("failover: too many sick machines in a fleet start nothing until they are fewer") {
  Scenario s = small_scenario(FailoverPolicy::fresh_machine, 4, 0, 4);
  s.fleets[0].failover.stop = 0.25;  // one of four may be
  Rig rig{s};
  CHECK(every<FailoverTriggered>(rig.overload(m0)).size() == 1);
  const auto orders = rig.overload(m1, Time{10s});  // two of four
  CHECK(only<FailoverWithheld>(orders).reason == "fleet-wide stop");
  CHECK(every<FailoverTriggered>(orders).empty());
  // m0 recovers: (4 + 0.7) / 5 = 0.94 is below `clear`. Then m1 is the only one.
  for (int t = 16; t <= 18; ++t) CHECK(rig.sample(Time{t * 1s}, m0, 1).empty());
  rig.sample(Time{19s}, m0, 1);
  CHECK(only<FailoverTriggered>(rig.sample(Time{20s}, m0, 0.7)).from == m1);
}

TEST_CASE("failover: migrations of the whole scenario share their places in order of asking") {
  Scenario s = small_scenario(FailoverPolicy::fresh_machine, 2, 2, 6);  // 3 tenants each
  s.fleets[0].failover.at_once = 2;
  Rig rig{s};
  const auto ask0 = only<AskLoads>(rig.overload(m0));
  const auto ask1 = only<AskLoads>(rig.overload(m1, Time{5s}));
  const auto first = every<StartCopy>(rig.tell(Time{11s}, loads(ask0, rig)));
  REQUIRE(first.size() == 2);
  CHECK(every<StartCopy>(rig.tell(Time{11s}, loads(ask1, rig))).empty());
  const auto third = only<StartCopy>(move_through(rig, Time{12s}, first[0]));
  CHECK(third.from == m0);
  CHECK(only<StartCopy>(move_through(rig, Time{13s}, first[1])).from == m1);
  CHECK(only<StartCopy>(move_through(rig, Time{14s}, third)).from == m1);
}

TEST_CASE("failover: a boot that fails or takes too long is tried again, then given up") {
  Scenario s = small_scenario(FailoverPolicy::fresh_machine, 1, 0, 1);
  s.fleets[0].failover.boot_attempts = 2;
  Rig rig{s};
  auto orders = rig.overload(m0);
  const auto first = only<Allocate>(orders);
  orders = fire(rig, only<SetTimer>(orders));
  CHECK(only<Release>(orders).machine == first.machine);
  const auto second = only<Allocate>(orders);
  CHECK(second.machine == m2);
  CHECK(rig.tell(Time{6min}, MachineReady{first.machine, first.attempt}).empty());  // too late
  CHECK(rig.sample(Time{6min}, first.machine, 1).empty());
  orders = rig.tell(Time{6min}, BootFailed{second.machine, second.attempt});
  CHECK(only<FailoverEnded>(orders).result == FailoverResult::failed);
}

TEST_CASE("failover: tenants that do not fit the target's memory stay") {
  Scenario s = small_scenario(FailoverPolicy::fresh_machine, 1, 1, 2);
  Rig rig{s};  // 64 MiB
  const auto ask = only<AskLoads>(rig.overload(m0));
  const LoadsReported report{ask.attempt, m0, {{{0}, 2, 40_MiB}, {{1}, 1, 40_MiB}}};
  const auto orders = move_all(rig, Time{7s}, rig.tell(Time{6s}, report));
  CHECK(only<StartCopy>(orders).tenant == TenantId{0});
  CHECK(only<FailoverEnded>(orders).result == FailoverResult::partial);
  CHECK(every<Release>(orders).empty());  // somebody still lives there
}

TEST_CASE("failover: a target that crashes is replaced; what it owned already is restored") {
  Scenario s = small_scenario(FailoverPolicy::fresh_machine, 1, 2, 2);  // spares m1, m2
  s.fleets[0].failover.at_once = 1;
  s.durability.log = Log::synced;
  Rig rig{s};
  const auto first =
      only<StartCopy>(rig.tell(Time{6s}, loads(only<AskLoads>(rig.overload(m0)), rig)));
  CHECK(first.to == m1);
  const auto second = only<StartCopy>(move_through(rig, Time{7s}, first));
  const auto orders = rig.tell(Time{8s}, MachineLost{m1});
  CHECK(only<AbortMigration>(orders).attempt == second.attempt);
  CHECK(only<StartCopy>(orders).tenant == second.tenant);
  CHECK(only<StartCopy>(orders).to == m2);
  // The tenant that had moved needs a machine of its own failover.
  CHECK(only<SlaFailureBegan>(orders).cause == Cause::crash);
  CHECK(only<FailoverTriggered>(orders).from == m1);
  const auto allocate = only<Allocate>(orders);
  const auto restore =
      only<Restore>(rig.tell(Time{9s}, MachineReady{allocate.machine, allocate.attempt}));
  CHECK(restore.tenant == first.tenant);
  CHECK(restore.from == RestoreFrom::log);
  CHECK(restore.epoch == 2);  // 1 was the switch-over to m1
}

TEST_CASE("failover: lost after the order to switch over, the tenant is lost with the target") {
  Scenario s = small_scenario(FailoverPolicy::fresh_machine, 1, 2, 1);
  Rig rig{s};
  const Attempt a =
      only<StartCopy>(rig.tell(Time{6s}, loads(only<AskLoads>(rig.overload(m0)), rig))).attempt;
  rig.tell(Time{7s}, Copied{a, {}, {}, 0});
  rig.tell(Time{7s}, Frozen{a, {}});
  rig.tell(Time{7s}, Copied{a, {}, {}, 1});
  CHECK(only<SwitchOver>(rig.tell(Time{7s}, Verified{a, true})).epoch == 1);
  CHECK(rig.inventory()[TenantId{0}].owner == m1);
  const auto orders = rig.tell(Time{8s}, MachineLost{m1});
  CHECK(every<AbortMigration>(orders).empty());
  CHECK(only<MigrationEnded>(orders).aborted);
  CHECK(only<Restore>(orders).to == m2);
  CHECK(only<Restore>(orders).epoch == 2);
}

TEST_CASE("failover: a source that crashes after the order to switch over loses nobody") {
  Rig rig{small_scenario(FailoverPolicy::fresh_machine, 1, 1, 1)};
  const auto copy =
      only<StartCopy>(rig.tell(Time{6s}, loads(only<AskLoads>(rig.overload(m0)), rig)));
  const Attempt a = copy.attempt;
  rig.tell(Time{7s}, Copied{a, {}, {}, 0});
  rig.tell(Time{7s}, Frozen{a, {}});
  rig.tell(Time{7s}, Copied{a, {}, {}, 1});
  rig.tell(Time{7s}, Verified{a, true});
  auto orders = rig.tell(Time{8s}, MachineLost{m0});
  CHECK(every<AbortMigration>(orders).empty());
  CHECK(every<FailoverTriggered>(orders).empty());  // nobody lived there any more
  orders = rig.tell(Time{9s}, SwitchedOver{a, 8ms});
  CHECK_FALSE(only<MigrationEnded>(orders).aborted);
  CHECK(only<FailoverEnded>(orders).result == FailoverResult::completed);
  CHECK(only<Release>(orders).machine == m0);
}

TEST_CASE("failover: a source that crashes ends its failover, whose boot serves the crash") {
  Rig rig{small_scenario(FailoverPolicy::fresh_machine, 1, 0, 2)};
  const auto allocate = only<Allocate>(rig.overload(m0));
  auto orders = rig.tell(Time{8s}, MachineLost{m0});
  CHECK(only<FailoverEnded>(orders).result == FailoverResult::failed);
  CHECK(only<FailoverTriggered>(orders).cause == Cause::crash);
  CHECK(every<Allocate>(orders).empty());
  orders = rig.tell(Time{9s}, MachineReady{allocate.machine, allocate.attempt});
  REQUIRE(every<Restore>(orders).size() == 2);
  CHECK(every<Restore>(orders)[0].from == RestoreFrom::nothing);
  CHECK(every<Restore>(orders)[0].to == allocate.machine);
}

TEST_CASE("crash: with a log, everything is restored on another machine and the loss summed") {
  Scenario s = small_scenario(FailoverPolicy::split, 2, 1, 4);
  s.durability.log = Log::synced;
  Rig rig{s};
  auto orders = rig.tell(Time{3s}, MachineLost{m0});
  CHECK(only<SlaFailureBegan>(orders).cause == Cause::crash);
  const auto restores = every<Restore>(orders);
  REQUIRE(restores.size() == 2);
  CHECK(restores[0].to == m2);
  CHECK(restores[0].epoch == 1);
  CHECK(rig.tell(Time{3s}, MachineLost{m0}).empty());  // once is enough
  CHECK(rig.tell(Time{4s}, Restored{restores[0].attempt, 5}).empty());
  CHECK(rig.tell(Time{4s}, Restored{restores[0].attempt, 5}).empty());
  orders = rig.tell(Time{5s}, Restored{restores[1].attempt, 2});
  const auto ended = only<FailoverEnded>(orders);
  CHECK(ended.lost == 7);
  CHECK(ended.moved == 2);
  CHECK(ended.result == FailoverResult::completed);
  CHECK(only<SlaFailureEnded>(orders).failure == 0);
  // It comes back empty and waits as a spare; split keeps machines.
  rig.tell(Time{20s}, MachineReturned{m0});
  CHECK(rig.inventory()[m0].spare);
}

TEST_CASE("crash: a second copy takes over at once, and two copies are regained") {
  Scenario s = small_scenario(FailoverPolicy::fresh_machine, 3, 0, 3);  // copies on m1, m2, m0
  s.durability.replicas = 2;
  Rig rig{s};
  auto orders = rig.tell(Time{3s}, MachineLost{m0});
  const auto restore = only<Restore>(orders);
  CHECK(restore.tenant == TenantId{0});
  CHECK(restore.from == RestoreFrom::replica);
  CHECK(restore.to == m1);
  CHECK(every<Allocate>(orders).empty());
  const auto again = only<Replicate>(orders);  // tenant 2 of m2 had its copy on m0
  CHECK(again.tenant == TenantId{2});
  CHECK(again.to == m1);
  orders = rig.tell(Time{4s}, Restored{restore.attempt, 0});
  CHECK(only<FailoverEnded>(orders).to == m1);
  CHECK(every<Release>(orders).empty());  // nothing replaced m0: it may return
  CHECK(only<Replicate>(orders).tenant == TenantId{0});
  CHECK(only<Replicate>(orders).to == m2);
  rig.tell(Time{6s}, Replicated{only<Replicate>(orders).attempt});
  CHECK(rig.inventory()[TenantId{0}].replica_complete);
}

TEST_CASE("crash: under policy none the tenants wait for their machine") {
  for (const Log log : {Log::memory, Log::synced}) {
    Scenario s = small_scenario(FailoverPolicy::none, 1, 1, 1);
    s.durability.log = log;
    Rig rig{s};
    CHECK(rig.tell(Time{3s}, MachineLost{m0}).size() == 1);  // the notice
    const auto orders = rig.tell(Time{60s}, MachineReturned{m0});
    const auto restore = only<Restore>(orders);
    CHECK(restore.to == m0);
    CHECK(restore.from == (log == Log::synced ? RestoreFrom::log : RestoreFrom::nothing));
    CHECK(every<SlaFailureEnded>(orders).empty());
    CHECK(every<SlaFailureEnded>(rig.tell(Time{61s}, Restored{restore.attempt, 0})).size() == 1);
  }
}

TEST_CASE("crash: a machine without tenants is no SLA failure, and a lost spare no target") {
  Rig rig{small_scenario(FailoverPolicy::fresh_machine, 1, 1, 1)};
  CHECK(rig.tell(Time{1s}, MachineLost{m1}).empty());
  CHECK(only<Allocate>(rig.overload(m0, Time{1s})).machine == m2);
}

TEST_CASE("crash: a restore whose target crashes is tried on another machine") {
  Rig rig{small_scenario(FailoverPolicy::fresh_machine, 1, 2, 1)};
  const auto first = only<Restore>(rig.tell(Time{3s}, MachineLost{m0}));
  CHECK(first.to == m1);
  const auto orders = rig.tell(Time{4s}, MachineLost{m1});
  CHECK(only<Restore>(orders).to == m2);
  CHECK(only<Restore>(orders).epoch == 2);
  CHECK(rig.tell(Time{5s}, Restored{first.attempt, 0}).empty());  // from beyond the grave
  CHECK(every<SlaFailureEnded>(rig.tell(Time{6s}, Restored{only<Restore>(orders).attempt, 0}))
            .size() == 2);
}

TEST_CASE("crash: an unanswered restore is ordered again, the very same") {
  Scenario s = small_scenario(FailoverPolicy::fresh_machine, 1, 1, 1);
  Rig rig{s};
  const auto orders = rig.tell(Time{3s}, MachineLost{m0});
  const auto again = only<Restore>(fire(rig, only<SetTimer>(orders)));
  CHECK(again.attempt == only<Restore>(orders).attempt);
  CHECK(again.epoch == only<Restore>(orders).epoch);
}

TEST_CASE("failover: a released machine's copies find another home first") {
  Scenario s = small_scenario(FailoverPolicy::fresh_machine, 3, 1, 3);
  s.durability.replicas = 2;  // tenant 2 (m2) has its copy on m0
  Rig rig{s};
  auto orders = rig.tell(Time{6s}, loads(only<AskLoads>(rig.overload(m0)), rig));
  orders = move_through(rig, Time{7s}, only<StartCopy>(orders));
  CHECK(every<FailoverEnded>(orders).size() == 1);
  CHECK(every<Release>(orders).empty());
  const auto replicate = only<Replicate>(orders);
  CHECK(replicate.tenant == TenantId{2});
  CHECK(replicate.to == m3);                          // one tenant and no copy: less than m1 has
  CHECK(rig.inventory()[TenantId{2}].replica == m0);  // counts until the new one is complete
  CHECK(only<Release>(rig.tell(Time{9s}, Replicated{replicate.attempt})).machine == m0);
}

TEST_CASE("failover: facts about machines that nobody knows change nothing") {
  Rig rig{small_scenario(FailoverPolicy::fresh_machine, 1, 1, 1)};
  const MachineId unknown{99};
  const Attempt a{77};
  rig.overload(unknown);
  rig.tell(Time{6s}, MachineReady{unknown, a});
  rig.tell(Time{6s}, BootFailed{unknown, a});
  rig.tell(Time{6s}, MachineLost{unknown});
  rig.tell(Time{6s}, MachineReturned{unknown});
  rig.tell(Time{6s}, MachineReturned{m0});
  rig.tell(Time{6s}, LoadsReported{a, unknown, {}});
  rig.tell(Time{6s}, Copied{a, {}, {}, 0});
  rig.tell(Time{6s}, Frozen{a, {}});
  rig.tell(Time{6s}, Verified{a, true});
  rig.tell(Time{6s}, SwitchedOver{a, {}});
  rig.tell(Time{6s}, MigrationBroken{a});
  rig.tell(Time{6s}, Restored{a, 1});
  rig.tell(Time{6s}, Replicated{a});
  rig.tell(Time{6s}, TimerFired{a});
  CHECK(rig.all().empty());
}
