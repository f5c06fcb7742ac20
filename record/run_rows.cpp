#include "record/run_rows.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <stdexcept>

namespace record {
namespace {

/// The value whose name is `name`, among the first `count` of an enumeration.
template <class Enum>
Enum named(std::string_view name, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (to_string(static_cast<Enum>(i)) == name) return static_cast<Enum>(i);
  }
  throw std::runtime_error("a row makes no sense: \"" + std::string{name} + '"');
}

vm::MachineState state(const Statement& row, int column) {
  return named<vm::MachineState>(text(row, column), 4);
}
vm::Cause cause(const Statement& row, int column) {
  return named<vm::Cause>(text(row, column), 7);
}

template <class Id>
Id id(const Statement& row, int column) {
  return Id{static_cast<std::uint32_t>(integer(row, column))};
}
vm::MachineId machine(const Statement& row, int column) {
  return is_null(row, column) ? vm::no_machine : id<vm::MachineId>(row, column);
}
std::uint32_t small(const Statement& row, int column) {
  return static_cast<std::uint32_t>(integer(row, column));
}

/// A text that lives as long as the program: reasons are literals where they are given, and few.
std::string_view kept_for_ever(std::string_view reason) {
  static std::mutex mutex;
  static std::set<std::string, std::less<>> reasons;
  const std::lock_guard lock{mutex};
  return *reasons.emplace(reason).first;
}

std::string meta_text(sqlite3* db, std::string_view key) {
  const Statement row = prepare(db, "SELECT value FROM meta WHERE key = ?");
  put(row.get(), 1, key);
  return next_row(row.get()) ? std::string{text(row, 0)} : std::string{};
}
std::optional<double> meta_real(sqlite3* db, std::string_view key) {
  const Statement row = prepare(db, "SELECT value FROM meta WHERE key = ?");
  put(row.get(), 1, key);
  return next_row(row.get()) ? optional(row, 0, real) : std::nullopt;
}
std::int64_t meta_integer(sqlite3* db, std::string_view key) {
  const Statement row = prepare(db, "SELECT value FROM meta WHERE key = ?");
  put(row.get(), 1, key);
  return next_row(row.get()) ? integer(row, 0) : 0;
}

/// Calls f(row) for each row behind `last`, whose key is in column 0, and moves `last` on.
template <class F>
void for_each_new(sqlite3* db, std::string_view sql, std::int64_t& last, F f) {
  const Statement row = prepare(db, sql);
  put(row.get(), 1, last);
  while (next_row(row.get())) {
    last = integer(row, 0);
    f(row);
  }
}

/// `first` is what stands before the columns of a sample, `where` what follows them.
std::string of_samples(const char* first, const char* where) {
  std::string sql{first};
  sql += "at_ns, machine, state, cpu, memory, disk, network, transactions, tenants FROM samples ";
  sql += where;
  return sql;
}

vm::SampleRow sample_row(const Statement& row, int column) {
  vm::SampleRow sample;
  sample.at = time(row, column);
  sample.machine = id<vm::MachineId>(row, column + 1);
  // "up" nearly always: compared before it is looked up.
  const std::string_view name = text(row, column + 2);
  sample.state = name == "up" ? vm::MachineState::up : named<vm::MachineState>(name, 4);
  for (std::size_t r = 0; r < vm::resource_count; ++r)
    sample.sample.utilisation.values[r] = real(row, column + 3 + static_cast<int>(r));
  sample.sample.transactions = small(row, column + 7);
  sample.sample.tenants = small(row, column + 8);
  return sample;
}

}  // namespace

RunRows::RunRows(const Reader& reader) : db_(reader.database()) {
  const Statement columns = prepare(db_, "SELECT * FROM machine_states LIMIT 0");
  states_say_released_ = sqlite3_column_count(columns.get()) > 3;  // older runs do not
}

// ---- What was asked ----------------------------------------------------------------------------

