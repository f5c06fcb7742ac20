#include "vm/consolidation_outcome.hpp"

namespace vm {

std::vector<ConsolidationFigure> figures_of(const ConsolidationOutcome& o) {
  const auto count = [](const char* name, std::uint64_t n) {
    return ConsolidationFigure{name, static_cast<double>(n), true};
  };
  return {{"energy_kwh", o.energy_kwh},
          count("migrations", o.migrations),
          count("vm_moves", o.vm_moves),
          count("host_shutdowns", o.host_shutdowns()),
          {"slatah", o.slatah()},
          {"pdm", o.pdm()},
          {"slav", o.slav()},
          {"esv", o.esv()},
          {"overall_sla_violation", o.overall_sla_violation()},
          {"average_sla_violation", o.average_sla_violation()},
          {"before_shutdown_s_mean", o.before_shutdown.mean()},
          {"before_shutdown_s_deviation", o.before_shutdown.deviation()},
          {"migration_s_mean", o.migration.mean()},
          {"migration_s_deviation", o.migration.deviation()},
          count("threshold_failures", o.threshold_failures),
          count("vms_ended", o.idle_removed),
          count("vms_unplaced", o.unplaced)};
}

std::vector<std::string> consolidation_figure_names() {
  std::vector<std::string> names;
  for (const ConsolidationFigure& figure : figures_of({}))
    if (figure.name != "migrations") names.push_back(figure.name);  // every run has these
  return names;
}

}  // namespace vm
