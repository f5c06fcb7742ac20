#include "real/process_list.hpp"

#include <algorithm>

#include "real/counters.hpp"

namespace real {

void ProcessList::write(MetricsText& into) {
  if (most_ == 0) return;
  look();
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

void ProcessList::look() {
  rows_.clear();
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
    rows_.push_back({*process, same ? grown(seen.ticks, ticks) : ticks});
    seen = {process->start_ticks, ticks, true};
  }
  std::erase_if(seen_, [](const auto& entry) { return !entry.second.now; });
}

}  // namespace real
