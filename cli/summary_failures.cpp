// What broke and what was done about it: SLA failures, faults, failovers, migrations.
#include <algorithm>

#include "cli/summary_page.hpp"
#include "vm/quantity.hpp"

namespace cli {
namespace {

using Align = TextTable::Align;

constexpr std::size_t most_rows = 10;

/// A value of an SLA failure in the unit of its cause.
std::string value_text(const record::SlaFailure& failure, double value) {
  if (failure.cause == "crash") return "-";
  if (failure.cause == "latency") return vm::format_duration(sim::from_seconds(value));
  if (failure.cause == "availability") return money(value) + " x";
  return vm::format_percent(value);
}

std::string length_text(const record::SlaFailure& failure, vm::Time end) {
  const std::string length = vm::format_duration(failure.length(end));
  return failure.end ? length : "over " + length;
}

Colour colour_of(const std::string& result) {
  if (result == "completed") return Colour::green;
  return result == "partial" ? Colour::yellow : Colour::red;
}

void print_faults(SummaryPage& page, const record::Summary& s) {
  if (s.faults.empty()) return;
  page.heading("FAULTS", counted(s.faults.size()));
  TextTable table{{{"at"}, {"machine"}, {"", Align::left}}};
  const std::size_t shown = std::min(most_rows, s.faults.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const record::FaultSummary& fault = s.faults[i];
    table.add({instant(fault.at), machine_name(fault.machine, ""), fault.what});
  }
  page.table(table);
  page.more(s.faults.size(), shown, "faults.csv");
}

std::string policy_text(const record::Summary& s) {
  std::string text;
  for (const std::string& policy : s.policies) text += (text.empty() ? "" : ", ") + policy;
  return s.policies.size() == 1 ? "policy " + text : "policies " + text;
}

std::vector<TextTable::Cell> failover_row(const record::Failover& failover) {
  std::vector<TextTable::Cell> row{std::to_string(failover.number), failover.cause,
                                   instant(failover.triggered),
                                   machine_name(failover.from, failover.fleet)};
  if (!failover.end) {
    for (const char* cell : {"", "", "", "", ""}) row.emplace_back(cell);
    row.emplace_back("under way", Colour::yellow);
    return row;
  }
  const record::Failover::End& end = *failover.end;
  row.emplace_back(machine_name(failover.to, ""));
  row.emplace_back(counted(end.moved));
  row.emplace_back(vm::format_bytes(end.bytes));
  row.emplace_back(vm::format_duration(end.pause_max));
  row.emplace_back(vm::format_duration(end.at - failover.triggered));
  std::string result = end.result;
  if (end.aborted > 0) result += ", " + counted(end.aborted) + " given up";
  if (end.lost > 0) result += ", " + counted(end.lost, "write") + " lost";
  row.emplace_back(result, end.lost > 0 ? Colour::red : colour_of(end.result));
  return row;
}

}  // namespace

void print_failures(SummaryPage& page, const record::Summary& s) {
  print_faults(page, s);
  if (s.sla_failures.empty()) return page.heading("SLA FAILURES", "none");
  vm::Duration sum{};
  for (const record::SlaFailure& failure : s.sla_failures) sum += failure.length(s.end);
  page.heading("SLA FAILURES",
               counted(s.sla_failures.size()) + ", together " + vm::format_duration(sum));
  TextTable table{{{"", Align::left},
                   {"cause", Align::left},
                   {"machine", Align::left},
                   {"from"},
                   {"lasted"},
                   {"worst"},
                   {"limit"}}};
  const std::size_t shown = std::min(most_rows, s.sla_failures.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const record::SlaFailure& f = s.sla_failures[i];
    table.add({std::to_string(f.number),
               f.cause,
               machine_name(f.machine, f.fleet),
               instant(f.start),
               {length_text(f, s.end), f.end ? Colour::none : Colour::red},
               value_text(f, f.worst.value_or(f.value)),
               value_text(f, f.limit)});
  }
  page.table(table);
  page.more(s.sla_failures.size(), shown, "sla_failures.csv");
}

void print_failovers(SummaryPage& page, const record::Summary& s) {
  if (s.failovers.empty()) {
    page.heading("FAILOVERS", "none; " + policy_text(s));
  } else {
    page.heading("FAILOVERS", counted(s.failovers.size()) + "; " + policy_text(s));
    TextTable table{{{"", Align::left},
                     {"cause", Align::left},
                     {"at"},
                     {"from", Align::left},
                     {"to", Align::left},
                     {"moved"},
                     {"copied"},
                     {"pause"},
                     {"took"},
                     {"result", Align::left}}};
    const std::size_t shown = std::min(most_rows, s.failovers.size());
    for (std::size_t i = 0; i < shown; ++i) table.add(failover_row(s.failovers[i]));
    page.table(table);
    page.more(s.failovers.size(), shown, "failovers.csv");
  }
  for (const record::Withheld& withheld : s.withheld) {
    page.text(counted(withheld.times, "failover") + " not made: " + withheld.reason +
              " (first at " + instant(withheld.first) + ")");
  }
  if (s.migrations.count == 0) return;
  std::string text = counted(s.migrations.count) + ", " + counted(s.migrations.aborted) +
                     " aborted; " + vm::format_bytes(s.migrations.bytes) + " copied";
  if (s.migrations.pause_p50 && s.migrations.pause_max) {
    text += "; pause " + vm::format_duration(*s.migrations.pause_p50) + " at the median, " +
            vm::format_duration(*s.migrations.pause_max) + " at most";
  }
  page.heading("MIGRATIONS", text);
}

}  // namespace cli
