#include "real/fleet/archive.hpp"

#include <algorithm>
#include <cstring>

#include <fcntl.h>
#include <sodium.h>
#include <sys/file.h>

#include "real/fleet/archive_schema.hpp"
#include "sim/check.hpp"

namespace real {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all.append(all.empty() ? "" : ",").append(word);
  return all;
}

std::string drawn_name() {
  SIM_CHECK(sodium_init() >= 0);
  std::string name;
  for (int i = 0; i < 16; ++i) {
    name.push_back("0123456789abcdefghjkmnpqrstvwxyz"[randombytes_uniform(32)]);
  }
  return name;
}

/// Two collectors on one archive would both send its mails. The lock ends with the process.
Descriptor lock(const std::filesystem::path& archive) {
  const std::string file = archive.string() + ".lock";
  Descriptor lock{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!lock) throw StoreError{file, std::strerror(errno)};
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    throw StoreError{archive.string(), "another collector is at work on it"};
  }
  return lock;
}

}  // namespace

Database open_archive(const std::filesystem::path& file, Access access) {
  Database db = open_database(file, access);
  if (access == Access::create) {
    execute(db.get(), "PRAGMA journal_mode = WAL");
    execute(db.get(), "PRAGMA synchronous = FULL");
    execute(db.get(), archive_schema);
  } else if (access == Access::write) {
    execute(db.get(), "PRAGMA synchronous = FULL");
  }
  const Statement version = prepare(db.get(), "PRAGMA user_version");
  if (next_row(version) && integer(version, 0) == archive_version) return db;
  throw StoreError{file.string(), "no archive of a fleet, or one of another version of brink"};
}

Archive::Archive(Options options)
    : options_(std::move(options)),
      lock_(lock(options_.file)),
      db_(open_archive(options_.file, Access::create)) {
  open_hosts();
  begin_ = prepare(db_.get(), "BEGIN IMMEDIATE");
  commit_ = prepare(db_.get(), "COMMIT");
  state_ = prepare(db_.get(),
                   "UPDATE hosts SET since = coalesce(since, ?1), heard = ?1, counter = ?2, "
                   "session = ?3, next = ?4, uptime = ?5, last_sample = ?6, "
                   "last_shares = coalesce(?7, last_shares) WHERE id = ?8");
  alive_now_ = prepare(db_.get(), "UPDATE meta SET alive = ?");
  fresh_ = prepare(db_.get(), "INSERT INTO fresh VALUES (?, ?, ?)");
  find_raw_ = prepare(db_.get(), "SELECT samples FROM raw WHERE id = ?");
  raw_ = prepare(db_.get(), "INSERT OR REPLACE INTO raw VALUES (?, ?)");
  minutes_ = prepare(db_.get(), add_to_minutes);
  hours_ = prepare(db_.get(), add_to_hours);
  gap_ = prepare(db_.get(), "INSERT INTO gaps VALUES (?, ?, ?, ?, ?)");
  down_ = prepare(db_.get(),
                  "INSERT INTO intervals (host, kind, start, cause) VALUES (?, 'down', ?, "
                  "'silent')");
  up_ = prepare(db_.get(),
                "UPDATE intervals SET end = max(start, ?1), cause = CASE ?2 WHEN '' THEN cause "
                "ELSE ?2 END WHERE host = ?3 AND kind = 'down' AND end IS NULL");
  unwatched_ = prepare(db_.get(),
                       "INSERT INTO intervals (host, kind, start, end, cause) SELECT id, "
                       "'unwatched', ?1, ?2, 'collector away' FROM hosts WHERE since IS NOT NULL");
  enlisted_ = prepare(db_.get(),
                      "UPDATE intervals SET end = max(start, ?1) WHERE host = ?2 AND kind = "
                      "'retired' AND start = ?3 AND end IS NULL");
  incident_ = prepare(db_.get(),
                      "INSERT INTO incidents (number, host, cause, start, noticed, value, worst, "
                      "\"limit\", calm) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8)");
  calm_ = prepare(db_.get(), "UPDATE incidents SET calm_since = ?, worst = ? WHERE number = ?");
  close_ = prepare(db_.get(),
                   "UPDATE incidents SET calm_since = NULL, end = ?, closed = ?, worst = ? WHERE "
                   "number = ?");
  mail_ = prepare(db_.get(),
                  "INSERT INTO outbox (incident, kind, recipients, state, attempts, due) VALUES "
                  "(?, ?, ?, 'waiting', 0, 0)");
}

