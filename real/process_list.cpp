#include "real/process_list.hpp"

#include <algorithm>
#include <limits>

#include "real/counters.hpp"

namespace real {

namespace {

constexpr sim::Duration least_between_looks = std::chrono::seconds{1};
constexpr double no_look_before = std::numeric_limits<double>::infinity();

/// Cores that a process kept busy on average over `span_s`, or over its life where that is shorter.
double cores_of(std::uint64_t used, std::uint64_t start_ticks, double up_s, double span_s) {
  constexpr double tick = 1.0 / ticks_per_second;
  const double age = std::max(tick, up_s - static_cast<double>(start_ticks) * tick);
  return static_cast<double>(used) * tick / std::min(age, span_s);
}

}  // namespace

void ProcessList::write(MetricsText& into) {
  if (most_ == 0) return;
  look(no_look_before);
  const std::size_t shown = std::min(most_, rows_.size());
  const auto busier = [](const Row& a, const Row& b) {
    if (a.used != b.used) return a.used > b.used;
    return a.process.resident_pages > b.process.resident_pages;
  };
  std::partial_sort(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(shown), rows_.end(),
                    busier);
  rows_.resize(shown);
  const auto figure = [&](std::string_view name, std::string_view type, std::string_view help,
                          auto value) {
    into.family(name, type, help);
    for (const Row& row : rows_) {
      into.value(value(row.process),
                 {{"pid", std::to_string(row.process.pid)}, {"name", row.process.name.view()}});
    }
  };
  figure("brink_process_cpu_seconds_total", "counter", "CPU time of the busiest processes.",
         [](const ProcessReading& p) {
           return static_cast<double>(p.user_ticks + p.system_ticks) / ticks_per_second;
         });
  figure("brink_process_resident_bytes", "gauge", "Memory that they have in use.",
         [](const ProcessReading& p) { return p.resident_pages * page_bytes(); });
}

void ProcessList::look_again(sim::Time now) {
  if (looked_ && now - *looked_ < least_between_looks) return;
  look(looked_ ? sim::seconds(now - *looked_) : no_look_before);
  looked_ = now;
}

std::span<const ProcessList::Row> ProcessList::top(std::size_t count, By by) {
  const auto before = [by](const Row& a, const Row& b) {
    const auto of = [by](const Row& row) {
      const auto pages = static_cast<double>(row.process.resident_pages);
      return by == By::cpu ? std::pair{row.cores, pages} : std::pair{pages, row.cores};
    };
    return of(a) != of(b) ? of(a) > of(b) : a.process.pid < b.process.pid;
  };
  count = std::min(count, rows_.size());
  std::partial_sort(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(count), rows_.end(),
                    before);
  return std::span{rows_}.first(count);
}

void ProcessList::look(double span_s) {
  rows_.clear();
  double up_s = no_look_before;
  if (const auto text = ProcFile{proc_ / "uptime"}.read(buffer_)) {
    if (const auto uptime = parse_uptime(*text)) up_s = uptime->up_s;
  }
  for (auto& [pid, seen] : seen_) seen.now = false;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator(proc_, gone)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto text = ProcFile{entry.path() / "stat"}.read(buffer_);
    if (!text) continue;  // it has ended meanwhile
    const auto process = parse_process_stat(*text);
    if (!process) continue;
    Seen& seen = seen_[process->pid];
    const std::uint64_t ticks = process->user_ticks + process->system_ticks;
    const bool same = seen.start_ticks == process->start_ticks;
    const std::uint64_t used = same ? grown(seen.ticks, ticks) : ticks;
    rows_.push_back({*process, used, cores_of(used, process->start_ticks, up_s, span_s)});
    seen = {process->start_ticks, ticks, true};
  }
  std::erase_if(seen_, [](const auto& entry) { return !entry.second.now; });
}

}  // namespace real
