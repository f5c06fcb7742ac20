#include "real/user_store.hpp"

#include <stdexcept>

#include <fcntl.h>
#include <sys/stat.h>

#include "real/posix.hpp"

namespace real {
namespace {

constexpr int wait_for_others_ms = 2000;

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

UserStore::UserStore(const std::filesystem::path& file) {
  make_file(file);
  db_ = open_database(file, Access::write);
  sqlite3_busy_timeout(db_.get(), wait_for_others_ms);
  execute(db_.get(), "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  make_tables();
  add_ = prepare(db_.get(), "INSERT OR IGNORE INTO users VALUES (?, ?, ?, ?)");
  remove_ = prepare(db_.get(), "DELETE FROM users WHERE name = ?");
  find_ = prepare(db_.get(), "SELECT hash FROM users WHERE name = ?");
  scope_ = prepare(db_.get(), "SELECT scope FROM users WHERE name = ?");
  count_ = prepare(db_.get(), "SELECT count(*) FROM users");
}

void UserStore::make_tables() {
  execute(db_.get(), "BEGIN IMMEDIATE");  // two may open a new file at once
  const Statement asked = prepare(db_.get(), "PRAGMA user_version");
  next_row(asked);
  const std::int64_t version = integer(asked, 0);
  sqlite3_reset(asked.get());
  if (version == 0) {
    execute(db_.get(),
            "CREATE TABLE IF NOT EXISTS users (name TEXT PRIMARY KEY NOT NULL, "
            "hash TEXT NOT NULL, created INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
            "ALTER TABLE users ADD COLUMN scope TEXT NOT NULL DEFAULT '';"
            "PRAGMA user_version = 1");
  }
  execute(db_.get(), "COMMIT");
}

bool UserStore::add(std::string_view name, std::string_view hash, std::int64_t now,
                    std::string_view scope) {
  run(add_, Text{name}, Text{hash}, now, Text{scope});
  return sqlite3_changes(db_.get()) == 1;
}

bool UserStore::remove(std::string_view name) {
  run(remove_, Text{name});
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
  set_value(statement, 1, Text{name});
  if (!next_row(statement)) return std::nullopt;
  std::string found{bytes(statement, 0)};
  sqlite3_reset(statement.get());
  return found;
}

std::int64_t UserStore::count() const {
  next_row(count_);
  const std::int64_t users = integer(count_, 0);
  sqlite3_reset(count_.get());
  return users;
}

}  // namespace real