void Archive::open_hosts() {
  execute(db_.get(), "BEGIN IMMEDIATE");
  const Statement named = prepare(db_.get(), "UPDATE meta SET name = ? WHERE name = ''");
  const std::string name = drawn_name();
  run(named, Text{name});
  const Statement add = prepare(db_.get(), "INSERT OR IGNORE INTO hosts (name) VALUES (?)");
  const Statement find = prepare(
      db_.get(),
      "SELECT id, counter, session, next, uptime, heard, last_sample FROM hosts WHERE name = ?");
  const Statement watch = prepare(db_.get(), "UPDATE hosts SET watched = ? WHERE id = ?");
  execute(db_.get(), "UPDATE hosts SET watched = 0");
  for (const Host& host : options_.hosts) {
    run(add, Text{host.name});
    set_value(find, 1, Text{host.name});
    SIM_CHECK(next_row(find));
    const auto time = [&find](int column) -> std::optional<sim::Time> {
      if (sqlite3_column_type(find.get(), column) == SQLITE_NULL) return {};
      return sim::Time{sim::Duration{integer(find, column)}};
    };
    ids_.push_back(integer(find, 0));
    states_.push_back(
        {word(find, 1), word(find, 2), word(find, 3), word(find, 4), time(5), time(6)});
    sqlite3_reset(find.get());
    run(watch, std::int64_t{1}, ids_.back());
  }
  execute(db_.get(), close_what_is_gone);
  execute(db_.get(), "COMMIT");
  const Statement meta = prepare(db_.get(), "SELECT alive FROM meta WHERE alive IS NOT NULL");
  if (next_row(meta)) alive_ = sim::Time{sim::Duration{integer(meta, 0)}};
  const Statement last = prepare(db_.get(), "SELECT coalesce(max(id & 0xffffffff), 0) FROM fresh");
  if (next_row(last)) next_fresh_ = word(last, 0) + 1;
}

void Archive::begin() {
  run(begin_);
}

void Archive::commit() {
  run(commit_);
}

