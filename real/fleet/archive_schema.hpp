// The tables of an archive, for those who write and read it. archive.hpp says what is in them.
#pragma once

#include <optional>

#include "real/sqlite.hpp"
#include "sim/units.hpp"

namespace real {

inline constexpr std::int64_t archive_version = 1;

/// Creates it where there is none (`create`), and makes sure that it is one. Throws StoreError.
Database open_archive(const std::filesystem::path& file, Access access);

/// A time of a row, or none.
inline std::optional<sim::Time> time_in(const Statement& row, int column) {
  if (sqlite3_column_type(row.get(), column) == SQLITE_NULL) return {};
  return sim::Time{sim::Duration{integer(row, column)}};
}

inline constexpr const char* archive_schema = R"(
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS meta (name TEXT NOT NULL, alive INTEGER);
INSERT INTO meta SELECT '', NULL WHERE NOT EXISTS (SELECT 1 FROM meta);
CREATE TABLE IF NOT EXISTS hosts (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, watched INTEGER NOT NULL DEFAULT 1,
  since INTEGER, heard INTEGER, counter INTEGER NOT NULL DEFAULT 0,
  session INTEGER NOT NULL DEFAULT 0, next INTEGER NOT NULL DEFAULT 0,
  uptime INTEGER NOT NULL DEFAULT 0, last_sample INTEGER, last_shares BLOB);
CREATE TABLE IF NOT EXISTS fresh (
  id INTEGER PRIMARY KEY, host INTEGER NOT NULL, samples BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS raw (id INTEGER PRIMARY KEY, samples BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS minutes (
  id INTEGER PRIMARY KEY, count INTEGER NOT NULL,
  cpu INTEGER, memory INTEGER, disk INTEGER, network INTEGER,
  cpu_max INTEGER, memory_max INTEGER, disk_max INTEGER, network_max INTEGER);
CREATE TABLE IF NOT EXISTS hours (
  id INTEGER PRIMARY KEY, count INTEGER NOT NULL,
  cpu INTEGER, memory INTEGER, disk INTEGER, network INTEGER,
  cpu_max INTEGER, memory_max INTEGER, disk_max INTEGER, network_max INTEGER);
CREATE TABLE IF NOT EXISTS gaps (
  host INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, samples INTEGER NOT NULL,
  cause TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS gaps_by_host ON gaps (host, start);
CREATE TABLE IF NOT EXISTS intervals (
  id INTEGER PRIMARY KEY, host INTEGER NOT NULL, kind TEXT NOT NULL, start INTEGER NOT NULL,
  end INTEGER, cause TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS intervals_by_host ON intervals (host, kind, start);
CREATE INDEX IF NOT EXISTS intervals_open ON intervals (kind) WHERE end IS NULL;
CREATE TABLE IF NOT EXISTS incidents (
  number INTEGER PRIMARY KEY, host INTEGER NOT NULL, cause TEXT NOT NULL, start INTEGER NOT NULL,
  noticed INTEGER NOT NULL, calm_since INTEGER, end INTEGER, closed INTEGER,
  value REAL NOT NULL, worst REAL NOT NULL, "limit" REAL NOT NULL, calm INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS incidents_by_host ON incidents (host, cause, number);
CREATE INDEX IF NOT EXISTS incidents_open ON incidents (number) WHERE closed IS NULL;
CREATE TABLE IF NOT EXISTS outbox (
  id INTEGER PRIMARY KEY, incident INTEGER NOT NULL, kind TEXT NOT NULL,
  recipients TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, due INTEGER NOT NULL,
  trouble TEXT NOT NULL DEFAULT '', UNIQUE (incident, kind));
CREATE INDEX IF NOT EXISTS outbox_to_do ON outbox (id) WHERE state = 'waiting';
PRAGMA user_version = 1;
COMMIT;
)";

/// What was open about hosts that nobody watches any more ends with that, and silently.
inline constexpr const char* close_what_is_gone = R"(
UPDATE intervals SET end = max(start, (SELECT coalesce(alive, start) FROM meta))
  WHERE end IS NULL AND host IN (SELECT id FROM hosts WHERE watched = 0);
UPDATE incidents SET end = max(start, (SELECT coalesce(alive, start) FROM meta)),
                     closed = max(noticed, (SELECT coalesce(alive, noticed) FROM meta))
  WHERE closed IS NULL AND host IN (SELECT id FROM hosts WHERE watched = 0);
)";

#define BRINK_ADD_SUMS(table)                                                                     \
  "INSERT INTO " table                                                                            \
  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "                        \
  "count = count + excluded.count, cpu = cpu + excluded.cpu, memory = memory + excluded.memory, " \
  "disk = disk + excluded.disk, network = network + excluded.network, "                           \
  "cpu_max = max(cpu_max, excluded.cpu_max), memory_max = max(memory_max, excluded.memory_max), " \
  "disk_max = max(disk_max, excluded.disk_max), "                                                 \
  "network_max = max(network_max, excluded.network_max)"
inline constexpr const char* add_to_minutes = BRINK_ADD_SUMS("minutes");
inline constexpr const char* add_to_hours = BRINK_ADD_SUMS("hours");
#undef BRINK_ADD_SUMS

}  // namespace real
