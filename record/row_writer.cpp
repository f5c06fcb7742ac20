#include "record/row_writer.hpp"

#include <array>
#include <cstdio>

namespace record {
namespace {

std::string_view name_of(vm::FailoverPolicy policy) {  // as a scenario writes it
  constexpr std::array<std::string_view, 4> names{"none", "fresh-machine", "split",
                                                  "bigger-flavor"};
  return names[static_cast<std::size_t>(policy)];
}

/// Bits of an unsigned number in SQLite's signed one.
std::int64_t as_signed(std::uint64_t bits) {
  return static_cast<std::int64_t>(bits);
}

std::string hex(std::uint64_t value) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(value));
  return text.data();
}

}  // namespace

std::string_view symbol(vm::Comparison comparison) {
  constexpr std::array<std::string_view, 6> symbols{"==", "!=", "<", "<=", ">", ">="};
  return symbols[static_cast<std::size_t>(comparison)];
}

RowWriter::RowWriter(sqlite3* db)
    : db_(db),
      meta_(prepare(db, "INSERT OR REPLACE INTO meta VALUES(?,?)")),
      machine_(prepare(db, "INSERT INTO machines VALUES(?,?,?,?,?)")),
      machine_state_(prepare(db, "INSERT INTO machine_states VALUES(?,?,?,?)")),
      sample_(prepare(db, "INSERT INTO samples VALUES(?,?,?,?,?,?,?,?,?)")),
      latency_(prepare(db, "INSERT INTO latency VALUES(?,?,?,?,?,?,?,?,?)")),
      throughput_(prepare(db, "INSERT INTO throughput VALUES(?,?,?,?,?,?,?,?,?)")),
      fault_(prepare(db, "INSERT INTO faults VALUES(?,?,?)")),
      transaction_(prepare(db, "INSERT INTO transactions VALUES(?,?,?,?,?,?,?,?)")),
      failure_began_(prepare(db, "INSERT INTO sla_failures VALUES(?,?,?,NULL,?,?,?,?,NULL)")),
      failure_ended_(prepare(db,
                             "UPDATE sla_failures SET end_ns = ?, worst = ? "
                             "WHERE failure = ?")),
      failover_triggered_(
          prepare(db,
                  "INSERT INTO failovers(failover, triggered_ns, failure, cause, from_machine) "
                  "VALUES(?,?,?,?,?)")),
      failover_ended_(
          prepare(db,
                  "UPDATE failovers SET ended_ns = ?, to_machine = ?, result = ?, moved = ?, "
                  "aborted = ?, bytes = ?, pause_max_ns = ?, lost = ? WHERE failover = ?")),
      migration_(prepare(db, "INSERT INTO migrations VALUES(?,?,?,?,?,?,?,?,?,?)")),
      withheld_(prepare(db, "INSERT INTO withheld VALUES(?,?,?)")),
      consolidation_(prepare(db, "INSERT INTO consolidation VALUES(?,?,?,?,?,?,?)")) {}

// ---- What was asked ----------------------------------------------------------------------------

