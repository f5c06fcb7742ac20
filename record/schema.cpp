#include "record/schema.hpp"

namespace record {
namespace {

constexpr std::int64_t brink_application_id = 0x4272'6e6b;  // "Brnk"

constexpr const char* tables = R"sql(
-- What was asked. `value` has the type that its key wants.
CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE flavors(
  flavor INTEGER PRIMARY KEY, name TEXT, cores REAL, memory_bytes INTEGER,
  disk_bytes_per_s REAL, network_bytes_per_s REAL, price_per_hour REAL);
CREATE TABLE fleets(
  fleet INTEGER PRIMARY KEY, name TEXT, flavor INTEGER, machines INTEGER, spares INTEGER,
  policy TEXT);
CREATE TABLE client_groups(
  client_group INTEGER PRIMARY KEY, name TEXT, clients INTEGER, first_client INTEGER);
CREATE TABLE transaction_kinds(kind INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE expectations(
  position INTEGER PRIMARY KEY, name TEXT, comparison TEXT, value REAL, want TEXT,
  got REAL, met INTEGER);

-- What happened, row by row.
CREATE TABLE machines(
  machine INTEGER PRIMARY KEY, at_ns INTEGER, fleet INTEGER, flavor INTEGER, spare INTEGER);
CREATE TABLE machine_states(at_ns INTEGER, machine INTEGER, state TEXT, released INTEGER);
CREATE TABLE samples(
  at_ns INTEGER, machine INTEGER, state TEXT, cpu REAL, memory REAL, disk REAL, network REAL,
  transactions INTEGER, tenants INTEGER);
CREATE TABLE latency(
  at_ns INTEGER, client_group INTEGER, committed INTEGER, mean_ms REAL, p50_ms REAL, p90_ms REAL,
  p99_ms REAL, p999_ms REAL, max_ms REAL);
CREATE TABLE throughput(
  at_ns INTEGER, client_group INTEGER, issued INTEGER, committed INTEGER, refused INTEGER,
  timed_out INTEGER, failed INTEGER, retries INTEGER, in_flight INTEGER);
CREATE TABLE sla_failures(
  failure INTEGER PRIMARY KEY, at_ns INTEGER, start_ns INTEGER, end_ns INTEGER, cause TEXT,
  machine INTEGER, value REAL, limit_value REAL, worst REAL);
CREATE TABLE failovers(
  failover INTEGER PRIMARY KEY, triggered_ns INTEGER, ended_ns INTEGER, failure INTEGER,
  cause TEXT, from_machine INTEGER, to_machine INTEGER, result TEXT, moved INTEGER,
  aborted INTEGER, bytes INTEGER, pause_max_ns INTEGER, lost INTEGER);
CREATE TABLE withheld(at_ns INTEGER, machine INTEGER, reason TEXT);
CREATE TABLE migrations(
  start_ns INTEGER, end_ns INTEGER, failover INTEGER, client INTEGER, from_machine INTEGER,
  to_machine INTEGER, rounds INTEGER, bytes INTEGER, pause_ns INTEGER, aborted INTEGER);
CREATE TABLE faults(at_ns INTEGER, machine INTEGER, what TEXT);
CREATE TABLE transactions(
  issued_ns INTEGER, ended_ns INTEGER, client INTEGER, sequence INTEGER, kind INTEGER,
  outcome TEXT, attempts INTEGER, machine INTEGER);
CREATE TABLE consolidation(
  at_ns INTEGER, energy_kwh REAL, vms INTEGER, active_hosts INTEGER, overloaded_hosts INTEGER,
  hosts_above INTEGER, migrations INTEGER);

-- What it came to, when the run ended.
CREATE TABLE books(
  client_group INTEGER PRIMARY KEY, issued INTEGER, committed INTEGER, refused INTEGER,
  timed_out INTEGER, failed INTEGER, in_flight INTEGER, attempts INTEGER, acknowledged INTEGER,
  applied INTEGER, unacknowledged INTEGER, lost INTEGER, duplicated INTEGER);
CREATE TABLE client_books(
  client INTEGER PRIMARY KEY, issued INTEGER, committed INTEGER, refused INTEGER,
  timed_out INTEGER, failed INTEGER, in_flight INTEGER, attempts INTEGER, acknowledged INTEGER,
  applied INTEGER, unacknowledged INTEGER, lost INTEGER, duplicated INTEGER,
  latencies INTEGER, latency_sum_ns INTEGER, latency_max_ns INTEGER);
CREATE TABLE histograms(
  client_group INTEGER PRIMARY KEY, min_ns INTEGER, max_ns INTEGER, sum_high INTEGER,
  sum_low INTEGER);
CREATE TABLE histogram_buckets(
  client_group INTEGER, bucket INTEGER, committed INTEGER,
  PRIMARY KEY(client_group, bucket)) WITHOUT ROWID;
CREATE TABLE machine_totals(
  machine INTEGER PRIMARY KEY, state TEXT, allocated_ns INTEGER, released_ns INTEGER,
  cpu_mean REAL, memory_mean REAL, disk_mean REAL, network_mean REAL,
  cpu_max REAL, memory_max REAL, disk_max REAL, network_max REAL, cost REAL);
CREATE TABLE consolidation_totals(position INTEGER PRIMARY KEY, name TEXT, value);
CREATE TABLE complaints(position INTEGER PRIMARY KEY, text TEXT);
)sql";

std::int64_t pragma(sqlite3* db, const char* question) {
  const Statement statement = prepare(db, question);
  return next_row(statement.get()) ? integer(statement, 0) : 0;
}

}  // namespace

void create_schema(sqlite3* db) {
  execute(db, "BEGIN");
  execute(db, tables);
  execute(db, ("PRAGMA application_id = " + std::to_string(brink_application_id)).c_str());
  execute(db, ("PRAGMA user_version = " + std::to_string(schema_version)).c_str());
  execute(db, "COMMIT");
}

std::optional<std::string> foreign_reason(sqlite3* db) {
  if (pragma(db, "PRAGMA application_id") != brink_application_id) return "not a run of Brink";
  const auto version = pragma(db, "PRAGMA user_version");
  if (version > schema_version) {
    return "written by a newer Brink: schema " + std::to_string(version) +
           ", this one reads up to " + std::to_string(schema_version);
  }
  return std::nullopt;
}

}  // namespace record
