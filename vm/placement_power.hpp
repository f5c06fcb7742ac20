// PowerPlacement: the host on which one more VM costs the fewest watts (power-aware best fit).
//
// The cost of a VM with demand r on a host is P((allocated + r) / capacity) - watts, the smallest
// wins, the lowest number among equals. The choice is exactly that of a scan of all hosts, computed
// with the same arithmetic, but few hosts are looked at: MeasuredHosts keeps in order those for
// which nothing is planned, PlannedHosts the others.
//
// Source of the rule: Beloglazov and Buyya (2012), algorithm 2.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "vm/growth_bounds.hpp"
#include "vm/measured_hosts.hpp"
#include "vm/placement_candidate.hpp"
#include "vm/planned_hosts.hpp"

namespace vm {

class PowerPlacement {
 public:
  PowerPlacement(const std::vector<HostPower>& kinds, std::size_t hosts)
      : kinds_(kinds), bounds_(kinds), measured_(kinds, hosts), planned_(kinds, hosts) {}

  /// Starts over with hosts for which nothing is planned, in ascending order; their watts are those
  /// of what is allocated.  Cost O(n log n).
  void begin(std::span<const Candidate> candidates) {
    planned_.clear();
    measured_.begin(candidates);
  }
  /// Files a host, or files it again when its figures have changed.
  void update(const Candidate& candidate) {
    remove(candidate.host);
    if (!measured_.try_return(candidate)) planned_.add(candidate);
  }
  /// Takes a host out; one that is not filed stays so.
  void remove(HostIndex host) {
    measured_.leave(host);
    planned_.remove(host);
  }

  /// The cheapest host that fits and that `acceptable(host, spare)` does not refuse, when it beats
  /// `bound` (by cost, then by number). A candidate is only asked for when it would win so far.
  ///
  ///   acceptable  must not depend on the order in which it is asked
  template <class Acceptable>
  std::optional<PlacementChoice> choose(const Seeker& seeker, std::optional<PlacementChoice> bound,
                                        Acceptable acceptable) {
    PlacementChoice best = bound.value_or(no_choice);
    bounds_.price(kinds_, seeker.demand);
    measured_.search(seeker, bounds_, best, acceptable);
    planned_.search(seeker, bounds_, best, acceptable);
    if (best.host == no_choice.host) return std::nullopt;
    return best;
  }

 private:
  std::vector<HostPower> kinds_;
  GrowthBounds bounds_;
  MeasuredHosts measured_;
  PlannedHosts planned_;
};

}  // namespace vm
