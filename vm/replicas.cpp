#include "vm/replicas.hpp"

#include <algorithm>
#include <tuple>

namespace vm {
namespace {

using namespace std::chrono_literals;

// After a refusal; doubled with each further one, up to the limit: room may come free elsewhere
// soon, and asking costs a whole copy.
constexpr Duration first_rest = 1s;
constexpr Duration longest_rest = 60s;

}  // namespace

Replicas::Replicas(const Scenario& scenario, Inventory& inventory, Attempts& attempts)
    : fleets_(scenario.fleets),
      two_(scenario.durability.replicas == 2),
      inventory_(inventory),
      attempts_(attempts) {
  for (const Flavor& flavor : scenario.flavors) memory_.push_back(flavor.capacity.memory);
  for (std::uint32_t t = 0; two_ && t < inventory.tenant_count(); ++t)
    if (!inventory[TenantId{t}].replica_complete) want({t});  // alone at the start
}

const FailoverConfig& Replicas::config(MachineId machine) const {
  return fleets_[inventory_[machine].fleet.value].failover;
}

void Replicas::want(TenantId tenant) {
  if (!two_) return;
  wanted_.insert(tenant);
  stalled_ = false;
}

MachineId Replicas::home(TenantId tenant, const std::function<bool(MachineId)>& fit) const {
  const Inventory::Tenant& t = inventory_[tenant];
  if (t.replica != no_machine && !t.replica_complete)  // its place was kept
    return inventory_.is_up(t.replica) ? t.replica : no_machine;

  const bool only_elsewhere = t.replica_complete && !inventory_[t.replica].retiring;
  MachineId best = no_machine;
  std::tuple<bool, bool, bool, bool, std::size_t> least;
  const auto rest = rests_.find(tenant);
  const MachineId refused_by = rest == rests_.end() ? no_machine : rest->second.refused_by;
  for (std::uint32_t i = 0; i < inventory_.machine_count(); ++i) {
    const MachineId m{i};
    const Inventory::Machine& machine = inventory_[m];
    if (!inventory_.is_up(m) || machine.retiring || m == t.owner || m == t.replica || !fit(m) ||
        machine.held + t.state > memory_[machine.flavor.value])
      continue;
    const bool together = inventory_.together(m, t.owner);
    if (only_elsewhere && (together || !machine.host)) continue;
    const std::tuple carries{m == refused_by, together, machine.fleet != inventory_[t.owner].fleet,
                             machine.spare, machine.tenants.size() + machine.copies.size()};
    if (best != no_machine && !(carries < least)) continue;
    best = m;
    least = carries;
  }
  return best;
}

bool Replicas::needs_copy(TenantId tenant) const {
  const Inventory::Tenant& t = inventory_[tenant];
  return !t.replica_complete || inventory_[t.replica].retiring ||
         inventory_.together(t.replica, t.owner);
}

bool Replicas::try_start(Time now, const std::function<bool(TenantId)>& ready,
                         const std::function<bool(MachineId)>& fit, std::vector<Order>& orders) {
  if (stalled_) return false;
  std::erase_if(wanted_, [&](TenantId tenant) { return !needs_copy(tenant); });
  for (const TenantId tenant : wanted_) {
    if (busy(tenant) || !inventory_[tenant].served || !ready(tenant)) continue;
    const MachineId to = home(tenant, fit);
    if (to == no_machine) continue;
    wanted_.erase(tenant);
    const Attempt attempt = attempts_.open(Attempts::About::replica, tenant.value);
    building_[tenant] = {attempt, {}, to};
    orders.push_back(Replicate{attempt, tenant, to});
    set_alarm(now, tenant, orders);
    return true;
  }
  stalled_ = true;
  return false;
}

void Replicas::set_alarm(Time now, TenantId tenant, std::vector<Order>& orders) {
  Building& building = building_.at(tenant);
  building.alarm = attempts_.open(Attempts::About::replica, tenant.value);
  orders.push_back(SetTimer{building.alarm, now + config(inventory_[tenant].owner).timeout});
}

std::optional<TenantId> Replicas::tenant_of(Attempt attempt) const {
  const auto* subject = attempts_.find(attempt);
  if (!subject || subject->about != Attempts::About::replica) return std::nullopt;
  return TenantId{subject->index};
}

void Replicas::on(const Replicated& fact) {
  const auto tenant = tenant_of(fact.attempt);
  if (!tenant) return;
  const auto found = building_.find(*tenant);
  if (found == building_.end() || found->second.attempt != fact.attempt) return;
  const MachineId to = found->second.to;
  stop(*tenant);
  if (const auto rest = rests_.find(*tenant); rest != rests_.end()) {
    attempts_.close(rest->second.alarm);
    rests_.erase(rest);
  }
  inventory_.set_replica(*tenant, to, true);
  if (needs_copy(*tenant)) want(*tenant);  // its home is to be released meanwhile
}

/// What its owner acknowledges from now on is nowhere else: it must not take over.
void Replicas::on(const ReplicaBroken& fact) {
  if (fact.tenant.value >= inventory_.tenant_count()) return;
  const Inventory::Tenant& tenant = inventory_[fact.tenant];
  if (!tenant.replica_complete || tenant.replica != fact.machine) return;
  inventory_.set_replica(fact.tenant, no_machine, false);
  want(fact.tenant);
}

void Replicas::on(Time now, const MigrationBroken& fact, std::vector<Order>& orders) {
  const auto tenant = tenant_of(fact.attempt);
  if (!tenant) return;
  const auto found = building_.find(*tenant);
  if (found == building_.end() || found->second.attempt != fact.attempt) return;
  Rest& rest = rests_[*tenant];
  attempts_.close(rest.alarm);
  rest.alarm = attempts_.open(Attempts::About::replica, tenant->value);
  rest.refused_by = found->second.to;
  const auto doublings = std::min(rest.times++, 16u);
  stop(*tenant);
  orders.push_back(
      SetTimer{rest.alarm, now + std::min(first_rest * (1 << doublings), longest_rest)});
  look_again();  // its place is free
}

void Replicas::on(Time now, const TimerFired& fact, std::vector<Order>& orders) {
  const auto tenant = tenant_of(fact.attempt);
  if (!tenant) return;
  attempts_.close(fact.attempt);
  const auto found = building_.find(*tenant);
  if (found == building_.end() || found->second.alarm != fact.attempt) return want(*tenant);
  orders.push_back(Replicate{found->second.attempt, *tenant, found->second.to});
  set_alarm(now, *tenant, orders);
}

void Replicas::stop(TenantId tenant) {
  const auto found = building_.find(tenant);
  attempts_.close(found->second.attempt);
  attempts_.close(found->second.alarm);
  building_.erase(found);
}

bool Replicas::builds_on(MachineId machine) const {
  for (const auto& [tenant, building] : building_)
    if (building.to == machine) return true;
  return false;
}

void Replicas::lost(MachineId machine) {
  std::vector<TenantId> void_orders;
  for (const auto& [tenant, building] : building_)
    if (building.to == machine || inventory_[tenant].owner == machine)
      void_orders.push_back(tenant);
  for (const TenantId tenant : void_orders) {
    stop(tenant);
    want(tenant);
  }
  const std::vector<TenantId> copies = inventory_[machine].copies;
  for (const TenantId tenant : copies) {
    if (config(inventory_[tenant].owner).policy == FailoverPolicy::none) continue;
    inventory_.set_replica(tenant, no_machine, false);
    want(tenant);
  }
  look_again();
}

void Replicas::housed(MachineId machine) {
  for (const TenantId tenant : inventory_[machine].tenants) want(tenant);
  for (const TenantId tenant : inventory_[machine].copies) want(tenant);
  look_again();
}

void Replicas::returned(MachineId machine) {
  for (const TenantId tenant : inventory_[machine].copies) want(tenant);
  look_again();
}

}  // namespace vm
