// RowWriter: rows of a run into their tables, by statements prepared once.
//
// It neither opens nor commits a transaction: the recorder decides how many rows share one.
#pragma once

#include <span>
#include <string_view>

#include "record/handles.hpp"
#include "vm/expectation.hpp"
#include "vm/observation.hpp"
#include "vm/outcome.hpp"
#include "vm/scenario.hpp"

namespace record {

class RowWriter {
 public:
  /// `db` holds the schema already and outlives this. Throws DatabaseError, as everything here.
  explicit RowWriter(sqlite3* db);

  /// What was asked: before anything happens.
  void write(const vm::Scenario& scenario, std::string_view world);

  /// What happened, in the order of its time.
  void write(const vm::Batch& batch);

  /// What it came to.
  void write(const vm::RunOutcome& outcome, double wall_s, double cpu_s);
  void write(std::span<const vm::Verdict> verdicts);

 private:
  template <class Value>
  void meta(std::string_view key, const Value& value) {
    run(meta_, key, value);
  }
  void write(const vm::GroupOutcome& group);
  void write(std::span<const vm::ClientOutcome> clients);
  void write(const vm::ConsolidationOutcome& consolidation);
  void write(const vm::MachineOutcome& machine);
  void write(vm::Time at, const vm::SlaFailureBegan& notice);
  void write(vm::Time at, const vm::SlaFailureEnded& notice);
  void write(vm::Time at, const vm::FailoverTriggered& notice);
  void write(vm::Time at, const vm::FailoverEnded& notice);
  void write(vm::Time at, const vm::MigrationEnded& notice);
  void write(vm::Time at, const vm::FailoverWithheld& notice);

  sqlite3* db_;
  Statement meta_, machine_, machine_state_, sample_, latency_, throughput_, fault_, transaction_;
  Statement failure_began_, failure_ended_, failover_triggered_, failover_ended_, migration_;
  Statement withheld_, consolidation_;
};

/// "==", "<=" ... as a scenario writes them.
std::string_view symbol(vm::Comparison comparison);

}  // namespace record
