// FleetPast: what an archive says about the last hours of a fleet: minutes, times away, incidents.
// For a window, which would else begin when it is opened.
#pragma once

#include "real/fleet/fleet_status.hpp"

namespace real {

struct HostPast {
  struct Minute {
    sim::Time start;
    vm::PerResource<double> mean;
  };
  struct Away {
    sim::Time start;
    std::optional<sim::Time> end;  // none: is still
    HostCondition condition;       // down, unwatched, retired
  };
  std::string name;
  std::vector<Minute> minutes;  // that are packed, in order; the last one or two are not yet
  std::vector<Away> away;       // in order of their start; may have begun before, and overlap
};

struct FleetPast {
  /// Hosts times minutes, at most: the span is cut to what fits.
  static constexpr std::int64_t most_minutes = 60'000;

  sim::Time since, at;
  std::vector<HostPast> hosts;            // that are watched, by name
  std::vector<IncidentStatus> incidents;  // that had not ended before `since`: the newest 1,000
};

/// The last `span` before `at`, at most a day. /// Throws StoreError where there is no archive.
FleetPast read_fleet_past(const std::filesystem::path& archive, sim::Duration span, sim::Time at);

std::string to_json(const FleetPast& past);

}  // namespace real
