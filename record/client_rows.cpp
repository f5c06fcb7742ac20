#include "record/client_rows.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace record {
namespace {

vm::Outcome outcome_named(std::string_view name) {
  for (std::size_t i = 0; i < vm::outcome_count; ++i) {
    if (to_string(static_cast<vm::Outcome>(i)) == name) return static_cast<vm::Outcome>(i);
  }
  throw std::runtime_error("a row makes no sense: \"" + std::string{name} + '"');
}

bool has_table(sqlite3* db, std::string_view name) {
  const Statement row =
      prepare(db, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?");
  put(row.get(), 1, name);
  return next_row(row.get());
}

}  // namespace

std::optional<vm::ClientOutcome> ClientRows::books(vm::TenantId client) const {
  if (!has_table(db_, "client_books")) return std::nullopt;
  const Statement row =
      prepare(db_,
              "SELECT issued, committed, refused, timed_out, failed, in_flight, attempts, "
              "acknowledged, applied, unacknowledged, lost, duplicated, latencies, "
              "latency_sum_ns, latency_max_ns FROM client_books WHERE client = ?");
  put(row.get(), 1, client);
  if (!next_row(row.get())) return std::nullopt;
  vm::ClientOutcome outcome;
  outcome.client = client;
  outcome.books = {.issued = count(row, 0),
                   .ended = {count(row, 1), count(row, 2), count(row, 3), count(row, 4)},
                   .in_flight = count(row, 5),
                   .attempts = count(row, 6),
                   .acknowledged = count(row, 7),
                   .applied = count(row, 8),
                   .unacknowledged = count(row, 9),
                   .lost = count(row, 10),
                   .duplicated = count(row, 11)};
  outcome.latency = {count(row, 12), span(row, 13), span(row, 14)};
  return outcome;
}

bool ClientRows::keeps_transactions() const {
  return next_row(prepare(db_, "SELECT 1 FROM transactions LIMIT 1").get());
}

bool ClientRows::read(vm::TenantId client, std::int64_t& last, std::int64_t most,
                      std::vector<vm::TransactionRow>& rows) const {
  const Statement newest = prepare(db_, "SELECT max(rowid) FROM transactions");
  const std::int64_t all = next_row(newest.get()) ? integer(newest, 0) : 0;
  const std::int64_t until = std::min(all, last + most);
  const Statement row =
      prepare(db_,
              "SELECT issued_ns, ended_ns, sequence, kind, outcome, attempts, machine "
              "FROM transactions WHERE rowid > ? AND rowid <= ? AND client = ? ORDER BY rowid");
  put(row.get(), 1, last);
  put(row.get(), 2, until);
  put(row.get(), 3, client);
  while (next_row(row.get())) {
    const auto number = [&](int column) {
      return static_cast<std::uint32_t>(integer(row, column));
    };
    rows.push_back({time(row, 0), time(row, 1), client, count(row, 2), number(3),
                    outcome_named(text(row, 4)), number(5),
                    is_null(row, 6) ? vm::no_machine : vm::MachineId{number(6)}});
  }
  last = until;
  return until < all;
}

}  // namespace record
