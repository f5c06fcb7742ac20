// The figures of a run by name: what an expectation is about, and what two runs are compared by.
#include <algorithm>
#include <array>
#include <functional>

#include "record/summary.hpp"

namespace record {
namespace {

using Figure = std::optional<double>;

double number(std::uint64_t count) {
  return static_cast<double>(count);
}

Figure count_of(const Counts& c, std::string_view name) {
  if (name == "issued") return number(c.issued);
  if (name == "committed") return number(c.committed);
  if (name == "refused") return number(c.refused);
  if (name == "timed_out") return number(c.timed_out);
  if (name == "failed") return number(c.failed);
  if (name == "in_flight") return number(c.in_flight);
  if (name == "retries") return number(c.retries);
  if (name == "committed_share") return c.committed_share();
  return std::nullopt;
}

Figure write_of(const std::optional<Writes>& w, std::string_view name) {
  if (!w) return std::nullopt;
  if (name == "acknowledged") return number(w->acknowledged);
  if (name == "applied") return number(w->applied);
  if (name == "unacknowledged") return number(w->unacknowledged);
  if (name == "lost") return number(w->lost);
  if (name == "duplicated") return number(w->duplicated);
  return std::nullopt;
}

/// "p99_ms" and, for the whole run, "latency_ms_p99".
Figure latency_of(const std::optional<Latency>& l, std::string_view name) {
  if (!l) return std::nullopt;
  if (name == "mean_ms" || name == "latency_ms_mean") return l->mean_ms;
  if (name == "p50_ms" || name == "latency_ms_p50") return l->p50_ms;
  if (name == "p90_ms" || name == "latency_ms_p90") return l->p90_ms;
  if (name == "p99_ms" || name == "latency_ms_p99") return l->p99_ms;
  if (name == "p999_ms" || name == "latency_ms_p999") return l->p999_ms;
  if (name == "max_ms" || name == "latency_ms_max") return l->max_ms;
  return std::nullopt;
}

/// What a whole run and one of its client groups have in common.
template <class Part>
Figure traffic_of(const Part& part, std::string_view name) {
  if (name == "committed_share_last") return part.last.committed_share();
  if (const auto value = count_of(part.counts, name)) return value;
  if (const auto value = write_of(part.writes, name)) return value;
  return latency_of(part.latency, name);
}

Figure failure_of(const Summary& s, std::string_view name) {
  constexpr std::string_view by_cause = "sla_failures_";
  if (name == "sla_failures") return number(s.sla_failures.size());
  if (name == "sla_failure_s") {
    vm::Duration total{};
    for (const SlaFailure& failure : s.sla_failures) total += failure.length(s.end);
    return sim::seconds(total);
  }
  if (!name.starts_with(by_cause)) return std::nullopt;
  const auto cause = name.substr(by_cause.size());
  return static_cast<double>(std::count_if(s.sla_failures.begin(), s.sla_failures.end(),
                                           [&](const auto& f) { return f.cause == cause; }));
}

Figure failover_of(const Summary& s, std::string_view name) {
  constexpr std::string_view by_result = "failovers_";
  if (name == "failovers") return number(s.failovers.size());
  if (name == "failovers_withheld") {
    std::uint64_t times = 0;
    for (const Withheld& withheld : s.withheld) times += withheld.times;
    return number(times);
  }
  if (!name.starts_with(by_result)) return std::nullopt;
  const auto result = name.substr(by_result.size());
  return static_cast<double>(
      std::count_if(s.failovers.begin(), s.failovers.end(),
                    [&](const Failover& f) { return f.end && f.end->result == result; }));
}

Figure migration_of(const Migrations& m, std::string_view name) {
  if (name == "migrations") return number(m.count);
  if (name == "migrations_aborted") return number(m.aborted);
  if (name == "migrated_bytes") return static_cast<double>(m.bytes.count);
  // Where nobody had to pause, the longest pause was none at all.
  if (name == "pause_ms_p50") return sim::milliseconds(m.pause_p50.value_or(vm::Duration{}));
  if (name == "pause_ms_max") return sim::milliseconds(m.pause_max.value_or(vm::Duration{}));
  return std::nullopt;
}

/// "cpu_max": the highest sample of any machine; "cpu_mean": over machines, by the time each had.
Figure utilisation_of(const Summary& s, std::string_view name) {
  for (const vm::Resource resource : vm::all_resources) {
    const std::string prefix{to_string(resource)};
    if (name == prefix + "_max") {
      double most = 0;
      for (const MachineSummary& m : s.machines) most = std::max(most, m.max[resource]);
      return most;
    }
    if (name == prefix + "_mean") {
      double used = 0, had = 0;
      for (const MachineSummary& m : s.machines) {
        const double time = sim::seconds(m.released - m.allocated);
        used += m.mean[resource] * time;
        had += time;
      }
      return had > 0 ? Figure{used / had} : std::nullopt;
    }
  }
  return std::nullopt;
}

Figure machine_of(const Summary& s, std::string_view name) {
  if (name == "machines") return number(s.machines.size());
  if (name == "cost") return s.cost;
  if (name == "faults") return number(s.faults.size());
  return utilisation_of(s, name);
}

}  // namespace

std::optional<double> figure(const Summary& summary, std::string_view name) {
  constexpr std::string_view clients = "clients.";
  if (name.starts_with(clients)) {
    const auto dot = name.rfind('.');
    if (dot < clients.size()) return std::nullopt;
    const auto group =
        std::find_if(summary.groups.begin(), summary.groups.end(), [&](const GroupSummary& g) {
          return g.name == name.substr(clients.size(), dot - clients.size());
        });
    if (group == summary.groups.end()) return std::nullopt;
    return traffic_of(*group, name.substr(dot + 1));
  }
  for (const vm::ConsolidationFigure& f : summary.consolidation)
    if (f.name == name) return f.value;
  if (const auto value = traffic_of(summary, name)) return value;
  if (const auto value = failure_of(summary, name)) return value;
  if (const auto value = failover_of(summary, name)) return value;
  if (const auto value = migration_of(summary.migrations, name)) return value;
  return machine_of(summary, name);
}

}  // namespace record
