// PowerPlacement: the host on which one more VM costs the fewest watts (power-aware best fit).
//
// The cost of a VM with demand r on a host is P((allocated + r) / capacity) - watts, the smallest
// wins, the lowest number among equals. Candidates are filed by kind of host, tenth of the capacity
// in use and watts already planned for. Within such a drawer the cost has a lower bound, so
// drawers are opened cheapest first and those that cannot win stay shut; inside an open one every
// candidate's cost is computed with the arithmetic of the plain scan. The choice is therefore
// exactly the plain scan's, and its time grows with the few drawers that matter. (It has to be
// exact: hosts on the same stretch of the curve differ in nothing but rounding.)
//
// Source of the rule: Beloglazov and Buyya (2012), algorithm 2.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "vm/host_facts.hpp"

namespace vm {

/// Watts more when a host's use grows from what gave `watts` to `allocated + demand`.
inline double power_cost(const HostPower& kind, double allocated, double demand, double watts) {
  return kind.power.at((allocated + demand) / kind.capacity) - watts;
}

class PowerPlacement {
 public:
  struct Candidate {
    HostIndex host = 0;
    HostKindIndex kind = 0;
    double allocated = 0;  // planned VMs included
    double free = 0;       // nothing that asks for more fits
    double room = 0;       // nothing with a larger weight is acceptable
    double watts = 0;      // before anything was planned
  };

  PowerPlacement(std::vector<HostPower> kinds, std::size_t hosts);

  void clear();
  /// Files a host that is not filed.
  void add(const Candidate& candidate);
  /// Files again a host whose figures have changed.
  void update(const Candidate& candidate);
  /// Takes a host out; one that is not filed stays so.
  void remove(HostIndex host);

  struct Choice {
    HostIndex host = 0;
    double cost = 0;  // watts
  };
  /// The cheapest host that fits and that `acceptable(host)` does not refuse, when it beats `bound`
  /// (by cost, then by number). A candidate is only asked for when it would win so far.
  ///
  ///   demand      of the VM, > 0
  ///   weight      of the VM, in the unit of `room`
  ///   acceptable  must not depend on the order in which it is asked
  template <class Acceptable>
  std::optional<Choice> choose(double demand, double weight, std::optional<Choice> bound,
                               Acceptable acceptable) {
    std::optional<Choice> best = bound;
    price_drawers(demand, best);
    for (const Priced& priced : priced_) {
      if (best && priced.least > best->cost) break;
      const HostPower& kind = kinds_[kind_of(priced.drawer)];
      for (const Candidate& c : drawers_[priced.drawer]) {
        if (c.free < demand || c.room < weight) continue;
        const Choice choice{c.host, power_cost(kind, c.allocated, demand, c.watts)};
        if (best && !beats(choice, *best)) continue;
        if (acceptable(c.host)) best = choice;
      }
    }
    return best;
  }

  static bool beats(const Choice& a, const Choice& b) {
    return a.cost < b.cost || (a.cost == b.cost && a.host < b.host);
  }

 private:
  static constexpr std::size_t slices_per_tenth = 4;
  static constexpr std::size_t slices = slices_per_tenth * (PowerCurve::points - 1);
  /// Watts planned on a host, in steps; the drawer's bound uses the lower end of its step.
  static constexpr std::array<double, 16> planned_steps{
      -1, 1e-6, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1, 1.5, 2, 3, 4, 8, 16};
  static constexpr std::size_t steps = planned_steps.size();
  static constexpr std::uint32_t nowhere = 0xffffffffu;

  struct Priced {
    double least = 0;  // watts: nothing in the drawer costs less
    std::uint32_t drawer = 0;
  };
  struct Place {
    std::uint32_t drawer = nowhere;
    std::uint32_t position = 0;
  };

  static std::size_t kind_of(std::uint32_t drawer) { return drawer / (slices * steps); }
  std::uint32_t drawer_of(const Candidate& candidate) const;
  /// Fills priced_ with the drawers that could hold the winner, cheapest first.
  void price_drawers(double demand, const std::optional<Choice>& bound);

  std::vector<HostPower> kinds_;
  std::vector<std::vector<Candidate>> drawers_;  // by kind, slice of the capacity, step
  std::vector<std::uint32_t> filled_;            // by kind and slice: a bit for each step in use
  std::vector<Place> places_;                    // by host
  std::vector<Priced> priced_;
};

}  // namespace vm
