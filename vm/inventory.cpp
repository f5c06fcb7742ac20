#include "vm/inventory.hpp"

#include <algorithm>

#include "sim/check.hpp"
#include "vm/placement.hpp"

namespace vm {

Inventory::Inventory(const Scenario& scenario)
    : running_(scenario.fleets.size()), spares_(scenario.fleets.size()) {
  const Layout layout = initial_layout(scenario);
  for (const Layout::Machine& m : layout.machines) {
    machines_.push_back({m.fleet, m.flavor, Life::up, false, false, {}, {}, {}, {}});
    ++running_[m.fleet.value];
    if (m.spare) make_spare({static_cast<std::uint32_t>(machines_.size() - 1)});
  }
  tenants_.resize(layout.owner.size());
  for (std::uint32_t t = 0; t < tenants_.size(); ++t) {
    SIM_CHECK(knows(layout.owner[t]));  // a scenario has a machine for everybody
    tenants_[t].owner = layout.owner[t];
    tenants_[t].state = scenario.clients[layout.group[t].value].state;
    Machine& home = machines_[layout.owner[t].value];
    list(home.tenants, {t});
    home.held += tenants_[t].state;
    if (layout.replica[t] != no_machine) set_replica({t}, layout.replica[t], true);
  }
}

void Inventory::list(std::vector<TenantId>& list, TenantId tenant) {
  list.insert(std::lower_bound(list.begin(), list.end(), tenant), tenant);
}

void Inventory::unlist(std::vector<TenantId>& list, TenantId tenant) {
  const auto at = std::lower_bound(list.begin(), list.end(), tenant);
  SIM_CHECK(at != list.end() && *at == tenant);
  list.erase(at);
}

MachineId Inventory::add(FleetId fleet, FlavorId flavor) {
  machines_.push_back({fleet, flavor, Life::booting, false, false, {}, {}, {}, {}});
  return {machine_count() - 1};
}

void Inventory::up(MachineId machine) {
  Machine& m = machines_[machine.value];
  SIM_CHECK(m.life == Life::booting || m.life == Life::lost);
  if (m.life == Life::booting) ++running_[m.fleet.value];
  m.life = Life::up;
}

void Inventory::lost(MachineId machine) {
  Machine& m = machines_[machine.value];
  SIM_CHECK(m.life == Life::up);
  m.life = Life::lost;
  if (m.spare) spares_[m.fleet.value].erase(machine);
  m.spare = false;
  for (const TenantId t : m.tenants) {
    tenants_[t.value].served = false;
    if (cut_by_[t].insert(machine).second) ++cut_off_[machine];
  }
  for (const TenantId t : m.copies) tenants_[t.value].replica_complete = false;
}

void Inventory::retire(MachineId machine) {
  machines_[machine.value].retiring = true;
}

void Inventory::release(MachineId machine) {
  Machine& m = machines_[machine.value];
  SIM_CHECK(m.tenants.empty() && m.copies.empty() && m.life != Life::released);
  if (m.life != Life::booting) --running_[m.fleet.value];
  if (m.spare) spares_[m.fleet.value].erase(machine);
  m.spare = false;
  m.life = Life::released;
}

void Inventory::make_spare(MachineId machine) {
  Machine& m = machines_[machine.value];
  SIM_CHECK(m.life == Life::up && m.tenants.empty() && m.copies.empty() && !m.retiring);
  m.spare = true;
  spares_[m.fleet.value].insert(machine);
}

std::optional<MachineId> Inventory::take_spare(FleetId fleet, FlavorId flavor) {
  auto& spares = spares_[fleet.value];
  const auto found = std::find_if(spares.begin(), spares.end(),
                                  [&](MachineId m) { return machines_[m.value].flavor == flavor; });
  if (found == spares.end()) return std::nullopt;
  const MachineId machine = *found;
  spares.erase(found);
  machines_[machine.value].spare = false;
  return machine;
}

void Inventory::own(TenantId tenant, MachineId machine) {
  Tenant& t = tenants_[tenant.value];
  if (t.replica == machine) set_replica(tenant, no_machine, false);
  machines_[machine.value].retiring = false;  // it is needed again
  if (machines_[machine.value].spare) {
    spares_[machines_[machine.value].fleet.value].erase(machine);
    machines_[machine.value].spare = false;
  }
  if (t.owner != machine) {
    Machine& before = machines_[t.owner.value];
    unlist(before.tenants, tenant);
    before.held -= t.state;
    Machine& after = machines_[machine.value];
    list(after.tenants, tenant);
    after.held += t.state;
  }
  t.owner = machine;
  ++t.epoch;
}

void Inventory::serve(TenantId tenant, std::vector<MachineId>& recovered) {
  tenants_[tenant.value].served = true;
  const auto cut = cut_by_.find(tenant);
  if (cut == cut_by_.end()) return;
  for (const MachineId machine : cut->second) {
    const auto count = cut_off_.find(machine);
    if (--count->second > 0) continue;
    cut_off_.erase(count);
    recovered.push_back(machine);
  }
  cut_by_.erase(cut);
}

void Inventory::set_state(TenantId tenant, Bytes state) {
  Tenant& t = tenants_[tenant.value];
  const Bytes grown = state - t.state;
  machines_[t.owner.value].held += grown;
  if (t.replica != no_machine) machines_[t.replica.value].held += grown;
  t.state = state;
}

void Inventory::set_replica(TenantId tenant, MachineId machine, bool complete) {
  Tenant& t = tenants_[tenant.value];
  if (t.replica != machine) {
    if (t.replica != no_machine) {
      unlist(machines_[t.replica.value].copies, tenant);
      machines_[t.replica.value].held -= t.state;
    }
    if (machine != no_machine) {
      Machine& home = machines_[machine.value];
      list(home.copies, tenant);
      home.held += t.state;
      if (home.spare) spares_[home.fleet.value].erase(machine);
      home.spare = false;
    }
  }
  t.replica = machine;
  t.replica_complete = complete;
}

}  // namespace vm
