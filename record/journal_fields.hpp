// JournalFields: the names under which facts and orders, and their members, stand in a journal.
//
// Each struct names itself and its members once; journal_text.cpp writes and reads by that.
#pragma once

#include <tuple>

#include "vm/control.hpp"

namespace record {

template <class Of, class Member>
struct Field {
  const char* name;
  Member Of::*member;
};
template <class Of, class Member>
Field(const char*, Member Of::*) -> Field<Of, Member>;

/// `name`, and `list`: a tuple of Field. One specialisation for each struct in a journal.
template <class T>
struct Fields;

#define RECORD_FIELDS(type, called, ...)                  \
  template <>                                             \
  struct Fields<vm::type> {                               \
    using T = vm::type;                                   \
    static constexpr const char* name = called;           \
    static constexpr auto list = std::tuple{__VA_ARGS__}; \
  }

// clang-format off: a table
RECORD_FIELDS(Sample, "sample", Field{"utilisation", &T::utilisation},
              Field{"transactions", &T::transactions}, Field{"tenants", &T::tenants});
RECORD_FIELDS(LoadsReported::Load, "load", Field{"tenant", &T::tenant}, Field{"cpu", &T::cpu},
              Field{"state", &T::state});

RECORD_FIELDS(Sampled, "sampled", Field{"machine", &T::machine}, Field{"sample", &T::sample});
RECORD_FIELDS(LatencyMeasured, "latency_measured", Field{"objective", &T::objective},
              Field{"latency", &T::latency}, Field{"transactions", &T::transactions});
RECORD_FIELDS(OutcomesCounted, "outcomes_counted", Field{"good", &T::good}, Field{"bad", &T::bad});
RECORD_FIELDS(MachineReady, "machine_ready", Field{"machine", &T::machine},
              Field{"attempt", &T::attempt});
RECORD_FIELDS(BootFailed, "boot_failed", Field{"machine", &T::machine},
              Field{"attempt", &T::attempt});
RECORD_FIELDS(MachineLost, "machine_lost", Field{"machine", &T::machine});
RECORD_FIELDS(MachineReturned, "machine_returned", Field{"machine", &T::machine});
RECORD_FIELDS(LoadsReported, "loads_reported", Field{"attempt", &T::attempt},
              Field{"machine", &T::machine}, Field{"loads", &T::loads});
RECORD_FIELDS(Copied, "copied", Field{"attempt", &T::attempt}, Field{"copied", &T::copied},
              Field{"dirty", &T::dirty}, Field{"round", &T::round});
RECORD_FIELDS(Frozen, "frozen", Field{"attempt", &T::attempt}, Field{"rest", &T::rest});
RECORD_FIELDS(Verified, "verified", Field{"attempt", &T::attempt}, Field{"equal", &T::equal});
RECORD_FIELDS(SwitchedOver, "switched_over", Field{"attempt", &T::attempt},
              Field{"pause", &T::pause});
RECORD_FIELDS(MigrationBroken, "migration_broken", Field{"attempt", &T::attempt});
RECORD_FIELDS(Restored, "restored", Field{"attempt", &T::attempt}, Field{"lost", &T::lost});
RECORD_FIELDS(Replicated, "replicated", Field{"attempt", &T::attempt});
RECORD_FIELDS(ReplicaBroken, "replica_broken", Field{"tenant", &T::tenant},
              Field{"machine", &T::machine});
RECORD_FIELDS(TimerFired, "timer_fired", Field{"attempt", &T::attempt});
RECORD_FIELDS(ThresholdChanged, "threshold_changed", Field{"threshold", &T::threshold});
RECORD_FIELDS(Housed, "housed", Field{"machine", &T::machine}, Field{"host", &T::host});

RECORD_FIELDS(Allocate, "allocate", Field{"attempt", &T::attempt}, Field{"machine", &T::machine},
              Field{"fleet", &T::fleet}, Field{"flavor", &T::flavor});
RECORD_FIELDS(Release, "release", Field{"machine", &T::machine});
RECORD_FIELDS(Drain, "drain", Field{"machine", &T::machine}, Field{"begins", &T::begins});
RECORD_FIELDS(AskLoads, "ask_loads", Field{"attempt", &T::attempt}, Field{"machine", &T::machine});
RECORD_FIELDS(StartCopy, "start_copy", Field{"attempt", &T::attempt}, Field{"tenant", &T::tenant},
              Field{"from", &T::from}, Field{"to", &T::to});
RECORD_FIELDS(CopyRound, "copy_round", Field{"attempt", &T::attempt}, Field{"round", &T::round});
RECORD_FIELDS(Freeze, "freeze", Field{"attempt", &T::attempt});
RECORD_FIELDS(CopyRest, "copy_rest", Field{"attempt", &T::attempt}, Field{"round", &T::round});
RECORD_FIELDS(Verify, "verify", Field{"attempt", &T::attempt});
RECORD_FIELDS(SwitchOver, "switch_over", Field{"attempt", &T::attempt}, Field{"tenant", &T::tenant},
              Field{"from", &T::from}, Field{"to", &T::to}, Field{"epoch", &T::epoch});
RECORD_FIELDS(AbortMigration, "abort_migration", Field{"attempt", &T::attempt});
RECORD_FIELDS(Restore, "restore", Field{"attempt", &T::attempt}, Field{"tenant", &T::tenant},
              Field{"to", &T::to}, Field{"from", &T::from}, Field{"epoch", &T::epoch});
RECORD_FIELDS(Replicate, "replicate", Field{"attempt", &T::attempt}, Field{"tenant", &T::tenant},
              Field{"to", &T::to});
RECORD_FIELDS(SetTimer, "set_timer", Field{"attempt", &T::attempt}, Field{"at", &T::at});

RECORD_FIELDS(SlaFailureBegan, "sla_failure_began", Field{"failure", &T::failure},
              Field{"cause", &T::cause}, Field{"machine", &T::machine}, Field{"start", &T::start},
              Field{"value", &T::value}, Field{"limit", &T::limit});
RECORD_FIELDS(SlaFailureEnded, "sla_failure_ended", Field{"failure", &T::failure},
              Field{"worst", &T::worst});
RECORD_FIELDS(FailoverTriggered, "failover_triggered", Field{"failover", &T::failover},
              Field{"from", &T::from}, Field{"failure", &T::failure}, Field{"cause", &T::cause});
RECORD_FIELDS(FailoverEnded, "failover_ended", Field{"failover", &T::failover},
              Field{"from", &T::from}, Field{"to", &T::to}, Field{"result", &T::result},
              Field{"moved", &T::moved}, Field{"aborted", &T::aborted}, Field{"bytes", &T::bytes},
              Field{"pause_max", &T::pause_max}, Field{"lost", &T::lost});
RECORD_FIELDS(MigrationEnded, "migration_ended", Field{"failover", &T::failover},
              Field{"tenant", &T::tenant}, Field{"from", &T::from}, Field{"to", &T::to},
              Field{"start", &T::start}, Field{"rounds", &T::rounds}, Field{"bytes", &T::bytes},
              Field{"pause", &T::pause}, Field{"aborted", &T::aborted});
RECORD_FIELDS(FailoverWithheld, "failover_withheld", Field{"machine", &T::machine},
              Field{"reason", &T::reason});
// clang-format on

#undef RECORD_FIELDS

}  // namespace record
