#include "viz/model/run_view.hpp"

#include <algorithm>

namespace viz::model {

std::string RunInfo::name(MachineId machine) const {
  if (machine.value < names.size()) return names[machine.value];
  return "machine " + std::to_string(machine.value);
}

std::uint32_t RunInfo::clients() const {
  return groups.empty() ? 0 : groups.back().first_client + groups.back().clients;
}

std::optional<GroupId> RunInfo::group_of(TenantId client) const {
  for (std::uint32_t g = 0; g < groups.size(); ++g) {
    const std::uint32_t first = groups[g].first_client;
    if (client.value >= first && client.value - first < groups[g].clients) return GroupId{g};
  }
  return std::nullopt;
}

Resource MachineView::worst_resource() const {
  return *std::max_element(vm::all_resources.begin(), vm::all_resources.end(),
                           [this](Resource a, Resource b) { return use[a] < use[b]; });
}

std::string_view to_string(EventKind kind) {
  constexpr std::array<std::string_view, event_kinds> names{
      "SLA failure", "recovery", "failover", "failover over", "migration", "crash",
      "fault",       "boot",     "release",  "withheld",      "change"};
  return names[static_cast<std::size_t>(kind)];
}

}  // namespace viz::model
