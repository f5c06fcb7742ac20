// PowerPlacement: the host on which one more VM costs the fewest watts (power-aware best fit).
//
// The cost of a VM with demand r on a host is P((allocated + r) / capacity) - watts, the smallest
// wins, the lowest number among equals. The choice is exactly that of a scan of all hosts, computed
// with the same arithmetic, but few hosts are looked at: they are filed in drawers, each drawer has
// a lower bound, the cheapest is opened first and those that cannot win stay shut.
//
// A drawer is a kind of host, a slice of its capacity, and a step: the watts already planned for
// the host. Many hosts have no plans and lie on the same straight stretch of the power curve. There
// they all cost the same but for rounding, and rounding decides. So they are told apart by what
// rounding did to their `watts`: who was rounded up most looks cheapest. That gives a bound in
// whole units in the last place, sharp enough to leave most of them unread.
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
    while (const auto priced = next_drawer(best)) {
      if (best && priced->least >= best->cost && lowest_[priced->drawer] > best->host) continue;
      const HostPower& kind = kinds_[kind_of(priced->drawer)];
      for (const Candidate& c : drawers_[priced->drawer]) {
        // Where nothing is cheaper than the best so far, only a lower number can beat it.
        if (best && c.host > best->host && priced->least >= best->cost) continue;
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
  static constexpr std::size_t slices_per_tenth = 2;
  static constexpr std::size_t slices = slices_per_tenth * (PowerCurve::points - 1);
  /// Hosts without plans by what rounding added to their watts, from -1 to 1 units; and one step
  /// for those of which that is not known.
  static constexpr std::size_t rounding_steps = 8;
  static constexpr std::size_t unknown_rounding = rounding_steps;
  /// Hosts with plans by their planned watts; the bound uses the lower end of a step.
  static constexpr std::array<double, 15> planned_steps{
      1e-6, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1, 1.5, 2, 3, 4, 8, 16};
  static constexpr std::size_t steps = rounding_steps + 1 + planned_steps.size();
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
  struct Rounding {                                 // of one kind's power, in watts
    double unit = 0;                                // all powers are multiples of it
    std::array<double, PowerCurve::points> half{};  // most that rounding a power adds, by tenth
    std::array<double, slices + 1> at_border{};     // power at the borders of slices
  };
  struct Dearer {  // a type, so that the heap's comparisons are inlined
    bool operator()(const Priced& a, const Priced& b) const { return a.least > b.least; }
  };

  std::uint32_t drawer_of(const Candidate& candidate) const;
  std::size_t step_of(const Candidate& candidate, double use) const;
  /// Fills priced_ with the drawers that could hold the winner, as a heap.
  void price_drawers(double demand, const std::optional<Choice>& bound);
  void price_slice(std::size_t kind, std::size_t slice, double grown, double least,
                   const std::optional<Choice>& bound);
  /// Takes the cheapest drawer out of priced_; none where none can beat `best` any more.
  std::optional<Priced> next_drawer(const std::optional<Choice>& best);

  std::vector<HostPower> kinds_;
  std::vector<Rounding> rounding_;               // by kind
  std::vector<std::vector<Candidate>> drawers_;  // by kind, slice of the capacity, step
  std::vector<HostIndex> lowest_;                // by drawer: no host in it has a lower number
  std::vector<std::uint32_t> filled_;            // by kind and slice: a bit for each step in use
  std::vector<Place> places_;                    // by host
  std::vector<Priced> priced_;
};

}  // namespace vm
