// Selection: which tenants leave a machine that is in SLA failure, and in which order.
//
// The hottest go first, since each of them brings the most relief; among equals the lower number.
#pragma once

#include <vector>

#include "vm/control.hpp"
#include "vm/scenario.hpp"

namespace vm {

/// The tenants that move under `policy`, in the order of their moves.
///
///   loads    of every tenant of the machine, in any order
///   room     bytes of state that the target can take; who does not fit stays
///   returns  fresh_machine, bigger_flavor: all that fit. split: the fewest hottest whose load is
///            at least half of all, but never all of two or more, and nobody where there is one;
///            on a machine without any load, half of its tenants. none: nobody.
///   cost     O(n log n), allocates
std::vector<TenantId> select(FailoverPolicy policy, std::vector<LoadsReported::Load> loads,
                             Bytes room);

}  // namespace vm
