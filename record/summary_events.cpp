// What broke and what was done about it.
#include "record/summary_parts.hpp"

namespace record {
namespace {

void read_failures(sqlite3* db, Summary& s) {
  each_row(db,
           "SELECT x.failure, x.cause, x.machine, f.name, x.start_ns, x.end_ns, x.value, "
           "x.limit_value, x.worst FROM sla_failures x "
           "LEFT JOIN machines m ON m.machine = x.machine "
           "LEFT JOIN fleets f ON f.fleet = m.fleet ORDER BY x.failure",
           [&](const Statement& row) {
             s.sla_failures.push_back({.number = number(row, 0),
                                       .cause = string(row, 1),
                                       .machine = machine(row, 2),
                                       .fleet = string(row, 3),
                                       .start = time(row, 4),
                                       .end = optional(row, 5, time),
                                       .value = real(row, 6),
                                       .limit = real(row, 7),
                                       .worst = optional(row, 8, real)});
           });
  each_row(db, "SELECT at_ns, machine, what FROM faults ORDER BY rowid", [&](const Statement& row) {
    s.faults.push_back({time(row, 0), machine(row, 1), string(row, 2)});
  });
  each_row(db, "SELECT reason, count(*), min(at_ns) FROM withheld GROUP BY reason ORDER BY 3, 1",
           [&](const Statement& row) {
             s.withheld.push_back({string(row, 0), count(row, 1), time(row, 2)});
           });
}

void read_failovers(sqlite3* db, Summary& s) {
  each_row(db,
           "SELECT o.failover, o.cause, o.from_machine, o.to_machine, f.name, o.triggered_ns, "
           "o.ended_ns, o.result, o.moved, o.aborted, o.bytes, o.pause_max_ns, o.lost "
           "FROM failovers o LEFT JOIN machines m ON m.machine = o.from_machine "
           "LEFT JOIN fleets f ON f.fleet = m.fleet ORDER BY o.failover",
           [&](const Statement& row) {
             Failover failover{.number = number(row, 0),
                               .cause = string(row, 1),
                               .from = machine(row, 2),
                               .to = machine(row, 3),
                               .fleet = string(row, 4),
                               .triggered = time(row, 5),
                               .end = std::nullopt};
             if (!is_null(row, 6)) {
               failover.end = Failover::End{.at = time(row, 6),
                                            .result = string(row, 7),
                                            .moved = count(row, 8),
                                            .aborted = count(row, 9),
                                            .lost = count(row, 12),
                                            .bytes = {integer(row, 10)},
                                            .pause_max = span(row, 11)};
             }
             s.failovers.push_back(std::move(failover));
           });
}

void read_migrations(sqlite3* db, Summary& s) {
  each_row(db, "SELECT count(*), sum(aborted), sum(bytes) FROM migrations",
           [&](const Statement& row) {
             s.migrations.count = count(row, 0);
             s.migrations.aborted = count(row, 1);
             s.migrations.bytes = {integer(row, 2)};
           });
  std::vector<vm::Duration> pauses;
  each_row(db, "SELECT pause_ns FROM migrations WHERE aborted = 0 ORDER BY pause_ns",
           [&](const Statement& row) { pauses.push_back(span(row, 0)); });
  if (pauses.empty()) return;
  s.migrations.pause_p50 = pauses[(pauses.size() - 1) / 2];  // the lower of two in the middle
  s.migrations.pause_max = pauses.back();
}

}  // namespace

void read_events(sqlite3* db, Summary& summary) {
  read_failures(db, summary);
  read_failovers(db, summary);
  read_migrations(db, summary);
}

}  // namespace record
