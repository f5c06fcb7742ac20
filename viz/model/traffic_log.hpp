// TrafficLog: what the clients saw, interval by interval: of each group, and of all of them.
//
// Rates are per second of the interval that a row tells of. Of all groups together: the sum of the
// rates; of latencies the worst group's, since percentiles do not add up.
#pragma once

#include <deque>
#include <vector>

#include "viz/model/run_view.hpp"
#include "viz/model/series.hpp"
#include "vm/observation.hpp"

namespace viz::model {

class TrafficLog {
 public:
  TrafficLog(std::size_t groups, Duration interval);

  /// Rows of one group in the order of their time.
  void append(const vm::ThroughputRow& row);
  void append(const vm::LatencyRow& row);

  /// A group as of the last interval that ended not after `at`, its totals included.
  GroupView at(Time at, GroupId group) const;

  /// Of one group, or of all.
  ThroughputSeries throughput(std::optional<GroupId> group) const;
  LatencySeries latency(std::optional<GroupId> group) const;

  std::size_t memory() const;

 private:
  struct Rates {
    explicit Rates(Duration interval);
    void append(Time at, const vm::ThroughputRow& counts, double seconds);
    ThroughputSeries view() const;
    Series issued, committed, refused, timed_out, failed, retries, in_flight;
  };
  struct Latencies {
    explicit Latencies(Duration interval);
    void append(const vm::LatencyRow& row);
    LatencySeries view() const;
    Series p50, p90, p99, p999, max;
  };
  struct Group {
    explicit Group(Duration interval) : rates(interval), latencies(interval) {}
    Rates rates;
    Latencies latencies;
    std::vector<vm::ThroughputRow> totals;  // since the start; in_flight as told
  };
  template <class Row>
  struct Gathered {  // rows of one instant, until every group has told
    Row row{};
    std::size_t groups = 0;
  };
  double interval_before(Time at, Time previous) const;
  void close_rates();
  void close_latencies();

  Duration interval_;
  std::deque<Group> groups_;  // whose series are pointed to
  Group all_;
  Gathered<vm::ThroughputRow> rates_;
  Gathered<vm::LatencyRow> latencies_;
};

}  // namespace viz::model
