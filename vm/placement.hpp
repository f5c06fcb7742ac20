// Placement: where tenants live. At the start: dealt out in turn over the machines of their fleet.
//
// Both worlds and the control plane compute the same layout from the scenario, so nobody has to be
// told it.
#pragma once

#include <optional>
#include <vector>

#include "vm/scenario.hpp"

namespace vm {

struct Layout {
  struct Machine {
    FleetId fleet;
    FlavorId flavor;
    bool spare = false;
  };
  std::vector<Machine> machines;   // by MachineId: each fleet's machines, then its spares
  std::vector<MachineId> owner;    // by TenantId: groups in order, `count` tenants each
  std::vector<MachineId> replica;  // by TenantId: no_machine unless replicas = 2
  std::vector<GroupId> group;      // by TenantId
};

/// Tenants are dealt to the machines (never spares) of their fleet, or of all fleets, in turn; the
/// replica is on the next machine of the same round (none where there is no other machine). The
/// turn goes on from group to group. Deterministic, O(machines + tenants).
Layout initial_layout(const Scenario& scenario);

/// The smallest flavor that is bigger, by cores and then by memory; none when there is no bigger
/// one.
std::optional<FlavorId> next_bigger(const std::vector<Flavor>& flavors, FlavorId than);

}  // namespace vm
