#include "real/node_files.hpp"

#include <algorithm>
#include <charconv>

#include "real/counters.hpp"

namespace real {
namespace {

constexpr unsigned readings_between_scans = 16;

}  // namespace

NodeFiles::NodeFiles(const std::filesystem::path& proc, Watched watched)
    : watched_(std::move(watched)),
      process_(proc / std::to_string(watched_.pid)),
      stat_(process_ / "stat"),
      cgroup_(watched_.cgroup),
      meter_(watched_.directory) {}

std::optional<NodeReading> NodeFiles::read(sim::Time now, TextBuffer& buffer) {
  const auto text = stat_.read(buffer);
  if (!text) return {};
  const auto process = parse_process_stat(*text);
  if (!process) return {};
  if (!started_) started_ = process->start_ticks;
  // A zombie has let go of everything; a number that was given to another process is not ours.
  if (process->start_ticks != *started_ || process->state == 'Z') return {};

  if (!add_cgroup(buffer)) add_burners(process->threads, buffer);
  NodeReading read{.at = now,
                   .burned_ns = burned_ns_,
                   .resident = process->resident_pages * page_bytes(),
                   .process = *process,
                   .meter = {}};
  if (const auto meter = meter_.read()) read.meter = *meter;
  return read;
}

bool NodeFiles::add_cgroup(TextBuffer& buffer) {
  if (watched_.cgroup.empty()) return false;
  const auto text = cgroup_.read(buffer);
  if (!text) return false;
  const auto used = parse_cgroup_cpu(*text);
  if (!used) return false;
  if (cgroup_ns_) burned_ns_ += grown(*cgroup_ns_, *used);
  cgroup_ns_ = *used;
  return true;
}

void NodeFiles::add_burners(std::uint64_t threads, TextBuffer& buffer) {
  const bool changed = threads != threads_;
  threads_ = threads;
  // Once more on the reading after a change: a fresh thread is born without its name.
  if (changed || !settled_ || ++readings_ >= readings_between_scans) {
    settled_ = !changed;
    readings_ = 0;
    find_burners(buffer);
  }
  for (Burner& burner : burners_) {
    const auto text = burner.schedstat.read(buffer);
    const auto time = text ? parse_schedstat(*text) : sim::Result<SchedstatReading>{sim::Error{}};
    burner.alive = static_cast<bool>(time);
    if (!time) continue;
    burned_ns_ += grown(burner.seen_ns, time->on_cpu_ns);
    burner.seen_ns = time->on_cpu_ns;
  }
  if (std::erase_if(burners_, [](const Burner& burner) { return !burner.alive; }) > 0)
    settled_ = false;
}

void NodeFiles::find_burners(TextBuffer& buffer) {
  const bool first = !looked_;
  looked_ = true;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator(process_ / "task", gone)) {
    const std::string name = entry.path().filename().string();
    int thread = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), thread);
    if (error != std::errc{} || end != name.data() + name.size()) continue;
    const auto known = [thread](const Burner& burner) { return burner.thread == thread; };
    if (std::any_of(burners_.begin(), burners_.end(), known)) continue;
    const auto comm = ProcFile{entry.path() / "comm"}.read(buffer);
    if (!comm || !comm->starts_with(burner_name)) continue;
    Burner& burner = burners_.emplace_back(Burner{thread, ProcFile{entry.path() / "schedstat"}});
    // What a thread used before the first reading is not of any interval that we know.
    if (!first) continue;
    if (const auto text = burner.schedstat.read(buffer)) {
      if (const auto time = parse_schedstat(*text)) burner.seen_ns = time->on_cpu_ns;
    }
  }
}

}  // namespace real
