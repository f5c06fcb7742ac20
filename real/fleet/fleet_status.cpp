#include "real/fleet/fleet_status.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <map>

#include "real/fleet/archive.hpp"
#include "real/fleet/archive_schema.hpp"

namespace real {
namespace {

using namespace std::chrono_literals;

constexpr auto collector_gone = 5s;
constexpr std::array<sim::Duration, 3> spans{std::chrono::days{1}, std::chrono::days{7},
                                             std::chrono::days{30}};

/// What is known of one host's past.
struct Past {
  TimeSpans down;
  TimeSpans away;  // nobody watched, or it was taken down on purpose; these may overlap
  std::optional<sim::Time> down_since, retired_since;
  sim::Time retired_until{};  // for the last time
  std::string last_cause;
};

std::map<std::int64_t, Past> pasts(sqlite3* db, sim::Time at) {
  std::map<std::int64_t, Past> all;
  const Statement rows = prepare(
      db,
      "SELECT host, kind, start, end, cause FROM intervals WHERE end IS NULL OR end > ? ORDER BY "
      "start");
  set_value(rows, 1, since_1970(at - spans.back()));
  while (next_row(rows)) {
    Past& past = all[integer(rows, 0)];
    const sim::Time start = *time_in(rows, 2);
    const auto end = time_in(rows, 3);
    if (bytes(rows, 1) != "down") past.away.push_back({start, end.value_or(at)});
    if (bytes(rows, 1) == "retired") {
      past.retired_since = end ? std::nullopt : std::optional{start};
      past.retired_until = end.value_or(at);
    }
    if (bytes(rows, 1) != "down") continue;
    past.down.push_back({start, end.value_or(at)});
    past.last_cause = bytes(rows, 4);
    past.down_since = end ? std::nullopt : std::optional{start};
  }
  return all;
}

HostStatus host_status(const Statement& row, Past& past, const FleetStatus& fleet,
                       double objective) {
  HostStatus host;
  host.name = bytes(row, 1);
  const auto since = time_in(row, 2);
  host.heard = time_in(row, 3);
  host.last_sample = time_in(row, 4);
  const std::string_view shares = bytes(row, 5);
  if (shares.size() == sizeof(Shares)) {
    std::memcpy(host.shares.emplace().data(), shares.data(), sizeof(Shares));
  }
  host.incidents = static_cast<std::size_t>(integer(row, 6));
  if (past.retired_since) {
    host.condition = HostCondition::retired;
    host.lasts = std::max(sim::Duration{}, fleet.at - *past.retired_since);
  }
  if (!since) return host;
  if (!fleet.collecting && fleet.alive) {  // nobody knows what has been since
    if (past.down_since) past.down.back().end = std::max(past.down.back().start, *fleet.alive);
    past.away.push_back({*fleet.alive, fleet.at});
  }
  if (!past.down.empty()) {
    host.last_down = past.down.back();
    host.last_down_cause = past.last_cause;
  }
  const TimeSpans away = merged(past.away), down = without(past.down, away);
  for (std::size_t i = 0; i < spans.size(); ++i) {
    host.uptime[i] = uptime_of(down, away, *since, {fleet.at - spans[i], fleet.at}, objective);
  }
  if (past.retired_since) return host;
  sim::Time began = std::max(*since, past.retired_until);
  if (!past.down.empty()) began = past.down_since.value_or(std::max(began, past.down.back().end));
  host.condition = !fleet.collecting ? HostCondition::unwatched
                   : past.down_since ? HostCondition::down
                                     : HostCondition::up;
  if (!fleet.collecting) began = fleet.alive.value_or(began);
  host.lasts = std::max(sim::Duration{}, fleet.at - began);
  return host;
}

}  // namespace

std::vector<IncidentStatus> read_incidents(sqlite3* db, const std::string& which) {
  const Statement rows = prepare(
      db,
      "SELECT i.number, h.name, i.cause, i.start, i.noticed, i.end, i.worst, i.\"limit\", "
      "o.state FROM incidents i JOIN hosts h ON h.id = i.host LEFT JOIN outbox o ON o.incident = "
      "i.number AND o.kind = 'opened' WHERE " +
          which + " ORDER BY i.number DESC LIMIT 1000");
  std::vector<IncidentStatus> all;
  while (next_row(rows)) {
    all.push_back({.number = word(rows, 0),
                   .host = std::string{bytes(rows, 1)},
                   .cause = std::string{bytes(rows, 2)},
                   .start = *time_in(rows, 3),
                   .noticed = *time_in(rows, 4),
                   .end = time_in(rows, 5),
                   .worst = sqlite3_column_double(rows.get(), 6),
                   .limit = sqlite3_column_double(rows.get(), 7),
                   .mail = std::string{bytes(rows, 8)}});
  }
  return all;
}

FleetStatus read_fleet_status(const std::filesystem::path& archive, double objective,
                              sim::Time at) {
  const Database db = open_archive(archive, Access::read);
  execute(db.get(), "BEGIN");  // all of it of one instant
  FleetStatus status;
  status.at = at;
  const Statement meta = prepare(db.get(), "SELECT alive FROM meta");
  if (next_row(meta)) status.alive = time_in(meta, 0);
  status.collecting = status.alive && at - *status.alive < collector_gone;
  auto past = pasts(db.get(), at);
  const Statement rows = prepare(
      db.get(),
      "SELECT id, name, since, heard, last_sample, last_shares, (SELECT count(*) FROM incidents "
      "WHERE closed IS NULL AND host = hosts.id) FROM hosts WHERE watched ORDER BY name");
  while (next_row(rows)) {
    status.hosts.push_back(host_status(rows, past[integer(rows, 0)], status, objective));
  }
  status.incidents = read_incidents(
      db.get(),
      "i.closed IS NULL OR i.number > (SELECT coalesce(max(number), 0) - 20 FROM incidents)");
  return status;
}

std::string utc(sim::Time at) {
  const auto seconds = static_cast<std::time_t>(
      std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count());
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
  return {text.data(), size};
}

std::string rough(sim::Duration span) {
  struct Unit {
    sim::Duration length;
    const char* name;
  };
  constexpr std::array<Unit, 4> units{{{std::chrono::days{1}, " d"},
                                       {std::chrono::hours{1}, " h"},
                                       {std::chrono::minutes{1}, " min"},
                                       {std::chrono::seconds{1}, " s"}}};
  if (span < 10s) {
    std::array<char, 32> text{};
    const int size = std::snprintf(text.data(), text.size(), "%.1f s", sim::seconds(span));
    return {text.data(), static_cast<std::size_t>(size)};
  }
  const auto* unit =
      std::find_if(units.begin(), units.end(), [span](const Unit& u) { return span >= u.length; });
  std::string text = std::to_string(span / unit->length) + unit->name;
  if (unit + 1 == units.end() || span / unit->length >= 100) return text;
  const auto rest = span % unit->length / unit[1].length;
  return rest == 0 ? text : text + " " + std::to_string(rest) + unit[1].name;
}

}  // namespace real
