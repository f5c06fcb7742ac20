#include "real/host_choice.hpp"

#include <set>

namespace real {
namespace {

std::set<vm::MachineId> sharers(const vm::Layout& layout, vm::MachineId machine) {
  std::set<vm::MachineId> found;
  for (std::size_t i = 0; i < layout.owner.size(); ++i) {
    if (layout.replica[i] == vm::no_machine) continue;
    if (layout.owner[i] == machine) found.insert(layout.replica[i]);
    if (layout.replica[i] == machine) found.insert(layout.owner[i]);
  }
  return found;
}

}  // namespace

std::optional<HostNumber> choose_host(const vm::Layout& layout, vm::MachineId machine,
                                      const std::map<vm::MachineId, HostNumber>& places,
                                      const std::vector<bool>& fits) {
  const std::set<vm::MachineId> apart = sharers(layout, machine);
  std::vector<std::pair<std::size_t, std::size_t>> load(fits.size());  // sharers, machines
  for (const auto& [other, host] : places) {
    if (other == machine) continue;
    load[host].first += apart.contains(other) ? 1 : 0;
    ++load[host].second;
  }
  std::optional<HostNumber> best;
  for (HostNumber host = 0; host < fits.size(); ++host) {
    if (fits[host] && (!best || load[host] < load[*best])) best = host;
  }
  return best;
}

std::optional<std::pair<vm::MachineId, vm::MachineId>> find_together(
    const vm::Layout& layout, const std::map<vm::MachineId, HostNumber>& places) {
  for (std::size_t i = 0; i < layout.owner.size(); ++i) {
    if (layout.replica[i] == vm::no_machine) continue;
    if (places.at(layout.owner[i]) == places.at(layout.replica[i])) {
      return std::pair{layout.owner[i], layout.replica[i]};
    }
  }
  return {};
}

}  // namespace real
