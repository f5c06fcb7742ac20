// MeasuredHosts: hosts for which nothing is planned, so ordered that few of them are read to find
// the one on which a VM costs the fewest watts.
//
// Without plans a host's watts are P(u) of its use u, and a VM of g = demand / capacity costs
// P(u + g) - P(u): within a tenth of the capacity two straight lines of u (GrowthBounds), so each
// tenth holds two pieces.
//
//   short   few hosts: all of them are read
//   sloped  hosts stand in order of use: from the cheap end on, until it gets too dear
//   flat    all cost the same but for rounding: RoundingLists tell
//
// Places are given once per plan; a host that gets plans leaves its place, and may come back to it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "vm/growth_bounds.hpp"
#include "vm/placement_candidate.hpp"
#include "vm/presence.hpp"
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

  /// Puts into `best` the cheapest host that fits and that `acceptable(host)` does not refuse,
  /// where it beats the one that is there. `bounds` must be those of the seeker's demand.
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
  using Entry = MeasuredHost;
  static constexpr std::size_t tenths = GrowthBounds::tenths;
  static constexpr double slack = GrowthBounds::slack;
  /// So many hosts are read faster than anything can be said about them.
  static constexpr std::uint32_t few = 32;
  static constexpr double nothing = -1, everything = 1e300;  // less and more than any use
  static constexpr std::uint32_t nowhere = 0xffffffffu;

  struct Tenth {
    std::uint32_t begin = 0, end = 0;  // in entries
    std::uint32_t present = 0;         // of these
    double most_free = 0, most_room = 0;
    double reach = 0;  // most that allocated and free come to
  };
  struct Shelf {  // hosts of one kind
    explicit Shelf(const HostPower& kind) : flat(kind) {}

    std::vector<Entry> entries;  // tenth by tenth, in order of use
    Presence presence;           // who of them is there
    std::array<Tenth, tenths> tenth{};
    RoundingLists flat;  // the same hosts, where they are many
  };
  struct Place {
    std::uint32_t kind = nowhere;
    std::uint32_t by_use = 0;
    RoundingLists::Place by_rounding = RoundingLists::nowhere;
  };
  struct Priced {
    double least = 0;  // watts: nothing in the tenth costs less
    std::uint16_t kind = 0, tenth = 0;
  };
  /// A stretch of use on which the cost is a straight line.
  struct Piece {
    double low = 0, high = 0;          // of use: [low, high)
    double at_low = 0, at_high = 0;    // watts, but for rounding
    std::uint32_t begin = 0, end = 0;  // of entries
    std::size_t tenth = 0, grown = 0;  // of u and of u + g

    double least() const { return std::min(at_low, at_high); }
  };
  template <class Acceptable>
  struct Search {
    const Seeker& seeker;
    const HostPower& kind;
    const Shelf& shelf;
    const GrowthBounds::Kind& bound;
    PlacementChoice& best;
    Acceptable& acceptable;

    double cost(const Entry& entry) const {
      return power_cost(kind, entry.allocated, seeker.demand, entry.watts);
    }
    void read(const Entry& entry) {
      const PlacementChoice choice{entry.host, cost(entry)};
      // One jump for questions whose answers nobody can foresee.
      if (!((entry.free >= seeker.demand) & (entry.room >= seeker.weight) & beats(choice, best)))
        return;
      if (acceptable(entry.host)) best = choice;
    }
  };

  void fill(std::size_t kind);

  /// Fills priced_ with the tenths that could hold the winner.
  void list_tenths(const Seeker& seeker, const GrowthBounds& bounds, const PlacementChoice& best);
  /// Takes the cheapest out of priced_; none where none can beat `best` any more.
  std::optional<Priced> next_tenth(const PlacementChoice& best);
  /// The first from `begin` on whose use is not less, or `end`. Quick at both ends.
  static std::uint32_t position(const Shelf& shelf, std::uint32_t begin, std::uint32_t end,
                                double use);
  template <class Acceptable>
  static void search_tenth(std::size_t t, Search<Acceptable>& with) {
    const Tenth& tenth = with.shelf.tenth[t];
    if (tenth.end - tenth.begin <= few) return read_all(tenth.begin, tenth.end, with);
    const GrowthBounds::Kind& bound = with.bound;
    const double bend = static_cast<double>(t) / 10 + bound.bend;
    // Beyond this nobody has that much free.
    const double top = (tenth.reach - with.seeker.demand) / with.kind.capacity + slack;
    // On either side of the bend rounding may have put u + g into the other tenth.
    const std::uint32_t end = position(with.shelf, tenth.begin, tenth.end, top);
    const std::uint32_t before = position(with.shelf, tenth.begin, end, bend - slack);
    const std::uint32_t after = position(with.shelf, before, end, bend + slack);
    read_all(before, after, with);
    // Who stands in the tenth is in it, whatever rounding did at its ends.
    const auto reached = [](std::size_t of) { return std::min(of, tenths); };
    Piece first{nothing,
                bend - slack,
                bound.at_border[t],
                bound.at_bend[t],
                tenth.begin,
                before,
                t,
                reached(t + bound.shift)};
    Piece second{bend + slack,
                 everything,
                 bound.at_bend[t],
                 bound.at_border[t + 1],
                 after,
                 end,
                 t,
                 reached(t + bound.shift + 1)};
    if (first.least() > second.least()) std::swap(first, second);
    search_piece(first, with);
    search_piece(second, with);
  }

  template <class Acceptable>
  static void search_piece(const Piece& piece, Search<Acceptable>& with) {
    if (piece.begin >= piece.end || piece.least() - slack > with.best.cost) return;
    if (piece.end - piece.begin <= few) return read_all(piece.begin, piece.end, with);
    const double here = with.kind.power.rise(piece.tenth);
    const double there = with.kind.power.rise(piece.grown);
    if (here == there) return search_flat(piece, with);
    search_sloped(piece, there > here, with);
  }

  template <class Acceptable>
  static void read_all(std::uint32_t begin, std::uint32_t end, Search<Acceptable>& with) {
    const Shelf& shelf = with.shelf;
    for (std::size_t at = begin; (at = shelf.presence.next(at, end)) < end; ++at)
      with.read(shelf.entries[at]);
  }

  template <class Acceptable>
  static void search_sloped(const Piece& piece, bool rising, Search<Acceptable>& with) {
    const Shelf& shelf = with.shelf;
    std::size_t begin = piece.begin, end = piece.end;
    for (;;) {
      std::size_t at = 0;
      if (rising) {
        at = shelf.presence.next(begin, end);
        if (at == end) return;
        begin = at + 1;
      } else {
        end = shelf.presence.previous(begin, end);
        if (end == begin) return;
        at = --end;
      }
      if (with.cost(shelf.entries[at]) > with.best.cost + slack) return;
      with.read(shelf.entries[at]);
    }
  }

  template <class Acceptable>
  static void search_flat(const Piece& piece, Search<Acceptable>& with) {
    // In a short piece most of those that stand by number would be read for nothing.
    const Tenth& tenth = with.shelf.tenth[piece.tenth];
    if ((piece.end - piece.begin) * 4 < tenth.end - tenth.begin)
      return read_all(piece.begin, piece.end, with);
    with.shelf.flat.search({piece.low, piece.high, piece.tenth, piece.grown, piece.least() - slack},
                           with.seeker, with.best, with.acceptable);
  }

  std::vector<HostPower> kinds_;
  std::vector<Shelf> shelves_;  // by kind
  std::vector<Place> places_;   // by host
  std::vector<Priced> priced_;
  std::vector<RoundingLists::Place> by_rounding_;  // kept for its memory
};

}  // namespace vm
