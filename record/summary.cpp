#include "record/summary.hpp"

#include <algorithm>
#include <map>

#include "record/row_writer.hpp"
#include "record/summary_parts.hpp"

namespace record {
namespace {

constexpr std::int64_t most_slices = 60;

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

// ---- What was asked ----------------------------------------------------------------------------

void read_meta(sqlite3* db, Summary& s) {
  const std::map<std::string_view, void (*)(Summary&, const Statement&)> keys{
      {"scenario", [](Summary& to, const Statement& row) { to.scenario = text(row, 1); }},
      {"question", [](Summary& to, const Statement& row) { to.question = text(row, 1); }},
      {"world", [](Summary& to, const Statement& row) { to.world = text(row, 1); }},
      {"capacity", [](Summary& to, const Statement& row) { to.capacity = text(row, 1); }},
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
  each_row(db, "SELECT key, value FROM meta", [&](const Statement& row) {
    const auto key = keys.find(text(row, 0));
    if (key != keys.end()) key->second(s, row);
  });
  each_row(db, "SELECT policy FROM fleets GROUP BY policy ORDER BY min(fleet)",
           [&](const Statement& row) { s.policies.push_back(string(row, 0)); });
}

// ---- The course of the run, and its verdict -----------------------------------------------------

void read_course(sqlite3* db, Summary& s) {
  const std::int64_t end = s.end.time_since_epoch().count();
  // Whole intervals, of which the first row ends the first: a slice with two beside one with one
  // would show a load that doubles and halves.
  std::int64_t interval = 0;
  each_row(db, "SELECT min(at_ns) FROM throughput",
           [&](const Statement& row) { interval = integer(row, 0); });
  if (end <= 0 || interval <= 0) return;
  const auto divided = [](std::int64_t a, std::int64_t b) {
    return (a + b - 1) / b;
  };  // rounded up
  const std::int64_t width = divided(end, most_slices * interval) * interval;
  s.slice = vm::Duration{width};
  s.course.resize(static_cast<std::size_t>(divided(end, width)));
  const auto ask = [&](std::string_view sql, auto take) {
    const Statement row = prepare(db, sql);
    put(row.get(), 1, width);
    while (next_row(row.get())) {
      const auto i = std::min(static_cast<std::size_t>(integer(row, 0)), s.course.size() - 1);
      const std::int64_t length = std::min(width, end - static_cast<std::int64_t>(i) * width);
      take(s.course[i], row, sim::seconds(vm::Duration{length}));
    }
  };
  // A row stands for the interval that ends at its time, hence the slice of the instant before.
  ask("SELECT (at_ns - 1) / ?1, sum(issued), sum(committed) FROM throughput GROUP BY 1",
      [](Slice& slice, const Statement& row, double seconds) {
        slice.issued_per_s += real(row, 1) / seconds;
        slice.committed_per_s += real(row, 2) / seconds;
      });
  ask("SELECT (at_ns - 1) / ?1, max(p99_ms) FROM latency WHERE committed > 0 GROUP BY 1",
      [](Slice& slice, const Statement& row, double) {
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
  each_row(db, "SELECT name, comparison, value, want FROM expectations ORDER BY position",
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
  read_clients(db, summary);
  read_events(db, summary);
  read_machines(db, summary);
  read_consolidation(db, summary);
  if (summary.finished) {
    each_row(db, "SELECT text FROM complaints ORDER BY position",
             [&](const Statement& row) { summary.complaints.push_back(string(row, 0)); });
  }
  read_course(db, summary);
  read_verdicts(db, summary);
  return summary;
}

}  // namespace record
