#include "vm/traffic.hpp"

namespace vm {
namespace {

double ms(std::int64_t nanoseconds) {
  return static_cast<double>(nanoseconds) * 1e-6;
}

LatencyRow latency_row(Time now, GroupId group, const sim::Histogram& latencies) {
  return {.at = now,
          .group = group,
          .count = latencies.count(),
          .mean_ms = latencies.mean() * 1e-6,
          .p50_ms = ms(latencies.quantile(0.5)),
          .p90_ms = ms(latencies.quantile(0.9)),
          .p99_ms = ms(latencies.quantile(0.99)),
          .p999_ms = ms(latencies.quantile(0.999)),
          .max_ms = ms(latencies.max())};
}

}  // namespace

Traffic::Traffic(const Scenario& scenario, bool rows)
    : scenario_(scenario),
      rows_(rows),
      groups_(scenario.clients.size()),
      clients_(scenario.tenant_count()) {
  for (std::uint32_t i = 0; i < groups_.size(); ++i) groups_[i].now.group = GroupId{i};
}

OutcomesCounted Traffic::interval_over(Time now, Batch& rows) {
  OutcomesCounted counted;
  for (Group& group : groups_) {
    ThroughputRow& row = group.now;
    const std::uint64_t bad = row.refused + row.timed_out + row.failed;
    group.in_flight += row.issued;
    group.in_flight -= row.committed + bad;
    counted.good += row.committed;
    counted.bad += bad;
    if (rows_) {
      row.at = now;
      row.in_flight = group.in_flight;
      rows.throughputs.push_back(row);
      if (group.interval.count() > 0) {
        rows.latencies.push_back(latency_row(now, row.group, group.interval));
        group.interval.clear();
      }
    }
    row = {.at = now, .group = row.group};
  }
  return counted;
}

void Traffic::latency_window_over(std::vector<LatencyMeasured>& measured) {
  measured.clear();
  const auto& objectives = scenario_.sla.latency;
  for (std::uint32_t i = 0; i < objectives.size(); ++i) {
    const Duration latency{window_.quantile(objectives[i].quantile)};
    measured.push_back({i, latency, window_.count()});
  }
  window_.clear();
}

}  // namespace vm
