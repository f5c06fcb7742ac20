// SQLite for the node's store: handles that close themselves, and refusals as exceptions.
//
// `record` has its own of these: the two layers never meet, and a node binds only integers, bytes
// and short texts. One thread at a time may use a connection and what was prepared on it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include <sqlite3.h>

namespace real {

template <auto Close>
struct Closer {
  void operator()(auto* handle) const noexcept { Close(handle); }
};

using Database = std::unique_ptr<sqlite3, Closer<sqlite3_close_v2>>;
using Statement = std::unique_ptr<sqlite3_stmt, Closer<sqlite3_finalize>>;

/// "node.sqlite: database or disk is full".
struct StoreError : std::runtime_error {
  StoreError(const std::string& file, const std::string& what)
      : std::runtime_error(file + ": " + what) {}
  /// What `db` refused last: "users.sqlite: disk I/O error: No space left on device".
  explicit StoreError(sqlite3* db);
};

enum class Access { create, write, read };

/// Opens a file, `create` also where there is none. Throws StoreError.
Database open_database(const std::filesystem::path& file, Access access);

/// Runs statements whose rows do not matter. Throws StoreError.
void execute(sqlite3* db, const char* sql);
Statement prepare(sqlite3* db, std::string_view sql);

/// Moves to the next row; false after the last, and then the statement is ready for another time.
/// Throws StoreError.
bool next_row(const Statement& statement);

inline void set_value(const Statement& statement, int at, std::int64_t value) {
  sqlite3_bind_int64(statement.get(), at, value);
}
inline void set_value(const Statement& statement, int at, std::uint64_t value) {
  sqlite3_bind_int64(statement.get(), at, static_cast<std::int64_t>(value));
}
/// `bytes` must live until the statement has been stepped.
inline void set_value(const Statement& statement, int at, std::string_view bytes) {
  sqlite3_bind_blob64(statement.get(), at, bytes.empty() ? "" : bytes.data(), bytes.size(),
                      SQLITE_STATIC);
}

/// A string as SQLite's TEXT, for columns that are strict, compared as such, or read by people with
/// the sqlite3 program. Must live as bytes must.
struct Text {
  std::string_view letters;
};
inline void set_value(const Statement& statement, int at, Text text) {
  const char* begin = text.letters.empty() ? "" : text.letters.data();  // no text would be NULL
  sqlite3_bind_text64(statement.get(), at, begin, text.letters.size(), SQLITE_STATIC, SQLITE_UTF8);
}

/// Binds all parameters in their order and runs a statement that gives no rows.
template <class... Values>
void run(const Statement& statement, const Values&... values) {
  int at = 0;
  (set_value(statement, ++at, values), ...);
  while (next_row(statement)) {
  }
}

inline std::int64_t integer(const Statement& row, int column) {
  return sqlite3_column_int64(row.get(), column);
}
inline std::uint64_t word(const Statement& row, int column) {
  return static_cast<std::uint64_t>(sqlite3_column_int64(row.get(), column));
}
/// Lives until the statement moves on.
inline std::string_view bytes(const Statement& row, int column) {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(row.get(), column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row.get(), column));
  return data == nullptr ? std::string_view{} : std::string_view{data, size};
}

}  // namespace real