void RowWriter::write(const vm::Scenario& scenario, std::string_view world) {
  meta("scenario", scenario.name);
  meta("question", scenario.question);
  meta("seed", std::to_string(scenario.seed));  // text: half of all seeds exceed SQLite's integers
  meta("world", world);
  meta("duration_ns", scenario.duration);
  meta("warmup_ns", scenario.warmup);
  meta("sample_ns", scenario.sla.sample);
  for (const vm::Resource r : vm::all_resources) {
    meta("threshold_" + std::string{to_string(r)}, scenario.sla.threshold[r]);
  }
  meta("toml", scenario.text);
  meta("now_ns", vm::Time{});
  meta("finished", 0);

  const Statement flavor = prepare(db_, "INSERT INTO flavors VALUES(?,?,?,?,?,?,?)");
  std::uint32_t number = 0;
  for (const vm::Flavor& f : scenario.flavors) {
    run(flavor, number++, f.name, f.capacity.cores, f.capacity.memory, f.capacity.disk.value,
        f.capacity.network.value, f.price);
  }
  const Statement fleet = prepare(db_, "INSERT INTO fleets VALUES(?,?,?,?,?,?)");
  number = 0;
  for (const vm::Fleet& f : scenario.fleets) {
    run(fleet, number++, f.name, f.flavor, f.count, f.spare, name_of(f.failover.policy));
  }
  const Statement group = prepare(db_, "INSERT INTO client_groups VALUES(?,?,?,?)");
  number = 0;
  std::uint32_t first = 0;
  for (const vm::ClientGroup& g : scenario.clients) {
    run(group, number++, g.name, g.count, first);
    first += g.count;
  }
  const Statement kind = prepare(db_, "INSERT INTO transaction_kinds VALUES(?,?)");
  number = 0;
  for (const vm::TransactionKind& k : scenario.transactions) run(kind, number++, k.name);
  const Statement expectation =
      prepare(db_, "INSERT INTO expectations VALUES(?,?,?,?,?,NULL,NULL)");
  number = 0;
  for (const vm::Expectation& e : vm::with_implied(scenario.expectations)) {
    run(expectation, number++, e.name, symbol(e.comparison), e.value, e.want);
  }
}

// ---- What happened -----------------------------------------------------------------------------

void RowWriter::write(const vm::Batch& batch) {
  using vm::Resource;
  for (const auto& r : batch.machines) run(machine_, r.machine, r.at, r.fleet, r.flavor, r.spare);
  for (const auto& r : batch.machine_states) {
    run(machine_state_, r.at, r.machine, to_string(r.state), r.released);
  }
  for (const auto& r : batch.samples) {
    const auto& u = r.sample.utilisation;
    run(sample_, r.at, r.machine, to_string(r.state), u[Resource::cpu], u[Resource::memory],
        u[Resource::disk], u[Resource::network], r.sample.transactions, r.sample.tenants);
  }
  for (const auto& r : batch.latencies) {
    run(latency_, r.at, r.group, r.count, r.mean_ms, r.p50_ms, r.p90_ms, r.p99_ms, r.p999_ms,
        r.max_ms);
  }
  for (const auto& r : batch.throughputs) {
    run(throughput_, r.at, r.group, r.issued, r.committed, r.refused, r.timed_out, r.failed,
        r.retries, r.in_flight);
  }
  for (const auto& r : batch.notices) {
    std::visit([&](const auto& notice) { write(r.at, notice); }, r.notice);
  }
  for (const auto& r : batch.faults) run(fault_, r.at, r.machine, r.what);
  for (const auto& r : batch.transactions) {
    run(transaction_, r.issued, r.ended, r.client, r.sequence, r.kind, to_string(r.outcome),
        r.attempts, r.machine);
  }
  for (const auto& r : batch.consolidation) {
    run(consolidation_, r.at, r.energy_kwh, r.vms, r.active_hosts, r.overloaded_hosts,
        r.hosts_above, r.migrations);
  }
  meta("now_ns", batch.now);
}

void RowWriter::write(vm::Time at, const vm::SlaFailureBegan& n) {
  run(failure_began_, n.failure, at, n.start, to_string(n.cause), n.machine, n.value, n.limit);
}

void RowWriter::write(vm::Time at, const vm::SlaFailureEnded& n) {
  run(failure_ended_, at, n.worst, n.failure);
}

void RowWriter::write(vm::Time at, const vm::FailoverTriggered& n) {
  run(failover_triggered_, n.failover, at, n.failure, to_string(n.cause), n.from);
}

void RowWriter::write(vm::Time at, const vm::FailoverEnded& n) {
  run(failover_ended_, at, n.to, to_string(n.result), n.moved, n.aborted, n.bytes, n.pause_max,
      n.lost, n.failover);
}

void RowWriter::write(vm::Time at, const vm::MigrationEnded& n) {
  run(migration_, n.start, at, n.failover, n.tenant, n.from, n.to, n.rounds, n.bytes, n.pause,
      n.aborted);
}

