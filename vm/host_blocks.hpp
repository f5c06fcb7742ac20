// HostBlocks: measured hosts of one kind, eight in a block, so that eight are priced at once.
//
// A block holds its hosts figure by figure, as vector instructions want them. A host that leaves
// keeps its place, where it costs infinitely much, until it comes back.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "vm/growth_bounds.hpp"
#include "vm/placement_candidate.hpp"
#include "vm/presence.hpp"

namespace vm {

/// A host for which nothing is planned. Its watts are P(use), as PowerCurve::at computes it.
struct MeasuredHost {
  double use = 0;  // allocated / capacity
  double allocated = 0, free = 0, room = 0, watts = 0;
  HostIndex host = 0;

  std::size_t tenth() const { return std::min(PowerCurve::tenth(use), GrowthBounds::tenths - 1); }
};

/// Who is asked for, and what a VM costs on a host from which it leads into one known tenth.
struct PriceLine {
  PriceLine(const HostPower& kind, std::size_t grown, const Seeker& seeker, double from, double to)
      : demand(seeker.demand),
        weight(seeker.weight),
        low(from),
        high(to),
        capacity(kind.capacity),
        watts(kind.power.at_tenth(grown)),
        rise(kind.power.rise(grown)),
        origin(static_cast<double>(grown) / 10.0) {}

  double demand, weight;
  double low, high;  // of allocated, both included
  double capacity, watts, rise, origin;
};

class HostBlocks {
 public:
  using Place = std::uint32_t;
  static constexpr Place width = 8;
  struct Block {
    std::array<double, width> allocated, free, room, watts;
    std::array<HostIndex, width> host;
  };
  using Costs = std::array<double, width>;

  /// So many places, rounded up to whole blocks.
  static constexpr Place whole_blocks(Place places) { return (places + width - 1) / width * width; }

  /// Starts over with so many places, rounded up to whole blocks, and nobody there.
  void clear(std::size_t places);
  /// Puts a host to a place where nobody was.
  void put(Place place, const MeasuredHost& host);
  /// Was somebody there?
  bool leave(Place place) {
    if (!presence_.leave(place)) return false;
    blocks_[place / width].watts[place % width] = nobody;
    return true;
  }
  /// Brings back who left.
  void take(Place place, double watts) {
    presence_.take(place);
    blocks_[place / width].watts[place % width] = watts;
  }

  const Block& block_of(Place place) const { return blocks_[place / width]; }
  const Presence& presence() const { return presence_; }
  /// Of a place that is taken. Its use is not told.
  MeasuredHost at(Place place) const {
    const Block& block = block_of(place);
    const std::size_t i = place % width;
    return {0, block.allocated[i], block.free[i], block.room[i], block.watts[i], block.host[i]};
  }
  double allocated(Place place) const { return block_of(place).allocated[place % width]; }

  /// The costs of eight hosts, no number where one does not fit, is not there or is out of the
  /// line's reach. False where all cost more than `most`.
  static bool price(const Block& block, const PriceLine& line, double most, Costs& costs);

  /// Puts the cheapest of a block into `best` where it beats what is there.
  template <class Acceptable>
  static void take_cheapest(const Block& block, const Seeker& seeker, const Costs& costs,
                            PlacementChoice& best, Acceptable& acceptable) {
    for (std::size_t i = 0; i < width; ++i) {
      if (!(costs[i] <= best.cost)) continue;  // nearly all, and who is no number
      const PlacementChoice choice{block.host[i], costs[i]};
      if (!beats(choice, best)) continue;
      const Spare spare{block.free[i] - seeker.demand, block.room[i] - seeker.weight};
      if (acceptable(choice.host, spare)) best = choice;
    }
  }

 private:
  static constexpr double nobody = -std::numeric_limits<double>::infinity();  // watts

  std::vector<Block> blocks_;
  Presence presence_;
};

}  // namespace vm