void Archive::rollback() noexcept {
  sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Archive::store(const ArchiveChange& change) {
  run(alive_now_, since_1970(change.alive));
  if (change.host) {
    const std::int64_t host = ids_[*change.host];
    const HostState& s = change.state;
    sqlite3_clear_bindings(state_.get());
    int at = 0;
    set_value(state_, ++at, since_1970(s.heard.value_or(change.alive)));
    set_value(state_, ++at, s.counter);
    set_value(state_, ++at, s.session);
    set_value(state_, ++at, s.next);
    set_value(state_, ++at, s.uptime_s);
    ++at;
    if (s.last_sample) set_value(state_, at, since_1970(*s.last_sample));
    ++at;
    std::string last;
    if (!change.samples.empty()) {
      pack_sample(change.samples.back(), last);
      set_value(state_, at, std::string_view{last}.substr(2));
    }
    set_value(state_, ++at, host);
    while (next_row(state_)) {
    }
    store_samples(host, change.samples);
    if (change.gap) {
      set_value(gap_, 5, Text{change.gap->cause});
      run(gap_, host, since_1970(change.gap->start), since_1970(change.gap->end),
          change.gap->samples);
    }
  }
  for (const vm::IncidentOrder& order : change.orders) store_order(order, change.back_from);
}

void Archive::store_samples(std::int64_t host, const Samples& samples) {
  std::string packed;
  for (std::size_t i = 0; i < samples.size();) {
    const std::int64_t minute = slot_of(samples[i].at, one_minute);
    packed.clear();
    for (; i < samples.size() && slot_of(samples[i].at, one_minute) == minute; ++i) {
      pack_sample(samples[i], packed);
    }
    const auto number = static_cast<std::int64_t>(next_fresh_++ & 0xffffffffu);
    run(fresh_, minute << 32 | number, host, std::string_view{packed});
  }
}

void Archive::store_order(const vm::IncidentOrder& order, std::string_view back_from) {
  if (const auto* opened = std::get_if<vm::IncidentOpened>(&order)) {
    sqlite3_bind_double(incident_.get(), 6, opened->value);
    sqlite3_bind_double(incident_.get(), 7, opened->limit);
    set_value(incident_, 8, opened->calm.count());
    set_value(incident_, 3, Text{to_string(opened->cause)});
    set_value(incident_, 4, since_1970(opened->start));
    set_value(incident_, 5, since_1970(opened->noticed));
    run(incident_, opened->number, id(opened->host));
    const std::string to = joined(options_.hosts[opened->host.value].mail);
    if (!options_.mails || to.empty()) return;
    set_value(mail_, 2, Text{"opened"});
    set_value(mail_, 3, Text{to});
    run(mail_, opened->number);
  } else if (const auto* calm = std::get_if<vm::IncidentCalm>(&order)) {
    sqlite3_bind_null(calm_.get(), 1);
    if (calm->since) set_value(calm_, 1, since_1970(*calm->since));
    sqlite3_bind_double(calm_.get(), 2, calm->worst);
    set_value(calm_, 3, calm->number);
    run(calm_);
  } else if (const auto* closed = std::get_if<vm::IncidentClosed>(&order)) {
    sqlite3_bind_double(close_.get(), 3, closed->worst);
    set_value(close_, 4, closed->number);
    run(close_, since_1970(closed->end), since_1970(closed->noticed));
    if (!closed->quietly) post_ended(closed->number);
  } else if (const auto* down = std::get_if<vm::HostDown>(&order)) {
    run(down_, id(down->host), since_1970(down->start));
  } else if (const auto* up = std::get_if<vm::HostUp>(&order)) {
    set_value(up_, 2, Text{back_from});
    set_value(up_, 3, id(up->host));
    run(up_, since_1970(up->end));
  } else if (const auto* unwatched = std::get_if<vm::Unwatched>(&order)) {
    const Statement cut = prepare(
        db_.get(), "UPDATE intervals SET end = max(start, ?) WHERE kind = 'down' AND end IS NULL");
    run(cut, since_1970(unwatched->start));
    run(unwatched_, since_1970(unwatched->start), since_1970(unwatched->end));
  } else if (const auto* filled = std::get_if<vm::Filled>(&order)) {
    fill(id(filled->host), {filled->start, filled->end});
  } else if (const auto* enlisted = std::get_if<vm::Enlisted>(&order)) {
    run(enlisted_, since_1970(enlisted->end), id(enlisted->host), since_1970(enlisted->since));
  }
}

/// To those whom the opening was told, whatever the fleet file says by now.
void Archive::post_ended(std::uint64_t incident) {
  const Statement mail = prepare(
      db_.get(),
      "INSERT INTO outbox (incident, kind, recipients, state, attempts, due) SELECT incident, "
      "'closed', recipients, 'waiting', 0, 0 FROM outbox WHERE incident = ? AND kind = 'opened'");
  run(mail, incident);
}

/// Cuts a part out of what nobody watched: what is left on either side stays.
void Archive::fill(std::int64_t host, vm::TimeSpan span) {
  const std::int64_t start = since_1970(span.start), end = since_1970(span.end);
  const Statement left =
      prepare(db_.get(),
              "INSERT INTO intervals (host, kind, start, end, cause) SELECT host, kind, start, ?2, "
              "cause FROM intervals WHERE host = ?1 AND kind = 'unwatched' AND start < ?2 AND end "
              "> ?2");
  const Statement inside =
      prepare(db_.get(),
              "DELETE FROM intervals WHERE host = ?1 AND kind = 'unwatched' AND start >= ?2 AND "
              "end <= ?3");
  const Statement right = prepare(
      db_.get(),
      "UPDATE intervals SET start = ?3 WHERE host = ?1 AND kind = 'unwatched' AND start < ?3 AND "
      "end > ?3");
  // The piece before is put beside the row that it comes from, which then loses it.
  run(left, host, start);
  const Statement cut = prepare(
      db_.get(),
      "UPDATE intervals SET start = ?2 WHERE host = ?1 AND kind = 'unwatched' AND start < ?2 AND "
      "end > ?2");
  run(cut, host, start);
  run(inside, host, start, end);
  run(right, host, start, end);
}

void pack_sample(const ArchivedSample& sample, std::string& to) {
  const auto within = sample.at.time_since_epoch() % one_minute;
  const auto ms = static_cast<std::uint16_t>(within / std::chrono::milliseconds{1});
  std::array<char, packed_sample> bytes{};
  std::memcpy(bytes.data(), &ms, sizeof ms);
  std::memcpy(bytes.data() + sizeof ms, sample.shares.data(), sizeof sample.shares);
  to.append(bytes.data(), bytes.size());
}

void unpack_samples(std::int64_t minute, std::string_view packed, std::vector<ArchivedSample>& to) {
  for (; packed.size() >= packed_sample; packed.remove_prefix(packed_sample)) {
    std::uint16_t ms = 0;
    ArchivedSample sample;
    std::memcpy(&ms, packed.data(), sizeof ms);
    std::memcpy(sample.shares.data(), packed.data() + sizeof ms, sizeof sample.shares);
    sample.at = sim::Time{minute * one_minute + std::chrono::milliseconds{ms}};
    to.push_back(sample);
  }
}

}  // namespace real
