// Operations: a tenant's migration from one machine to another, order by order.
#include <algorithm>

#include "vm/model/operations.hpp"
#include "vm/model/service.hpp"
#include "vm/model/watch.hpp"

namespace vm::model {

Transfer* Operations::transfer(Attempt attempt) {
  const auto found = transfers_.find(attempt.value);
  return found == transfers_.end() ? nullptr : &found->second;
}

void Operations::break_off(Attempt attempt) {
  answer(Kind::broken, 0, attempt);
}

void Operations::carry_out(Time, const AskLoads& order) {
  answer(Kind::loads_reported, order.machine.value, order.attempt);
}

void Operations::on_loads_reported(Time now, MachineId machine, Attempt attempt) {
  LoadsReported report{.attempt = attempt, .machine = machine, .loads = {}};
  for (std::uint32_t i = 0; i < cloud_.tenants.size(); ++i) {
    Tenant& tenant = cloud_.tenants[i];
    if (tenant.owner != machine || !tenant.served) continue;
    report.loads.push_back({TenantId{i}, tenant.recent_work(cloud_.window(now)), tenant.state});
  }
  tell(now, report);
}

void Operations::carry_out(Time now, const StartCopy& order) {
  const Tenant& tenant = cloud_.tenant(order.tenant);
  Machine& target = cloud_.machine(order.to);
  const bool possible = tenant.served && tenant.owner == order.from &&
                        target.state == MachineState::up && target.try_hold(tenant.state);
  if (!possible) return break_off(order.attempt);
  Transfer& t = transfers_[order.attempt.value];
  t.attempt = order.attempt.value;
  t.tenant = order.tenant;
  t.from = order.from;
  t.to = order.to;
  t.held_on_target = tenant.state;
  if (spring_trap(now, MigrationStep::copying, t)) return;
  begin_round(now, t, tenant.state);
}

void Operations::carry_out(Time now, const CopyRound& order) {
  Transfer* t = transfer(order.attempt);
  if (t == nullptr) return;
  t->round = order.round;
  begin_round(now, *t, dirty(*t));
}

Bytes Operations::dirty(const Transfer& t) {
  const Tenant& tenant = cloud_.tenant(t.tenant);
  return std::min(tenant.state, tenant.written - t.written_at_round);
}

void Operations::carry_out(Time now, const Freeze& order) {
  Transfer* t = transfer(order.attempt);
  if (t == nullptr) return;
  if (spring_trap(now, MigrationStep::frozen, *t)) return;
  service_.freeze(now, t->tenant);
  t->frozen = true;
  t->frozen_at = now;
  answer(Kind::frozen, 0, order.attempt);
}

void Operations::on_frozen(Time now, Attempt attempt) {
  const Transfer* t = transfer(attempt);
  if (t != nullptr) tell(now, Frozen{attempt, dirty(*t)});
}

void Operations::carry_out(Time now, const CopyRest& order) {
  carry_out(now, CopyRound{order.attempt, order.round});
}

void Operations::begin_round(Time now, Transfer& t, Bytes size) {
  const Tenant& tenant = cloud_.tenant(t.tenant);
  t.sending = size;
  t.written_at_round = tenant.written;
  t.applied_at_round = tenant.applied;
  Machine& source = cloud_.machine(t.from);
  Machine& target = cloud_.machine(t.to);
  t.rate = copy_rate(t.from, t.to);
  source.reserve_network(now, t.rate);
  target.reserve_network(now, t.rate);
  const Duration transfer = size / BytesPerSecond{t.rate};
  watch_.round({now, t.tenant, t.from, t.to, t.round, size, now + round_trip + transfer});
  cloud_.simulator.after(round_trip + transfer, {Kind::copied, 0, t.attempt});
}

double Operations::copy_rate(MachineId from, MachineId to) {
  const Machine& source = cloud_.machine(from);
  const double limit = cloud_.scenario.fleets[source.fleet.value].failover.bandwidth.value;
  return std::min({limit, source.network_for_copy(), cloud_.machine(to).network_for_copy()});
}

void Operations::end_round(Time now, Transfer& t) {
  if (t.rate == 0) return;
  for (const MachineId id : {t.from, t.to}) {
    Machine& machine = cloud_.machine(id);
    machine.reserve_network(now, -t.rate);
    service_.rearm(id);
  }
  t.rate = 0;
}

void Operations::on_copied(Time now, Attempt attempt) {
  Transfer* t = transfer(attempt);
  if (t == nullptr) return;
  end_round(now, *t);
  const Tenant& tenant = cloud_.tenant(t->tenant);
  const Bytes growth = tenant.state - t->held_on_target;
  if (!cloud_.machine(t->to).try_hold(growth)) return tell(now, MigrationBroken{attempt});
  t->held_on_target = tenant.state;
  if (!(sabotage_.forget_last_delta && t->frozen)) t->copied = t->applied_at_round;
  tell(now, Copied{attempt, t->sending, dirty(*t), t->round});
}

void Operations::carry_out(Time now, const Verify& order) {
  const Transfer* t = transfer(order.attempt);
  if (t == nullptr || spring_trap(now, MigrationStep::verifying, *t)) return;
  answer(Kind::verified, 0, order.attempt);
}

void Operations::on_verified(Time now, Attempt attempt) {
  const Transfer* t = transfer(attempt);
  if (t == nullptr) return;
  const bool equal = t->copied == cloud_.tenant(t->tenant).applied;
  tell(now, Verified{attempt, equal || sabotage_.verify_blindly});
}

void Operations::carry_out(Time now, const SwitchOver& order) {
  const Transfer* t = transfer(order.attempt);
  if (t == nullptr || t->done || switching_.contains(order.attempt.value)) return;  // repeated
  SIM_CHECK(order.epoch > cloud_.tenant(order.tenant).epoch);
  switching_[order.attempt.value] = order;
  // A trap may take the target, and the transfer with it. Without its source the target goes on.
  (void)spring_trap(now, MigrationStep::switching, *t);
  if (transfer(order.attempt) == nullptr) return;
  answer(Kind::switched_over, 0, order.attempt);
}

void Operations::on_switched_over(Time now, Attempt attempt) {
  Transfer* t = transfer(attempt);
  if (t == nullptr) return;
  const bool before = t->done;
  const Duration pause = now - t->frozen_at;
  const TenantId tenant = t->tenant;
  if (!before) switch_over(now, *t);
  transfers_.erase(attempt.value);
  switching_.erase(attempt.value);
  if (!before) service_.thaw(now, tenant);
  tell(now, SwitchedOver{attempt, pause});
}

void Operations::switch_over(Time now, Transfer& t) {
  Tenant& tenant = cloud_.tenant(t.tenant);
  end_round(now, t);
  t.done = true;
  tenant.epoch = switching_.at(t.attempt).epoch;
  cloud_.machine(t.from).let_go(tenant.state);
  --cloud_.machine(t.from).tenants;
  tenant.owner = t.to;
  ++cloud_.machine(t.to).tenants;
  tenant.applied = t.copied;
  if (tenant.replica.machine == t.to) drop_replica(tenant);  // two on one machine are one copy
}

void Operations::carry_out(Time now, const AbortMigration& order) {
  Transfer* t = transfer(order.attempt);
  if (t == nullptr) return;
  drop(now, *t);
  transfers_.erase(order.attempt.value);
}

void Operations::drop(Time now, Transfer& t) {
  end_round(now, t);
  if (cloud_.machine(t.to).state == MachineState::up) {
    cloud_.machine(t.to).let_go(t.held_on_target);
  }
  if (t.frozen) service_.thaw(now, t.tenant);
}

void Operations::set_trap(Trap trap) {
  for (Trap& same : traps_) {
    if (same.step != trap.step || same.side != trap.side) continue;
    same.lasts =
        same.lasts && trap.lasts ? std::optional{std::max(*same.lasts, *trap.lasts)} : std::nullopt;
    return;
  }
  traps_.push_back(trap);
}

bool Operations::spring_trap(Time now, MigrationStep step, const Transfer& t) {
  const auto trap = std::find_if(traps_.begin(), traps_.end(),
                                 [&](const Trap& candidate) { return candidate.step == step; });
  if (trap == traps_.end()) return false;
  const MachineId victim = trap->side == Side::source ? t.from : t.to;
  const auto lasts = trap->lasts;
  traps_.erase(trap);
  watch_.fault(now, victim, "crash during migration");
  crash(now, victim, lasts);
  return true;
}

void Operations::break_off_transfers(Time now, MachineId id) {
  for (auto it = transfers_.begin(); it != transfers_.end();) {
    Transfer& t = it->second;
    if (t.done || (t.from != id && t.to != id)) {
      ++it;
    } else if (!switching_.contains(it->first)) {  // back to the source
      drop(now, t);
      break_off(Attempt{it->first});
      it = transfers_.erase(it);
    } else if (t.from == id) {  // forward: the target has all of it, and will say so
      switch_over(now, t);
      service_.thaw(now, t.tenant);
      ++it;
    } else {  // forward, onto a machine that is lost with it
      switch_over(now, t);
      switching_.erase(it->first);
      it = transfers_.erase(it);
    }
  }
}

}  // namespace vm::model
