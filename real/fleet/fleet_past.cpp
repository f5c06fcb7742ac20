#include "real/fleet/fleet_past.hpp"

#include <algorithm>
#include <map>

#include "real/fleet/archive.hpp"
#include "real/fleet/archive_schema.hpp"

namespace real {
namespace {

constexpr sim::Duration longest = std::chrono::days{1};

using Index = std::map<std::int64_t, HostPast*>;  // by the archive's number

void read_minutes(sqlite3* db, const FleetPast& past, const Index& index) {
  const Statement rows = prepare(
      db,
      "SELECT id, count, cpu, memory, disk, network FROM minutes WHERE id >= ? AND id < ? ORDER BY "
      "id");
  set_value(rows, 1, slot_row(slot_of(past.since, one_minute), 0));
  set_value(rows, 2, slot_row(slot_of(past.at, one_minute), 0));
  while (next_row(rows)) {
    const std::int64_t id = integer(rows, 0);
    const auto host = index.find(id - slot_row(row_slot(id), 0));
    const auto count = static_cast<double>(integer(rows, 1));
    if (host == index.end() || count == 0) continue;
    HostPast::Minute minute{sim::Time{one_minute * row_slot(id)}, {}};
    for (const vm::Resource r : vm::all_resources) {
      const auto sum = static_cast<double>(integer(rows, 2 + static_cast<int>(r)));
      minute.mean[r] = sum / count / whole_share;
    }
    host->second->minutes.push_back(minute);
  }
}

void read_away(sqlite3* db, sim::Time since, const Index& index) {
  const Statement rows = prepare(
      db,
      "SELECT host, kind, start, end FROM intervals WHERE end IS NULL OR end > ? ORDER BY start");
  set_value(rows, 1, since_1970(since));
  while (next_row(rows)) {
    const auto host = index.find(integer(rows, 0));
    if (host == index.end()) continue;
    const std::string_view kind = bytes(rows, 1);
    host->second->away.push_back({*time_in(rows, 2), time_in(rows, 3),
                                  kind == "down"      ? HostCondition::down
                                  : kind == "retired" ? HostCondition::retired
                                                      : HostCondition::unwatched});
  }
}

}  // namespace

FleetPast read_fleet_past(const std::filesystem::path& archive, sim::Duration span, sim::Time at) {
  const Database db = open_archive(archive, Access::read);
  execute(db.get(), "BEGIN");  // all of it of one instant
  FleetPast past;
  past.at = at;
  std::vector<std::int64_t> numbers;
  const Statement hosts =
      prepare(db.get(), "SELECT id, name FROM hosts WHERE watched ORDER BY name");
  while (next_row(hosts)) {
    numbers.push_back(integer(hosts, 0));
    past.hosts.emplace_back().name = bytes(hosts, 1);
  }
  const auto count = static_cast<std::int64_t>(std::max<std::size_t>(1, numbers.size()));
  const sim::Duration fits = one_minute * (FleetPast::most_minutes / count);
  past.since = at - std::clamp(span, sim::Duration{}, std::min(longest, fits));
  Index index;
  for (std::size_t i = 0; i < numbers.size(); ++i) index[numbers[i]] = &past.hosts[i];
  read_minutes(db.get(), past, index);
  read_away(db.get(), past.since, index);
  past.incidents = read_incidents(
      db.get(), "i.end IS NULL OR i.end >= " + std::to_string(since_1970(past.since)));
  return past;
}

}  // namespace real
