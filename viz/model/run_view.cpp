#include "viz/model/run_view.hpp"

#include <algorithm>

namespace viz::model {

std::string RunInfo::name(MachineId machine) const {
  if (machine.value < names.size()) return names[machine.value];
  return "machine " + std::to_string(machine.value);
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
