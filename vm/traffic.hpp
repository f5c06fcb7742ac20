// Traffic: what the clients see, counted: each group's throughput and latency by sample interval
// and over the whole run, and the latency of all of them by SLA window. Rows for the sink, facts
// for the control plane; both worlds count alike because they count here.
//
// Latencies are those of committed transactions, from the intended instant; for the whole run only
// of those intended after the warm-up. Of each single client only what ClientLatency holds is kept.
#pragma once

#include <vector>

#include "sim/histogram.hpp"
#include "vm/observation.hpp"
#include "vm/outcome.hpp"
#include "vm/scenario.hpp"

namespace vm {

class Traffic {
 public:
  /// `rows`: somebody will take the rows of the intervals. The scenario outlives it.
  Traffic(const Scenario& scenario, bool rows);

  void issued(GroupId group) { ++groups_[group.value].now.issued; }
  void retried(GroupId group) { ++groups_[group.value].now.retries; }

  /// A transaction has ended. Cost: some ten nanoseconds.
  void ended(Time now, GroupId id, TenantId client, Time intended, Outcome outcome) {
    Group& group = groups_[id.value];
    switch (outcome) {
      case Outcome::committed:
        ++group.now.committed;
        break;
      case Outcome::refused:
        ++group.now.refused;
        break;
      case Outcome::timed_out:
        ++group.now.timed_out;
        break;
      case Outcome::failed:
        ++group.now.failed;
        break;
    }
    if (outcome != Outcome::committed) return;
    const std::int64_t latency = (now - intended).count();
    if (rows_) group.interval.add(latency);
    if (!scenario_.sla.latency.empty()) window_.add(latency);
    if (intended.time_since_epoch() < scenario_.warmup) return;
    group.whole.add(latency);
    clients_[client.value].add(now - intended);
  }

  /// One sample interval is over: closes each group's rows and appends them to `rows` if there are
  /// to be any. Returns the outcomes of all groups.
  OutcomesCounted interval_over(Time now, Batch& rows);

  /// The latency objectives' quantiles over the window that is over now; empties the window.
  void latency_window_over(std::vector<LatencyMeasured>& measured);

  /// Of the whole run, after the warm-up, in nanoseconds.
  const sim::Histogram& latency(GroupId group) const { return groups_[group.value].whole; }
  const ClientLatency& latency(TenantId client) const { return clients_[client.value]; }

 private:
  struct Group {
    sim::Histogram interval;  // ns
    sim::Histogram whole;     // after the warm-up
    ThroughputRow now;        // of the interval
    std::uint64_t in_flight = 0;
  };

  const Scenario& scenario_;
  bool rows_;
  std::vector<Group> groups_;
  std::vector<ClientLatency> clients_;  // after the warm-up
  sim::Histogram window_;  // all groups, for the latency objectives
};

}  // namespace vm
