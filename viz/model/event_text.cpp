// What an event says in one line, made from the record it points to. The table shows time, kind and
// machine in columns of their own, so the line tells the rest.
#include <cstdio>

#include "viz/model/event_log.hpp"
#include "vm/quantity.hpp"

namespace viz::model {
namespace {

std::string place_name(const RunInfo& info, MachineId machine) {
  return machine == vm::no_machine ? "nowhere" : info.name(machine);
}

std::string amount(vm::Cause cause, double value) {
  switch (cause) {
    case vm::Cause::latency:
      return vm::format_duration(sim::from_seconds(value));
    case vm::Cause::availability: {
      char text[32];
      std::snprintf(text, sizeof text, "%.3g x", value);
      return text;
    }
    case vm::Cause::cpu:
    case vm::Cause::memory:
    case vm::Cause::disk:
    case vm::Cause::network:
    case vm::Cause::crash:
      break;
  }
  return vm::format_percent(value);
}

std::string text_of(const RunInfo& info, const FailureRecord& f) {
  if (f.cause == vm::Cause::crash) {
    return info.names.empty() ? "lost, with what it served" : "no answer";
  }
  const std::string what{f.cause == vm::Cause::availability ? "error budget burns"
                                                            : to_string(f.cause)};
  return what + " at " + amount(f.cause, f.value) + ", over " + amount(f.cause, f.limit);
}

std::string recovery_text(const RunInfo& info, const FailureRecord& f) {
  std::string text{to_string(f.cause)};
  text += " met again";
  if (f.cause == vm::Cause::crash) text = info.names.empty() ? "served again" : "answers again";
  if (f.end) text += " after " + vm::format_duration(*f.end - f.start);
  if (f.worst && f.cause != vm::Cause::crash) text += ", worst " + amount(f.cause, *f.worst);
  return text;
}

std::string end_text(const RunInfo& info, const FailoverRecord& f) {
  std::string text = f.result + ": " + std::to_string(f.moved) + " moved to " +
                     place_name(info, f.to) + ", " + vm::format_bytes(f.bytes) +
                     ", longest pause " + vm::format_duration(f.pause_max);
  if (f.aborted > 0) text += ", " + std::to_string(f.aborted) + " given up";
  if (f.lost > 0) text += ", " + std::to_string(f.lost) + " writes lost";
  return text;
}

std::string text_of(const RunInfo& info, const MigrationRecord& m) {
  const std::string text =
      "client " + std::to_string(m.tenant.value) + " to " + place_name(info, m.to);
  if (m.aborted) return text + " given up";
  return text + ", " + vm::format_bytes(m.bytes) + " in " + std::to_string(m.rounds) +
         (m.rounds == 1 ? " round" : " rounds") + ", paused " + vm::format_duration(m.pause);
}

}  // namespace

std::string EventLog::text(const Event& event, const RunView& view) const {
  const std::size_t i = event.index;
  switch (event.kind) {
    case EventKind::failure:
      return text_of(view.info, (*view.failures)[i]);
    case EventKind::recovery:
      return recovery_text(view.info, (*view.failures)[i]);
    case EventKind::failover:
      return "Trigger process failover: triggered (" +
             std::string{to_string((*view.failovers)[i].cause)} + ")";
    case EventKind::failover_end:
      return end_text(view.info, (*view.failovers)[i]);
    case EventKind::migration:
      return text_of(view.info, (*view.migrations)[i]);
    case EventKind::boot:
      return "up";
    case EventKind::release:
      return "released";
    case EventKind::crash:
    case EventKind::fault:
    case EventKind::withheld:
    case EventKind::change:
      return texts_[i];
  }
  return {};
}

}  // namespace viz::model
