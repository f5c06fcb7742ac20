// Summary: what a run came to, as read from run.sqlite and from nothing else.
//
// `brink run` prints it when the run ends and `brink report` a year later; both ask the file, so
// they say the same. A run that was killed, or whose disk was full, has no totals: its counts are
// summed up from the rows that were kept, its books are unknown, and `finished` is false.
//
// Times are since the start of the run, shares and utilisations 0 to 1, latencies milliseconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/handles.hpp"
#include "vm/consolidation_outcome.hpp"
#include "vm/expectation.hpp"

namespace record {

/// Of transactions that committed, issued after the warm-up. Percentiles of an unfinished run are
/// unknown; its mean and maximum include the warm-up.
struct Latency {
  double mean_ms = 0, max_ms = 0;
  std::optional<double> p50_ms{}, p90_ms{}, p99_ms{}, p999_ms{};
};

struct Counts {
  std::uint64_t issued = 0, committed = 0, refused = 0, timed_out = 0, failed = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t retries = 0;  // attempts beyond the first

  std::uint64_t ended() const { return committed + refused + timed_out + failed; }
  /// Committed of all that ended; none where nothing did.
  std::optional<double> committed_share() const;
  Counts& operator+=(const Counts& other);
};

/// Acknowledged must be among the applied, and nothing applied twice.
struct Writes {
  std::uint64_t acknowledged = 0, applied = 0, unacknowledged = 0, lost = 0, duplicated = 0;

  Writes& operator+=(const Writes& other);
};

struct GroupSummary {
  std::string name;
  std::uint64_t clients = 0;
  Counts counts{};
  Counts last{};  // in the last tenth of the run: has it recovered?
  std::optional<Writes> writes{};
  std::optional<Latency> latency{};  // none where nothing committed
};

struct MachineSummary {
  vm::MachineId machine;
  std::string fleet, flavor, state;
  bool spare = false;
  vm::Time allocated, released;  // released: the end of the run where it never was
  vm::PerResource<double> mean, max;
  double cost = 0;
};

struct SlaFailure {
  std::uint32_t number = 0;
  std::string cause;
  vm::MachineId machine = vm::no_machine;
  std::string fleet;
  vm::Time start;
  std::optional<vm::Time> end;  // none: it lasted to the end of the run
  double value = 0, limit = 0;  // utilisation, seconds or burn rate, by cause
  std::optional<double> worst;

  vm::Duration length(vm::Time run_end) const { return end.value_or(run_end) - start; }
};

struct Failover {
  std::uint32_t number = 0;
  std::string cause;
  vm::MachineId from = vm::no_machine, to = vm::no_machine;
  std::string fleet;
  vm::Time triggered;
  struct End {
    vm::Time at;
    std::string result;  // "completed", "partial", "failed"
    std::uint64_t moved = 0, aborted = 0, lost = 0;
    vm::Bytes bytes;
    vm::Duration pause_max{};
  };
  std::optional<End> end;  // none: under way when the run ended
};

struct Migrations {
  std::uint64_t count = 0, aborted = 0;              // aborted ones are counted in both
  vm::Bytes bytes;                                   // copied, all rounds, aborted ones included
  std::optional<vm::Duration> pause_p50, pause_max;  // of those not aborted
};

struct FaultSummary {
  vm::Time at;
  vm::MachineId machine = vm::no_machine;
  std::string what;
};

struct Withheld {  // failovers that were not made, by reason
  std::string reason;
  std::uint64_t times = 0;
  vm::Time first;
};

/// The run in at most 60 slices of its time, each of the same number of sampling intervals but the
/// last, which may be shorter: for a picture of it.
struct Slice {
  double issued_per_s = 0, committed_per_s = 0;
  std::optional<double> p99_ms;  // the highest of any group and interval in it
};

struct Summary {
  std::string scenario, question, world, seed;
  std::string capacity;  // what held machines to theirs; empty where the run does not say
  std::vector<std::string> policies;  // of the fleets' failover, each once
  bool finished = false, interrupted = false;
  vm::Time end;             // how far it came
  vm::Duration duration{};  // how far it was to come
  vm::Duration warmup{};
  std::optional<std::string> fingerprint;  // 16 hexadecimal digits
  std::optional<double> wall_s, cpu_s;
  std::uint64_t events = 0;

  Counts counts, last;
  std::optional<Writes> writes;
  std::optional<bool> books_balance;
  std::vector<std::string> complaints;
  std::optional<Latency> latency;
  std::vector<GroupSummary> groups;
  std::vector<SlaFailure> sla_failures;
  std::vector<Failover> failovers;
  std::vector<Withheld> withheld;
  Migrations migrations;
  std::vector<MachineSummary> machines;
  double cost = 0;
  std::vector<FaultSummary> faults;
  vm::Duration slice{};       // how long each is
  std::vector<Slice> course;  // empty where there are no rows
  std::vector<vm::Verdict> verdicts;
  std::vector<vm::ConsolidationFigure> consolidation;  // empty where it was none, or unfinished

  /// The verdict of the whole run: its books are known and balance, and every expectation is met.
  bool met() const;
};

/// The value of a figure by the name that expectations give it (vm/expectation.hpp); none where the
/// run has no such figure.
std::optional<double> figure(const Summary& summary, std::string_view name);

/// summary.json: the summary for programs, as one object without a line end. Its names are a
/// contract (docs/RESULTS.md); new ones may come, none may change. What a run does not know (the
/// percentiles of a killed run) is null.
std::string to_json(const Summary& summary);

/// From one consistent view of the file, also while it is being written. Throws DatabaseError, or
/// std::runtime_error where the rows make no sense.
Summary read_summary(sqlite3* db);

}  // namespace record
