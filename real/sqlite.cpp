#include "real/sqlite.hpp"

#include <cstring>

namespace real {
namespace {

std::string file_of(sqlite3* db) {
  const char* file = sqlite3_db_filename(db, "main");
  return file == nullptr || *file == '\0' ? "sqlite" : file;
}

/// SQLite says "disk I/O error" of a full disk too, when it is the log that finds no room: what the
/// system said goes with it.
std::string refusal_of(sqlite3* db) {
  const std::string said = sqlite3_errmsg(db);
  const int code = sqlite3_errcode(db) & 0xff, why = sqlite3_system_errno(db);
  if ((code != SQLITE_IOERR && code != SQLITE_CANTOPEN) || why == 0) return said;
  return said + ": " + std::strerror(why);
}

}  // namespace

StoreError::StoreError(sqlite3* db) : StoreError(file_of(db), refusal_of(db)) {}

Database open_database(const std::filesystem::path& file, Access access) {
  const int flags =
      SQLITE_OPEN_NOMUTEX | (access == Access::create  ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                             : access == Access::write ? SQLITE_OPEN_READWRITE
                                                       : SQLITE_OPEN_READONLY);
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &raw, flags, nullptr);
  Database db{raw};  // sqlite wants it closed on failure too
  if (code != SQLITE_OK) throw StoreError{file.string(), refusal_of(raw)};
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, 5'000);
  return db;
}

void execute(sqlite3* db, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) throw StoreError{db};
}

Statement prepare(sqlite3* db, std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  Statement statement{raw};
  if (code != SQLITE_OK) throw StoreError{db};
  return statement;
}

bool next_row(const Statement& statement) {
  const int code = sqlite3_step(statement.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(statement.get());
    return false;
  }
  const StoreError error{sqlite3_db_handle(statement.get())};
  sqlite3_reset(statement.get());
  throw error;
}

}  // namespace real
