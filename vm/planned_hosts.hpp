// PlannedHosts: hosts for which something is planned, or that were off, filed so that few of them
// are read to find the one on which a VM costs the fewest watts.
//
// The watts already planned for a host come on top of what the VM adds. So they stand in drawers (a
// kind of host, a slice of its capacity, a class of the room that is left), and in each in order of
// those watts: a drawer is read from its beginning until what it adds at least (GrowthBounds) with
// them is too dear. Drawers of hosts with too little room stay shut.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "vm/growth_bounds.hpp"
#include "vm/placement_candidate.hpp"

namespace vm {

class PlannedHosts {
 public:
  PlannedHosts(std::vector<HostPower> kinds, std::size_t hosts);

  void clear();
  /// Files a host that is not filed.  Cost O(hosts in its drawer), a memmove.
  void add(const Candidate& candidate);
  /// Takes a host out; one that is not filed stays so.
  void remove(HostIndex host);

  /// Puts into `best` the cheapest host that fits and that `acceptable(host, spare)` does not
  /// refuse, where it beats the one that is there.
  template <class Acceptable>
  void search(const Seeker& seeker, const GrowthBounds& bounds, PlacementChoice& best,
              Acceptable acceptable) {
    for (std::size_t k = 0; k < kinds_.size(); ++k) {
      const GrowthBounds::Kind& bound = bounds.of(k);
      if (!bound.fits) continue;
      const std::size_t enough =
          room_class(std::min(seeker.demand, seeker.weight), kinds_[k].capacity);
      for (std::size_t t = 0; t < GrowthBounds::tenths; ++t) {
        if (hosts_in_[k * GrowthBounds::tenths + t] == 0 || bound.least[t] > best.cost) continue;
        for (std::size_t part = 0; part < parts_; ++part) {
          const std::size_t slice = (k * GrowthBounds::tenths + t) * parts_ + part;
          const std::uint32_t filled = filled_[slice] >> enough << enough;
          if (filled == 0) continue;
          const double low = static_cast<double>(part) * part_width_;
          const double least = bound.least_within(t, low, low + part_width_);
          if (least + least_planned_[slice] > best.cost) continue;
          search_slice(slice, filled, least, {bound, t}, seeker, best, acceptable);
        }
      }
    }
  }

 private:
  static constexpr std::uint32_t nowhere = 0xffffffffu;
  static constexpr std::size_t room_classes = 16;

  /// Enough to pass most hosts by: as few bytes as that takes. Free and room are rounded up.
  struct Filed {
    double planned = 0;  // watts
    double offset = 0;   // of the use, from the beginning of its tenth on
    float free = 0, room = 0;
    HostIndex host = 0;
  };
  struct Place {
    Candidate candidate;
    double planned = 0;
    std::uint32_t drawer = nowhere;
  };
  /// What is added to the planned watts in a tenth.
  struct Growth {
    const GrowthBounds::Kind& bound;
    std::size_t tenth;

    double least(double offset) const { return bound.growth(tenth, offset) - GrowthBounds::slack; }
  };

  template <class Acceptable>
  void search_slice(std::size_t slice, std::uint32_t filled, double least, const Growth& growth,
                    const Seeker& seeker, PlacementChoice& best, Acceptable& acceptable) {
    for (; filled != 0; filled &= filled - 1) {
      const auto room = static_cast<std::size_t>(std::countr_zero(filled));
      for (const Filed& filed : drawers_[slice * room_classes + room]) {
        if (least + filed.planned > best.cost) break;
        if (!((static_cast<double>(filed.free) >= seeker.demand) &
              (static_cast<double>(filed.room) >= seeker.weight) &
              (filed.planned + growth.least(filed.offset) <= best.cost)))
          continue;
        const Candidate& c = places_[filed.host].candidate;
        const PlacementChoice choice{
            c.host, power_cost(kinds_[c.kind], c.allocated, seeker.demand, c.watts)};
        const Spare spare{c.free - seeker.demand, c.room - seeker.weight};
        if (!((spare.free >= 0) & (spare.room >= 0) & beats(choice, best))) continue;
        if (acceptable(c.host, spare)) best = choice;
      }
    }
  }

  /// By the binary order of the share of a capacity: 0 for less than 2^-14 of it.
  static std::size_t room_class(double room, double capacity);
  /// Where a host with these watts stands, or would.
  std::vector<Filed>::iterator position(std::vector<Filed>& drawer, double planned, HostIndex host);

  std::vector<HostPower> kinds_;
  std::size_t parts_;  // of a tenth, each a slice: more where there are more hosts
  double part_width_;
  std::vector<std::vector<Filed>> drawers_;
  std::vector<std::uint32_t> filled_;    // by slice: a bit for each class of room in use
  std::vector<double> least_planned_;    // by slice: nobody in it has fewer watts planned
  std::vector<std::uint32_t> hosts_in_;  // by kind and tenth
  std::vector<Place> places_;            // by host
};

}  // namespace vm
