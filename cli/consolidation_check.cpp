#include "cli/consolidation_check.hpp"

#include <cstdio>
#include <string>

#include "cli/summary_page.hpp"
#include "cli/text_table.hpp"
#include "vm/quantity.hpp"

namespace cli {
namespace {

struct Known {
  double capacity = 0;  // MIPS
  double demand = 0;    // MIPS, mean over the traces
  double full_power_kwh = 0;
};

Known known_of(const vm::Consolidation& consolidation) {
  const vm::DataCenter& center = consolidation.center;
  const vm::UsageTraces& traces = *consolidation.traces;
  Known known;
  double watts = 0;
  for (vm::HostIndex h = 0; h < center.hosts; ++h) {
    const vm::HostKind& kind = center.host_kinds[center.host_kind(h)];
    known.capacity += kind.capacity();
    watts += kind.power.full();
  }
  known.full_power_kwh = watts * center.end / 3.6e6;
  for (vm::VmIndex v = 0; v < center.vms; ++v) {
    double sum = 0;
    for (const double use : traces.of(v % traces.size())) sum += use;
    known.demand +=
        sum / static_cast<double>(traces.length) * center.vm_kinds[center.vm_kind(v)].mips;
  }
  return known;
}

}  // namespace

void print_consolidation_check(std::ostream& out, const vm::Scenario& scenario) {
  const vm::Consolidation& consolidation = *scenario.consolidation;
  const Known known = known_of(consolidation);
  char full_power[64];
  std::snprintf(full_power, sizeof full_power, "%.1f kWh", known.full_power_kwh);
  out << printable(scenario.name) << ": " << consolidation.method << '\n';
  const std::string text =
      counted(consolidation.center.hosts, "host") + " for " +
      counted(consolidation.center.vms, "VM") + ", which ask for " +
      vm::format_percent(known.demand / known.capacity) +
      " of the CPU on average. With every host at full power all the time: " + full_power + ".";
  for (const std::string& line : wrapped(text, 88)) out << "  " << line << '\n';
}

nlohmann::ordered_json consolidation_check_json(const vm::Scenario& scenario) {
  const Known known = known_of(*scenario.consolidation);
  return {{"scenario", scenario.name},
          {"method", scenario.consolidation->method},
          {"hosts", scenario.consolidation->center.hosts},
          {"vms", scenario.consolidation->center.vms},
          {"capacity_mips", known.capacity},
          {"demand_mips_mean", known.demand},
          {"full_power_kwh", known.full_power_kwh}};
}

}  // namespace cli
