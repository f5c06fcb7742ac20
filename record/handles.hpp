// SQLite, held safely: a handle is a unique_ptr and nothing else; a few free functions bind our
// types to columns and turn every refusal into an exception that names the file.
//
// Times and durations are stored as whole nanoseconds, `no_machine` and empty optionals as NULL.
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "vm/entities.hpp"

namespace record {

/// Turns "the function that closes it" into a deleter.
template <auto Close>
struct Closer {
  void operator()(auto* handle) const noexcept { Close(handle); }
};

using Database = std::unique_ptr<sqlite3, Closer<sqlite3_close_v2>>;
using Statement = std::unique_ptr<sqlite3_stmt, Closer<sqlite3_finalize>>;

/// What SQLite refused, with the file in front: "results/a-1/run.sqlite: disk is full".
struct DatabaseError : std::runtime_error {
  DatabaseError(sqlite3* db, int code);
  DatabaseError(const std::filesystem::path& file, int code, sqlite3* db);
  int code;  // SQLite's primary result code: SQLITE_FULL, SQLITE_NOTADB, ...
};

enum class Access { create, read };

/// Opens `file`; `create` makes it where there is none. Throws DatabaseError. One thread at a time
/// may use the handle.
Database open(const std::filesystem::path& file, Access access);

/// Runs statements that give no rows (or whose rows do not matter). Throws DatabaseError.
void execute(sqlite3* db, const char* sql);

Statement prepare(sqlite3* db, std::string_view sql);

/// Moves on to the next row; false after the last. Throws DatabaseError.
bool next_row(sqlite3_stmt* statement);

// ---- Values in ---------------------------------------------------------------------------------
// (Not called `bind`: a std::string would find std::bind, which takes anything and does nothing.)

void put(sqlite3_stmt* statement, int at, std::int64_t value);
void put(sqlite3_stmt* statement, int at, double value);
/// `text` must live until the statement has been stepped.
void put(sqlite3_stmt* statement, int at, std::string_view text);
void put(sqlite3_stmt* statement, int at, std::nullopt_t);

template <std::integral T>
void put(sqlite3_stmt* statement, int at, T value) {
  put(statement, at, static_cast<std::int64_t>(value));
}
inline void put(sqlite3_stmt* statement, int at, vm::Duration span) {
  put(statement, at, std::int64_t{span.count()});
}
inline void put(sqlite3_stmt* statement, int at, vm::Time time) {
  put(statement, at, time.time_since_epoch());
}
inline void put(sqlite3_stmt* statement, int at, vm::Bytes size) {
  put(statement, at, size.count);
}
template <class Of>
void put(sqlite3_stmt* statement, int at, sim::Id<Of> id) {
  put(statement, at, std::int64_t{id.value});
}
inline void put(sqlite3_stmt* statement, int at, vm::MachineId id) {
  if (id == vm::no_machine) return put(statement, at, std::nullopt);
  put(statement, at, std::int64_t{id.value});
}
template <class T>
void put(sqlite3_stmt* statement, int at, const std::optional<T>& value) {
  value ? put(statement, at, *value) : put(statement, at, std::nullopt);
}

/// Binds all parameters of a statement in their order, runs it and makes it ready for the next
/// time. Throws DatabaseError.
template <class... Values>
void run(const Statement& statement, const Values&... values) {
  int at = 0;
  (put(statement.get(), ++at, values), ...);
  next_row(statement.get());
  sqlite3_reset(statement.get());
}

// ---- Values out: columns of the current row, from 0 ---------------------------------------------

inline bool is_null(const Statement& row, int column) {
  return sqlite3_column_type(row.get(), column) == SQLITE_NULL;
}
inline std::int64_t integer(const Statement& row, int column) {
  return sqlite3_column_int64(row.get(), column);
}
inline std::uint64_t count(const Statement& row, int column) {
  return static_cast<std::uint64_t>(integer(row, column));
}
inline double real(const Statement& row, int column) {
  return sqlite3_column_double(row.get(), column);
}
inline vm::Duration span(const Statement& row, int column) {
  return vm::Duration{integer(row, column)};
}
inline vm::Time time(const Statement& row, int column) {
  return vm::Time{span(row, column)};
}
/// Lives until the statement moves on.
std::string_view text(const Statement& row, int column);

template <class Get>
auto optional(const Statement& row, int column, Get get) {
  using Value = decltype(get(row, column));
  return is_null(row, column) ? std::optional<Value>{} : std::optional<Value>{get(row, column)};
}

}  // namespace record
