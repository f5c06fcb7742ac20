#include "record/handles.hpp"

#include <cstring>

namespace record {
namespace {

std::string file_of(sqlite3* db) {
  const char* name = db == nullptr ? nullptr : sqlite3_db_filename(db, "main");
  return name == nullptr || *name == '\0' ? "sqlite" : name;
}

/// SQLite says "disk I/O error" of a full disk too, when it is the log that finds no room: what the
/// system said goes with it.
std::string refusal_of(sqlite3* db, int code) {
  const std::string said = sqlite3_errmsg(db);
  const int primary = code & 0xff, why = sqlite3_system_errno(db);
  if ((primary != SQLITE_IOERR && primary != SQLITE_CANTOPEN) || why == 0) return said;
  return said + ": " + std::strerror(why);
}

void check(sqlite3_stmt* statement, int code) {
  if (code != SQLITE_OK) throw DatabaseError{sqlite3_db_handle(statement), code};
}

}  // namespace

DatabaseError::DatabaseError(sqlite3* db, int result) : DatabaseError(file_of(db), result, db) {}

DatabaseError::DatabaseError(const std::filesystem::path& file, int result, sqlite3* db)
    : std::runtime_error(file.string() + ": " + refusal_of(db, result)), code(result & 0xff) {}

Database open(const std::filesystem::path& file, Access access) {
  const int flags =
      SQLITE_OPEN_NOMUTEX |
      (access == Access::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &raw, flags, nullptr);
  Database database{raw};  // owned before anything can throw: sqlite wants it closed on error too
  if (code != SQLITE_OK) throw DatabaseError{file, code, raw};
  sqlite3_extended_result_codes(raw, 1);
  return database;
}

void execute(sqlite3* db, const char* sql) {
  const int code = sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw DatabaseError{db, code};
}

Statement prepare(sqlite3* db, std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  Statement statement{raw};
  if (code != SQLITE_OK) throw DatabaseError{db, code};
  return statement;
}

bool next_row(sqlite3_stmt* statement) {
  const int code = sqlite3_step(statement);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  const DatabaseError error{sqlite3_db_handle(statement), code};
  sqlite3_reset(statement);
  throw error;
}

void put(sqlite3_stmt* statement, int at, std::int64_t value) {
  check(statement, sqlite3_bind_int64(statement, at, value));
}

void put(sqlite3_stmt* statement, int at, double value) {
  check(statement, sqlite3_bind_double(statement, at, value));
}

void put(sqlite3_stmt* statement, int at, std::string_view text) {
  check(statement, sqlite3_bind_text(statement, at, text.data() == nullptr ? "" : text.data(),
                                     static_cast<int>(text.size()), SQLITE_STATIC));
}

void put(sqlite3_stmt* statement, int at, std::nullopt_t) {
  check(statement, sqlite3_bind_null(statement, at));
}

std::string_view text(const Statement& row, int column) {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(row.get(), column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row.get(), column));
  return bytes == nullptr ? std::string_view{} : std::string_view{bytes, size};
}

}  // namespace record
