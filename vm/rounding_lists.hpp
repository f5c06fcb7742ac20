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

#include "vm/growth_bounds.hpp"
#include "vm/placement_candidate.hpp"

namespace vm {

/// A host for which nothing is planned. Its watts are P(use), as PowerCurve::at computes it.
struct MeasuredHost {
  double use = 0;  // allocated / capacity
  double allocated = 0, free = 0, room = 0, watts = 0;
  HostIndex host = 0;

  std::size_t tenth() const { return std::min(PowerCurve::tenth(use), GrowthBounds::tenths - 1); }
};

/// A stretch of use, within one tenth, from which a VM leads into one tenth.
struct FlatPiece {
  double low = 0, high = 0;          // of use; may leave a host out that is nearer than rounding
  std::size_t tenth = 0, grown = 0;  // of u and of u + g
  double least = 0;                  // watts: nothing costs less
};

class RoundingLists {
 public:
  using Place = std::uint32_t;
  static constexpr Place nowhere = 0xffffffffu;

  explicit RoundingLists(const HostPower& kind);

  /// Starts over with those `hosts`, ascending, whose tenth is among `tenths` (a bit for each).
  /// `places` gets one for each of them, or nowhere.
  void fill(std::span<const MeasuredHost> hosts, std::uint32_t of_tenths,
            std::vector<Place>& places);
  void leave(Place place);
  void take(Place place, double free);

  /// Puts the cheapest of `piece` into `best` where it beats what is there.
  template <class Acceptable>
  void search(const FlatPiece& piece, const Seeker& seeker, PlacementChoice& best,
              Acceptable& acceptable) const {
    const Line line = line_of(piece, seeker);
    const double exact = exact_cost(piece, seeker.demand);
    const double noise = noise_of(piece, exact);
    double cheaper = below(best.cost);
    // The unknown come first, since nothing is known to be cheaper; then who was rounded up most.
    for (std::size_t c = classes; c-- > 0;) {
      const std::size_t list = piece.tenth * classes + c;
      if (begins_[list] == begins_[list + 1]) continue;
      const double least = least_of_class(piece, c, exact, noise);
      if (least > best.cost) return;
      for (std::size_t b = begins_[list]; b < begins_[list + 1]; ++b) {
        const Block& block = blocks_[b];
        // Where nothing is cheaper than the best so far, only a lower number can beat it.
        if (least >= best.cost && block.host[0] > best.host) break;
        if (block.present == 0) continue;
        std::array<double, width> cost;
        if (c == unknown_class) {
          price_anywhere(block, line, cost);
        } else if (!price(block, line, block.host[0] > best.host ? cheaper : best.cost, cost)) {
          continue;  // behind the best so far, who costs the same does not beat it
        }
        for (std::size_t i = 0; i < width; ++i) {
          if (!(cost[i] <= best.cost)) continue;  // nearly all, and who is no number
          const PlacementChoice choice{block.host[i], cost[i]};
          if (!beats(choice, best) || !acceptable(choice.host)) continue;
          best = choice;
          cheaper = below(best.cost);
        }
      }
    }
  }

 private:
  static constexpr std::size_t tenths = GrowthBounds::tenths;
  /// By what rounding added to watts, from -1 to 1 units; and a class of which that is not known.
  static constexpr std::size_t rounding_classes = 16;
  static constexpr std::size_t unknown_class = rounding_classes;
  static constexpr std::size_t classes = rounding_classes + 1;

  static constexpr Place width = 8;
  struct Block {
    std::array<double, width> allocated, free, room, watts;  // free: nothing fits who is not there
    std::array<HostIndex, width> host;                       // ascending
    std::uint32_t present = 0;
  };
  /// power_cost() where the tenth of u + g is known, and what is asked for.
  struct Line {
    double demand, weight, low, high;  // low and high: of allocated
    double capacity, watts, rise, origin;
  };

  /// The next cost down.
  static double below(double cost) {
    return std::nextafter(cost, -std::numeric_limits<double>::infinity());
  }
  Line line_of(const FlatPiece& piece, const Seeker& seeker) const;
  /// The costs of eight hosts, no number where one does not fit, is not there or is elsewhere.
  /// False where all cost more than `most`.
  static bool price(const Block& block, const Line& line, double most,
                    std::array<double, width>& cost);
  /// The same for any tenth of u + g.
  void price_anywhere(const Block& block, const Line& line, std::array<double, width>& cost) const;
  std::size_t list_of(const MeasuredHost& host) const;
  /// Nothing in `rounding_class` costs less.
  double least_of_class(const FlatPiece& piece, std::size_t rounding_class, double exact,
                        double noise) const;
  double exact_cost(const FlatPiece& piece, double demand) const;
  double noise_of(const FlatPiece& piece, double exact) const;

  HostPower kind_;
  double unit_ = 0;                                    // all watts are multiples of it
  std::array<double, PowerCurve::points + 1> half_{};  // most that rounding adds, by tenth
  std::vector<Block> blocks_;                          // tenth by tenth, class by class
  std::array<std::uint32_t, tenths * classes + 1> begins_{};
  std::vector<std::uint32_t> lists_;  // kept for its memory
};

}  // namespace vm
