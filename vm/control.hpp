// Facts and orders: the language between what decides and what carries out.
//
// Facts are past events that a world tells the control plane, orders are imperatives that the
// control plane gives back. The simulated world answers an order after the time it would cost, the
// real world when it is done. Every order that wants an answer carries an Attempt, and the answer
// brings it back: answers may come late, twice or never, and the control plane copes. Timers always
// fire. SwitchOver, Restore and Replicate may be ordered again under the same attempt: who is at it
// goes on, who has done it answers again and does no more, and who has said that it cannot be done
// says so again. Everything else is ordered once. An order about a machine that is lost or released
// meanwhile does nothing.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "vm/entities.hpp"

namespace vm {

// ---- Facts -------------------------------------------------------------------------------------

struct Sampled {  // one sample interval of one machine is over
  MachineId machine;
  Sample sample;
};
struct LatencyMeasured {  // one SLA window of the whole scenario is over; one fact per objective
  std::uint32_t objective = 0;     // index into Sla::latency
  Duration latency{};              // the objective's quantile over the window
  std::uint64_t transactions = 0;  // it rests on
};
struct OutcomesCounted {            // one sample interval of the whole scenario is over
  std::uint64_t good = 0, bad = 0;  // committed; refused, timed out or failed
};
struct MachineReady {  // an allocated machine is up
  MachineId machine;
  Attempt attempt;
};
struct BootFailed {
  MachineId machine;
  Attempt attempt;
};
struct MachineLost {  // it answers nobody any more; all it held in memory is gone
  MachineId machine;
};
struct MachineReturned {  // a lost machine is up again, with what its log holds
  MachineId machine;
};
struct LoadsReported {  // answers AskLoads
  struct Load {
    TenantId tenant;
    double cpu = 0;  // of the machine's work in the last SLA windows, >= 0, any unit
    Bytes state{};
  };
  Attempt attempt;
  MachineId machine;
  std::vector<Load> loads;  // every tenant that lives there, in order of TenantId
};
struct Copied {  // answers StartCopy, CopyRound and CopyRest
  Attempt attempt;
  Bytes copied{};  // in this round
  Bytes dirty{};   // written meanwhile: what a further round would have to copy; 0 after CopyRest
  std::uint32_t round = 0;  // of the order that it answers; 0 for StartCopy
};
struct Frozen {  // answers Freeze: the source takes no more transactions of this tenant
  Attempt attempt;
  Bytes rest{};  // still to be copied
};
struct Verified {  // answers Verify
  Attempt attempt;
  bool equal = false;  // digests and counts of both sides
};
struct SwitchedOver {  // answers SwitchOver: clients reach the new owner
  Attempt attempt;
  Duration pause{};  // from the freeze until now
};
struct MigrationBroken {  // also answers Restore and Replicate: it cannot be done, or go on, like
  Attempt attempt;        // this (connection cut, target full or gone, nothing to restore from)
};
struct Restored {  // answers Restore: the tenant is served again
  Attempt attempt;
  std::uint64_t lost = 0;  // acknowledged writes that did not come back
};
struct Replicated {  // answers Replicate: the second copy is complete and kept so
  Attempt attempt;
};
struct ReplicaBroken {  // the second copy on `machine` is no longer kept up, though both are there
  TenantId tenant;
  MachineId machine;
};
struct TimerFired {
  Attempt attempt;
};
struct ThresholdChanged {  // somebody wants the SLA's thresholds elsewhere, from now on
  double threshold = 0.98;
};
struct Housed {  // the machine is on this host: those of one host may all be lost at once
  MachineId machine;
  std::uint32_t host = 0;
};

using Fact = std::variant<Sampled, LatencyMeasured, OutcomesCounted, MachineReady, BootFailed,
                          MachineLost, MachineReturned, LoadsReported, Copied, Frozen, Verified,
                          SwitchedOver, MigrationBroken, Restored, Replicated, ReplicaBroken,
                          TimerFired, ThresholdChanged, Housed>;

// ---- Orders ------------------------------------------------------------------------------------

struct Allocate {  // boot a fresh machine; `machine` is the next unused number
  Attempt attempt;
  MachineId machine;
  FleetId fleet;
  FlavorId flavor;
};
struct Release {  // give the machine back: it ends, and its price with it
  MachineId machine;
};
struct Drain {  // its tenants begin to leave it, and it is to be released after; or no longer so
  MachineId machine;
  bool begins = true;
};
struct AskLoads {
  Attempt attempt;
  MachineId machine;
};
struct StartCopy {  // snapshot of the whole state; source goes on serving
  Attempt attempt;
  TenantId tenant;
  MachineId from, to;
};
struct CopyRound {  // what was written since the round before
  Attempt attempt;
  std::uint32_t round = 0;  // of this attempt, from 1
};
struct Freeze {  // hold what arrives for the tenant; take back what has not been applied
  Attempt attempt;
};
struct CopyRest {
  Attempt attempt;
  std::uint32_t round = 0;  // counted on from CopyRound
};
struct Verify {
  Attempt attempt;
};
struct SwitchOver {  // the target owns the tenant under `epoch`; send it what was held
  Attempt attempt;
  TenantId tenant;
  MachineId from, to;
  Epoch epoch = 0;
};
struct AbortMigration {  // back to the source, which serves again; the target forgets its copy
  Attempt attempt;
};
enum class RestoreFrom : std::uint8_t { nothing, log, replica };
struct Restore {  // a tenant whose owner was lost starts on `to` under `epoch`
  Attempt attempt;
  TenantId tenant;
  MachineId to;
  RestoreFrom from = RestoreFrom::nothing;
  Epoch epoch = 0;
};
struct Replicate {  // build and keep a second copy of the tenant on `to`
  Attempt attempt;
  TenantId tenant;
  MachineId to;
};
struct SetTimer {
  Attempt attempt;
  Time at;
};

// ---- Notices: orders to tell people ------------------------------------------------------------

enum class Cause : std::uint8_t { cpu, memory, disk, network, latency, availability, crash };

constexpr std::string_view to_string(Cause cause) {
  constexpr std::array<std::string_view, 7> names{"cpu",     "memory",       "disk", "network",
                                                  "latency", "availability", "crash"};
  return names[static_cast<std::size_t>(cause)];
}

struct SlaFailureBegan {
  std::uint32_t failure = 0;  // numbered from 0 in order of beginning
  Cause cause = Cause::cpu;
  MachineId machine = no_machine;  // none for latency and availability
  Time start;                      // of the evidence: at most one window before this notice
  double value = 0;                // utilisation 0 to 1, latency in seconds, burn rate
  double limit = 0;                // in the same unit
};
struct SlaFailureEnded {
  std::uint32_t failure = 0;
  double worst = 0;  // value while it lasted
};
struct FailoverTriggered {
  FailoverId failover;
  MachineId from;
  std::uint32_t failure = 0;  // the SLA failure it answers
  Cause cause = Cause::cpu;
};
enum class FailoverResult : std::uint8_t { completed, partial, failed };
constexpr std::string_view to_string(FailoverResult result) {
  constexpr std::array<std::string_view, 3> names{"completed", "partial", "failed"};
  return names[static_cast<std::size_t>(result)];
}
struct FailoverEnded {
  FailoverId failover;
  MachineId from, to;  // `to` is no_machine where none came up
  FailoverResult result = FailoverResult::completed;
  std::uint32_t moved = 0;    // tenants
  std::uint32_t aborted = 0;  // migrations and restores given up
  Bytes bytes{};              // copied, all rounds
  Duration pause_max{};       // the longest of its migrations
  std::uint64_t lost = 0;     // acknowledged writes that a crash took, by Restored
};
struct MigrationEnded {
  FailoverId failover;
  TenantId tenant;
  MachineId from, to;
  Time start;
  std::uint32_t rounds = 0;
  Bytes bytes{};
  Duration pause{};
  bool aborted = false;
};
struct FailoverWithheld {  // a failure that gets no failover, and why ("fleet-wide stop", ...)
  MachineId machine;
  std::string_view reason;  // a literal
};
using Notice = std::variant<SlaFailureBegan, SlaFailureEnded, FailoverTriggered, FailoverEnded,
                            MigrationEnded, FailoverWithheld>;
struct Notify {
  Notice notice;
};

using Order =
    std::variant<Allocate, Release, Drain, AskLoads, StartCopy, CopyRound, Freeze, CopyRest, Verify,
                 SwitchOver, AbortMigration, Restore, Replicate, SetTimer, Notify>;

}  // namespace vm
