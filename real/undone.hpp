// Undone: what has been ordered and has not been answered, by the facts and orders alone.
//
// The control loop asks it what an answer is about, and what to do again when a link comes back.
// Fed with a journal's facts and the orders that they led to, it is what a restarted gateway has to
// finish. It also keeps who has a tenant's state on disk (`holder`): that is the last machine that
// served it, while the control plane already writes it to the machine that is to restore it. And it
// keeps who still has to be told that he owns a tenant no more. Pure bookkeeping.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "vm/control.hpp"
#include "vm/placement.hpp"

namespace real {

class Undone {
 public:
  enum class Step : std::uint8_t {
    copying,
    copy_round,
    freezing,
    copying_rest,
    verifying,
    switching,
  };
  struct Transfer {
    vm::Attempt attempt;
    vm::TenantId tenant;
    vm::MachineId from, to;
    Step step = Step::copying;
    std::uint32_t round = 0;
    vm::Time frozen_at{};
    vm::Epoch epoch = 0;  // from switching on
  };
  struct Fencing {  // `machine` has to know that `tenant` is `owner`'s since `epoch`
    vm::Epoch epoch = 0;
    vm::MachineId owner;
  };
  using FenceKey = std::pair<vm::MachineId, vm::TenantId>;

  /// The number under which a tenant's first second copy is ordered, before the control plane gives
  /// any orders: none of its own, which count from 1.
  static vm::Attempt first_replica_attempt(vm::TenantId tenant) {
    return {0xc0000000u | tenant.value};
  }

  explicit Undone(const vm::Layout& layout) : holder_(layout.owner) {}

  void told(const vm::Fact& fact);
  void ordered(vm::Time now, const vm::Order& order);
  /// `machine` knows it now.
  void fenced(vm::MachineId machine, vm::TenantId tenant, vm::Epoch epoch);

  const Transfer* transfer(vm::Attempt attempt) const;
  const vm::Restore* restore(vm::Attempt attempt) const;
  const vm::Replicate* replication(vm::Attempt attempt) const;
  const vm::Allocate* boot(vm::MachineId machine) const;
  const vm::AskLoads* loads(vm::Attempt attempt) const;
  vm::MachineId holder(vm::TenantId tenant) const { return holder_[tenant.value]; }
  /// Under which the tenant's last second copy was completed.
  vm::Attempt replica_attempt(vm::TenantId tenant) const;
  bool released(vm::MachineId machine) const { return released_.contains(machine); }

  const std::map<vm::Attempt, Transfer>& transfers() const { return transfers_; }
  const std::map<vm::TenantId, vm::Restore>& restores() const { return restores_; }
  const std::map<vm::TenantId, vm::Replicate>& replications() const { return replications_; }
  const std::map<vm::MachineId, vm::Allocate>& boots() const { return boots_; }
  const std::map<vm::MachineId, vm::AskLoads>& all_loads() const { return loads_; }
  const std::map<FenceKey, Fencing>& fences() const { return fences_; }
  /// Migrations that ended without a move: both sides forget them. The last ones by machine.
  const std::vector<vm::Attempt>& aborted(vm::MachineId machine) const;
  std::optional<vm::SetTimer> next_timer() const;

 private:
  void on(const vm::MachineReady& fact) { boots_.erase(fact.machine); }
  void on(const vm::BootFailed& fact) { boots_.erase(fact.machine); }
  void on(const vm::MachineLost& fact);
  void on(const vm::LoadsReported& fact) { loads_.erase(fact.machine); }
  void on(const vm::SwitchedOver& fact);
  void on(const vm::MigrationBroken& fact);
  void on(const vm::Restored& fact);
  void on(const vm::Replicated& fact);
  void on(const vm::TimerFired& fact);
  template <class Other>
  void on(const Other&) {}  // other facts answer no order, or only a step of one

  void add(vm::Time, const vm::Allocate& order) { boots_[order.machine] = order; }
  void add(vm::Time, const vm::Release& order);
  void add(vm::Time, const vm::Drain&) {}
  void add(vm::Time, const vm::AskLoads& order) { loads_[order.machine] = order; }
  void add(vm::Time, const vm::StartCopy& order);
  void add(vm::Time, const vm::CopyRound& o) { advance(o.attempt, Step::copy_round, o.round); }
  void add(vm::Time now, const vm::Freeze& order);
  void add(vm::Time, const vm::CopyRest& o) { advance(o.attempt, Step::copying_rest, o.round); }
  void add(vm::Time, const vm::Verify& order) { advance(order.attempt, Step::verifying, 0); }
  void add(vm::Time, const vm::SwitchOver& order);
  void add(vm::Time, const vm::AbortMigration& order);
  void add(vm::Time, const vm::Restore& order) { restores_[order.tenant] = order; }
  void add(vm::Time, const vm::Replicate& order) { replications_[order.tenant] = order; }
  void add(vm::Time, const vm::SetTimer& order);
  void add(vm::Time, const vm::Notify&) {}

  Transfer* advance(vm::Attempt attempt, Step step, std::uint32_t round);
  void change_holder(vm::TenantId tenant, vm::MachineId to, vm::Epoch epoch);

  std::vector<vm::MachineId> holder_;  // by tenant
  std::map<vm::Attempt, Transfer> transfers_;
  std::map<vm::TenantId, vm::Restore> restores_;
  std::map<vm::TenantId, vm::Replicate> replications_;
  std::map<vm::TenantId, vm::Attempt> replicated_;
  std::map<vm::MachineId, vm::Allocate> boots_;
  std::map<vm::MachineId, vm::AskLoads> loads_;
  std::map<FenceKey, Fencing> fences_;
  std::map<vm::MachineId, std::vector<vm::Attempt>> aborted_;
  std::map<vm::Attempt, vm::Time> timers_;
  std::set<std::pair<vm::Time, vm::Attempt>> timers_in_order_;
  std::set<vm::MachineId> released_;
};

}  // namespace real
