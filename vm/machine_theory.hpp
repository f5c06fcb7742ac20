// MachineTheory: what queueing theory says of one machine under constant rates.
//
// Each resource is a station (vm/queueing.hpp): the CPU shares its cores, disk and network their
// bandwidth, or the first come is served first. What a transaction spends at all of its steps adds
// up to its response. The clients of a closed loop, who wait for their answers, are solved by mean
// value analysis instead.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "vm/queueing.hpp"
#include "vm/scenario.hpp"

namespace vm {

/// Those that steps take their time at; memory is only held.
inline constexpr std::array<Resource, 3> shared_resources{Resource::cpu, Resource::disk,
                                                          Resource::network};

/// In cores, bytes, bytes/s, bytes/s.
double capacity_of(const Flavor& flavor, Resource resource);

/// Work per second that open loops bring to each shared resource: busy cores, bytes/s, bytes/s.
///   rates  transactions/s by group that come to the machine, 0 for closed loops
PerResource<double> work_under(const Scenario& scenario, const std::vector<double>& rates);

/// One machine under constant rates of open-loop transactions.
struct MachineTheory {
  double rate = 0;                  // transactions/s that come to it, first attempts
  PerResource<double> demand;       // busy cores; bytes held; bytes/s; bytes/s
  PerResource<double> utilisation;  // demand / capacity: from 1 on there is no steady state
  PerResource<double> time;         // s of a transaction at the resource, mean; memory: 0
  double response = 0;              // s, mean, all steps; infinite without a steady state
  bool approximate = false;         // some step's law is: FIFO on several servers
  bool overloaded() const;          // cpu, disk or network
};

/// What exact mean value analysis gives for one closed loop.
struct ClosedSolution {
  double throughput = 0;  // transactions/s
  double response = 0;    // s
  PerResource<double> utilisation;
};

/// The clients of one closed-loop group that live on one machine.
struct ClosedTheory {
  GroupId group;
  std::uint32_t clients = 0;
  double think = 0;         // s, mean
  AsymptoticBounds bounds;  // of a round: think and respond
  /// Mean values; none where no exact law applies: other clients on the machine, FIFO, or sizes
  /// beyond mean_value_analysis.
  std::optional<ClosedSolution> solution;
};

/// One machine of `flavor` under `rates` of open loops, by group, with tenants of `state` bytes.
MachineTheory machine_under(const Scenario& scenario, const Flavor& flavor,
                            const std::vector<double>& rates, Bytes state);

/// `clients` of a closed-loop group on one machine of `flavor`.
///   alone  nobody else's transactions come to it
///   cost   O(clients x cores) where it solves
ClosedTheory closed_under(const Scenario& scenario, GroupId group, std::uint32_t clients,
                          const Flavor& flavor, bool alone);

}  // namespace vm