void RowWriter::write(vm::Time at, const vm::FailoverWithheld& n) {
  run(withheld_, at, n.machine, n.reason);
}

// ---- What it came to ---------------------------------------------------------------------------

void RowWriter::write(const vm::RunOutcome& outcome, double wall_s, double cpu_s) {
  meta("world", outcome.world);
  meta("capacity", outcome.capacity);
  if (outcome.world == "simulated") meta("fingerprint", hex(outcome.fingerprint));
  meta("now_ns", outcome.end);
  meta("interrupted", outcome.interrupted);
  meta("events", as_signed(outcome.events));
  meta("books_balance", outcome.books_balance);
  meta("wall_s", wall_s);
  meta("cpu_s", cpu_s);
  for (const vm::GroupOutcome& group : outcome.groups) write(group);
  write(outcome.clients);
  for (const vm::MachineOutcome& machine : outcome.machines) write(machine);
  if (outcome.consolidation) write(*outcome.consolidation);
  const Statement complaint = prepare(db_, "INSERT INTO complaints VALUES(?,?)");
  std::uint32_t position = 0;
  for (const std::string& text : outcome.complaints) run(complaint, position++, text);
  meta("finished", 1);
}

void RowWriter::write(const vm::GroupOutcome& group) {
  using vm::Outcome;
  const vm::Books& b = group.books;
  const Statement books = prepare(db_, "INSERT INTO books VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)");
  run(books, group.group, b.issued, b[Outcome::committed], b[Outcome::refused],
      b[Outcome::timed_out], b[Outcome::failed], b.in_flight, b.attempts, b.acknowledged, b.applied,
      b.unacknowledged, b.lost, b.duplicated);

  const auto exact = group.latency.exact();
  const Statement histogram = prepare(db_, "INSERT INTO histograms VALUES(?,?,?,?,?)");
  run(histogram, group.group, exact.min, exact.max, as_signed(exact.sum_high),
      as_signed(exact.sum_low));
  const Statement bucket = prepare(db_, "INSERT INTO histogram_buckets VALUES(?,?,?)");
  for (const auto& [number, committed] : group.latency.buckets()) {
    run(bucket, group.group, number, committed);
  }
}

void RowWriter::write(std::span<const vm::ClientOutcome> clients) {
  using vm::Outcome;
  const Statement row =
      prepare(db_, "INSERT INTO client_books VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  for (const auto& [client, b, latency] : clients) {
    run(row, client, b.issued, b[Outcome::committed], b[Outcome::refused], b[Outcome::timed_out],
        b[Outcome::failed], b.in_flight, b.attempts, b.acknowledged, b.applied, b.unacknowledged,
        b.lost, b.duplicated, latency.count, latency.sum, latency.max);
  }
}

void RowWriter::write(const vm::ConsolidationOutcome& consolidation) {
  const Statement total = prepare(db_, "INSERT INTO consolidation_totals VALUES(?,?,?)");
  std::uint32_t position = 0;
  for (const vm::ConsolidationFigure& f : figures_of(consolidation)) {
    if (f.whole) {
      run(total, position++, f.name, static_cast<std::int64_t>(f.value));
    } else {
      run(total, position++, f.name, f.value);
    }
  }
}

void RowWriter::write(const vm::MachineOutcome& m) {
  using vm::Resource;
  const auto& mean = m.utilisation;
  const auto& max = m.utilisation_max;
  const Statement totals =
      prepare(db_, "INSERT INTO machine_totals VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)");
  run(totals, m.machine, to_string(m.state), m.allocated, m.released, mean[Resource::cpu],
      mean[Resource::memory], mean[Resource::disk], mean[Resource::network], max[Resource::cpu],
      max[Resource::memory], max[Resource::disk], max[Resource::network], m.cost);
}

void RowWriter::write(std::span<const vm::Verdict> verdicts) {
  const Statement verdict =
      prepare(db_, "UPDATE expectations SET got = ?, met = ? WHERE position = ?");
  std::uint32_t position = 0;
  for (const vm::Verdict& v : verdicts) run(verdict, v.got, v.met, position++);
}

}  // namespace record
