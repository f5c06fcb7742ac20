// Watch: turns what happens into observations and totals, and draws nothing and decides nothing.
//
// Rows are gathered in a batch that goes to the sink when it is large, when somebody should hear of
// it at once (a notice), or after many events; without a sink they are not even made. What clients
// see is counted by Traffic, which both worlds share.
#pragma once

#include <string>
#include <vector>

#include "vm/model/cloud.hpp"
#include "vm/traffic.hpp"

namespace vm::model {

class Watch {
 public:
  Watch(Cloud& cloud, const RunOptions& options);

  void issued(GroupId group) { traffic_.issued(group); }
  void retried(GroupId group) { traffic_.retried(group); }
  void ended(Time now, const Transaction& transaction, Outcome outcome, MachineId machine);

  void allocated(Time now, const Machine& machine, bool spare);
  void changed_state(Time now, const Machine& machine);
  void sampled(Time now, const Machine& machine, const Sample& sample);
  void fault(Time now, MachineId machine, std::string what);
  void notice(Time now, const Notice& notice);
  void round(const MigrationRoundRow& row);
  void changed(const Change& change, std::string toml);

  /// Asks whom somebody wants to look at, and tells what there is to be seen.
  void look_at_client(Time now);

  /// One sample interval is over: closes each group's rows. Returns its outcomes for the SLA.
  OutcomesCounted interval_over(Time now) { return traffic_.interval_over(now, batch_); }

  /// The latency objectives' quantiles over the window that is over now; empties the window.
  void latency_window_over(std::vector<LatencyMeasured>& measured) {
    traffic_.latency_window_over(measured);
  }

  /// Hands over what is gathered if that is due; the run calls it once per sample.
  void flush_if_due(Time now, std::uint64_t issued);
  void flush(Time now, std::uint64_t issued);

  const sim::Histogram& latency(GroupId group) const { return traffic_.latency(group); }
  const ClientLatency& latency(TenantId client) const { return traffic_.latency(client); }

 private:
  static constexpr TenantId nobody{none};

  Cloud& cloud_;
  ObservationSink* sink_;
  bool transactions_;
  ClientWatch* client_;
  TenantId looked_at_ = nobody;
  Traffic traffic_;
  Batch batch_;
  bool urgent_ = false;
  std::uint64_t flushed_at_event_ = 0;
};

}  // namespace vm::model
