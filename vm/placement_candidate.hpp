// What placement looks at in a host, and how two choices compare.
#pragma once

#include <limits>

#include "vm/host_facts.hpp"

namespace vm {

/// Watts more when a host's use grows from what gave `watts` to `allocated + demand`.
inline double power_cost(const HostPower& kind, double allocated, double demand, double watts) {
  return kind.power.at((allocated + demand) / kind.capacity) - watts;
}

struct Candidate {
  HostIndex host = 0;
  HostKindIndex kind = 0;
  double allocated = 0;  // planned VMs included
  double free = 0;       // nothing that asks for more fits
  double room = 0;       // nothing with a larger weight is acceptable
  double watts = 0;      // before anything was planned
  bool operator==(const Candidate&) const = default;
};

/// A VM that looks for a host.
struct Seeker {
  double demand = 0;
  double weight = 0;  // in the unit of Candidate::room
};

/// What a host has beyond what is asked for; at least 0 where it fits.
struct Spare {
  double free = 0, room = 0;
};

struct PlacementChoice {
  HostIndex host = 0;
  double cost = 0;  // watts
};

/// What every choice beats.
inline constexpr PlacementChoice no_choice{std::numeric_limits<HostIndex>::max(),
                                           std::numeric_limits<double>::infinity()};

/// Without a jump, since which of many hosts is better cannot be foreseen.
inline bool beats(const PlacementChoice& a, const PlacementChoice& b) {
  return (a.cost < b.cost) | ((a.cost == b.cost) & (a.host < b.host));
}

}  // namespace vm
