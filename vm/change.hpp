// Change: somebody turned a knob while a run was played, and the run has been another one since.
//
// A change takes effect at one instant, after all that is due at that instant and before whatever
// it causes. So a run that somebody steered is repeated exactly from its scenario and its list of
// changes: they stand as [[change]] at the end of the run's scenario.toml.
//
// Changes are for what only an experimenter can do. What befalls a cloud by itself is a Fault.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "vm/entities.hpp"

namespace vm {

enum class ChangeKind : std::uint8_t {
  load,       // the rates of a group, or of all, are `value` times the scenario's from now on
  crash,      // the machine crashes; back after `lasts` if given
  slow,       // the machine's CPU gives `value` of its capacity from now on; 1: all of it
  threshold,  // of all resources is `value` from now on, and `clear` keeps its distance
};

struct Change {
  static constexpr double least_load = 0.001, most_load = 1000;
  static constexpr double least_share = 0.0001;  // of slow and threshold; at most 1

  Time at{};
  ChangeKind kind = ChangeKind::load;
  std::optional<GroupId> group{};  // load; none: all
  MachineId machine = no_machine;  // crash, slow
  std::optional<Duration> lasts{};
  double value = 1;
  bool operator==(const Change&) const = default;
};

/// The change as a file can hold it: `at` to the millisecond above, `value` within its bounds and
/// as its text reads back.
Change settled(Change change);

/// [[change]] and its keys, a line each; reads back as the same change if it is settled. `group`:
/// the name of the change's group, if it has one.
std::string to_toml(const Change& change, const std::string& group);

/// "change: load x 2 of shoppers", "crash", "slow to 50 %".
std::string describe(const Change& change, const std::string& group);

}  // namespace vm
