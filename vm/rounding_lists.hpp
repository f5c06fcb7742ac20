// RoundingLists: measured hosts of one kind where a VM costs the same on all of them, but for
// rounding; and rounding decides who is the cheapest.
//
// Where u and u + g climb equally steep stretches of the power curve, P(u + g) - P(u) is one number
// without rounding. What rounding did to P(u), the measured watts, is known beforehand, so hosts of
// a tenth of the capacity are told apart by it: who was rounded up most looks cheapest. That bounds
// the cost in a list in whole units in the last place; among equals the lowest number wins, and in
// order of number they stand. What is read of a list is read eight hosts at a time.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "vm/host_blocks.hpp"

namespace vm {

/// A stretch of use, within one tenth, from which a VM leads into one tenth.
struct FlatPiece {
  double low = 0, high = 0;          // of what is allocated, both included
  std::size_t tenth = 0, grown = 0;  // of u and of u + g
  double least = 0;                  // watts: nothing costs less
};

class RoundingLists {
 public:
  using Place = HostBlocks::Place;
  static constexpr Place nowhere = 0xffffffffu;

  explicit RoundingLists(const HostPower& kind);

  /// Starts over with those `hosts`, ascending, whose tenth is among `tenths` (a bit for each).
  /// `places` gets one for each of them, or nowhere.
  void fill(std::span<const MeasuredHost> hosts, std::uint32_t of_tenths,
            std::vector<Place>& places);
  /// Forgets the places of those who left, and tells the others' new ones: moved(host, place).
  template <class Moved>
  void close_ranks(Moved moved) {
    HostBlocks packed;
    packed.clear(begins_.back());
    Place to = 0, from = 0;
    for (std::size_t list = 0; list < tenths * classes; ++list) {
      const Place end = begins_[list + 1];
      begins_[list] = to;
      for (; (from = next(from, end)) < end; ++from, ++to) {
        const MeasuredHost host = blocks_.at(from);
        packed.put(to, host);
        moved(host.host, to);
      }
      to = HostBlocks::whole_blocks(to);
    }
    begins_.back() = to;
    std::swap(blocks_, packed);
  }
  void leave(Place place) { blocks_.leave(place); }
  void take(Place place, double watts) { blocks_.take(place, watts); }

  /// Puts the cheapest of `piece` into `best` where it beats what is there.
  template <class Acceptable>
  void search(const FlatPiece& piece, const Seeker& seeker, PlacementChoice& best,
              Acceptable& acceptable) const {
    const PriceLine line{kind_, piece.grown, seeker, piece.low, piece.high};
    const UnitCost bottom = bottom_of(piece, seeker.demand);
    HostBlocks::Costs costs;
    double cheaper = below(best.cost);
    // The unknown come first, since nothing is known to be cheaper; then who was rounded up most.
    for (std::size_t c = classes; c-- > 0;) {
      const std::size_t list = piece.tenth * classes + c;
      if (begins_[list] == begins_[list + 1]) continue;
      const double least =
          c == unknown_class || !bottom.exact ? piece.least : least_of_class(bottom, c);
      if (least > best.cost) return;
      const Place end = begins_[list + 1];
      for (Place place = begins_[list]; (place = next(place, end)) < end;
           place = (place / HostBlocks::width + 1) * HostBlocks::width) {
        const HostBlocks::Block& block = blocks_.block_of(place);
        // Who stands behind the best so far and costs the same does not beat it.
        const bool behind = block.host[0] > best.host;
        if (behind && least >= best.cost) break;
        if (!HostBlocks::price(block, line, behind ? cheaper : best.cost, costs)) continue;
        HostBlocks::take_cheapest(block, seeker, costs, best, acceptable);
        cheaper = below(best.cost);
      }
    }
  }

 private:
  static constexpr std::size_t tenths = GrowthBounds::tenths;
  /// By what rounding added to watts, from -1 to 1 units; and a class of which that is not known.
  static constexpr std::size_t rounding_classes = 12;
  static constexpr std::size_t unknown_class = rounding_classes;
  static constexpr std::size_t classes = rounding_classes + 1;

  /// The next cost down.
  static double below(double cost) {
    return std::nextafter(cost, -std::numeric_limits<double>::infinity());
  }
  Place next(Place place, Place end) const {
    return static_cast<Place>(blocks_.presence().next(place, end));
  }
  std::size_t list_of(const MeasuredHost& host) const;
  /// A cost in units in the last place.
  struct UnitCost {
    double whole = 0, part = 0;  // part: [0, 1)
    bool exact = false;          // is it known to a part of a unit?
  };
  /// The cost of all in a flat piece, less the most that rounding can take off it; but for what it
  /// added to watts.
  UnitCost bottom_of(const FlatPiece& piece, double demand) const;
  /// Nothing in `rounding_class` costs less.
  double least_of_class(const UnitCost& bottom, std::size_t rounding_class) const {
    // Costs are whole units. Added is at most 1, so the next ones up from the bottom are few.
    const double part = bottom.part - most_added(rounding_class);
    const double up = part <= -1 ? -1 : part <= 0 ? 0 : part <= 1 ? 1 : 2;
    return (bottom.whole + up) * unit_;
  }
  /// Units that rounding added to watts at most.
  static constexpr double most_added(std::size_t rounding_class) {
    return 2.0 * static_cast<double>(rounding_class + 1) / rounding_classes - 1;
  }

  HostPower kind_;
  double unit_ = 0;  // all watts are multiples of it
  long double units_in_a_watt_ = 0;
  double lost_ = 0;  // units, more than long doubles lose of a cost or of what was added to watts
  std::array<double, PowerCurve::points> rounded_{};  // watts: most that rounding takes off P(u),
                                                      // by the tenth of u
  HostBlocks blocks_;                                 // tenth by tenth, class by class
  std::array<Place, tenths * classes + 1> begins_{};
  std::vector<std::uint32_t> lists_;  // kept for its memory
};

}  // namespace vm