RunHead RunRows::head() const {
  RunHead head;
  head.scenario = meta_text(db_, "scenario");
  head.question = meta_text(db_, "question");
  head.world = meta_text(db_, "world");
  head.seed = meta_text(db_, "seed");
  head.toml = meta_text(db_, "toml");
  head.duration = vm::Duration{meta_integer(db_, "duration_ns")};
  head.warmup = vm::Duration{meta_integer(db_, "warmup_ns")};
  head.sample = vm::Duration{meta_integer(db_, "sample_ns")};
  for (const vm::Resource r : vm::all_resources) {
    const auto threshold = meta_real(db_, "threshold_" + std::string{to_string(r)});
    head.threshold[r] = threshold.value_or(head.threshold[r]);
  }
  const Statement flavor =
      prepare(db_,
              "SELECT name, cores, memory_bytes, disk_bytes_per_s, network_bytes_per_s, "
              "price_per_hour FROM flavors ORDER BY flavor");
  while (next_row(flavor.get())) {
    const vm::Capacity capacity{real(flavor, 1), vm::Bytes{integer(flavor, 2)},
                                vm::BytesPerSecond{real(flavor, 3)},
                                vm::BytesPerSecond{real(flavor, 4)}};
    head.flavors.push_back({std::string{text(flavor, 0)}, capacity, real(flavor, 5)});
  }
  const Statement fleet =
      prepare(db_, "SELECT name, policy, flavor, machines, spares FROM fleets ORDER BY fleet");
  while (next_row(fleet.get())) {
    head.fleets.push_back({std::string{text(fleet, 0)}, std::string{text(fleet, 1)},
                           id<vm::FlavorId>(fleet, 2), small(fleet, 3), small(fleet, 4)});
  }
  const Statement group =
      prepare(db_, "SELECT name, clients, first_client FROM client_groups ORDER BY client_group");
  while (next_row(group.get()))
    head.groups.push_back({std::string{text(group, 0)}, small(group, 1), small(group, 2)});
  return head;
}

bool RunRows::finished() const {
  return meta_integer(db_, "finished") != 0;
}

// ---- What happened -----------------------------------------------------------------------------

