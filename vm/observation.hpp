// Observations: what a run tells about itself, in batches, to whoever listens.
//
// A world fills a Batch and hands it over when it is large, when something worth saying happened
// (a notice), and at the end. Rows stand in the order of their time. The sink may be a recorder, a
// window, a progress line or several of them; it must not keep references into the batch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vm/change.hpp"
#include "vm/consolidation_outcome.hpp"
#include "vm/control.hpp"

namespace vm {

struct MachineRow {  // a machine, as allocated; `at` is when it was ordered
  Time at;
  MachineId machine;
  FleetId fleet;
  FlavorId flavor;
  bool spare = false;
};
struct MachineStateRow {
  Time at;
  MachineId machine;
  MachineState state = MachineState::booting;
  bool released = false;  // down for good: given back
};
struct SampleRow {
  Time at;
  MachineId machine;
  MachineState state = MachineState::up;
  Sample sample;
};
struct LatencyRow {  // transactions of one group committed in one sample interval
  Time at;           // its end
  GroupId group;
  std::uint64_t count = 0;
  double mean_ms = 0, p50_ms = 0, p90_ms = 0, p99_ms = 0, p999_ms = 0, max_ms = 0;
};
struct ThroughputRow {  // what one group did in one sample interval
  Time at;              // its end
  GroupId group;
  std::uint64_t issued = 0;  // transactions, not attempts
  std::uint64_t committed = 0, refused = 0, timed_out = 0, failed = 0;
  std::uint64_t retries = 0;    // attempts beyond the first
  std::uint64_t in_flight = 0;  // at its end
};
struct NoticeRow {
  Time at;
  Notice notice;
};
struct FaultRow {
  Time at;
  MachineId machine;
  std::string what;  // "crash", "slow to 50 %", ...
};
struct MigrationRoundRow {  // a copy round of a migration begins; for who watches: not recorded
  Time at;
  TenantId tenant;
  MachineId from, to;
  std::uint32_t round = 0;  // 0: the snapshot
  Bytes sending{};
  Time until;  // when it will be over
};
struct ChangeRow {  // somebody who steers changed the world: the run has to remember it
  Change change;
  std::string toml;  // as scenario.toml is to hold it
};
struct TransactionRow {  // only when asked for
  Time issued, ended;
  TenantId client;
  std::uint64_t sequence = 0;
  std::uint32_t kind = 0;  // index into Scenario::transactions
  Outcome outcome = Outcome::committed;
  std::uint32_t attempts = 1;
  MachineId machine = no_machine;  // that answered, if one did
};

struct Batch {
  Time now;                  // how far the run has come
  std::uint64_t issued = 0;  // transactions so far, for a progress line
  std::vector<MachineRow> machines;
  std::vector<MachineStateRow> machine_states;
  std::vector<SampleRow> samples;
  std::vector<LatencyRow> latencies;
  std::vector<ThroughputRow> throughputs;
  std::vector<NoticeRow> notices;
  std::vector<FaultRow> faults;
  std::vector<MigrationRoundRow> rounds;
  std::vector<ChangeRow> changes;
  std::vector<TransactionRow> transactions;
  std::vector<ConsolidationInterval> consolidation;

  std::size_t rows() const {
    return machines.size() + machine_states.size() + samples.size() + latencies.size() +
           throughputs.size() + notices.size() + faults.size() + rounds.size() + changes.size() +
           transactions.size() + consolidation.size();
  }
  void clear() {
    machines.clear();
    machine_states.clear();
    samples.clear();
    latencies.clear();
    throughputs.clear();
    notices.clear();
    faults.clear();
    rounds.clear();
    changes.clear();
    transactions.clear();
    consolidation.clear();
  }
};

class ObservationSink {
 public:
  virtual ~ObservationSink() = default;
  virtual void on(const Batch& batch) = 0;
};

}  // namespace vm
