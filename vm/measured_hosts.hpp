// MeasuredHosts: hosts for which nothing is planned, so ordered that few of them are read to find
// the one on which a VM costs the fewest watts.
//
// Without plans a host's watts are P(u) of its use u, and a VM of g = demand / capacity costs
// P(u + g) - P(u): within a tenth of the capacity two straight lines of u (GrowthBounds), so each
// tenth holds two pieces.
//
//   short   few hosts: all of them are read
//   sloped  hosts stand in order of use: from the cheap end on, until it gets too dear
//   flat    all cost the same but for rounding: RoundingLists tell; all are priced where they are
//           few beside those lists
//
// Places are given once per plan. A host that gets plans leaves its place, and may come back to it,
// unless so many have left that the others closed ranks: then nobody keeps a place for it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "vm/growth_bounds.hpp"
#include "vm/host_blocks.hpp"
#include "vm/placement_candidate.hpp"
#include "vm/rounding_lists.hpp"

namespace vm {

class MeasuredHosts {
 public:
  MeasuredHosts(std::vector<HostPower> kinds, std::size_t hosts);

  /// Starts over with these, in ascending order of host. Their watts must be P(use) as
  /// PowerCurve::at computes it.  Cost O(n log n).
  void begin(std::span<const Candidate> candidates);
  /// Takes a host out; none where it has no place.
  void leave(HostIndex host);
  /// Puts it back to its place, if `candidate` is what it was. False where it is not.
  bool try_return(const Candidate& candidate);

  /// Puts into `best` the cheapest host that fits and that `acceptable(host, spare)` does not
  /// refuse, where it beats the one that is there. `bounds` must be those of the seeker's demand.
  template <class Acceptable>
  void search(const Seeker& seeker, const GrowthBounds& bounds, PlacementChoice& best,
              Acceptable acceptable) {
    list_tenths(seeker, bounds, best);
    while (const auto priced = next_tenth(best)) {
      Search<Acceptable> with{
          seeker,    kinds_[priced->kind], shelves_[priced->kind], bounds.of(priced->kind), best,
          acceptable};
      search_tenth(priced->tenth, with);
    }
  }

 private:
  using Position = HostBlocks::Place;  // of a host in order of what is allocated
  static constexpr std::size_t tenths = GrowthBounds::tenths;
  static constexpr double slack = GrowthBounds::slack;
  /// Where a quarter of more than so many have left, the rest closes ranks.
  static constexpr std::size_t worth_closing = 512;
  /// So many hosts are read faster than anything can be said about them.
  static constexpr std::uint32_t few = 32;
  static constexpr std::uint16_t nowhere = 0xffffu;

  struct Tenth {
    Position begin = 0, end = 0;
    Position inner_begin = 0, inner_end = 0;  // without those too near to a measured point
    double highest = 0;                       // allocated
    std::uint32_t present = 0;                // of these
    double most_free = 0, most_room = 0;
    double reach = 0;  // most that allocated and free come to
  };
  struct Shelf {  // hosts of one kind
    explicit Shelf(const HostPower& kind) : flat(kind) {}

    std::vector<HostIndex> hosts;  // in order of use, tenth by tenth
    HostBlocks by_use;             // the same
    std::size_t present = 0;       // of these
    std::array<Tenth, tenths> tenth{};
    RoundingLists flat;  // those of tenths with many
  };
  struct Place {
    std::uint16_t kind = nowhere, tenth = 0;
    Position by_use = 0;
    RoundingLists::Place by_rounding = RoundingLists::nowhere;
  };
  struct Priced {
    double least = 0;  // watts: nothing in the tenth costs less
    std::uint16_t kind = 0, tenth = 0;
  };
  /// Hosts on which the cost is a straight line of their use.
  struct Piece {
    double at_low = 0, at_high = 0;  // watts, but for rounding
    Position begin = 0, end = 0;
    std::size_t tenth = 0, grown = 0;  // of u and of u + g

    double least() const { return std::min(at_low, at_high); }
    Position size() const { return end > begin ? end - begin : 0; }
  };
  template <class Acceptable>
  struct Search {
    const Seeker& seeker;
    const HostPower& kind;
    const Shelf& shelf;
    const GrowthBounds::Kind& bound;
    PlacementChoice& best;
    Acceptable& acceptable;

    /// Tells what the host costs, and takes it if it is the best so far.
    double read(Position at) {
      const HostBlocks::Block& block = shelf.by_use.block_of(at);
      const std::size_t i = at % HostBlocks::width;
      const PlacementChoice choice{
          block.host[i], power_cost(kind, block.allocated[i], seeker.demand, block.watts[i])};
      // One jump for questions whose answers nobody can foresee.
      const Spare spare{block.free[i] - seeker.demand, block.room[i] - seeker.weight};
      if ((spare.free >= 0) & (spare.room >= 0) & beats(choice, best)) {
        if (acceptable(choice.host, spare)) best = choice;
      }
      return choice.cost;
    }
  };

  void fill(std::size_t kind);
  static void measure_tenths(Shelf& shelf, std::span<const MeasuredHost> found);
  void arrange(Shelf& shelf, std::span<const MeasuredHost> found, double capacity);
  void close_ranks(std::size_t kind);

