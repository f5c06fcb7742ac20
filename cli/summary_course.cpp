// The run as a picture: load, what was committed, latency, broken SLA and failovers over time.
#include <algorithm>
#include <array>
#include <cmath>

#include "cli/summary_page.hpp"
#include "vm/quantity.hpp"

namespace cli {
namespace {

using Slices = std::vector<std::optional<double>>;

/// One block a slice, as high as its share of the highest; what is above nothing is seen.
std::string blocks(const Slices& slices, double highest) {
  constexpr std::array<const char*, 9> heights{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string text;
  for (const auto& value : slices) {
    const double part = value && highest > 0 ? *value / highest : 0;
    const auto height = part > 0 ? std::max(1L, std::lround(part * 8)) : 0;
    text += heights.at(static_cast<std::size_t>(std::min(height, 8L)));
  }
  return text;
}

double highest(const Slices& slices) {
  double most = 0;
  for (const auto& value : slices) most = std::max(most, value.value_or(0));
  return most;
}

template <class Get>
Slices collect(const std::vector<record::Slice>& course, Get get) {
  Slices slices;
  for (const record::Slice& slice : course) slices.push_back(get(slice));
  return slices;
}

/// Two slices made one, for a narrow page.
std::vector<record::Slice> halved(const std::vector<record::Slice>& course) {
  std::vector<record::Slice> half((course.size() + 1) / 2);
  for (std::size_t i = 0; i < course.size(); ++i) {
    record::Slice& slice = half[i / 2];
    slice.issued_per_s = std::max(slice.issued_per_s, course[i].issued_per_s);
    slice.committed_per_s = std::max(slice.committed_per_s, course[i].committed_per_s);
    slice.p99_ms = std::max(slice.p99_ms, course[i].p99_ms);  // none is below any
  }
  return half;
}

/// Which of `count` slices of this length holds `at`.
std::size_t slice_of(vm::Duration slice, vm::Time at, std::size_t count) {
  return std::min(static_cast<std::size_t>(at.time_since_epoch() / slice), count - 1);
}

std::string marks(const std::vector<bool>& marked, const char* mark) {
  std::string text;
  for (const bool here : marked) text += here ? mark : "·";
  return text;
}

std::string broken(const record::Summary& s, vm::Duration slice, std::size_t count) {
  std::vector<bool> slices(count);
  for (const record::SlaFailure& failure : s.sla_failures) {
    const auto last = slice_of(slice, failure.end.value_or(s.end), count);
    for (auto i = slice_of(slice, failure.start, count); i <= last; ++i) slices[i] = true;
  }
  return marks(slices, "━");
}

std::string triggered(const record::Summary& s, vm::Duration slice, std::size_t count) {
  std::vector<bool> slices(count);
  for (const record::Failover& failover : s.failovers) {
    slices[slice_of(slice, failover.triggered, count)] = true;
  }
  return marks(slices, "▲");
}

}  // namespace

void print_course(SummaryPage& page, const record::Summary& s) {
  if (s.course.empty() || s.end <= vm::Time{}) return;
  constexpr std::size_t labels = 28;  // what stands left of the picture
  const bool fits = s.course.size() + labels <= page.width();
  const auto course = fits ? s.course : halved(s.course);
  const vm::Duration slice = fits ? s.slice : 2 * s.slice;
  const auto issued = collect(course, [](const auto& c) { return std::optional{c.issued_per_s}; });
  const auto committed =
      collect(course, [](const auto& c) { return std::optional{c.committed_per_s}; });
  const auto p99 = collect(course, [](const auto& c) { return c.p99_ms; });
  const double most = std::max(highest(issued), highest(committed));  // one scale for both

  page.heading("COURSE", "from the start to " + instant(s.end) + "; figures are the highest");
  TextTable table{{{"", TextTable::Align::left}, {""}, {"", TextTable::Align::left}}};
  table.add({"issued", vm::format_rate(highest(issued)), {blocks(issued, most), Colour::blue}});
  table.add(
      {"committed", vm::format_rate(highest(committed)), {blocks(committed, most), Colour::green}});
  if (highest(p99) > 0) {
    table.add({"p99", latency(highest(p99)), {blocks(p99, highest(p99)), Colour::yellow}});
  }
  if (!s.sla_failures.empty()) {
    table.add({"SLA broken",
               counted(s.sla_failures.size()) + " x",
               {broken(s, slice, course.size()), Colour::red}});
  }
  if (!s.failovers.empty()) {
    table.add({"failover",
               counted(s.failovers.size()) + " x",
               {triggered(s, slice, course.size()), Colour::bold}});
  }
  page.table(table);
}

}  // namespace cli
