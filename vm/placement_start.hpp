// Where the VMs of a data center are started, before anything has been measured.
//
// VMs come in order and are promised all they may ask for. Under consolidation each goes where the
// power for the promised load would grow least; otherwise to the first host that fits. Hosts in the
// same state cost the same, and few states ever exist, so each choice compares states, not hosts.
//
// Source: CloudSim 3.0.3, where measured loads count nothing at this point.
#pragma once

#include <optional>
#include <vector>

#include "vm/data_center.hpp"
#include "vm/placement_candidate.hpp"

namespace vm {

/// The host of each VM; none where no host fits.
///
///   cost  O(log hosts) a VM for each state in use (kind and what it carries)
std::vector<std::optional<HostIndex>> start_hosts(const DataCenter& center);

}  // namespace vm
