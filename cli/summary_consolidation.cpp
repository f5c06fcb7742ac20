// What packing VMs onto few hosts came to: energy, moves, and what it cost those who use the VMs.
#include <algorithm>
#include <array>
#include <cstdio>

#include "cli/summary_page.hpp"
#include "vm/quantity.hpp"

namespace cli {
namespace {

double value_of(const record::Summary& s, std::string_view name) {
  return record::figure(s, name).value_or(0);
}

std::uint64_t count_of(const record::Summary& s, std::string_view name) {
  return static_cast<std::uint64_t>(value_of(s, name));
}

std::string formatted(const char* format, double value) {
  char text[48];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

/// "15.5 s ± 7.6": a mean and a standard deviation.
std::string mean_and_deviation(double mean, double deviation) {
  return formatted("%.2f s, standard deviation ", mean) + formatted("%.2f", deviation);
}

}  // namespace

std::string consolidation_pace(const record::Summary& s) {
  std::string text =
      counted(s.machines.size(), "host") + " for " + vm::format_duration(s.end.time_since_epoch());
  if (s.wall_s) {
    text += ", " + s.world + " in " + vm::format_duration(sim::from_seconds(*s.wall_s));
    if (s.cpu_s) text += " (CPU " + vm::format_duration(sim::from_seconds(*s.cpu_s)) + ")";
  }
  return text + ".";
}

std::string consolidation_events(const record::Summary& s) {
  return formatted("%.2f kWh", value_of(s, "energy_kwh")) + ", " +
         counted(count_of(s, "migrations"), "migration") + ", " +
         counted(count_of(s, "host_shutdowns"), "host shutdown") + "; SLAV " +
         formatted("%.4g", value_of(s, "slav")) + ".";
}

void print_consolidation(SummaryPage& page, const record::Summary& s) {
  if (s.consolidation.empty()) return;
  page.heading("CONSOLIDATION");
  using Align = TextTable::Align;
  TextTable table{{{"", Align::left}, {""}, {"", Align::left}}};
  const auto add = [&](const char* what, std::string value, const char* meaning) {
    table.add({what, std::move(value), meaning});
  };
  const auto scientific = [&](const char* name) { return formatted("%.6g", value_of(s, name)); };
  add("energy", formatted("%.4f kWh", value_of(s, "energy_kwh")), "");
  add("migrations", counted(count_of(s, "migrations")), "planned");
  add("VM moves", counted(count_of(s, "vm_moves")), "arrivals: some were sent on under way");
  add("host shutdowns", counted(count_of(s, "host_shutdowns")), "");
  add("SLATAH", share(value_of(s, "slatah")), "of active host time with less given than asked");
  add("PDM", formatted("%.5f %%", value_of(s, "pdm") * 100), "of the work lost to migrations");
  add("SLAV", scientific("slav"), "SLATAH x PDM");
  add("ESV", scientific("esv"), "energy x SLAV");
  add("overall SLA violation", formatted("%.5f %%", value_of(s, "overall_sla_violation") * 100),
      "of the work asked for was not done");
  add("average SLA violation", share(value_of(s, "average_sla_violation")),
      "was missing where something was");
  page.table(table);
  page.text(
      "A host was on for " +
      mean_and_deviation(value_of(s, "before_shutdown_s_mean"),
                         value_of(s, "before_shutdown_s_deviation")) +
      "; a VM under way for " +
      mean_and_deviation(value_of(s, "migration_s_mean"), value_of(s, "migration_s_deviation")) +
      ".");
  const auto ended = count_of(s, "vms_ended"), unplaced = count_of(s, "vms_unplaced");
  if (ended > 0) page.text(counted(ended, "VM") + " asked for nothing and counted as ended.");
  if (unplaced > 0) {
    page.text(counted(unplaced, "VM") + " found no host at the start.", Colour::yellow);
  }
}

}  // namespace cli
