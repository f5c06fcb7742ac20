// PlannedHosts: hosts for which something is planned, or that were off, filed so that few of them
// are read to find the one on which a VM costs the fewest watts.
//
// They stand in drawers: a kind of host, a slice of its capacity, and a step of the watts already
// planned for it, which a further VM costs on top. Each drawer has a lower bound; the cheapest is
// opened first and those that cannot win stay shut.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "vm/placement_candidate.hpp"

namespace vm {

class PlannedHosts {
 public:
  PlannedHosts(std::vector<HostPower> kinds, std::size_t hosts);

  void clear();
  /// Files a host that is not filed.
  void add(const Candidate& candidate);
  /// Takes a host out; one that is not filed stays so.
  void remove(HostIndex host);

  /// Puts into `best` the cheapest host that fits and that `acceptable(host)` does not refuse,
  /// where it beats the one that is there.
  template <class Acceptable>
  void search(const Seeker& seeker, std::optional<PlacementChoice>& best, Acceptable acceptable) {
    price_drawers(seeker.demand, best);
    while (const auto priced = next_drawer(best)) {
      const HostPower& kind = kinds_[kind_of(priced->drawer)];
      for (const Candidate& c : drawers_[priced->drawer]) {
        if (c.free < seeker.demand || c.room < seeker.weight) continue;
        const PlacementChoice choice{c.host, power_cost(kind, c.allocated, seeker.demand, c.watts)};
        if (best && !beats(choice, *best)) continue;
        if (acceptable(c.host)) best = choice;
      }
    }
  }

 private:
  static constexpr std::size_t slices_per_tenth = 2;
  static constexpr std::size_t slices = slices_per_tenth * (PowerCurve::points - 1);
  /// By planned watts; the bound uses the lower end of a step. Below the first nothing is known.
  static constexpr std::array<double, 31> planned_steps{
      1e-6, 0.01, 0.014, 0.02, 0.028, 0.04, 0.056, 0.08, 0.11, 0.16, 0.22, 0.32, 0.45, 0.64, 0.8, 1,
      1.2,  1.5,  1.75,  2,    2.5,   3,    3.5,   4,    5,    6,    7,    8,    11,   16,   32};
  static constexpr std::size_t steps = 1 + planned_steps.size();
  static constexpr std::uint32_t nowhere = 0xffffffffu;

  struct Priced {
    double least = 0;  // watts: nothing in the drawer costs less
    std::uint32_t drawer = 0;
  };
  struct Place {
    std::uint32_t drawer = nowhere;
    std::uint32_t position = 0;
  };
  struct Dearer {  // a type, so that the heap's comparisons are inlined
    bool operator()(const Priced& a, const Priced& b) const { return a.least > b.least; }
  };
  using AtBorder = std::array<double, slices + 1>;  // power at the borders of slices

  static std::size_t kind_of(std::uint32_t drawer) { return drawer / (slices * steps); }
  std::uint32_t drawer_of(const Candidate& candidate) const;
  /// Fills priced_ with the drawers that could hold the winner, as a heap.
  void price_drawers(double demand, const std::optional<PlacementChoice>& bound);
  void price_slice(std::size_t kind, std::size_t slice, double grown, double least,
                   const std::optional<PlacementChoice>& bound);
  /// Takes the cheapest drawer out of priced_; none where none can beat `best` any more.
  std::optional<Priced> next_drawer(const std::optional<PlacementChoice>& best);

  std::vector<HostPower> kinds_;
  std::vector<AtBorder> at_border_;              // by kind
  std::vector<std::vector<Candidate>> drawers_;  // by kind, slice of the capacity, step
  std::vector<std::uint32_t> filled_;            // by kind and slice: a bit for each step in use
  std::vector<Place> places_;                    // by host
  std::vector<Priced> priced_;
};

}  // namespace vm
