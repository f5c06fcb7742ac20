// What the run was played on: utilisation and cost of each machine.
#include "record/summary_parts.hpp"

namespace record {
namespace {

constexpr const char* finished_machines =
    "SELECT m.machine, f.name, v.name, m.spare, o.state, o.allocated_ns, o.released_ns, "
    "o.cpu_mean, o.memory_mean, o.disk_mean, o.network_mean, "
    "o.cpu_max, o.memory_max, o.disk_max, o.network_max, o.cost "
    "FROM machine_totals o JOIN machines m ON m.machine = o.machine "
    "LEFT JOIN fleets f ON f.fleet = m.fleet LEFT JOIN flavors v ON v.flavor = m.flavor "
    "ORDER BY m.machine";

// The same columns from what was kept: samples after the warm-up in which the machine was up, and
// a machine whose last state is down was given back then.
constexpr const char* unfinished_machines =
    "WITH past AS (SELECT CAST((SELECT value FROM meta WHERE key = 'now_ns') AS INTEGER) AS now, "
    "    CAST((SELECT value FROM meta WHERE key = 'warmup_ns') AS INTEGER) AS warmup), "
    "seen AS (SELECT machine, avg(cpu) c, avg(memory) m, avg(disk) d, avg(network) n, "
    "    max(cpu) cm, max(memory) mm, max(disk) dm, max(network) nm "
    "    FROM samples, past WHERE at_ns > warmup AND state IN ('up', 'draining') "
    "    GROUP BY machine), "
    "latest AS (SELECT machine, state, at_ns FROM machine_states WHERE rowid IN "
    "    (SELECT max(rowid) FROM machine_states GROUP BY machine)), "
    "lives AS (SELECT m.*, coalesce(l.state, 'booting') AS state, "
    "    CASE l.state WHEN 'down' THEN l.at_ns ELSE past.now END AS released "
    "    FROM past, machines m LEFT JOIN latest l ON l.machine = m.machine) "
    "SELECT m.machine, f.name, v.name, m.spare, m.state, m.at_ns, m.released, "
    "s.c, s.m, s.d, s.n, s.cm, s.mm, s.dm, s.nm, "
    "v.price_per_hour * (m.released - m.at_ns) / 3.6e12 "
    "FROM lives m LEFT JOIN seen s ON s.machine = m.machine "
    "LEFT JOIN fleets f ON f.fleet = m.fleet LEFT JOIN flavors v ON v.flavor = m.flavor "
    "ORDER BY m.machine";

}  // namespace

void read_machines(sqlite3* db, Summary& s) {
  each_row(db, s.finished ? finished_machines : unfinished_machines, [&](const Statement& row) {
    s.machines.push_back({.machine = machine(row, 0),
                          .fleet = string(row, 1),
                          .flavor = string(row, 2),
                          .state = string(row, 4),
                          .spare = integer(row, 3) != 0,
                          .allocated = time(row, 5),
                          .released = time(row, 6),
                          .mean = {{real(row, 7), real(row, 8), real(row, 9), real(row, 10)}},
                          .max = {{real(row, 11), real(row, 12), real(row, 13), real(row, 14)}},
                          .cost = real(row, 15)});
    s.cost += s.machines.back().cost;
  });
}

}  // namespace record
