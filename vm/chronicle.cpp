#include "vm/chronicle.hpp"

#include <algorithm>

#include "sim/check.hpp"
#include "vm/placement.hpp"

namespace vm {

Chronicle::Chronicle(const Scenario& scenario) : scenario_(scenario), plane_(scenario) {}

void Chronicle::allocated(Time at, MachineId id, FleetId fleet, FlavorId flavor, bool spare,
                          Batch& batch) {
  SIM_CHECK(id.value == machines_.size());
  Machine& machine = machines_.emplace_back();
  machine.row = {at, id, fleet, flavor, spare};
  batch.machines.push_back(machine.row);
}

void Chronicle::change(Time at, MachineId id, MachineState state, Batch& batch) {
  machines_[id.value].state = state;
  batch.machine_states.push_back({at, id, state, machines_[id.value].released != sim::never});
}

void Chronicle::begin(Batch& batch) {
  const Layout layout = initial_layout(scenario_);
  for (std::uint32_t i = 0; i < layout.machines.size(); ++i) {
    const auto& [fleet, flavor, spare] = layout.machines[i];
    allocated(Time{}, {i}, fleet, flavor, spare, batch);
    change(Time{}, {i}, MachineState::up, batch);
  }
}

void Chronicle::tell(Time at, const Fact& fact, Batch& batch) {
  ++facts_;
  batch.now = at;
  note(at, fact, batch);
  orders_.clear();
  plane_.step(at, fact, orders_);
  for (const Order& order : orders_) {
    if (const auto* allocate = std::get_if<Allocate>(&order)) {
      allocated(at, allocate->machine, allocate->fleet, allocate->flavor, false, batch);
      change(at, allocate->machine, MachineState::booting, batch);
    } else if (const auto* release = std::get_if<Release>(&order)) {
      machines_[release->machine.value].released = at;
      change(at, release->machine, MachineState::down, batch);
    } else if (const auto* drain = std::get_if<Drain>(&order)) {
      const bool up = plane_.inventory().is_up(drain->machine);
      if (up) {
        change(at, drain->machine, drain->begins ? MachineState::draining : MachineState::up,
               batch);
      }
    } else if (const auto* notify = std::get_if<Notify>(&order)) {
      batch.notices.push_back({at, notify->notice});
    }
  }
}

/// What the fact itself says, by what was known before it.
void Chronicle::note(Time at, const Fact& fact, Batch& batch) {
  const Inventory& known = plane_.inventory();
  const auto life = [&](MachineId id) {
    return known.knows(id) ? known[id].life : Inventory::Life::released;
  };
  if (const auto* sampled = std::get_if<Sampled>(&fact)) {
    if (life(sampled->machine) != Inventory::Life::up) return;
    Machine& machine = machines_[sampled->machine.value];
    batch.samples.push_back({at, sampled->machine, machine.state, sampled->sample});
    if (at.time_since_epoch() <= scenario_.warmup) return;
    ++machine.samples;
    for (const Resource r : all_resources) {
      machine.sum[r] += sampled->sample.utilisation[r];
      machine.most[r] = std::max(machine.most[r], sampled->sample.utilisation[r]);
    }
  } else if (const auto* ready = std::get_if<MachineReady>(&fact)) {
    if (life(ready->machine) == Inventory::Life::booting) {
      change(at, ready->machine, MachineState::up, batch);
    }
  } else if (const auto* lost = std::get_if<MachineLost>(&fact)) {
    if (life(lost->machine) == Inventory::Life::up) {
      change(at, lost->machine, MachineState::down, batch);
    }
  } else if (const auto* returned = std::get_if<MachineReturned>(&fact)) {
    if (life(returned->machine) == Inventory::Life::lost) {
      change(at, returned->machine, MachineState::up, batch);
    }
  }
}

std::vector<MachineOutcome> Chronicle::machines(Time end) const {
  std::vector<MachineOutcome> outcomes;
  for (const Machine& machine : machines_) {
    const Time released = std::min(machine.released, end);
    const double hours = sim::seconds(released - machine.row.at) / 3600;
    MachineOutcome outcome{.machine = machine.row.machine,
                           .fleet = machine.row.fleet,
                           .flavor = machine.row.flavor,
                           .state = machine.state,
                           .allocated = machine.row.at,
                           .released = released,
                           .utilisation = {},
                           .utilisation_max = machine.most,
                           .cost = hours * scenario_.flavors[machine.row.flavor.value].price};
    for (const Resource r : all_resources) {
      if (machine.samples == 0) continue;
      outcome.utilisation[r] = machine.sum[r] / static_cast<double>(machine.samples);
    }
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

}  // namespace vm
