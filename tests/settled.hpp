// Settled: what a simulated world must look like when it has had time to come to rest, and what its
// control plane must know of it. For tests that end a run and ask whether all is well.
#pragma once

#include <string>
#include <vector>

#include "vm/model/world.hpp"

namespace tests {

/// All that is not as it should be, in words; empty where all is well. Nobody is asked to serve the
/// tenants of a lost machine whose fleet has no failover.
///   cost   O(tenants x machines)
std::vector<std::string> unsettled(const vm::model::World& world);

}  // namespace tests
