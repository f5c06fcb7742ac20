// The tables of run.sqlite, as one page of SQL, and how a file says that it is one of ours.
//
// Rows of a run (samples, latency, ...) are only ever appended, in order of time; totals, books and
// histograms are written once, when the run ends. Times are whole nanoseconds since the start of
// the run, everything else is in SI units; docs/RESULTS.md describes every column.
//
// `PRAGMA application_id` marks the file as a Brink run, `PRAGMA user_version` is the version of
// this page. A change that an older reader would misread raises the version.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "record/handles.hpp"

namespace record {

inline constexpr std::int32_t schema_version = 1;

/// Makes the tables in a fresh database. Throws DatabaseError.
void create_schema(sqlite3* db);

/// Why `db` is not a run that this reader can read, or none when it is one: a foreign file, a newer
/// schema. Throws DatabaseError where the file is no database at all.
std::optional<std::string> foreign_reason(sqlite3* db);

}  // namespace record
