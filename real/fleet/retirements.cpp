#include "real/fleet/retirements.hpp"

#include <chrono>

#include "real/fleet/archive.hpp"
#include "real/fleet/archive_schema.hpp"

namespace real {

Retirements::Retirements(const std::filesystem::path& archive) {
  if (std::filesystem::exists(archive)) db_ = open_archive(archive, Access::write);
}

bool Retirements::retire(const std::string& host) {
  return change(
      "INSERT INTO intervals (host, kind, start, cause) SELECT id, 'retired', ?2, 'taken down' "
      "FROM hosts WHERE name = CAST(?1 AS TEXT) AND NOT EXISTS (SELECT 1 FROM intervals WHERE host "
      "= hosts.id AND kind = 'retired' AND end IS NULL)",
      host);
}

void Retirements::take_back(const std::string& host) {
  change(
      "DELETE FROM intervals WHERE kind = 'retired' AND end IS NULL AND host = (SELECT id FROM "
      "hosts WHERE name = CAST(?1 AS TEXT))",
      host);
}

void Retirements::enlist(const std::string& host) {
  change(
      "UPDATE intervals SET end = max(start, ?2) WHERE kind = 'retired' AND end IS NULL AND host = "
      "(SELECT id FROM hosts WHERE name = CAST(?1 AS TEXT))",
      host);
}

/// Runs a statement about the host ?1 at this instant, ?2. Returns whether it has changed anything.
bool Retirements::change(const char* sql, const std::string& host) {
  const std::lock_guard lock{mutex_};
  if (!db_) return false;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const Statement statement = prepare(db_.get(), sql);
  set_value(statement, 1, std::string_view{host});
  if (sqlite3_bind_parameter_count(statement.get()) > 1) {
    set_value(statement, 2, std::int64_t{std::chrono::nanoseconds{now}.count()});
  }
  while (next_row(statement)) {
  }
  return sqlite3_changes(db_.get()) > 0;
}

RetirementList::RetirementList(const std::filesystem::path& archive)
    : db_(open_archive(archive, Access::read)),
      find_(prepare(db_.get(),
                    "SELECT h.name, i.start FROM intervals i JOIN hosts h ON h.id = i.host WHERE "
                    "i.kind = 'retired' AND i.end IS NULL")) {}

std::vector<RetirementList::Entry> RetirementList::open() const {
  std::vector<Entry> entries;
  while (next_row(find_)) {
    entries.push_back({std::string{bytes(find_, 0)}, sim::Time{sim::Duration{integer(find_, 1)}}});
  }
  return entries;
}

}  // namespace real
