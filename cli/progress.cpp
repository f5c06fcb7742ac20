#include "cli/progress.hpp"

#include <algorithm>
#include <cmath>

#include "vm/quantity.hpp"

namespace cli {
namespace {

constexpr std::chrono::milliseconds bar_interval{100};
constexpr std::chrono::seconds line_interval{5};

std::string machine_name(vm::MachineId machine) {
  return machine == vm::no_machine ? "no machine" : "machine " + std::to_string(machine.value);
}

/// "0:01:15.302": of one width for ten hours, and no event is told before its instant.
std::string clock_text(vm::Time at) {
  using std::chrono::floor;
  using std::chrono::milliseconds;
  const auto ms = static_cast<long long>(floor<milliseconds>(at.time_since_epoch()).count());
  char text[48];
  std::snprintf(text, sizeof text, "%4lld:%02lld:%02lld.%03lld", ms / 3'600'000, ms / 60'000 % 60,
                ms / 1000 % 60, ms % 1000);
  return text;
}

/// Four digits and a letter: 2.31 M.
std::string per_second(double rate) {
  char text[32];
  const bool mega = rate >= 1e6;
  const bool kilo = !mega && rate >= 1e3;
  std::snprintf(text, sizeof text, "%.3g%s",
                mega   ? rate / 1e6
                : kilo ? rate / 1e3
                       : rate,
                mega   ? " M"
                : kilo ? " k"
                       : "");
  return text;
}

}  // namespace

std::string describe(const vm::SlaFailureBegan& failure, const vm::Scenario& scenario) {
  using vm::Cause;
  switch (failure.cause) {
    case Cause::crash:
      return machine_name(failure.machine) + " is lost";
    case Cause::latency:
      return "latency " + vm::format_duration(sim::from_seconds(failure.value)) + ", over " +
             vm::format_duration(sim::from_seconds(failure.limit));
    case Cause::availability: {
      char text[96];
      std::snprintf(text, sizeof text, "error budget burns %.3g times too fast, over %.3g",
                    failure.value, failure.limit);
      return text;
    }
    case Cause::cpu:
    case Cause::memory:
    case Cause::disk:
    case Cause::network:
      break;
  }
  return machine_name(failure.machine) + ": " + std::string{to_string(failure.cause)} + " at " +
         vm::format_percent(failure.value) + ", over " + vm::format_percent(failure.limit) +
         " for " + vm::format_duration(scenario.sla.window);
}

Progress::Progress(const vm::Scenario& scenario, Style style)
    : scenario_(scenario), style_(style) {}

void Progress::on(const vm::Batch& batch) {
  if (style_.quiet) return;
  // Faults and notices of one batch, each in order of time, merged.
  auto fault = batch.faults.begin();
  for (const vm::NoticeRow& row : batch.notices) {
    for (; fault != batch.faults.end() && fault->at <= row.at; ++fault) tell(*fault);
    std::visit([&](const auto& notice) { tell(row.at, notice); }, row.notice);
  }
  for (; fault != batch.faults.end(); ++fault) tell(*fault);
  show_progress(batch);
}

// ---- Events: when, what, and then whom and how much --------------------------------------------

void Progress::tell(const vm::FaultRow& fault) {
  std::string text = fault.what;
  if (fault.machine != vm::no_machine) text = machine_name(fault.machine) + ": " + text;
  line(fault.at, "fault", Colour::yellow, text);
}

void Progress::tell(vm::Time at, const vm::SlaFailureBegan& notice) {
  // Hundreds of hosts go above 98 % in a second of a data center's run: the summary counts them.
  if (scenario_.consolidation) return;
  if (failures_.size() <= notice.failure) failures_.resize(notice.failure + 1);
  failures_[notice.failure] = notice;
  line(at, "SLA failure", Colour::red, describe(notice, scenario_));
}

void Progress::tell(vm::Time at, const vm::SlaFailureEnded& notice) {
  if (scenario_.consolidation) return;
  const vm::SlaFailureBegan& began = failures_.at(notice.failure);
  std::string what{to_string(began.cause)};
  if (began.machine != vm::no_machine) what = machine_name(began.machine) + ": " + what;
  line(at, "SLA met again", Colour::green,
       what + " after " + vm::format_duration(at - began.start));
}

void Progress::tell(vm::Time at, const vm::FailoverTriggered& notice) {
  line(at, "Trigger process failover: triggered", Colour::bold,
       "(failover " + std::to_string(notice.failover.value) + " of " + machine_name(notice.from) +
           ", " + std::string{to_string(notice.cause)} + ")");
}

void Progress::tell(vm::Time at, const vm::MigrationEnded& notice) {
  // Hundreds in a row are usual: in columns, and the figures that differ at their ends.
  char text[96];
  std::snprintf(text, sizeof text, "  tenant %-6u %3u -> %-3u  ", notice.tenant.value,
                notice.from.value, notice.to.value);
  std::string line_text = text;
  if (notice.aborted) {
    line_text += paint("aborted", Colour::red, style_.colour) + ", it stays";
  } else {
    std::snprintf(text, sizeof text, "%10s  %2u %-6s  paused %8s",
                  vm::format_bytes(notice.bytes).c_str(), notice.rounds,
                  notice.rounds == 1 ? "round" : "rounds",
                  vm::format_duration(notice.pause).c_str());
    line_text += text;
  }
  line(at, "  migration", Colour::dim, line_text);
}

void Progress::tell(vm::Time at, const vm::FailoverEnded& notice) {
  const bool completed = notice.result == vm::FailoverResult::completed;
  std::string text = std::string{to_string(notice.result)} + ": " + std::to_string(notice.moved) +
                     " moved to " + machine_name(notice.to) + ", " +
                     vm::format_bytes(notice.bytes) + ", longest pause " +
                     vm::format_duration(notice.pause_max);
  if (notice.aborted > 0) text += ", " + std::to_string(notice.aborted) + " given up";
  if (notice.lost > 0) {
    text += ", " + paint(std::to_string(notice.lost) + " acknowledged writes lost", Colour::red,
                         style_.colour);
  }
  line(at, "failover " + std::to_string(notice.failover.value),
       completed ? Colour::green : Colour::red, text);
}

void Progress::tell(vm::Time at, const vm::FailoverWithheld& notice) {
  line(at, "no failover", Colour::yellow,
       "of " + machine_name(notice.machine) + ": " + std::string{notice.reason});
}

void Progress::line(vm::Time at, const std::string& what, Colour colour, const std::string& text) {
  clear_bar();
  constexpr std::size_t column = 14;  // where the text begins, if `what` is not longer
  const std::string gap(what.size() < column ? column - what.size() : 1, ' ');
  std::fprintf(style_.events, "%s  %s%s%s\n", clock_text(at).c_str(),
               paint(what, colour, style_.colour).c_str(), gap.c_str(), text.c_str());
  std::fflush(style_.events);
}

// ---- How far it is -----------------------------------------------------------------------------

void Progress::show_progress(const vm::Batch& batch) {
  const auto wall = WallClock::now();
  const auto interval = style_.bar ? WallClock::duration{bar_interval} : line_interval;
  if (wall - shown_ < interval) return;
  shown_ = wall;
  const std::string text =
      progress_text(batch, std::chrono::duration<double>(wall - started_).count());
  if (style_.bar) {
    std::fprintf(stderr, "\r\x1b[2K%s", text.c_str());
    bar_shown_ = true;
  } else {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
  std::fflush(stderr);
}

std::string Progress::progress_text(const vm::Batch& batch, double wall) const {
  const double share =
      std::clamp(sim::seconds(batch.now) / sim::seconds(scenario_.duration), 0.0, 1.0);
  std::string text;
  if (style_.bar) {
    constexpr int width = 24;
    const int done = static_cast<int>(std::lround(share * width));
    text = "[" + std::string(static_cast<std::size_t>(done), '#') +
           std::string(static_cast<std::size_t>(width - done), '.') + "] ";
  }
  // Whole seconds: the fraction would flicker.
  const auto played = std::chrono::floor<std::chrono::seconds>(batch.now.time_since_epoch());
  text += vm::format_percent(std::floor(share * 100) / 100) + "  " + vm::format_duration(played) +
          " of " + vm::format_duration(scenario_.duration) + "  " +
          per_second(static_cast<double>(batch.issued) / wall) + " transactions/s";
  if (share > 0.01) {
    const double left = wall / share - wall;
    text += "  ETA " + vm::format_duration(std::chrono::seconds{std::lround(std::ceil(left))});
  }
  return text;
}

void Progress::clear_bar() {
  if (!bar_shown_) return;
  std::fputs("\r\x1b[2K", stderr);
  std::fflush(stderr);
  bar_shown_ = false;
}

}  // namespace cli
