// MeasuredHosts: hosts for which nothing is planned, so ordered that few of them are read to find
// the one on which a VM costs the fewest watts.
//
// Without plans a host's watts are P(u) of its use u, and a VM of g = demand / capacity costs
// P(u + g) - P(u). P is straight between measured tenths, so within a tenth this is a straight line
// of u up to where u + g reaches the next tenth, and another one from there: two pieces.
//
//   sloped  hosts stand in order of use: from the cheap end on, until it gets too dear
//   flat    where u and u + g climb equally steep stretches, all cost the same but for rounding,
//           and rounding decides. What rounding did to `watts` is known beforehand, so hosts are
//           told apart by it: who was rounded up most looks cheapest. That bounds their cost in
//           whole units in the last place; among equals the lowest number wins, and in order of
//           number they stand.
//
// Places are given once per plan; a host that gets plans leaves its place, and may come back to it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "vm/placement_candidate.hpp"
#include "vm/presence.hpp"

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
  /// where it beats the one that is there.
  template <class Acceptable>
  void search(const Seeker& seeker, std::optional<PlacementChoice>& best, Acceptable acceptable) {
    price(seeker, best);
    while (const auto piece = next_piece(best)) {
      if (piece->flat) {
        search_flat(*piece, seeker, best, acceptable);
      } else {
        search_sloped(*piece, seeker, best, acceptable);
      }
    }
  }

 private:
  static constexpr std::size_t tenths = PowerCurve::points - 1;
  /// By what rounding added to watts, from -1 to 1 units; and a class of which that is not known.
  static constexpr std::size_t rounding_classes = 16;
  static constexpr std::size_t unknown_class = rounding_classes;
  static constexpr std::size_t classes = rounding_classes + 1;
  static constexpr std::uint32_t nowhere = 0xffffffffu;

  struct Entry {
    double use = 0;
    double allocated = 0, free = 0, room = 0, watts = 0;
    HostIndex host = 0;
  };
  /// Entries in some order, and who of them is there.
  struct Row {
    std::vector<Entry> entries;
    Presence presence;
  };
  struct Shelf {                                    // hosts of one kind
    Row by_use;                                     // tenth by tenth, in order of use
    std::array<std::uint32_t, tenths + 1> tenth{};  // where each begins in it
    std::array<double, tenths> reach{};             // most that allocated + free comes to
    Row by_rounding;                                // tenth by tenth, class by class, by number
    std::array<std::uint32_t, tenths * classes + 1> rounded{};  // where each begins in it
    double unit = 0;                                            // all watts are multiples of it
    std::array<double, PowerCurve::points + 1> half{};          // most that rounding adds, by tenth
  };
  struct Place {
    std::uint32_t kind = nowhere;
    std::uint32_t by_use = 0, by_rounding = 0;
  };
  /// A stretch of use on which the cost is a straight line.
  struct Piece {
    double least = 0;                  // watts: nothing in it costs less
    double low = 0, high = 0;          // of use: [low, high)
    std::uint32_t begin = 0, end = 0;  // sloped: of by_use
    std::uint16_t kind = 0;
    std::uint8_t tenth = 0, grown = 0;  // of u and of u + g
    bool flat = false, rising = false;
  };
  struct Dearer {  // a type, so that the heap's comparisons are inlined
    bool operator()(const Piece& a, const Piece& b) const { return a.least > b.least; }
  };

  void fill_by_use(std::size_t kind);
  void fill_by_rounding(std::size_t kind);
  std::size_t class_of(std::size_t kind, const Entry& entry) const;

  void price(const Seeker& seeker, const std::optional<PlacementChoice>& bound);
  void price_tenth(std::size_t kind, std::size_t tenth, double grown, double at_low, double at_high,
                   const std::optional<PlacementChoice>& bound);
  void offer(Piece piece, const std::optional<PlacementChoice>& bound);
  std::optional<Piece> next_piece(const std::optional<PlacementChoice>& best);
  /// Nothing in `rounding_class` of a flat piece costs less.
  double least_of_class(const Piece& piece, std::size_t rounding_class, double exact,
                        double noise) const;
  double exact_cost(const Piece& piece, double demand) const;
  double noise_of(const Piece& piece, double exact) const;

  template <class Acceptable>
  void search_sloped(const Piece& piece, const Seeker& seeker, std::optional<PlacementChoice>& best,
                     Acceptable& acceptable) {
    const HostPower& kind = kinds_[piece.kind];
    const Row& row = shelves_[piece.kind].by_use;
    std::size_t begin = piece.begin, end = piece.end;
    for (;;) {
      std::size_t at = 0;
      if (piece.rising) {
        at = row.presence.next(begin, end);
        if (at == end) return;
        begin = at + 1;
      } else {
        end = row.presence.previous(begin, end);
        if (end == begin) return;
        at = --end;
      }
      const Entry& entry = row.entries[at];
      const PlacementChoice choice{entry.host,
                                   power_cost(kind, entry.allocated, seeker.demand, entry.watts)};
      if (best && choice.cost > best->cost + slack) return;
      if (entry.free < seeker.demand || entry.room < seeker.weight) continue;
      if (best && !beats(choice, *best)) continue;
      if (acceptable(entry.host)) best = choice;
    }
  }

  template <class Acceptable>
  void search_flat(const Piece& piece, const Seeker& seeker, std::optional<PlacementChoice>& best,
                   Acceptable& acceptable) {
    const HostPower& kind = kinds_[piece.kind];
    const Shelf& shelf = shelves_[piece.kind];
    const double exact = exact_cost(piece, seeker.demand);
    const double noise = noise_of(piece, exact);
    // The unknown come first, since nothing is known to be cheaper; then who was rounded up most.
    for (std::size_t c = classes; c-- > 0;) {
      const std::size_t list = piece.tenth * classes + c;
      if (shelf.rounded[list] == shelf.rounded[list + 1]) continue;
      const double least = least_of_class(piece, c, exact, noise);
      if (best && least > best->cost) return;
      for (std::size_t at = shelf.rounded[list];; ++at) {
        at = shelf.by_rounding.presence.next(at, shelf.rounded[list + 1]);
        if (at == shelf.rounded[list + 1]) break;
        const Entry& entry = shelf.by_rounding.entries[at];
        // Where nothing is cheaper than the best so far, only a lower number can beat it.
        if (best && entry.host > best->host && least >= best->cost) break;
        if (entry.use < piece.low || entry.use >= piece.high) continue;
        if (entry.free < seeker.demand || entry.room < seeker.weight) continue;
        const PlacementChoice choice{entry.host,
                                     power_cost(kind, entry.allocated, seeker.demand, entry.watts)};
        if (best && !beats(choice, *best)) continue;
        if (acceptable(entry.host)) best = choice;
      }
    }
  }

  /// More watts than rounding can make of a cost, and more use than it can make of a use.
  static constexpr double slack = 1e-9;

  std::vector<HostPower> kinds_;
  std::vector<Shelf> shelves_;         // by kind
  std::vector<Place> places_;          // by host
  std::vector<Piece> pieces_;          // a heap, the cheapest first
  std::vector<std::uint32_t> counts_;  // kept for its memory
};

}  // namespace vm
