#include "cli/theory_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "cli/terminal.hpp"
#include "vm/quantity.hpp"

namespace cli {
namespace {

constexpr std::size_t label_width = 22;
constexpr std::size_t column_width = 11;

// ---- Words and numbers
// -----------------------------------------------------------------------------

std::string print(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

/// Three to five digits, whatever the size.
std::string number(double x) {
  if (x == 0) return "0";
  if (x >= 1e7) return print("%.3g", x);
  return print(x >= 1000 ? "%.0f" : x >= 100 ? "%.1f" : x >= 1 ? "%.2f" : "%.3g", x);
}

std::string percent(double share) {
  return share >= 1e4 ? ">10^6 %" : print("%.1f %%", share * 100);
}

std::string time(double s) {
  if (s == 0) return "0";
  if (std::isinf(s)) return "grows";
  if (s < 1e-3) return number(s * 1e6) + " us";
  if (s < 1) return number(s * 1e3) + " ms";
  if (s < 120) return number(s) + " s";
  return s < 7200 ? number(s / 60) + " min" : number(s / 3600) + " h";
}

std::string size(vm::Bytes bytes) {
  const double n = static_cast<double>(bytes.count);
  if (n < 1024) return number(n) + " B";
  if (n < 0x1p20) return number(n / 0x1p10) + " KiB";
  return n < 0x1p30 ? number(n / 0x1p20) + " MiB" : number(n / 0x1p30) + " GiB";
}

std::string right(const std::string& text, std::size_t width = column_width) {
  return std::string(text.size() < width ? width - text.size() : 1, ' ') + text;
}

std::string left(const std::string& text, std::size_t width = label_width) {
  return text + std::string(text.size() < width ? width - text.size() : 1, ' ');
}

std::string counted(double n, const char* one, const char* many) {
  return print("%.0f ", n) + (n == 1 ? one : many);
}

// ---- Tables
// ----------------------------------------------------------------------------------------

struct Column {
  const char* title;
  const vm::MachineTheory* machine;
};

/// Warm-up, mean and peak, or a single one where the rate never changes.
std::vector<Column> columns_of(const vm::FleetTheory& fleet) {
  const double mean = fleet.mean.rate;
  const bool constant = fleet.peak.rate == mean &&
                        (!fleet.warmup || std::abs(fleet.warmup->rate - mean) < 1e-9 * mean);
  if (constant) return {{"all along", &fleet.mean}};
  std::vector<Column> columns;
  if (fleet.warmup) columns.push_back({"warm-up", &*fleet.warmup});
  columns.push_back({"mean", &fleet.mean});
  columns.push_back({"peak", &fleet.peak});
  return columns;
}

void print_groups(std::ostream& out, const vm::Scenario& scenario, const vm::Theory& theory) {
  if (theory.groups.empty()) return;
  const bool warmup = theory.groups.front().warmup.has_value();
  out << "\n  " << left("transactions/s");
  if (warmup) out << right("warm-up");
  out << right("mean") << right("peak") << '\n';
  for (const vm::GroupTheory& group : theory.groups) {
    out << "    " << left(scenario.clients[group.group.value].name, label_width - 2);
    if (warmup) out << right(number(*group.warmup));
    out << right(number(group.mean)) << right(number(group.peak)) << '\n';
  }
}

void print_loads(std::ostream& out, const vm::FleetTheory& fleet, bool colour) {
  const auto columns = columns_of(fleet);
  const auto row = [&](const std::string& label, auto value) {
    out << "    " << left(label, label_width - 2);
    for (const Column& column : columns) out << value(*column.machine);
  };
  const auto loud = [&](const std::string& text, bool full) {
    return paint(right(text), Colour::red, colour && full);
  };
  out << "    " << left("", label_width - 2);
  for (const Column& column : columns) out << right(column.title);
  out << right("SLA at") << right("full at") << '\n';
  row("transactions/s", [](const vm::MachineTheory& m) { return right(number(m.rate)); });
  out << '\n';
  for (const vm::Resource resource : vm::all_resources) {
    if (fleet.peak.demand[resource] == 0) continue;
    row(std::string{to_string(resource)}, [&](const vm::MachineTheory& m) {
      const double load = m.utilisation[resource];
      return loud(std::isinf(load) ? "grows" : percent(load), load >= 1);
    });
    if (std::isfinite(fleet.rate_at_saturation[resource])) {
      out << right(number(fleet.rate_at_threshold[resource]) + "/s")
          << right(number(fleet.rate_at_saturation[resource]) + "/s");
      if (resource == fleet.bottleneck) out << "  <- first";
    }
    out << '\n';
  }
  const auto spent = [&](double s, bool approximate) {
    if (std::isinf(s)) return loud("overloaded", true);
    return right((approximate ? "~" : "") + time(s));
  };
  row("response", [&](const auto& m) { return spent(m.response, m.approximate); });
  out << '\n';
  for (const vm::Resource resource : vm::shared_resources) {
    if (fleet.peak.time[resource] == 0) continue;
    row("  at " + std::string{to_string(resource)},
        [&](const auto& m) { return spent(m.time[resource], m.approximate); });
    out << '\n';
  }
}

// ---- Sentences
// -------------------------------------------------------------------------------------

void print_verdict(std::ostream& out, const vm::Scenario& scenario, const vm::FleetTheory& fleet,
                   bool colour) {
  const vm::Fleet& config = scenario.fleets[fleet.fleet.value];
  const std::string& flavor = scenario.flavors[config.flavor.value].name;
  for (const Column& column : columns_of(fleet)) {
    if (!column.machine->overloaded()) continue;
    std::string what;
    for (const vm::Resource resource : vm::shared_resources)
      if (const double load = column.machine->utilisation[resource]; load >= 1)
        what +=
            (what.empty() ? "" : ", ") + std::string{to_string(resource)} + " at " + percent(load);
    out << "    " << paint("overloaded:", Colour::red, colour) << ' ' << what << " ("
        << column.title << ")\n";
  }
  if (fleet.peak.rate == 0) return;
  if (!fleet.enough) {
    out << "    no number of " << flavor
        << " is enough for the peak: one client alone is too much for a machine\n";
    return;
  }
  out << "    " << *fleet.enough << " x " << flavor
      << (*fleet.enough > config.count ? " would be enough" : " would do")
      << " to keep the SLA at the peak; there are " << config.count;
  if (config.spare > 0) out << " and " << config.spare << " spare";
  out << '\n';
}

void print_state(std::ostream& out, const vm::FleetTheory& fleet) {
  if (fleet.state_end.count == 0) return;
  out << "    state of its tenants: " << size(fleet.state_start) << " at the start, "
      << size(fleet.state_end) << " at the end";
  if (fleet.memory_full)
    out << "; outgrows the memory after " << time(sim::seconds(*fleet.memory_full));
  out << '\n';
}

void print_closed(std::ostream& out, const vm::Scenario& scenario, const vm::ClosedTheory& closed) {
  out << "    closed loop " << scenario.clients[closed.group.value].name << ": "
      << counted(closed.clients, "client", "clients") << " here, thinking " << time(closed.think)
      << '\n';
  if (closed.solution) {
    out << "      by mean value analysis " << number(closed.solution->throughput)
        << " transactions/s, response " << time(closed.solution->response) << ";";
    for (const vm::Resource resource : vm::shared_resources)
      if (const double load = closed.solution->utilisation[resource]; load > 0)
        out << ' ' << to_string(resource) << ' ' << percent(load);
    out << '\n';
  }
  if (closed.bounds.throughput_max > 0)
    out << "      never more than " << number(closed.bounds.throughput_max)
        << "/s, nor a round in less than " << time(closed.bounds.round_min) << "; queues from "
        << print("%.0f", std::ceil(closed.bounds.saturation)) << " clients on\n";
}

/// `text` in lines of at most 92 characters, hanging under a dash.
void print_wrapped(std::ostream& out, const std::string& text) {
  std::string line = "    - ";
  std::size_t start = 0;
  while (start < text.size()) {
    std::size_t end = text.find(' ', start);
    if (end == std::string::npos) end = text.size();
    if (line.size() + (end - start) > 92) {
      out << line.substr(0, line.size() - 1) << '\n';
      line = "      ";
    }
    line += text.substr(start, end - start) + ' ';
    start = end + 1;
  }
  out << line.substr(0, line.size() - 1) << '\n';
}

}  // namespace

void print_theory(std::ostream& out, const vm::Scenario& scenario, const vm::Theory& theory,
                  bool colour) {
  out << paint(scenario.name, Colour::bold, colour) << ": "
      << vm::format_duration(scenario.duration) << ", "
      << counted(scenario.tenant_count(), "client", "clients") << '\n';
  print_groups(out, scenario, theory);
  for (const vm::FleetTheory& fleet : theory.fleets) {
    const vm::Fleet& config = scenario.fleets[fleet.fleet.value];
    const vm::Flavor& flavor = scenario.flavors[config.flavor.value];
    out << "\n  fleet " << config.name << ": " << config.count << " x " << flavor.name << " ("
        << print("%g", flavor.capacity.cores) << (flavor.capacity.cores == 1 ? " core" : " cores")
        << ", memory " << size(flavor.capacity.memory) << ", disk "
        << vm::format_byte_rate(flavor.capacity.disk) << ", network "
        << vm::format_byte_rate(flavor.capacity.network) << ")\n";
    if (fleet.peak.rate > 0) {
      out << "    its busiest machine (number " << fleet.machine.value << ", "
          << percent(fleet.share) << " of the fleet's transactions), and at which rate\n"
          << "    of the whole fleet it reaches the SLA's threshold and is full:\n";
      print_loads(out, fleet, colour);
      print_verdict(out, scenario, fleet, colour);
    }
    print_state(out, fleet);
    for (const vm::ClosedTheory& closed : fleet.closed) print_closed(out, scenario, closed);
  }
  out << "\n  taken for granted\n";
  for (const std::string& assumption : theory.assumptions) print_wrapped(out, assumption);
}

}  // namespace cli
