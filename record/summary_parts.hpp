// How a Summary is read, part by part; only record/summary*.cpp include this.
//
// Each part asks its questions of one database and fills in its members of the summary. What it
// needs of earlier parts it says. All of them throw DatabaseError, or std::runtime_error where the
// rows make no sense.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "record/handles.hpp"
#include "record/summary.hpp"

namespace record {

/// Groups, and the sums over them. Needs `finished` and `end`.
void read_clients(sqlite3* db, Summary& summary);
/// SLA failures, faults, failovers and migrations.
void read_events(sqlite3* db, Summary& summary);
/// The measures of a consolidation.
void read_consolidation(sqlite3* db, Summary& summary);
/// Machines and the cost of all. Needs `finished`.
void read_machines(sqlite3* db, Summary& summary);

// ---- Rows --------------------------------------------------------------------------------------

/// Calls `take` with each row that `sql` gives.
template <class Take>
void each_row(sqlite3* db, std::string_view sql, Take take) {
  const Statement row = prepare(db, sql);
  while (next_row(row.get())) take(row);
}

inline std::string string(const Statement& row, int column) {
  return std::string{text(row, column)};
}

inline vm::MachineId machine(const Statement& row, int column) {
  return is_null(row, column) ? vm::no_machine
                              : vm::MachineId{static_cast<std::uint32_t>(integer(row, column))};
}

inline std::uint32_t number(const Statement& row, int column) {
  return static_cast<std::uint32_t>(integer(row, column));
}

}  // namespace record
