// A random cloud for the swarm: everything a scenario may say, drawn from one seed, sized so that a
// run takes milliseconds. Overload, crashes at every step, failed boots, lost samples, tiny
// memories and hopeless pause budgets are all common here.
#pragma once

#include <cstdint>

#include "vm/scenario.hpp"

namespace tests {

struct SwarmLimits {
  bool synced = false;   // a log on disk, so that no crash may take an acknowledged write
  bool settles = false;  // load and faults end at calm_from, and calm lasts for `calm`
};

inline constexpr vm::Time calm_from{std::chrono::seconds{40}};
/// Enough for the slowest of these clouds to come to rest: three dozen tenants that move one after
/// the other, each tried four times, 6 s of copying each time and rests between.
inline constexpr vm::Duration calm = std::chrono::minutes{20};

vm::Scenario random_scenario(std::uint64_t seed, SwarmLimits limits = {});

}  // namespace tests
