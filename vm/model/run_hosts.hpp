// run_hosts: plays a scenario of hosts and VMs, and tells it as a run of machines.
//
// Every host is a machine: up while it carries VMs, down while it is switched off. After each
// optimisation there is a sample of every host that is on or has just been switched off, and a row
// about all of them.
#pragma once

#include "vm/model/run.hpp"

namespace vm::model {

/// Requires scenario.consolidation. The stop flag is looked at once an interval.
RunOutcome run_hosts(const Scenario& scenario, const RunOptions& options);

}  // namespace vm::model
