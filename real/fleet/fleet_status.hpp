// FleetStatus: what an archive says about a fleet at an instant: for a table, for JSON, for mails.
//
// Read by a connection of its own, beside the collector and also when there is none: what it did
// not see is then left out of every availability.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "real/fleet/batch.hpp"
#include "real/fleet/uptime.hpp"
#include "real/sqlite.hpp"

namespace real {

/// retired: taken down on purpose.
enum class HostCondition : std::uint8_t { awaited, up, down, unwatched, retired };

constexpr std::string_view to_string(HostCondition condition) {
  constexpr std::array<std::string_view, 5> names{"awaited", "up", "down", "unwatched",
                                                  "taken down"};
  return names[static_cast<std::size_t>(condition)];
}

struct IncidentStatus {
  std::uint64_t number = 0;
  std::string host, cause;
  sim::Time start, noticed;
  std::optional<sim::Time> end;  // none: goes on
  double worst = 0, limit = 0;
  std::string mail;  // what became of its first mail: "", "waiting", "sent", "unsure", ...
};

struct HostStatus {
  std::string name;
  HostCondition condition = HostCondition::awaited;
  sim::Duration lasts{};  // the condition, as far as is known
  std::optional<sim::Time> heard, last_sample;
  std::optional<Shares> shares;
  std::size_t incidents = 0;     // open
  std::array<Uptime, 3> uptime;  // over the last day, week and month of 30 days
  std::optional<vm::TimeSpan> last_down;
  std::string last_down_cause;
};

struct FleetStatus {
  sim::Time at;
  bool collecting = false;                // whether a collector is at work
  std::optional<sim::Time> alive;         // when it last was
  std::vector<HostStatus> hosts;          // that are watched, by name
  std::vector<IncidentStatus> incidents;  // open ones and the last 20, the newest first
};

/// Throws StoreError where there is no archive.
FleetStatus read_fleet_status(const std::filesystem::path& archive, double objective, sim::Time at);

/// Those of which `which` holds, SQL about a row i, the newest first; at most 1,000.
std::vector<IncidentStatus> read_incidents(sqlite3* db, const std::string& which);

std::string to_json(const FleetStatus& status, const std::string& fleet);

/// Seconds since 1970 as "2023-11-14 22:13:20 UTC".
std::string utc(sim::Time at);
/// "3 d 4 h", "5 min 20 s", "1.2 s": the two largest units.
std::string rough(sim::Duration span);

}  // namespace real
