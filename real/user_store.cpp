#include "real/user_store.hpp"

#include <stdexcept>

#include <fcntl.h>

#include "real/posix.hpp"

namespace real {
namespace {

void bind_text(sqlite3_stmt* statement, int at, std::string_view text) {
  sqlite3_bind_text(statement, at, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
}

}  // namespace

UserStore::UserStore(const std::filesystem::path& file) : file_(file) {
  // SQLite would create it with what the umask leaves, and its log after the mode of the file.
  const Descriptor made{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!made) throw refused_by_system(file_);
  sqlite3* db = nullptr;
  const int opened = sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr);
  db_.reset(db);
  if (opened != SQLITE_OK) fail();
  for (const char* sql : {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
                          "CREATE TABLE IF NOT EXISTS users (name TEXT PRIMARY KEY NOT NULL, "
                          "hash TEXT NOT NULL, created INTEGER NOT NULL) STRICT, WITHOUT ROWID"}) {
    step(prepare(sql));
  }
  add_ = prepare("INSERT OR IGNORE INTO users VALUES (?, ?, ?)");
  find_ = prepare("SELECT hash FROM users WHERE name = ?");
  count_ = prepare("SELECT count(*) FROM users");
}

bool UserStore::add(std::string_view name, std::string_view hash, std::int64_t now) {
  bind_text(add_.get(), 1, name);
  bind_text(add_.get(), 2, hash);
  sqlite3_bind_int64(add_.get(), 3, now);
  step(add_);
  sqlite3_reset(add_.get());
  return sqlite3_changes(db_.get()) == 1;
}

std::optional<std::string> UserStore::hash_of(std::string_view name) const {
  bind_text(find_.get(), 1, name);
  std::optional<std::string> hash;
  if (step(find_)) {
    hash.emplace(reinterpret_cast<const char*>(sqlite3_column_text(find_.get(), 0)),
                 static_cast<std::size_t>(sqlite3_column_bytes(find_.get(), 0)));
  }
  sqlite3_reset(find_.get());
  return hash;
}

std::int64_t UserStore::count() const {
  step(count_);
  const std::int64_t users = sqlite3_column_int64(count_.get(), 0);
  sqlite3_reset(count_.get());
  return users;
}

UserStore::Statement UserStore::prepare(const char* sql) const {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db_.get(), sql, -1, &statement, nullptr) != SQLITE_OK) fail();
  return Statement{statement};
}

bool UserStore::step(const Statement& statement) const {
  const int result = sqlite3_step(statement.get());
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  sqlite3_reset(statement.get());
  fail();
}

void UserStore::fail() const {
  throw std::runtime_error(file_ + ": " + sqlite3_errmsg(db_.get()));
}

}  // namespace real
