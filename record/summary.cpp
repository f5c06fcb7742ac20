#include "record/summary.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>

#include "record/row_writer.hpp"
#include "sim/histogram.hpp"

namespace record {
namespace {

constexpr std::int64_t slices = 60;

/// A read transaction: all questions see the same state of a file that grows meanwhile. Where the
/// caller has one open already, that one serves.
class Snapshot {
 public:
  explicit Snapshot(sqlite3* db) : db_(sqlite3_get_autocommit(db) != 0 ? db : nullptr) {
    if (db_ != nullptr) execute(db_, "BEGIN");
  }
  ~Snapshot() {
    if (db_ != nullptr) sqlite3_exec(db_, "COMMIT", nullptr, nullptr, nullptr);
  }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

 private:
  sqlite3* db_;
};

/// Calls `take` with each row that `sql` gives.
template <class Take>
void each(sqlite3* db, std::string_view sql, Take take) {
  const Statement row = prepare(db, sql);
  while (next_row(row.get())) take(row);
}

std::string string(const Statement& row, int column) {
  return std::string{text(row, column)};
}

vm::MachineId machine(const Statement& row, int column) {
  return is_null(row, column) ? vm::no_machine
                              : vm::MachineId{static_cast<std::uint32_t>(integer(row, column))};
}

std::uint32_t number(const Statement& row, int column) {
  return static_cast<std::uint32_t>(integer(row, column));
}

// ---- What was asked ----------------------------------------------------------------------------

void read_meta(sqlite3* db, Summary& s) {
  const std::map<std::string_view, void (*)(Summary&, const Statement&)> keys{
      {"scenario", [](Summary& to, const Statement& row) { to.scenario = text(row, 1); }},
      {"question", [](Summary& to, const Statement& row) { to.question = text(row, 1); }},
      {"world", [](Summary& to, const Statement& row) { to.world = text(row, 1); }},
      {"seed", [](Summary& to, const Statement& row) { to.seed = text(row, 1); }},
      {"finished", [](Summary& to, const Statement& row) { to.finished = integer(row, 1) != 0; }},
      {"interrupted",
       [](Summary& to, const Statement& row) { to.interrupted = integer(row, 1) != 0; }},
      {"now_ns", [](Summary& to, const Statement& row) { to.end = time(row, 1); }},
      {"duration_ns", [](Summary& to, const Statement& row) { to.duration = span(row, 1); }},
      {"warmup_ns", [](Summary& to, const Statement& row) { to.warmup = span(row, 1); }},
      {"fingerprint", [](Summary& to, const Statement& row) { to.fingerprint = text(row, 1); }},
      {"wall_s", [](Summary& to, const Statement& row) { to.wall_s = real(row, 1); }},
      {"cpu_s", [](Summary& to, const Statement& row) { to.cpu_s = real(row, 1); }},
      {"events", [](Summary& to, const Statement& row) { to.events = count(row, 1); }},
      {"books_balance",
       [](Summary& to, const Statement& row) { to.books_balance = integer(row, 1) != 0; }},
  };
  each(db, "SELECT key, value FROM meta", [&](const Statement& row) {
    const auto key = keys.find(text(row, 0));
    if (key != keys.end()) key->second(s, row);
  });
  each(db, "SELECT policy FROM fleets GROUP BY policy ORDER BY min(fleet)",
       [&](const Statement& row) { s.policies.push_back(string(row, 0)); });
}

// ---- Clients -----------------------------------------------------------------------------------

/// What the rows after `from` say of each group.
std::map<std::int64_t, Counts> sum_throughput(sqlite3* db, vm::Time from) {
  std::map<std::int64_t, Counts> sums;
  const Statement row =
      prepare(db,
              "SELECT client_group, sum(issued), sum(committed), sum(refused), sum(timed_out), "
              "sum(failed), sum(retries) FROM throughput WHERE at_ns > ? GROUP BY client_group");
  put(row.get(), 1, from);
  while (next_row(row.get())) {
    sums[integer(row, 0)] = {.issued = count(row, 1),
                             .committed = count(row, 2),
                             .refused = count(row, 3),
                             .timed_out = count(row, 4),
                             .failed = count(row, 5),
                             .retries = count(row, 6)};
  }
  return sums;
}

Latency describe(const sim::Histogram& histogram) {
  const auto quantile_ms = [&](double q) {
    return sim::milliseconds(vm::Duration{histogram.quantile(q)});
  };
  return {.mean_ms = histogram.mean() * 1e-6,
          .max_ms = sim::milliseconds(vm::Duration{histogram.max()}),
          .p50_ms = quantile_ms(0.5),
          .p90_ms = quantile_ms(0.9),
          .p99_ms = quantile_ms(0.99),
          .p999_ms = quantile_ms(0.999)};
}

std::map<std::int64_t, sim::Histogram> read_histograms(sqlite3* db) {
  std::map<std::int64_t, std::vector<sim::Histogram::Bucket>> buckets;
  each(db, "SELECT client_group, bucket, committed FROM histogram_buckets ORDER BY 1, 2",
       [&](const Statement& row) {
         buckets[integer(row, 0)].emplace_back(number(row, 1), count(row, 2));
       });
  std::map<std::int64_t, sim::Histogram> histograms;
  each(db, "SELECT client_group, min_ns, max_ns, sum_high, sum_low FROM histograms",
       [&](const Statement& row) {
         const auto group = integer(row, 0);
         auto histogram = sim::Histogram::from_buckets(buckets[group], {.min = integer(row, 1),
                                                                        .max = integer(row, 2),
                                                                        .sum_high = count(row, 3),
                                                                        .sum_low = count(row, 4)});
         if (!histogram) throw std::runtime_error("histogram: " + histogram.error());
         histograms.emplace(group, std::move(*histogram));
       });
  return histograms;
}

void read_finished_groups(sqlite3* db, std::map<std::int64_t, GroupSummary*>& groups, Summary& s) {
  s.writes.emplace();
  each(db,
       "SELECT client_group, issued, committed, refused, timed_out, failed, in_flight, "
       "acknowledged, applied, unacknowledged, lost, duplicated FROM books",
       [&](const Statement& row) {
         GroupSummary* group = groups[integer(row, 0)];
         if (group == nullptr) throw std::runtime_error("books of an unknown client group");
         group->counts = {.issued = count(row, 1),
                          .committed = count(row, 2),
                          .refused = count(row, 3),
                          .timed_out = count(row, 4),
                          .failed = count(row, 5),
                          .in_flight = count(row, 6),
                          .retries = group->counts.retries};
         group->writes = Writes{.acknowledged = count(row, 7),
                                .applied = count(row, 8),
                                .unacknowledged = count(row, 9),
                                .lost = count(row, 10),
                                .duplicated = count(row, 11)};
         *s.writes += *group->writes;
       });
  sim::Histogram all;
  for (const auto& [id, histogram] : read_histograms(db)) {
    if (histogram.count() == 0) continue;
    all.merge(histogram);
    if (GroupSummary* group = groups[id]) group->latency = describe(histogram);
  }
  if (all.count() > 0) s.latency = describe(all);
}

void read_unfinished_groups(sqlite3* db, std::map<std::int64_t, GroupSummary*>& groups,
                            Summary& s) {
  each(db,
       "SELECT client_group, in_flight FROM throughput WHERE rowid IN "
       "(SELECT max(rowid) FROM throughput GROUP BY client_group)",
       [&](const Statement& row) {
         if (auto* group = groups[integer(row, 0)]) group->counts.in_flight = count(row, 1);
       });
  double sum_ms = 0, max_ms = 0, committed = 0;
  each(db,
       "SELECT client_group, sum(committed), sum(committed * mean_ms), max(max_ms) FROM latency "
       "WHERE committed > 0 GROUP BY client_group",
       [&](const Statement& row) {
         if (auto* group = groups[integer(row, 0)]) {
           group->latency = Latency{.mean_ms = real(row, 2) / real(row, 1), .max_ms = real(row, 3)};
         }
         committed += real(row, 1);
         sum_ms += real(row, 2);
         max_ms = std::max(max_ms, real(row, 3));
       });
  if (committed > 0) s.latency = Latency{.mean_ms = sum_ms / committed, .max_ms = max_ms};
}

void read_groups(sqlite3* db, Summary& s) {
  const auto whole = sum_throughput(db, vm::Time::min());
  const auto last = sum_throughput(db, s.end - s.end.time_since_epoch() / 10);
  std::vector<std::int64_t> ids;
  each(db, "SELECT client_group, name, clients FROM client_groups ORDER BY client_group",
       [&](const Statement& row) {
         ids.push_back(integer(row, 0));
         GroupSummary group{.name = string(row, 1), .clients = count(row, 2)};
         if (const auto sum = whole.find(ids.back()); sum != whole.end())
           group.counts = sum->second;
         if (const auto sum = last.find(ids.back()); sum != last.end()) group.last = sum->second;
         s.groups.push_back(std::move(group));
       });
  std::map<std::int64_t, GroupSummary*> by_id;
  for (std::size_t i = 0; i < ids.size(); ++i) by_id[ids[i]] = &s.groups[i];
  if (s.finished) {
    read_finished_groups(db, by_id, s);
  } else {
    read_unfinished_groups(db, by_id, s);
  }
  for (const GroupSummary& group : s.groups) {
    s.counts += group.counts;
    s.last += group.last;
  }
}

// ---- Failures and what was done about them -----------------------------------------------------

void read_failures(sqlite3* db, Summary& s) {
  each(db,
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
  each(db, "SELECT at_ns, machine, what FROM faults ORDER BY rowid", [&](const Statement& row) {
    s.faults.push_back({time(row, 0), machine(row, 1), string(row, 2)});
  });
  each(db, "SELECT reason, count(*), min(at_ns) FROM withheld GROUP BY reason ORDER BY 3, 1",
       [&](const Statement& row) {
         s.withheld.push_back({string(row, 0), count(row, 1), time(row, 2)});
       });
}

void read_failovers(sqlite3* db, Summary& s) {
  each(db,
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
  each(db, "SELECT count(*), sum(aborted), sum(bytes) FROM migrations", [&](const Statement& row) {
    s.migrations.count = count(row, 0);
    s.migrations.aborted = count(row, 1);
    s.migrations.bytes = {integer(row, 2)};
  });
  std::vector<vm::Duration> pauses;
  each(db, "SELECT pause_ns FROM migrations WHERE aborted = 0 ORDER BY pause_ns",
       [&](const Statement& row) { pauses.push_back(span(row, 0)); });
  if (pauses.empty()) return;
  s.migrations.pause_p50 = pauses[(pauses.size() - 1) / 2];  // the lower of two in the middle
  s.migrations.pause_max = pauses.back();
}

// ---- Machines ----------------------------------------------------------------------------------

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

void read_machines(sqlite3* db, Summary& s) {
  each(db, s.finished ? finished_machines : unfinished_machines, [&](const Statement& row) {
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

// ---- The course of the run, and its verdict -----------------------------------------------------

void read_course(sqlite3* db, Summary& s) {
  const std::int64_t end = s.end.time_since_epoch().count();
  if (end <= 0) return;
  const std::int64_t width = (end + slices - 1) / slices;
  const auto ask = [&](std::string_view sql, auto take) {
    const Statement row = prepare(db, sql);
    put(row.get(), 1, width);
    while (next_row(row.get())) {
      const auto slice = std::clamp<std::int64_t>(integer(row, 0), 0, slices - 1);
      s.course.resize(static_cast<std::size_t>(slices));
      take(s.course[static_cast<std::size_t>(slice)], row);
    }
  };
  const double seconds = sim::seconds(vm::Duration{width});
  // A row stands for the interval that ends at its time, hence the slice of the instant before.
  ask("SELECT (at_ns - 1) / ?1, sum(issued), sum(committed) FROM throughput GROUP BY 1",
      [&](Slice& slice, const Statement& row) {
        slice.issued_per_s += real(row, 1) / seconds;
        slice.committed_per_s += real(row, 2) / seconds;
      });
  ask("SELECT (at_ns - 1) / ?1, max(p99_ms) FROM latency WHERE committed > 0 GROUP BY 1",
      [&](Slice& slice, const Statement& row) {
        slice.p99_ms = std::max(slice.p99_ms.value_or(0), real(row, 1));
      });
}

vm::Comparison comparison(std::string_view text) {
  using enum vm::Comparison;
  for (const auto c : {equal, not_equal, less, less_equal, greater, greater_equal}) {
    if (text == symbol(c)) return c;
  }
  throw std::runtime_error("expectation with an unknown comparison");
}

void read_verdicts(sqlite3* db, Summary& s) {
  std::vector<vm::Expectation> expectations;
  each(db, "SELECT name, comparison, value, want FROM expectations ORDER BY position",
       [&](const Statement& row) {
         expectations.push_back(
             {string(row, 0), comparison(text(row, 1)), real(row, 2), string(row, 3)});
       });
  s.verdicts = vm::evaluate(expectations, [&](std::string_view name) { return figure(s, name); });
}

}  // namespace

std::optional<double> Counts::committed_share() const {
  if (ended() == 0) return std::nullopt;
  return static_cast<double>(committed) / static_cast<double>(ended());
}

Counts& Counts::operator+=(const Counts& other) {
  issued += other.issued;
  committed += other.committed;
  refused += other.refused;
  timed_out += other.timed_out;
  failed += other.failed;
  in_flight += other.in_flight;
  retries += other.retries;
  return *this;
}

Writes& Writes::operator+=(const Writes& other) {
  acknowledged += other.acknowledged;
  applied += other.applied;
  unacknowledged += other.unacknowledged;
  lost += other.lost;
  duplicated += other.duplicated;
  return *this;
}

bool Summary::met() const {
  return books_balance.value_or(false) &&
         std::all_of(verdicts.begin(), verdicts.end(), [](const vm::Verdict& v) { return v.met; });
}

Summary read_summary(sqlite3* db) {
  const Snapshot snapshot{db};
  Summary summary;
  read_meta(db, summary);
  read_groups(db, summary);
  read_failures(db, summary);
  read_failovers(db, summary);
  read_migrations(db, summary);
  read_machines(db, summary);
  if (summary.finished) {
    each(db, "SELECT text FROM complaints ORDER BY position",
         [&](const Statement& row) { summary.complaints.push_back(string(row, 0)); });
  }
  read_course(db, summary);
  read_verdicts(db, summary);
  return summary;
}

}  // namespace record
