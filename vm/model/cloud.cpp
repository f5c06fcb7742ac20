#include "vm/model/cloud.hpp"

namespace vm::model {

Cloud::Cloud(const Scenario& scenario_) : scenario(scenario_), ledger(scenario_.tenant_count()) {
  const Layout layout = initial_layout(scenario);
  machines.reserve(layout.machines.size() * 2);
  for (std::uint32_t i = 0; i < layout.machines.size(); ++i) {
    const auto& [fleet, flavor, spare] = layout.machines[i];
    machines.emplace_back(MachineId{i}, fleet, flavor, scenario.flavors[flavor.value], Time{});
    machines.back().come_up(Time{});
  }
  tenants.resize(layout.owner.size());
  for (std::size_t i = 0; i < tenants.size(); ++i) {
    Tenant& t = tenants[i];
    t.group = layout.group[i];
    t.owner = layout.owner[i];
    t.state = scenario.clients[t.group.value].state;
    t.replica.machine = layout.replica[i];
    t.replica.complete = t.replica.machine != no_machine;
    Machine& owner = machine(t.owner);
    ++owner.tenants;
    // The scenario reader has checked that the initial states fit.
    SIM_CHECK(owner.try_hold(t.state));
    if (t.replica.complete) SIM_CHECK(machine(t.replica.machine).try_hold(t.state));
  }
  std::uint32_t first = 0;
  for (const ClientGroup& group : scenario.clients) {
    first_tenant.push_back(first);
    first += group.count;
  }
}

}  // namespace vm::model
