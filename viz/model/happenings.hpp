// Happenings: SLA failures, failovers and migrations as records, each with its beginning and its
// end, made from the notices that tell of either; and which of them are on at an instant.
//
// A notice of an end without its beginning, as a damaged record may hold, is left out.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "viz/model/event_log.hpp"
#include "viz/model/run_view.hpp"
#include "vm/observation.hpp"

namespace viz::model {

class Happenings {
 public:
  Happenings() : failing_series_(0) {}

  void append(const vm::NoticeRow& row);
  void append(const vm::FaultRow& row);
  void append(const vm::MigrationRoundRow& row);
  /// For the event list.
  void booted(Time at, MachineId machine) { events_.add({at, EventKind::boot, machine, 0}); }
  void released(Time at, MachineId machine) { events_.add({at, EventKind::release, machine, 0}); }
  /// After rows were appended, and before events are asked for.
  void settle() { events_.settle(); }
  /// Before failing_series() is asked for: the run has come to `now`.
  void advance(Time now);

  const std::vector<FailureRecord>& failures() const { return failures_; }
  const std::vector<FailoverRecord>& failovers() const { return failovers_; }
  const std::vector<MigrationRecord>& migrations() const { return migrations_; }
  const EventLog& events() const { return events_; }
  /// Number of failing machines over time.
  const Series& failing_series() const { return failing_series_; }

  /// Calls f(failure) for each that is on at `at`. O(failures), sixteen bytes each.
  template <class F>
  void for_each_on(Time at, F f) const {
    for (std::size_t i = 0; i < failures_.size(); ++i)
      if (failure_spans_[i].holds(at)) f(failures_[i]);
  }
  /// Those under way at `at`, or over for no longer than they fade; largest first.
  void under_way(Time at, std::vector<MigrationView>& views) const;

  std::size_t memory() const;

 private:
  struct Span {
    Time from, to;
    bool holds(Time at) const { return from <= at && at < to; }
  };
  struct Progress {  // of a migration that goes on: live only
    std::uint32_t index = 0, round = 0;
    Time began, until;  // of the round
    float share(Time at) const;
  };
  void append(Time at, const vm::SlaFailureBegan& notice);
  void append(Time at, const vm::SlaFailureEnded& notice);
  void append(Time at, const vm::FailoverTriggered& notice);
  void append(Time at, const vm::FailoverEnded& notice);
  void append(Time at, const vm::MigrationEnded& notice);
  void append(Time at, const vm::FailoverWithheld& notice);
  std::uint32_t begin_migration(Time start, vm::TenantId tenant, MachineId from, MachineId to);
  void count_failing(Time now);

  std::vector<FailureRecord> failures_;  // by number
  std::vector<FailoverRecord> failovers_;
  std::vector<MigrationRecord> migrations_;
  std::vector<Span> failure_spans_, migration_spans_;
  std::map<TenantId, Progress> moving_;
  EventLog events_;
  Series failing_series_;
  bool failures_changed_ = false;
};

}  // namespace viz::model
