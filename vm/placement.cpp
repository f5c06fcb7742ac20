#include "vm/placement.hpp"

#include <tuple>

namespace vm {
namespace {

struct Pool {  // the machines that a group's tenants are dealt to
  std::vector<MachineId> machines;
  std::size_t turn = 0;  // goes on from group to group, or a hundred groups of one would share
};

}  // namespace

Layout initial_layout(const Scenario& scenario) {
  Layout layout;
  std::vector<Pool> fleets(scenario.fleets.size());
  Pool all;
  for (std::uint32_t f = 0; f < scenario.fleets.size(); ++f) {
    const Fleet& fleet = scenario.fleets[f];
    for (std::uint32_t i = 0; i < fleet.count + fleet.spare; ++i) {
      const bool spare = i >= fleet.count;
      const MachineId machine{static_cast<std::uint32_t>(layout.machines.size())};
      layout.machines.push_back({FleetId{f}, fleet.flavor, spare});
      if (spare) continue;
      fleets[f].machines.push_back(machine);
      all.machines.push_back(machine);
    }
  }
  for (std::uint32_t g = 0; g < scenario.clients.size(); ++g) {
    const ClientGroup& group = scenario.clients[g];
    Pool& pool = group.fleet ? fleets[group.fleet->value] : all;
    const std::size_t n = pool.machines.size();
    for (std::uint32_t i = 0; i < group.count; ++i) {
      const std::size_t turn = pool.turn++;
      const bool second = scenario.durability.replicas == 2 && n > 1;
      layout.owner.push_back(n > 0 ? pool.machines[turn % n] : no_machine);
      layout.replica.push_back(second ? pool.machines[(turn + 1) % n] : no_machine);
      layout.group.push_back(GroupId{g});
    }
  }
  return layout;
}

std::optional<FlavorId> next_bigger(const std::vector<Flavor>& flavors, FlavorId than) {
  const auto size = [&](std::uint32_t f) {
    return std::tuple{flavors[f].capacity.cores, flavors[f].capacity.memory};
  };
  std::optional<FlavorId> best;
  for (std::uint32_t f = 0; f < flavors.size(); ++f)
    if (size(f) > size(than.value) && (!best || size(f) < size(best->value))) best = FlavorId{f};
  return best;
}

}  // namespace vm