void RunRows::read_news(vm::Batch& batch) {
  // One view of the file: what a notice refers to is there, too.
  execute(db_, "BEGIN");
  try {
    batch.now = vm::Time{vm::Duration{meta_integer(db_, "now_ns")}};
    read_machines(batch);
    read_traffic(batch);
    read_failures(batch);
    read_failovers(batch);
    read_migrations(batch);
    read_rest(batch);
  } catch (...) {
    sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
  execute(db_, "COMMIT");
  std::ranges::stable_sort(batch.notices, {}, &vm::NoticeRow::at);
}

void RunRows::read_machines(vm::Batch& batch) {
  for_each_new(
      db_,
      "SELECT machine, at_ns, fleet, flavor, spare FROM machines WHERE machine > ? "
      "ORDER BY machine",
      machine_, [&](const Statement& row) {
        batch.machines.push_back({time(row, 1), id<vm::MachineId>(row, 0), id<vm::FleetId>(row, 2),
                                  id<vm::FlavorId>(row, 3), integer(row, 4) != 0});
      });
  const char* const states =
      states_say_released_ ? "SELECT rowid, at_ns, machine, state, released FROM machine_states "
                             "WHERE rowid > ? ORDER BY rowid"
                           : "SELECT rowid, at_ns, machine, state, 0 FROM machine_states "
                             "WHERE rowid > ? ORDER BY rowid";
  for_each_new(db_, states, machine_state_, [&](const Statement& row) {
    batch.machine_states.push_back(
        {time(row, 1), id<vm::MachineId>(row, 2), state(row, 3), integer(row, 4) != 0});
  });
}

void RunRows::read_traffic(vm::Batch& batch) {
  for_each_new(db_,
               "SELECT rowid, at_ns, client_group, committed, mean_ms, p50_ms, p90_ms, p99_ms, "
               "p999_ms, max_ms FROM latency WHERE rowid > ? ORDER BY rowid",
               latency_, [&](const Statement& row) {
                 batch.latencies.push_back({time(row, 1), id<vm::GroupId>(row, 2), count(row, 3),
                                            real(row, 4), real(row, 5), real(row, 6), real(row, 7),
                                            real(row, 8), real(row, 9)});
               });
  for_each_new(db_,
               "SELECT rowid, at_ns, client_group, issued, committed, refused, timed_out, failed, "
               "retries, in_flight FROM throughput WHERE rowid > ? ORDER BY rowid",
               throughput_, [&](const Statement& row) {
                 batch.throughputs.push_back({time(row, 1), id<vm::GroupId>(row, 2), count(row, 3),
                                              count(row, 4), count(row, 5), count(row, 6),
                                              count(row, 7), count(row, 8), count(row, 9)});
               });
}

void RunRows::read_failures(vm::Batch& batch) {
  for_each_new(
      db_,
      "SELECT failure, at_ns, start_ns, cause, machine, value, limit_value "
      "FROM sla_failures WHERE failure > ? ORDER BY failure",
      failure_, [&](const Statement& row) {
        open_failures_.insert(integer(row, 0));
        batch.notices.push_back(
            {time(row, 1), vm::SlaFailureBegan{small(row, 0), cause(row, 3), machine(row, 4),
                                               time(row, 2), real(row, 5), real(row, 6)}});
      });
  const Statement row = prepare(
      db_, "SELECT end_ns, worst FROM sla_failures WHERE failure = ? AND end_ns IS NOT NULL");
  std::erase_if(open_failures_, [&](std::int64_t failure) {
    sqlite3_reset(row.get());
    put(row.get(), 1, failure);
    if (!next_row(row.get())) return false;
    batch.notices.push_back(
        {time(row, 0), vm::SlaFailureEnded{static_cast<std::uint32_t>(failure), real(row, 1)}});
    return true;
  });
}

void RunRows::read_failovers(vm::Batch& batch) {
  for_each_new(
      db_,
      "SELECT failover, triggered_ns, failure, cause, from_machine FROM failovers "
      "WHERE failover > ? ORDER BY failover",
      failover_, [&](const Statement& row) {
        open_failovers_.insert(integer(row, 0));
        batch.notices.push_back(
            {time(row, 1), vm::FailoverTriggered{id<vm::FailoverId>(row, 0), machine(row, 4),
                                                 small(row, 2), cause(row, 3)}});
      });
  const Statement row =
      prepare(db_,
              "SELECT ended_ns, from_machine, to_machine, result, moved, aborted, bytes, "
              "pause_max_ns, lost FROM failovers WHERE failover = ? AND ended_ns IS NOT NULL");
  std::erase_if(open_failovers_, [&](std::int64_t failover) {
    sqlite3_reset(row.get());
    put(row.get(), 1, failover);
    if (!next_row(row.get())) return false;
    batch.notices.push_back(
        {time(row, 0),
         vm::FailoverEnded{vm::FailoverId{static_cast<std::uint32_t>(failover)}, machine(row, 1),
                           machine(row, 2), named<vm::FailoverResult>(text(row, 3), 3),
                           small(row, 4), small(row, 5), vm::Bytes{integer(row, 6)}, span(row, 7),
                           count(row, 8)}});
    return true;
  });
}

void RunRows::read_migrations(vm::Batch& batch) {
  for_each_new(
      db_,
      "SELECT rowid, start_ns, end_ns, failover, client, from_machine, to_machine, "
      "rounds, bytes, pause_ns, aborted FROM migrations WHERE rowid > ? ORDER BY rowid",
      migration_, [&](const Statement& row) {
        batch.notices.push_back(
            {time(row, 2),
             vm::MigrationEnded{id<vm::FailoverId>(row, 3), id<vm::TenantId>(row, 4),
                                machine(row, 5), machine(row, 6), time(row, 1), small(row, 7),
                                vm::Bytes{integer(row, 8)}, span(row, 9), integer(row, 10) != 0}});
      });
}

void RunRows::read_rest(vm::Batch& batch) {
  for_each_new(
      db_, "SELECT rowid, at_ns, machine, reason FROM withheld WHERE rowid > ? ORDER BY rowid",
      withheld_, [&](const Statement& row) {
        batch.notices.push_back(
            {time(row, 1), vm::FailoverWithheld{machine(row, 2), kept_for_ever(text(row, 3))}});
      });
  for_each_new(db_, "SELECT rowid, at_ns, machine, what FROM faults WHERE rowid > ? ORDER BY rowid",
               fault_, [&](const Statement& row) {
                 batch.faults.push_back({time(row, 1), machine(row, 2), std::string{text(row, 3)}});
               });
  for_each_new(
      db_,
      "SELECT rowid, at_ns, energy_kwh, vms, active_hosts, overloaded_hosts, hosts_above, "
      "migrations FROM consolidation WHERE rowid > ? ORDER BY rowid",
      consolidation_, [&](const Statement& row) {
        batch.consolidation.push_back({time(row, 1), real(row, 2), small(row, 3), small(row, 4),
                                       small(row, 5), small(row, 6), small(row, 7)});
      });
}

// ---- Samples -----------------------------------------------------------------------------------

bool RunRows::read_samples(vm::Batch& batch, std::size_t most) {
  const Statement row =
      prepare(db_, of_samples("SELECT rowid, ", "WHERE rowid > ? ORDER BY rowid LIMIT ?"));
  put(row.get(), 1, sample_);
  put(row.get(), 2, most);
  std::size_t told = 0;
  while (next_row(row.get())) {
    sample_ = integer(row, 0);
    batch.samples.push_back(sample_row(row, 1));
    ++told;
  }
  // More of the last one's instant may follow.
  if (told > 0) batch.now = batch.samples.back().at - vm::Duration{1};
  return told == most;
}

std::int64_t RunRows::sample_count() const {
  const Statement row = prepare(db_, "SELECT max(rowid) FROM samples");
  return next_row(row.get()) ? integer(row, 0) : 0;
}

double RunRows::samples_read() const {
  const std::int64_t all = sample_count();
  return all > 0 ? static_cast<double>(sample_) / static_cast<double>(all) : 1;
}

vm::Time RunRows::sample_time(std::int64_t at_row) const {
  const Statement row =
      prepare(db_, "SELECT at_ns FROM samples WHERE rowid >= ? ORDER BY rowid LIMIT 1");
  put(row.get(), 1, at_row);
  return next_row(row.get()) ? time(row, 0) : vm::Time::max();
}

std::vector<vm::SampleRow> RunRows::select_samples(std::size_t most) const {
  std::vector<vm::SampleRow> selected;
  const std::int64_t all = sample_count();
  // The first row of the instant behind the one that `row` is of: rows are in the order of time.
  const auto behind = [&](std::int64_t row) {
    const vm::Time at = sample_time(row);
    std::int64_t low = row, step = 1;
    while (low + step <= all && sample_time(low + step) == at) {
      low += step;
      step *= 2;
    }
    std::int64_t high = std::min(low + step, all + 1);
    while (low + 1 < high) {
      const std::int64_t middle = low + (high - low) / 2;
      (sample_time(middle) == at ? low : high) = middle;
    }
    return high;
  };
  const Statement row =
      prepare(db_, of_samples("SELECT ", "WHERE rowid >= ? AND rowid < ? ORDER BY rowid"));
  constexpr std::int64_t fewest = 4, enough = 500;
  const std::int64_t first_instant = behind(1) - 1;
  const std::int64_t instants = std::clamp(
      static_cast<std::int64_t>(most) / std::max<std::int64_t>(first_instant, 1), fewest, enough);
  std::int64_t next = 1;
  for (std::int64_t i = 0; i < instants && next <= all; ++i) {
    const std::int64_t begin = std::max(next, i == 0 ? 1 : behind(all / instants * i));
    if (begin > all) break;
    next = behind(begin);
    sqlite3_reset(row.get());
    put(row.get(), 1, begin);
    put(row.get(), 2, next);
    while (next_row(row.get())) selected.push_back(sample_row(row, 0));
  }
  return selected;
}

}  // namespace record
