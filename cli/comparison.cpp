#include "cli/comparison.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "cli/summary_page.hpp"
#include "vm/quantity.hpp"

namespace cli {
namespace {

/// An expectation may write "p99_ms" for the whole run's "latency_ms_p99"; here one is enough.
bool is_second_name(std::string_view name) {
  constexpr std::array<std::string_view, 6> aliases{"mean_ms", "p50_ms",  "p90_ms",
                                                    "p99_ms",  "p999_ms", "max_ms"};
  return std::ranges::find(aliases, name) != aliases.end();
}

Unit unit_of(std::string_view name) {
  const auto dot = name.rfind('.');
  if (dot != std::string_view::npos) name.remove_prefix(dot + 1);
  if (name.ends_with("_ms") || name.find("_ms_") != std::string_view::npos) {
    return Unit::milliseconds;
  }
  if (name.ends_with("_s")) return Unit::seconds;
  if (name.ends_with("_bytes")) return Unit::bytes;
  if (name == "cost") return Unit::money;
  if (name.starts_with("committed_share")) return Unit::share;
  for (const vm::Resource resource : vm::all_resources) {
    const std::string prefix = std::string{to_string(resource)} + "_";
    if (name.starts_with(prefix)) return Unit::share;
  }
  return Unit::count;
}

std::vector<std::string> groups_of(const record::Summary& first, const record::Summary& second) {
  std::vector<std::string> names;
  for (const record::Summary* s : {&first, &second}) {
    for (const record::GroupSummary& group : s->groups) {
      if (std::ranges::find(names, group.name) == names.end()) names.push_back(group.name);
    }
  }
  return names;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text.empty() ? "none" : text;
}

bool same_writes(const std::optional<record::Writes>& a, const std::optional<record::Writes>& b) {
  return a && b && a->acknowledged == b->acknowledged && a->applied == b->applied &&
         a->unacknowledged == b->unacknowledged && a->lost == b->lost &&
         a->duplicated == b->duplicated;
}

}  // namespace

std::optional<double> ComparedFigure::difference() const {
  if (!first || !second) return std::nullopt;
  return *second - *first;
}

std::optional<double> ComparedFigure::percent() const {
  const auto by = difference();
  if (!by) return std::nullopt;
  if (*by == 0) return 0;
  if (*first == 0) return std::nullopt;
  return *by / std::abs(*first) * 100;
}

std::vector<ComparedFigure> compare_figures(const record::Summary& first,
                                            const record::Summary& second) {
  std::vector<ComparedFigure> figures;
  for (const std::string& name : vm::expectation_names(groups_of(first, second))) {
    if (is_second_name(name)) continue;
    ComparedFigure f{name, unit_of(name), record::figure(first, name),
                     record::figure(second, name)};
    if (f.first || f.second) figures.push_back(std::move(f));
  }
  for (const auto& [name, member] : {std::pair{"wall_s", &record::Summary::wall_s},
                                     std::pair{"cpu_s", &record::Summary::cpu_s}}) {
    if (first.*member || second.*member) {
      figures.push_back({name, Unit::seconds, first.*member, second.*member});
    }
  }
  return figures;
}

std::vector<std::string> comparison_notes(const record::Summary& a, const record::Summary& b) {
  std::vector<std::string> notes;
  if (a.scenario != b.scenario) {
    notes.push_back("Two scenarios: " + a.scenario + " and " + b.scenario + ".");
  }
  if (a.seed != b.seed) {
    notes.push_back("Two seeds, " + a.seed + " and " + b.seed +
                    ": other transactions at other instants.");
  }
  if (a.duration != b.duration) {
    notes.push_back("Two lengths: " + vm::format_duration(a.duration) + " and " +
                    vm::format_duration(b.duration) + "; counts grow with it.");
  }
  if (a.policies != b.policies) {
    notes.push_back("Two policies: " + joined(a.policies) + " and " + joined(b.policies) + ".");
  }
  if (a.world != b.world) {
    notes.push_back("Two worlds, " + a.world + " and " + b.world +
                    ": open-loop clients send the same transactions at the same instants, what "
                    "answers them is a model in one and processes in the other.");
  }
  // Said when a run ends: nothing is known of one that was killed.
  if (!a.capacity.empty() && !b.capacity.empty() && a.capacity != b.capacity) {
    notes.push_back("Machines were held to their capacity in two ways: " + a.capacity + ", and " +
                    b.capacity +
                    ". A quota is not processor sharing: it lets a transaction run at full speed "
                    "until the period's share is used up, and then nobody until the next period.");
  }
  for (const record::Summary* s : {&a, &b}) {
    const std::string which = s == &a ? "The first run" : "The second run";
    if (!s->finished) {
      notes.push_back(which + " did not finish: books and percentiles are unknown.");
    } else if (s->interrupted) {
      notes.push_back(which + " was interrupted at " + instant(s->end) + ".");
    }
  }
  return notes;
}

BooksCompared compare_books(const record::Summary& a, const record::Summary& b) {
  if (!a.books_balance || !b.books_balance) return BooksCompared::unknown;
  bool equal = *a.books_balance && *b.books_balance && a.groups.size() == b.groups.size();
  for (std::size_t i = 0; equal && i < a.groups.size(); ++i) {
    equal =
        a.groups[i].name == b.groups[i].name && same_writes(a.groups[i].writes, b.groups[i].writes);
  }
  return equal ? BooksCompared::equal : BooksCompared::different;
}

// ---- As text -----------------------------------------------------------------------------------

std::string text_of(Unit unit, std::optional<double> value) {
  if (!value) return "-";
  const double v = *value;
  switch (unit) {
    case Unit::count:
      return counted(static_cast<std::uint64_t>(std::llround(v)));
    case Unit::milliseconds:
      return vm::format_duration(sim::from_seconds(v * 1e-3));
    case Unit::seconds:
      return vm::format_duration(sim::from_seconds(v));
    case Unit::bytes:
      return vm::format_bytes(vm::Bytes{std::llround(v)});
    case Unit::share:
      return vm::format_percent(v);
    case Unit::money:
      return money(v);
  }
  return "-";
}

std::string difference_of(const ComparedFigure& figure) {
  const auto by = figure.difference();
  if (!by) return "-";
  if (*by == 0) return "=";
  return (*by < 0 ? "-" : "+") + text_of(figure.unit, std::abs(*by));
}

std::string percent_of(const ComparedFigure& figure) {
  const auto by = figure.percent();
  if (!by) return "-";
  if (*by == 0) return "=";
  char text[32];
  // A share is in per cent already: its relative change would be read as the difference.
  std::snprintf(text, sizeof text, std::abs(*by) < 10 ? "%+.2f %%" : "%+.0f %%", *by);
  return text;
}

}  // namespace cli
