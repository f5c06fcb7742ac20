// FailoverController: from a crash to tenants that are served again.
//
// A second copy takes over where it lives, at once. Whoever has none starts on another machine from
// the log, if acknowledged writes are on disk, and else from nothing: what is lost then is counted
// by whoever restores, and said. A fleet without failover waits until its machine returns.
#include <algorithm>

#include "vm/failover.hpp"

namespace vm {
namespace {

using namespace std::chrono_literals;

// Before a machine that came back tries again to restore whom it had no room for; doubled with each
// further time, up to the limit.
constexpr Duration first_rest = 1s;
constexpr Duration longest_rest = 60s;

}  // namespace

void FailoverController::on(Time now, const MachineLost& fact, std::vector<Order>& orders) {
  const MachineId lost = fact.machine;
  if (!inventory_.knows(lost)) return;
  const Inventory::Life life = inventory_[lost].life;
  if (life == Inventory::Life::booting) return boot_failed(now, lost, orders);
  if (life != Inventory::Life::up) return;

  inventory_.lost(lost);
  post(lost).draining = false;
  cut_moves(now, lost, orders);
  cut_restores(lost);
  replicas_.lost(lost);
  replace_target(now, lost, orders);
  const MachineId adopted = leave_source(now, lost, orders);
  answer_crash(now, lost, adopted, orders);
  if (adopted != no_machine && !post(adopted).target_of) to_spares(adopted);
}

/// Moves from the lost machine are over; moves to it look for another target. A tenant that the
/// lost machine already owned is lost with it, whatever the source still holds: it was fenced.
void FailoverController::cut_moves(Time now, MachineId lost, std::vector<Order>& orders) {
  std::vector<TenantId> concerned;
  for (const auto& [tenant, m] : migrations_)
    if (m.figures().from == lost || m.figures().to == lost) concerned.push_back(tenant);
  for (const TenantId tenant : concerned) {
    Migration& m = migrations_.at(tenant);
    if (m.figures().to == lost && !m.owned_by_target()) {
      m.retarget(now, no_machine, attempts_, orders);
      moving_.erase(tenant);
      std::erase(turns_, tenant);
      failover(m.figures().failover).stranded.push_back(tenant);
    } else if (m.figures().to == lost || !m.owned_by_target()) {
      m.cut(now, attempts_, orders);
      settle(now, tenant, orders);
    }
  }
}

/// Their tenants stay written to the lost machine, and its own failover restores them.
void FailoverController::cut_restores(MachineId lost) {
  for (auto entry = restores_.begin(); entry != restores_.end();) {
    const Restoring& restoring = entry->second;
    if (restoring.order.to != lost) {
      ++entry;
      continue;
    }
    attempts_.close(restoring.order.attempt);
    attempts_.close(restoring.alarm);
    if (restoring.failover) {
      --failover(*restoring.failover).open;
      perhaps_done_.insert(*restoring.failover);
    }
    entry = restores_.erase(entry);
  }
}

/// The failover whose target is lost goes on with another, if it still needs one.
void FailoverController::replace_target(Time now, MachineId lost, std::vector<Order>& orders) {
  const auto id = std::exchange(post(lost).target_of, std::nullopt);
  if (!id) return;
  Failover& f = failover(*id);
  if (f.target != lost) return;  // one that has refused: another has taken its place
  f.target = no_machine;
  if (!f.stranded.empty() || f.phase == Phase::asking) {
    attempts_.close(f.loads);
    attempts_.close(f.alarm);
    seek_target(now, *id, orders);
  } else {
    perhaps_done_.insert(*id);
  }
}

/// A failover that was to help a sick machine ends when the machine crashes; what already belongs
/// to the target goes on. Returns the machine that it was booting, for the crash's own failover.
MachineId FailoverController::leave_source(Time now, MachineId lost, std::vector<Order>& orders) {
  Post& p = post(lost);
  if (!p.source_of || failover(*p.source_of).cause == Cause::crash) return no_machine;
  const FailoverId id = *std::exchange(p.source_of, std::nullopt);
  Failover& f = failover(id);
  MachineId adopted = no_machine;
  if (f.phase == Phase::seeking) {
    adopted = std::exchange(f.target, no_machine);
    post(adopted).target_of.reset();
  }
  f.phase = Phase::moving;
  f.stranded.clear();                     // cut_moves() ended them
  if (f.open == 0) end(now, id, orders);  // now, so that its target can serve as a spare
  return adopted;
}

void FailoverController::answer_crash(Time now, MachineId lost, MachineId adopted,
                                      std::vector<Order>& orders) {
  const std::vector<TenantId> tenants = inventory_[lost].tenants;
  if (tenants.empty() || post(lost).source_of || config(lost).policy == FailoverPolicy::none)
    return;
  const FailoverId id = trigger(now, lost, Cause::crash, orders);
  failover(id).wanted = tenants.size();
  for (const TenantId tenant : tenants) try_promote(now, tenant, id, orders);

  if (inventory_[lost].tenants.empty()) {
    failover(id).phase = Phase::moving;
  } else if (adopted != no_machine) {
    failover(id).boots = 1;
    failover(id).target = adopted;
    post(adopted).target_of = id;
  } else {
    seek_target(now, id, orders);
  }
}

bool FailoverController::try_promote(Time now, TenantId tenant, std::optional<FailoverId> id,
                                     std::vector<Order>& orders) {
  const Inventory::Tenant& t = inventory_[tenant];
  if (!t.replica_complete || !inventory_.is_up(t.replica)) return false;
  const MachineId to = t.replica;
  if (id && failover(*id).figures.to == no_machine) failover(*id).figures.to = to;
  restore(now, tenant, to, RestoreFrom::replica, id, orders);
  return true;
}

RestoreFrom FailoverController::without_copy() const {
  return durability_.log == Log::synced ? RestoreFrom::log : RestoreFrom::nothing;
}

void FailoverController::restore(Time now, TenantId tenant, MachineId to, RestoreFrom from,
                                 std::optional<FailoverId> id, std::vector<Order>& orders) {
  inventory_.own(tenant, to);
  received(now, to);
  Restoring restoring;
  restoring.order = {attempts_.open(Attempts::About::restore, tenant.value), tenant, to, from,
                     inventory_[tenant].epoch};
  restoring.alarm = attempts_.open(Attempts::About::restore, tenant.value);
  restoring.failover = id;
  orders.push_back(restoring.order);
  orders.push_back(SetTimer{restoring.alarm, now + config(to).timeout});
  restores_[tenant] = restoring;
  if (id) ++failover(*id).open;
}

void FailoverController::on_restore_alarm(Time now, TenantId tenant, std::vector<Order>& orders) {
  Restoring& restoring = restores_.at(tenant);
  attempts_.close(restoring.alarm);
  if (!attempts_.find(restoring.order.attempt)) {  // it has rested
    const std::uint32_t refusals = restoring.refusals;
    restore(now, tenant, restoring.order.to, without_copy(), std::nullopt, orders);
    restores_.at(tenant).refusals = refusals;
    return;
  }
  restoring.alarm = attempts_.open(Attempts::About::restore, tenant.value);
  orders.push_back(restoring.order);  // the very same: who has done it answers again
  orders.push_back(SetTimer{restoring.alarm, now + config(restoring.order.to).timeout});
}

/// Where it should be restored there is no room, or no copy. Within a failover the tenant is
/// written to the lost machine again, and goes to the next target with whoever else is still there.
/// A machine that came back by itself tries again after a rest: nobody else has this tenant.
void FailoverController::restore_broken(Time now, TenantId tenant, std::vector<Order>& orders) {
  Restoring& restoring = restores_.at(tenant);
  attempts_.close(restoring.order.attempt);
  attempts_.close(restoring.alarm);
  const MachineId refused_by = restoring.order.to;
  if (!restoring.failover) {
    const auto doublings = std::min(restoring.refusals++, 16u);
    restoring.alarm = attempts_.open(Attempts::About::restore, tenant.value);
    orders.push_back(
        SetTimer{restoring.alarm, now + std::min(first_rest * (1 << doublings), longest_rest)});
    return;
  }
  const FailoverId id = *restoring.failover;
  restores_.erase(tenant);
  Failover& f = failover(id);
  --f.open;
  perhaps_done_.insert(id);
  inventory_.own(tenant, f.figures.from);
  if (f.phase == Phase::seeking || inventory_.is_up(f.figures.from))
    return;  // see target_is_up, end
  if (f.target == refused_by || f.target == no_machine)
    refuse_target(now, id, orders);
  else
    restore(now, tenant, f.target, without_copy(), id, orders);
}

/// The failover goes on with another target, as often as one migration is tried.
void FailoverController::refuse_target(Time now, FailoverId id, std::vector<Order>& orders) {
  Failover& f = failover(id);
  const MachineId from = f.figures.from;
  if (f.target != no_machine) f.refused.push_back(std::exchange(f.target, no_machine));
  // What the lost machine held, of which the books may know too little, fits its own flavor.
  const FlavorId own = inventory_[from].flavor;
  const auto memory = [&](FlavorId flavor) { return flavors_[flavor.value].capacity.memory; };
  if (memory(f.flavor) < memory(own)) f.flavor = own;
  if (f.refused.size() < std::max(1u, config(from).attempts)) seek_target(now, id, orders);
}

void FailoverController::on(Time, const Restored& fact, std::vector<Order>&) {
  const auto* subject = attempts_.find(fact.attempt);
  if (!subject || subject->about != Attempts::About::restore) return;
  const TenantId tenant{subject->index};
  const auto entry = restores_.find(tenant);
  const Restoring restoring = entry->second;
  if (restoring.order.attempt != fact.attempt) return;
  attempts_.close(restoring.order.attempt);
  attempts_.close(restoring.alarm);
  restores_.erase(entry);

  inventory_.serve(tenant, recovered_);
  const Inventory::Tenant& t = inventory_[tenant];
  if (!t.replica_complete || inventory_.together(t.replica, t.owner)) replicas_.want(tenant);
  if (!restoring.failover) return;
  Failover& f = failover(*restoring.failover);
  ++f.figures.moved;
  f.figures.lost += fact.lost;
  --f.open;
  perhaps_done_.insert(*restoring.failover);
}

void FailoverController::on(Time now, const MachineReturned& fact, std::vector<Order>& orders) {
  const MachineId machine = fact.machine;
  if (!inventory_.knows(machine) || inventory_[machine].life != Inventory::Life::lost) return;
  inventory_.up(machine);
  replicas_.returned(machine);
  reconsider_stopped(inventory_[machine].fleet);
  to_spares(machine);
  if (post(machine).source_of) return;  // its tenants are on their way to another machine
  restore_here(now, machine, orders);
}

/// The machine is back, and nobody else has taken over what it was serving.
void FailoverController::restore_here(Time now, MachineId machine, std::vector<Order>& orders) {
  const std::vector<TenantId> tenants = inventory_[machine].tenants;
  for (const TenantId tenant : tenants) {
    if (inventory_[tenant].served || restores_.count(tenant)) continue;
    if (!try_promote(now, tenant, std::nullopt, orders))
      restore(now, tenant, machine, without_copy(), std::nullopt, orders);
  }
}

}  // namespace vm
