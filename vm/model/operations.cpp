#include "vm/model/operations.hpp"

#include <algorithm>

#include "vm/model/service.hpp"
#include "vm/model/watch.hpp"

namespace vm::model {

Operations::Operations(Cloud& cloud, Service& service, Watch& watch, Sabotage sabotage)
    : cloud_(cloud),
      service_(service),
      watch_(watch),
      sabotage_(sabotage),
      control_(cloud.scenario) {}

void Operations::tell(Time now, const Fact& fact) {
  SIM_CHECK(orders_.empty());  // carrying out an order schedules its answer, it never tells
  control_.step(now, fact, orders_);
  for (const Order& order : orders_) {
    std::visit([&](const auto& o) { carry_out(now, o); }, order);
  }
  orders_.clear();
}

void Operations::answer(Time now, Kind kind, std::uint32_t subject, Attempt attempt) {
  cloud_.simulator.at(now + round_trip, {kind, subject, attempt.value});
}

void Operations::break_off(Time now, Attempt attempt) {
  answer(now, Kind::broken, 0, attempt);
}

Transfer* Operations::transfer(Attempt attempt) {
  const auto found = transfers_.find(attempt.value);
  return found == transfers_.end() ? nullptr : &found->second;
}

// ---- Machines ----------------------------------------------------------------------------------

void Operations::carry_out(Time now, const Allocate& order) {
  SIM_CHECK(order.machine.value == cloud_.machines.size());
  const Flavor& flavor = cloud_.scenario.flavors[order.flavor.value];
  cloud_.machines.emplace_back(order.machine, order.fleet, order.flavor, flavor, now);
  watch_.allocated(now, cloud_.machines.back(), false);
  sim::RandomStream chance{cloud_.scenario.seed, "boot", order.machine.value};
  const double boot = flavor.boot(chance);
  const bool fails = chance.uniform() < flavor.boot_failure;
  cloud_.simulator.at(now + sim::from_seconds_up(boot),
                      {fails ? Kind::boot_failed : Kind::machine_ready, order.machine.value,
                       order.attempt.value});
}

void Operations::on_machine_ready(Time now, MachineId id, Attempt attempt) {
  Machine& machine = cloud_.machine(id);
  if (machine.state != MachineState::booting) return;  // released meanwhile
  if (boots_fail_until_ && now < *boots_fail_until_) return on_boot_failed(now, id, attempt);
  machine.come_up(now);
  watch_.changed_state(now, machine);
  tell(now, MachineReady{id, attempt});
}

void Operations::on_boot_failed(Time now, MachineId id, Attempt attempt) {
  Machine& machine = cloud_.machine(id);
  if (machine.state != MachineState::booting) return;
  machine.release(now);
  watch_.changed_state(now, machine);
  tell(now, BootFailed{id, attempt});
}

void Operations::carry_out(Time now, const Release& order) {
  Machine& machine = cloud_.machine(order.machine);
  if (machine.released != sim::never) return;
  // It may have been lost with tenants whose next home was lost too: written here, served nowhere.
  SIM_CHECK(std::none_of(cloud_.tenants.begin(), cloud_.tenants.end(), [&](const Tenant& t) {
    return t.owner == order.machine && t.served;
  }));
  if (machine.state == MachineState::up) service_.fail_all(now, order.machine);
  lose_replicas_on(order.machine);
  machine.release(now);
  watch_.changed_state(now, machine);
}

void Operations::crash(Time now, MachineId id) {
  Machine& machine = cloud_.machine(id);
  SIM_CHECK(machine.state == MachineState::up);
  break_off_transfers(now, id);
  for (Tenant& tenant : cloud_.tenants) {
    if (tenant.owner == id) tenant.served = false;
  }
  std::erase_if(replications_, [&](const auto& entry) {
    return !cloud_.tenant(entry.second.tenant).served;  // nobody is left to copy from
  });
  // The machine may be back before they would have been done: what it was reading is gone.
  std::erase_if(restores_, [&](const auto& entry) { return entry.second.to == id; });
  lose_replicas_on(id);
  service_.fail_all(now, id);
  for (std::uint32_t i = 0; i < cloud_.tenants.size(); ++i) {
    if (cloud_.tenants[i].owner == id) service_.fail_held(now, TenantId{i});
  }
  machine.crash(now);
  watch_.changed_state(now, machine);
  const Duration detect = cloud_.scenario.fleets[machine.fleet.value].failover.detect;
  cloud_.simulator.at(now + detect, {Kind::machine_detected, id.value, 0});
}

void Operations::break_off_transfers(Time now, MachineId id) {
  for (auto it = transfers_.begin(); it != transfers_.end();) {
    Transfer& t = it->second;
    if (t.done || (t.from != id && t.to != id)) {
      ++it;
    } else if (!switching_.contains(it->first)) {  // back to the source
      drop(now, t);
      break_off(now, Attempt{it->first});
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

void Operations::come_back(Time now, MachineId id) {
  Machine& machine = cloud_.machine(id);
  if (machine.state != MachineState::down || machine.released != sim::never) return;
  machine.come_up(now);
  watch_.changed_state(now, machine);
  tell(now, MachineReturned{id});
}

void Operations::lose_replicas_on(MachineId id) {
  for (Tenant& tenant : cloud_.tenants) {
    if (tenant.replica.machine != id) continue;
    tenant.replica = {};
  }
  std::erase_if(replications_, [&](const auto& entry) { return entry.second.to == id; });
}

// ---- Migration ---------------------------------------------------------------------------------

void Operations::carry_out(Time now, const AskLoads& order) {
  answer(now, Kind::loads_reported, order.machine.value, order.attempt);
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
  if (!possible) return break_off(now, order.attempt);
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
  answer(now, Kind::frozen, 0, order.attempt);
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
  t.rate = copy_rate(t);
  source.reserve_network(now, t.rate);
  target.reserve_network(now, t.rate);
  const Duration transfer = size / BytesPerSecond{t.rate};
  cloud_.simulator.at(now + round_trip + transfer, {Kind::copied, 0, t.attempt});
}

double Operations::copy_rate(const Transfer& t) {
  const Machine& source = cloud_.machine(t.from);
  const Machine& target = cloud_.machine(t.to);
  const double limit = cloud_.scenario.fleets[source.fleet.value].failover.bandwidth.value;
  return std::min({limit, source.network_for_copy(), target.network_for_copy()});
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
  answer(now, Kind::verified, 0, order.attempt);
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
  answer(now, Kind::switched_over, 0, order.attempt);
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
  if (tenant.replica.machine == t.to) {  // owner and replica on one machine are one copy
    if (tenant.replica.complete) cloud_.machine(t.to).let_go(tenant.state);
    tenant.replica = {};
  }
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

bool Operations::spring_trap(Time now, MigrationStep step, const Transfer& t) {
  const auto trap = std::find_if(traps_.begin(), traps_.end(),
                                 [&](const Trap& candidate) { return candidate.step == step; });
  if (trap == traps_.end()) return false;
  const MachineId victim = trap->side == Side::source ? t.from : t.to;
  const auto lasts = trap->lasts;
  traps_.erase(trap);
  watch_.fault(now, victim, "crash during migration");
  const Duration detect =
      cloud_.scenario.fleets[cloud_.machine(victim).fleet.value].failover.detect;
  crash(now, victim);
  if (lasts) {
    cloud_.simulator.at(now + std::max(*lasts, detect), {Kind::machine_returns, victim.value, 0});
  }
  return true;
}

// ---- Restore and replicate ---------------------------------------------------------------------

void Operations::carry_out(Time now, const Restore& order) {
  if (cloud_.machine(order.to).state != MachineState::up) return;  // its loss is still to be told
  restores_[order.attempt.value] = order;
  Duration span = round_trip;
  if (order.from == RestoreFrom::log) {  // the log is read back through the target's disk
    span += cloud_.tenant(order.tenant).state / cloud_.machine(order.to).capacity.disk;
  }
  cloud_.simulator.at(now + span, {Kind::restored, order.tenant.value, order.attempt.value});
}

void Operations::on_restored(Time now, TenantId id, Attempt attempt) {
  const auto found = restores_.find(attempt.value);
  if (found == restores_.end()) return;
  const Restore order = found->second;
  restores_.erase(found);
  Tenant& tenant = cloud_.tenant(id);
  Machine& target = cloud_.machine(order.to);
  // The control plane hears of the lost target by MachineLost and tries another.
  if (tenant.served || target.state != MachineState::up) return;
  std::uint64_t lost = 0;
  if (order.from == RestoreFrom::replica) {
    // Its memory is held here already. A replica that is gone or incomplete cannot be restored.
    if (!tenant.replica.complete || tenant.replica.machine != order.to) {
      return tell(now, MigrationBroken{attempt});
    }
    tenant.replica = {};
  } else if (order.from == RestoreFrom::log) {
    if (!target.try_hold(tenant.state)) return tell(now, MigrationBroken{attempt});
  } else {
    const Bytes state = cloud_.scenario.clients[tenant.group.value].state;
    if (!target.try_hold(state)) return tell(now, MigrationBroken{attempt});
    tenant.state = state;
    tenant.applied = {};
    ++tenant.generation;
    lost = cloud_.ledger.wiped(id);
  }
  --cloud_.machine(tenant.owner).tenants;
  tenant.owner = order.to;
  tenant.epoch = order.epoch;
  tenant.served = true;
  ++target.tenants;
  tell(now, Restored{attempt, lost});
}

void Operations::carry_out(Time now, const Replicate& order) {
  const Tenant& tenant = cloud_.tenant(order.tenant);
  const Machine& owner = cloud_.machine(tenant.owner);
  const Machine& target = cloud_.machine(order.to);
  const double rate =
      std::min({cloud_.scenario.fleets[owner.fleet.value].failover.bandwidth.value,
                owner.network_for_copy(), target.network_for_copy()});
  std::erase_if(replications_,  // a later order takes the place of an earlier one
                [&](const auto& entry) { return entry.second.tenant == order.tenant; });
  replications_[order.attempt.value] = order;
  cloud_.simulator.at(now + round_trip + tenant.state / BytesPerSecond{rate},
                      {Kind::replicated, order.tenant.value, order.attempt.value});
}

void Operations::on_replicated(Time now, TenantId id, Attempt attempt) {
  const auto found = replications_.find(attempt.value);
  if (found == replications_.end()) return;
  const MachineId to = found->second.to;
  replications_.erase(found);
  Tenant& tenant = cloud_.tenant(id);
  Machine& target = cloud_.machine(to);
  const bool possible = tenant.served && tenant.owner != to && tenant.replica.machine != to &&
                        target.state == MachineState::up && target.try_hold(tenant.state);
  if (!possible) return tell(now, MigrationBroken{attempt});
  // The copy before counted until now.
  if (tenant.replica.complete) cloud_.machine(tenant.replica.machine).let_go(tenant.state);
  tenant.replica = {to, true};
  tell(now, Replicated{attempt});
}

void Operations::carry_out(Time, const SetTimer& order) {
  cloud_.simulator.at(order.at, {Kind::timer, 0, order.attempt.value});
}

void Operations::carry_out(Time now, const Notify& order) {
  watch_.notice(now, order.notice);
}

}  // namespace vm::model
