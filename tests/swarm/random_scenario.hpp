// A random cloud for the swarm: everything a scenario may say, drawn from one seed, sized so that a
// run takes milliseconds. Overload, crashes at every step, failed boots, lost samples, tiny memories
// and hopeless pause budgets are all common here.
#pragma once

#include <cstdint>

#include "vm/scenario.hpp"

namespace tests {

struct SwarmLimits {
  bool survivable = false;  // only what acknowledged writes must survive: synced log or two replicas
};

vm::Scenario random_scenario(std::uint64_t seed, SwarmLimits limits = {});

}  // namespace tests
