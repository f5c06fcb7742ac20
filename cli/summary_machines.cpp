// What it ran on: utilisation, hours and cost of each machine, or of each fleet when there are
// many.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <numeric>

#include "cli/summary_page.hpp"
#include "vm/quantity.hpp"

namespace cli {
namespace {

using Align = TextTable::Align;

constexpr std::size_t most_machines = 12;
constexpr std::size_t worst_machines = 5;
constexpr std::size_t bar_cells = 5;

/// Full up to the mean (to an eighth of a cell), shaded up to the highest sample.
std::string bar(double mean, double highest) {
  constexpr std::array<const char*, 8> parts{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto eighths = [](double part) {
    return static_cast<std::size_t>(std::lround(std::clamp(part, 0.0, 1.0) * bar_cells * 8));
  };
  std::string text;
  const std::size_t filled = eighths(mean);
  std::size_t cells = filled / 8;
  for (std::size_t i = 0; i < cells; ++i) text += "█";
  if (filled % 8 != 0) {
    text += parts.at(filled % 8);
    ++cells;
  }
  const std::size_t shaded = (eighths(highest) + 7) / 8;
  for (; cells < std::min(shaded, bar_cells); ++cells) text += "░";
  for (; cells < bar_cells; ++cells) text += "·";
  return text;
}

/// "████  78 100": mean and highest in per cent, with a picture where there is room.
std::string use(double mean, double highest, bool with_bar) {
  char text[32];
  std::snprintf(text, sizeof text, "%3.0f %3.0f", mean * 100, highest * 100);
  return with_bar ? bar(mean, highest) + " " + text : text;
}

struct Line {
  std::string name, second;
  vm::Duration time{};
  vm::PerResource<double> mean, max;
  double cost = 0;
};

Colour colour_of(double mean, double highest) {
  if (mean >= 0.9) return Colour::red;
  return highest >= 0.98 ? Colour::yellow : Colour::green;
}

/// With a bar for each resource, or for the CPU alone.
TextTable table_of(const std::vector<Line>& lines, const char* second, bool all_bars) {
  TextTable table{{{"", Align::left},
                   {second, Align::left},
                   {"time"},
                   {"cpu", Align::left},
                   {"memory", Align::left},
                   {"disk", Align::left},
                   {"network", Align::left},
                   {"cost", Align::right, true}}};
  for (const Line& line : lines) {
    std::vector<TextTable::Cell> row{line.name, line.second, vm::format_duration(line.time)};
    for (const vm::Resource resource : vm::all_resources) {
      const double mean = line.mean[resource], max = line.max[resource];
      const bool with_bar = all_bars || resource == vm::Resource::cpu;
      row.emplace_back(use(mean, max, with_bar), colour_of(mean, max));
    }
    row.emplace_back(money(line.cost));
    table.add(std::move(row));
  }
  return table;
}

/// All the bars that the page has room for.
void print_lines(SummaryPage& page, const std::vector<Line>& lines, const char* second) {
  const TextTable rich = table_of(lines, second, true);
  page.table(rich.width() + 2 <= page.width() ? rich : table_of(lines, second, false));
}

Line line_of(const record::MachineSummary& m) {
  return {machine_name(m.machine, m.fleet) + (m.spare ? ", spare" : ""),
          m.state,
          m.released - m.allocated,
          m.mean,
          m.max,
          m.cost};
}

/// A fleet as one line: means weighted by the time of each machine, the highest of any.
std::vector<Line> fleet_lines(const record::Summary& s) {
  struct Sum {
    Line line;
    std::size_t machines = 0;
  };
  std::vector<std::string> order;
  std::map<std::string, Sum> fleets;
  for (const record::MachineSummary& m : s.machines) {
    auto& [line, machines] = fleets[m.fleet];
    if (machines++ == 0) order.push_back(m.fleet);
    const vm::Duration time = m.released - m.allocated;
    for (const vm::Resource r : vm::all_resources) {
      line.mean[r] += m.mean[r] * sim::seconds(time);
      line.max[r] = std::max(line.max[r], m.max[r]);
    }
    line.time += time;
    line.cost += m.cost;
  }
  std::vector<Line> lines;
  for (const std::string& name : order) {
    auto& [line, machines] = fleets[name];
    const double seconds = sim::seconds(line.time);
    for (const vm::Resource r : vm::all_resources) line.mean[r] /= seconds > 0 ? seconds : 1;
    line.name = name;
    line.second = counted(machines, "machine");
    lines.push_back(line);
  }
  return lines;
}

double busiest(const record::MachineSummary& m) {
  return *std::max_element(m.mean.values.begin(), m.mean.values.end());
}

void print_many(SummaryPage& page, const record::Summary& s) {
  print_lines(page, fleet_lines(s), "");
  std::vector<std::size_t> order(s.machines.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return busiest(s.machines[a]) > busiest(s.machines[b]);
  });
  std::vector<Line> worst;
  for (std::size_t i = 0; i < worst_machines; ++i) worst.push_back(line_of(s.machines[order[i]]));
  page.text("the busiest:");
  print_lines(page, worst, "state");
  page.more(s.machines.size(), worst_machines, "machines.csv");
}

}  // namespace

void print_machines(SummaryPage& page, const record::Summary& s) {
  if (s.machines.empty()) return;
  vm::Duration time{};
  for (const record::MachineSummary& m : s.machines) time += m.released - m.allocated;
  const double spent = sim::seconds(time) / 3600;
  char few[32];
  std::snprintf(few, sizeof few, "%.3g", spent);
  const std::string hours = spent < 1000 ? few : counted(static_cast<std::size_t>(spent + 0.5));
  page.heading("MACHINES", counted(s.machines.size()) + ", " + hours + " machine hours, cost " +
                               money(s.cost) + "; use in per cent, mean and highest");
  if (s.machines.size() > most_machines) return print_many(page, s);
  std::vector<Line> lines;
  for (const record::MachineSummary& m : s.machines) lines.push_back(line_of(m));
  print_lines(page, lines, "state");
}

}  // namespace cli
