#include "real/undone.hpp"

#include "tests/vm/control_rig.hpp"

namespace {

using namespace std::chrono_literals;
using real::Undone;

constexpr vm::Attempt move{7}, restoring{8}, alarm_clock{9};
constexpr vm::TenantId tenant{1};
constexpr vm::MachineId source{1}, target{2};

/// Two machines and a spare; tenant 1 lives on machine 1.
Undone begin() {
  const auto s = control_rig::small_scenario(vm::FailoverPolicy::split, 2, 1, 4);
  return Undone{vm::initial_layout(s)};
}

Undone switching() {
  Undone undone = begin();
  undone.ordered(vm::Time{1s}, vm::StartCopy{move, tenant, source, target});
  undone.ordered(vm::Time{2s}, vm::Freeze{move});
  undone.ordered(vm::Time{3s}, vm::CopyRest{move, 1});
  undone.ordered(vm::Time{3s}, vm::Verify{move});
  undone.ordered(vm::Time{4s}, vm::SwitchOver{move, tenant, source, target, 1});
  return undone;
}

}  // namespace

TEST_CASE(
    "undone: a move is outstanding until it is switched, and then its source is to be fenced") {
  Undone undone = switching();
  const Undone::Transfer* t = undone.transfer(move);
  REQUIRE(t != nullptr);
  CHECK(t->step == Undone::Step::switching);
  CHECK(t->frozen_at == vm::Time{2s});
  CHECK(t->epoch == 1);
  CHECK(undone.holder(tenant) == target);
  CHECK(undone.fences().empty());

  undone.told(vm::SwitchedOver{move, 5ms});
  CHECK(undone.transfer(move) == nullptr);
  REQUIRE(undone.fences().contains({source, tenant}));
  undone.fenced(source, tenant, 0);  // of an earlier epoch: not what was asked
  CHECK(undone.fences().size() == 1);
  undone.fenced(source, tenant, 1);
  CHECK(undone.fences().empty());
}

TEST_CASE("undone: a target that is lost while it takes over leaves a source to be fenced") {
  Undone undone = switching();
  undone.told(vm::MachineLost{target});
  CHECK(undone.transfer(move) == nullptr);
  CHECK(undone.fences().contains({source, tenant}));
  CHECK(undone.holder(tenant) == target);  // both held the same: its disk is the truth
}

TEST_CASE("undone: both sides of an aborted move are told so again, the last ones only") {
  Undone undone = begin();
  for (std::uint32_t i = 1; i <= 100; ++i) {
    undone.ordered(vm::Time{}, vm::StartCopy{{i}, tenant, source, target});
    undone.ordered(vm::Time{}, vm::AbortMigration{{i}});
  }
  CHECK(undone.transfers().empty());
  CHECK(undone.aborted(source).size() == 64);
  CHECK(undone.aborted(target).back() == vm::Attempt{100});
  undone.ordered(vm::Time{}, vm::Release{target});
  CHECK(undone.aborted(target).empty());
}

TEST_CASE("undone: the disk that counts is the last one that was served from") {
  Undone undone = begin();
  undone.told(vm::MachineLost{source});
  const vm::Restore order{restoring, tenant, target, vm::RestoreFrom::log, 1};
  undone.ordered(vm::Time{}, order);
  CHECK(undone.holder(tenant) == source);  // the control plane's books say: the target
  SECTION("until the restore is answered") {
    undone.told(vm::Restored{restoring, 0});
    CHECK(undone.holder(tenant) == target);
    CHECK(undone.fences().contains({source, tenant}));  // it may return as an owner
  }
  SECTION("also when the target of the restore is lost on the way") {
    undone.told(vm::MachineLost{target});
    CHECK(undone.restores().empty());
    CHECK(undone.holder(tenant) == source);
  }
  SECTION("or refuses") {
    undone.told(vm::MigrationBroken{restoring});
    CHECK(undone.restores().empty());
    CHECK(undone.holder(tenant) == source);
  }
}

TEST_CASE("undone: timers come in order of their instants and go when they fire") {
  Undone undone = begin();
  undone.ordered(vm::Time{}, vm::SetTimer{alarm_clock, vm::Time{5s}});
  undone.ordered(vm::Time{}, vm::SetTimer{{10}, vm::Time{3s}});
  REQUIRE(undone.next_timer());
  CHECK(undone.next_timer()->attempt == vm::Attempt{10});
  undone.told(vm::TimerFired{{10}});
  CHECK(undone.next_timer()->at == vm::Time{5s});
  undone.told(vm::TimerFired{alarm_clock});
  CHECK_FALSE(undone.next_timer());
}
