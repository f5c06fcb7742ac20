// HostChoice: on which host a machine is started.
//
// Away from the machines with which it shares tenants at the start, one holding what the other has
// the second copies of: whoever loses a host should lose one of both. Among equals where the fewest
// machines are, then in the order of hosts, so that they are filled in turn.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "vm/placement.hpp"

namespace real {

using HostNumber = std::uint32_t;

/// `places`: the hosts of the machines that are there. `fits`, by host: whether it can take this
/// one. None where no host can.
std::optional<HostNumber> choose_host(const vm::Layout& layout, vm::MachineId machine,
                                      const std::map<vm::MachineId, HostNumber>& places,
                                      const std::vector<bool>& fits);

/// A tenant both of whose copies are on one host: on these two machines. None: there is none.
std::optional<std::pair<vm::MachineId, vm::MachineId>> find_together(
    const vm::Layout& layout, const std::map<vm::MachineId, HostNumber>& places);

}  // namespace real