  /// Fills priced_ with the tenths that could hold the winner.
  void list_tenths(const Seeker& seeker, const GrowthBounds& bounds, const PlacementChoice& best);
  /// Takes the cheapest out of priced_; none where none can beat `best` any more.
  std::optional<Priced> next_tenth(const PlacementChoice& best);
  /// The first from `begin` on with not less allocated, or `end`. Quick at both ends.
  static Position position(const Shelf& shelf, Position begin, Position end, double allocated);
  template <class Acceptable>
  static void search_tenth(std::size_t t, Search<Acceptable>& with) {
    const Tenth& tenth = with.shelf.tenth[t];
    if (tenth.end - tenth.begin <= few) return read_all(tenth.begin, tenth.end, with);
    const GrowthBounds::Kind& bound = with.bound;
    const double bend = static_cast<double>(t) / 10 + bound.bend;
    const auto position_of = [&](Position begin, Position end, double use) {
      return position(with.shelf, begin, end, use * with.kind.capacity);
    };
    // Beyond this nobody has that much free.
    const double top = tenth.reach - with.seeker.demand + slack * with.kind.capacity;
    const Position end =
        tenth.highest < top ? tenth.end : position(with.shelf, tenth.begin, tenth.end, top);
    // At the bend and at both ends rounding may have put u or u + g into the other tenth.
    const Position first = std::min(tenth.inner_begin, end), last = std::min(tenth.inner_end, end);
    const Position before = position_of(first, last, bend - slack);
    const Position after = position_of(before, last, bend + slack);
    read_all(tenth.begin, first, with);
    read_all(before, after, with);
    read_all(last, end, with);
    const auto reached = [](std::size_t of) { return std::min(of, tenths); };
    Piece near{bound.at_border[t], bound.at_bend[t], first, before, t, reached(t + bound.shift)};
    Piece far{
        bound.at_bend[t], bound.at_border[t + 1], after, last, t, reached(t + bound.shift + 1)};
    if (near.least() > far.least()) std::swap(near, far);
    search_piece(near, with);
    search_piece(far, with);
  }

  template <class Acceptable>
  static void search_piece(const Piece& piece, Search<Acceptable>& with) {
    if (piece.size() == 0 || piece.least() - slack > with.best.cost) return;
    const HostBlocks& hosts = with.shelf.by_use;
    const PriceLine line{with.kind, piece.grown, with.seeker, hosts.allocated(piece.begin),
                         hosts.allocated(piece.end - 1)};
    const double here = with.kind.power.rise(piece.tenth);
    const double there = with.kind.power.rise(piece.grown);
    if (here != there && piece.size() > few) return search_sloped(piece, there > here, with);
    // In a short piece most of those that stand by rounding would be priced for nothing.
    const Tenth& tenth = with.shelf.tenth[piece.tenth];
    if (here != there || piece.size() * 4 < tenth.end - tenth.begin)
      return price_all(piece, line, with);
    with.shelf.flat.search({line.low, line.high, piece.tenth, piece.grown, piece.least() - slack},
                           with.seeker, with.best, with.acceptable);
  }

  template <class Acceptable>
  static void read_all(Position begin, Position end, Search<Acceptable>& with) {
    const Presence& presence = with.shelf.by_use.presence();
    for (std::size_t at = begin; (at = presence.next(at, end)) < end; ++at)
      with.read(static_cast<Position>(at));
  }

  template <class Acceptable>
  static void price_all(const Piece& piece, const PriceLine& line, Search<Acceptable>& with) {
    constexpr std::size_t width = HostBlocks::width;
    const HostBlocks& hosts = with.shelf.by_use;
    HostBlocks::Costs costs;
    for (std::size_t at = piece.begin; (at = hosts.presence().next(at, piece.end)) < piece.end;
         at = (at / width + 1) * width) {
      const HostBlocks::Block& block = hosts.block_of(static_cast<Position>(at));
      if (HostBlocks::price(block, line, with.best.cost, costs))
        HostBlocks::take_cheapest(block, with.seeker, costs, with.best, with.acceptable);
    }
  }

  template <class Acceptable>
  static void search_sloped(const Piece& piece, bool rising, Search<Acceptable>& with) {
    const Presence& presence = with.shelf.by_use.presence();
    std::size_t begin = piece.begin, end = piece.end;
    for (;;) {
      std::size_t at = 0;
      if (rising) {
        at = presence.next(begin, end);
        if (at == end) return;
        begin = at + 1;
      } else {
        end = presence.previous(begin, end);
        if (end == begin) return;
        at = --end;
      }
      if (with.read(static_cast<Position>(at)) > with.best.cost + slack) return;
    }
  }

  std::vector<HostPower> kinds_;
  std::vector<Shelf> shelves_;  // by kind
  std::vector<Place> places_;   // by host
  std::vector<Priced> priced_;
  // Kept for their memory:
  std::vector<std::vector<MeasuredHost>> found_;  // by kind
  std::vector<RoundingLists::Place> by_rounding_;
};

}  // namespace vm
