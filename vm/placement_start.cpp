#include "vm/placement_start.hpp"

#include <compare>
#include <functional>
#include <map>
#include <queue>

namespace vm {
namespace {

/// All that the choice looks at.
struct State {
  HostKindIndex kind = 0;
  double promised = 0, memory = 0, bandwidth = 0;
  auto operator<=>(const State&) const = default;
};
using LowestFirst = std::priority_queue<HostIndex, std::vector<HostIndex>, std::greater<HostIndex>>;
using HostsByState = std::map<State, LowestFirst>;

bool fits(const HostKind& host, const State& carried, const VmKind& vm) {
  return vm.mips <= host.mips && carried.promised + vm.mips <= host.capacity() &&
         carried.memory + vm.memory <= host.memory &&
         carried.bandwidth + vm.bandwidth <= host.bandwidth;
}

double cost(const HostKind& host, const State& carried, const VmKind& vm, bool stale_watts) {
  double before = host.power.at(0);
  if (!stale_watts)
    before = carried.promised > 0 ? host.power.at(carried.promised / host.capacity()) : 0;
  return power_cost(host.for_placement(), carried.promised, vm.mips, before);
}

/// The states' best host, if any fits.
HostsByState::iterator best_state(HostsByState& states, const DataCenter& center,
                                  const VmKind& vm) {
  auto best = states.end();
  double best_cost = 0;
  for (auto state = states.begin(); state != states.end(); ++state) {
    const HostKind& host = center.host_kinds[state->first.kind];
    if (!fits(host, state->first, vm)) continue;
    const double watts = center.running == Running::consolidated
                             ? cost(host, state->first, vm, center.policy.quirks.stale_watts)
                             : 0.0;
    if (best != states.end() &&
        (watts > best_cost || (watts == best_cost && state->second.top() > best->second.top())))
      continue;
    best = state;
    best_cost = watts;
  }
  return best;
}

}  // namespace

std::vector<std::optional<HostIndex>> start_hosts(const DataCenter& center) {
  HostsByState states;
  for (HostIndex host = 0; host < center.hosts; ++host)
    states[{center.host_kind(host), 0, 0, 0}].push(host);
  std::vector<std::optional<HostIndex>> homes(center.vms);
  for (VmIndex i = 0; i < center.vms; ++i) {
    const VmKind& vm = center.vm_kinds[center.vm_kind(i)];
    const auto from = best_state(states, center, vm);
    if (from == states.end()) continue;
    const HostIndex host = from->second.top();
    State carried = from->first;
    from->second.pop();
    if (from->second.empty()) states.erase(from);
    carried.promised += vm.mips;
    carried.memory += vm.memory;
    carried.bandwidth += vm.bandwidth;
    states[carried].push(host);
    homes[i] = host;
  }
  return homes;
}

}  // namespace vm
