// Theory: what mathematics says of a scenario before anybody plays it.
//
// Each fleet is told by its busiest machine, found from the layout that a run starts with (who is
// dealt where, and how unevenly clients issue). That machine is looked at under three constant
// loads (vm/machine_theory.hpp): the mean until the warm-up ends, the mean after it, and the peak
// of the whole run.
//
// What it leaves out is listed in `assumptions`, in words and for this scenario. It is a prediction
// of the model as played by vm/model, which tests hold against it; docs/MODEL.md has the formulas.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vm/machine_theory.hpp"
#include "vm/scenario.hpp"

namespace vm {

struct FleetTheory {
  FleetId fleet;
  MachineId machine;  // the busiest one, which the rest is about
  double share = 0;   // of the fleet's open-loop transactions that it gets, at the peak
  std::optional<MachineTheory> warmup;  // none without a warm-up
  MachineTheory mean, peak;
  /// Transactions/s of the whole fleet, in the proportions of the mean, at which this resource of
  /// this machine reaches its SLA threshold, and at which it saturates. Infinite where unused;
  /// memory, which does not follow the rate alone, always is.
  PerResource<double> rate_at_threshold, rate_at_saturation;
  Resource bottleneck = Resource::cpu;  // the first to saturate
  Bytes state_start, state_end;     // of tenants and replicas, before any failover; closed loops'
                                    // writes, whose rate is not given, are not foreseen
  std::optional<Time> memory_full;  // when they alone would not fit any more
  /// Machines of this flavor, spares aside, that keep cpu, disk and network below their thresholds
  /// at the peak of open loops; none where even a machine for every tenant would not.
  std::optional<std::uint32_t> enough;
  std::vector<ClosedTheory> closed;
};

struct GroupTheory {  // rates of an open-loop group, 1/s
  GroupId group;
  std::optional<double> warmup;
  double mean = 0, peak = 0;
};

struct Theory {
  std::vector<GroupTheory> groups;  // open-loop ones, in order
  std::vector<FleetTheory> fleets;  // those that have machines
  std::vector<std::string> assumptions;
};

/// What theory says of `scenario`. Nothing is drawn or played.
/// Cost: O(log(tenants)) times that of initial_layout.
Theory predict(const Scenario& scenario);

}  // namespace vm
