// FailoverController: machines that come and go, and tenants that move between them.
#include <algorithm>

#include "vm/failover.hpp"

namespace vm {

// ---- Machines

void FailoverController::boot(Time now, FailoverId id, std::vector<Order>& orders) {
  Failover& f = failover(id);
  const MachineId from = f.figures.from;
  ++f.boots;
  f.target = inventory_.add(inventory_[from].fleet, f.flavor);
  posts_.emplace_back();
  Post& p = post(f.target);
  p.target_of = id;
  p.boot = attempts_.open(Attempts::About::boot, f.target.value);
  p.boot_alarm = attempts_.open(Attempts::About::boot, f.target.value);
  orders.push_back(Allocate{p.boot, f.target, inventory_[from].fleet, f.flavor});
  orders.push_back(SetTimer{p.boot_alarm, now + config(from).boot_timeout});
}

void FailoverController::on(Time now, const MachineReady& fact, std::vector<Order>& orders) {
  if (!inventory_.knows(fact.machine) || !attempts_.find(fact.attempt)) return;
  Post& p = post(fact.machine);
  if (p.boot != fact.attempt) return;
  attempts_.close(p.boot);
  attempts_.close(p.boot_alarm);
  inventory_.up(fact.machine);
  replicas_.look_again();
  reconsider_stopped(inventory_[fact.machine].fleet);
  if (p.target_of)
    target_is_up(now, *p.target_of, orders);
  else
    to_spares(fact.machine);
}

void FailoverController::on(Time now, const BootFailed& fact, std::vector<Order>& orders) {
  if (!inventory_.knows(fact.machine) || !attempts_.find(fact.attempt)) return;
  if (post(fact.machine).boot == fact.attempt) boot_failed(now, fact.machine, orders);
}

void FailoverController::boot_failed(Time now, MachineId machine, std::vector<Order>& orders) {
  Post& p = post(machine);
  attempts_.close(p.boot);
  attempts_.close(p.boot_alarm);
  inventory_.release(machine);
  orders.push_back(Release{machine});  // it may still come up, and would be paid for
  const auto id = std::exchange(p.target_of, std::nullopt);
  if (!id) return;
  failover(*id).target = no_machine;
  seek_target(now, *id, orders);
}

/// Waits as a warm spare from now on, if it is up and empty.
void FailoverController::to_spares(MachineId machine) {
  const Inventory::Machine& m = inventory_[machine];
  const Post& p = post(machine);
  if (m.life == Inventory::Life::up && m.tenants.empty() && m.copies.empty() && !m.retiring &&
      !p.source_of && !p.target_of)
    inventory_.make_spare(machine);
}

/// Released as soon as the second copies that it keeps have another home.
void FailoverController::retire(MachineId machine) {
  inventory_.retire(machine);
  retiring_.insert(machine);
  for (const TenantId tenant : inventory_[machine].copies) replicas_.want(tenant);
}

void FailoverController::drain(MachineId machine, bool begins, std::vector<Order>& orders) {
  if (!inventory_.is_up(machine)) post(machine).draining = false;  // that is over by itself
  if (!inventory_.is_up(machine) || post(machine).draining == begins) return;
  post(machine).draining = begins;
  orders.push_back(Drain{machine, begins});
}

// ---- Moves

template <class Answer>
void FailoverController::route(Time now, const Answer& fact, std::vector<Order>& orders) {
  const auto* subject = attempts_.find(fact.attempt);
  if (!subject || subject->about != Attempts::About::migration) return;
  const TenantId tenant{subject->index};
  migrations_.at(tenant).on(now, fact, attempts_, orders);
  settle(now, tenant, orders);
}

template void FailoverController::route(Time, const Copied&, std::vector<Order>&);
template void FailoverController::route(Time, const Frozen&, std::vector<Order>&);
template void FailoverController::route(Time, const Verified&, std::vector<Order>&);
template void FailoverController::route(Time, const SwitchedOver&, std::vector<Order>&);

void FailoverController::on(Time now, const MigrationBroken& fact, std::vector<Order>& orders) {
  const auto* subject = attempts_.find(fact.attempt);
  if (!subject) return;
  const TenantId tenant{subject->index};
  if (subject->about == Attempts::About::migration) return route(now, fact, orders);
  if (subject->about == Attempts::About::replica) return replicas_.on(now, fact, orders);
  if (subject->about == Attempts::About::restore &&
      restores_.at(tenant).order.attempt == fact.attempt)
    restore_broken(now, tenant, orders);
}

void FailoverController::on(Time now, const TimerFired& fact, std::vector<Order>& orders) {
  const auto* subject = attempts_.find(fact.attempt);
  if (!subject) return;
  const std::uint32_t index = subject->index;
  switch (subject->about) {
    case Attempts::About::migration:
      return route(now, fact, orders);
    case Attempts::About::replica:
      return replicas_.on(now, fact, orders);
    case Attempts::About::restore:
      if (restores_.at({index}).alarm == fact.attempt) on_restore_alarm(now, {index}, orders);
      return;
    case Attempts::About::boot:
      if (post({index}).boot_alarm == fact.attempt) boot_failed(now, {index}, orders);
      return;
    case Attempts::About::loads:
      if (failover({index}).alarm != fact.attempt) return;
      attempts_.close(fact.attempt);
      return ask_loads(now, {index}, orders);
    case Attempts::About::cooldown:
      attempts_.close(fact.attempt);
      changed_.insert({index});
      return;
  }
}

/// The books after anything that happened to this tenant's migration.
void FailoverController::settle(Time now, TenantId tenant, std::vector<Order>& orders) {
  Migration& m = migrations_.at(tenant);
  const MigrationEnded& figures = m.figures();
  if (m.owned_by_target() && inventory_[tenant].owner != figures.to) {
    const MachineId copy = inventory_[tenant].replica;
    inventory_.own(tenant, figures.to);
    if (copy == figures.to || inventory_.together(copy, figures.to)) replicas_.want(tenant);
    received(now, figures.to);
  }
  if (!m.active() && moving_.erase(tenant) > 0) replicas_.look_again();
  if (m.waiting() && std::find(turns_.begin(), turns_.end(), tenant) == turns_.end())
    turns_.push_back(tenant);
  if (!m.over()) return;

  Failover& f = failover(figures.failover);
  orders.push_back(Notify{figures});
  f.figures.bytes += figures.bytes;
  f.figures.pause_max = std::max(f.figures.pause_max, figures.pause);
  ++(figures.aborted ? f.figures.aborted : f.figures.moved);
  --f.open;
  perhaps_done_.insert(figures.failover);
  migrations_.erase(tenant);
  std::erase(turns_, tenant);
}

/// A machine that just received tenants needs time to show how it fares with them.
void FailoverController::received(Time now, MachineId machine) {
  Post& p = post(machine);
  p.quiet_until = std::max(p.quiet_until, now + config(machine).cooldown);
  if (!p.failures.empty()) changed_.insert(machine);
}

bool FailoverController::place_free(MachineId machine) const {
  return moving_.size() + replicas_.active() < std::max(1u, config(machine).at_once);
}

void FailoverController::start_moves(Time now, std::vector<Order>& orders) {
  // In order of asking; only a tenant whose second copy is being built lets others pass.
  for (auto turn = turns_.begin(); turn != turns_.end();) {
    const TenantId tenant = *turn;
    Migration& m = migrations_.at(tenant);
    if (!place_free(m.figures().from)) return;
    if (replicas_.busy(tenant)) {
      ++turn;
      continue;
    }
    turn = turns_.erase(turn);
    m.start(now, inventory_[tenant].epoch + 1, attempts_, orders);
    moving_.insert(tenant);
  }
  const auto ready = [&](TenantId tenant) {
    return migrations_.count(tenant) == 0 && place_free(inventory_[tenant].owner);
  };
  const auto at_leisure = [&](MachineId machine) {
    return !post(machine).source_of && !post(machine).target_of;
  };
  while (replicas_.try_start(now, ready, at_leisure, orders)) continue;
}

}  // namespace vm
