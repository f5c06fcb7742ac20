#include "real/user_store.hpp"

#include <stdexcept>

#include <fcntl.h>
#include <sys/stat.h>

#include "real/posix.hpp"

namespace real {
namespace {

constexpr int wait_for_others_ms = 2000;

void bind_text(sqlite3_stmt* statement, int at, std::string_view text) {
  // No text at all would be NULL.
  sqlite3_bind_text(statement, at, text.empty() ? "" : text.data(), static_cast<int>(text.size()),
                    SQLITE_TRANSIENT);
}

/// SQLite would create the file with what the umask leaves, and its log after the mode of the file.
/// Closed again before SQLite opens it: a process that closes any descriptor of a file loses all of
/// its locks on it.
void make_file(const std::string& name) {
  const Descriptor file{::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!file) throw refused_by_system(name);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw refused_by_system(name);
  if ((status.st_mode & 077) != 0) {
    throw std::runtime_error(name + ": others may use it; allow it to its owner only (chmod 600)");
  }
}

}  // namespace

UserStore::UserStore(const std::filesystem::path& file) : file_(file) {
  make_file(file_);
  sqlite3* db = nullptr;
  const int opened = sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr);
  db_.reset(db);
  if (opened != SQLITE_OK) fail();
  sqlite3_busy_timeout(db, wait_for_others_ms);
  for (const char* sql : {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"}) {
    step(prepare(sql));
  }
  make_tables();
  add_ = prepare("INSERT OR IGNORE INTO users VALUES (?, ?, ?, ?)");
  remove_ = prepare("DELETE FROM users WHERE name = ?");
  find_ = prepare("SELECT hash FROM users WHERE name = ?");
  scope_ = prepare("SELECT scope FROM users WHERE name = ?");
  count_ = prepare("SELECT count(*) FROM users");
}

void UserStore::make_tables() {
  step(prepare("BEGIN IMMEDIATE"));  // two may open a new file at once
  const Statement asked = prepare("PRAGMA user_version");
  step(asked);
  const int version = sqlite3_column_int(asked.get(), 0);
  sqlite3_reset(asked.get());
  if (version == 0) {
    for (const char* sql : {"CREATE TABLE IF NOT EXISTS users (name TEXT PRIMARY KEY NOT NULL, "
                            "hash TEXT NOT NULL, created INTEGER NOT NULL) STRICT, WITHOUT ROWID",
                            "ALTER TABLE users ADD COLUMN scope TEXT NOT NULL DEFAULT ''",
                            "PRAGMA user_version = 1"}) {
      step(prepare(sql));
    }
  }
  step(prepare("COMMIT"));
}

bool UserStore::add(std::string_view name, std::string_view hash, std::int64_t now,
                    std::string_view scope) {
  bind_text(add_.get(), 1, name);
  bind_text(add_.get(), 2, hash);
  sqlite3_bind_int64(add_.get(), 3, now);
  bind_text(add_.get(), 4, scope);
  step(add_);
  sqlite3_reset(add_.get());
  return sqlite3_changes(db_.get()) == 1;
}

bool UserStore::remove(std::string_view name) {
  bind_text(remove_.get(), 1, name);
  step(remove_);
  sqlite3_reset(remove_.get());
  return sqlite3_changes(db_.get()) == 1;
}

std::optional<std::string> UserStore::hash_of(std::string_view name) const {
  return look_up(find_, name);
}

std::optional<std::string> UserStore::scope_of(std::string_view name) const {
  return look_up(scope_, name);
}

std::optional<std::string> UserStore::look_up(const Statement& statement,
                                              std::string_view name) const {
  bind_text(statement.get(), 1, name);
  std::optional<std::string> found;
  if (step(statement)) {
    found.emplace(reinterpret_cast<const char*>(sqlite3_column_text(statement.get(), 0)),
                  static_cast<std::size_t>(sqlite3_column_bytes(statement.get(), 0)));
  }
  sqlite3_reset(statement.get());
  return found;
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
