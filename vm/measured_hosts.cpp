#include "vm/measured_hosts.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace vm {
namespace {

constexpr double beyond = 2;  // any use

double unit_in_last_place(double value) {
  return std::nextafter(value, std::numeric_limits<double>::infinity()) - value;
}

}  // namespace

MeasuredHosts::MeasuredHosts(std::vector<HostPower> kinds, std::size_t hosts)
    : kinds_(std::move(kinds)), shelves_(kinds_.size()), places_(hosts) {
  for (std::size_t k = 0; k < kinds_.size(); ++k) {
    shelves_[k].unit = unit_in_last_place(kinds_[k].power.idle());
    for (std::size_t t = 0; t < shelves_[k].half.size(); ++t)
      shelves_[k].half[t] = unit_in_last_place(kinds_[k].power.at_tenth(t)) / 2;
  }
}

// ---- Places ------------------------------------------------------------------------------------

void MeasuredHosts::begin(std::span<const Candidate> candidates) {
  for (Shelf& shelf : shelves_) {
    for (const Entry& entry : shelf.by_use.entries) places_[entry.host].kind = nowhere;
    shelf.by_use.entries.clear();
  }
  for (const Candidate& c : candidates) {
    const double use = c.allocated / kinds_[c.kind].capacity;
    shelves_[c.kind].by_use.entries.push_back({use, c.allocated, c.free, c.room, c.watts, c.host});
    places_[c.host].kind = c.kind;
  }
  for (std::size_t kind = 0; kind < kinds_.size(); ++kind) {
    fill_by_rounding(kind);
    fill_by_use(kind);
  }
}

/// Entries come in ascending order of host, and within a class they stay so.
void MeasuredHosts::fill_by_rounding(std::size_t kind) {
  Shelf& shelf = shelves_[kind];
  const auto& entries = shelf.by_use.entries;
  shelf.rounded.fill(0);
  counts_.resize(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    counts_[i] = static_cast<std::uint32_t>(class_of(kind, entries[i]));
    ++shelf.rounded[counts_[i] + 1];
  }
  for (std::size_t list = 1; list < shelf.rounded.size(); ++list)
    shelf.rounded[list] += shelf.rounded[list - 1];
  auto next = shelf.rounded;
  shelf.by_rounding.entries.resize(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::uint32_t at = next[counts_[i]]++;
    shelf.by_rounding.entries[at] = entries[i];
    places_[entries[i].host].by_rounding = at;
  }
  shelf.by_rounding.presence.fill(entries.size());
}

void MeasuredHosts::fill_by_use(std::size_t kind) {
  Shelf& shelf = shelves_[kind];
  auto& entries = shelf.by_use.entries;
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.use != b.use ? a.use < b.use : a.host < b.host;
  });
  shelf.tenth.fill(0);
  shelf.reach.fill(0);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::size_t tenth = std::min(PowerCurve::tenth(entries[i].use), tenths - 1);
    ++shelf.tenth[tenth + 1];
    shelf.reach[tenth] = std::max(shelf.reach[tenth], entries[i].allocated + entries[i].free);
    places_[entries[i].host].by_use = static_cast<std::uint32_t>(i);
  }
  for (std::size_t t = 1; t < shelf.tenth.size(); ++t) shelf.tenth[t] += shelf.tenth[t - 1];
  shelf.by_use.presence.fill(entries.size());
}

/// Its list: tenth and class.
std::size_t MeasuredHosts::class_of(std::size_t kind, const Entry& entry) const {
  const std::size_t tenth = std::min(PowerCurve::tenth(entry.use), tenths - 1);
  const std::size_t unknown = tenth * classes + unknown_class;
  // Near a measured point it is not sure which stretch of the curve a sum is rounded to.
  const double position = entry.use * 10;
  const double unit = shelves_[kind].unit;
  if (std::fabs(position - std::round(position)) < 10 * slack || entry.use >= 1 || !(unit > 0))
    return unknown;
  const auto exact_use =
      static_cast<long double>(entry.allocated) / static_cast<long double>(kinds_[kind].capacity);
  const auto added = static_cast<double>(static_cast<long double>(entry.watts) -
                                         kinds_[kind].power.line(exact_use));
  const double step = std::floor((added / unit + 1) * rounding_classes / 2);
  if (!(step >= 0 && step < rounding_classes)) return unknown;
  return tenth * classes + static_cast<std::size_t>(step);
}

void MeasuredHosts::leave(HostIndex host) {
  const Place& place = places_[host];
  if (place.kind == nowhere) return;
  shelves_[place.kind].by_use.presence.leave(place.by_use);
  shelves_[place.kind].by_rounding.presence.leave(place.by_rounding);
}

bool MeasuredHosts::try_return(const Candidate& c) {
  const Place& place = places_[c.host];
  if (place.kind == nowhere) return false;
  Shelf& shelf = shelves_[place.kind];
  const Entry& entry = shelf.by_use.entries[place.by_use];
  if (entry.allocated != c.allocated || entry.free != c.free || entry.room != c.room) return false;
  shelf.by_use.presence.take(place.by_use);
  shelf.by_rounding.presence.take(place.by_rounding);
  return true;
}

// ---- Prices ------------------------------------------------------------------------------------

void MeasuredHosts::price(const Seeker& seeker, const std::optional<PlacementChoice>& bound) {
  pieces_.clear();
  for (std::size_t k = 0; k < kinds_.size(); ++k) {
    const HostPower& kind = kinds_[k];
    if (seeker.demand > kind.core) continue;
    const Shelf& shelf = shelves_[k];
    const double grown = seeker.demand / kind.capacity;
    for (std::size_t t = 0; t < tenths; ++t) {
      if (shelf.tenth[t] == shelf.tenth[t + 1]) continue;
      const double low = static_cast<double>(t) / 10;
      // Beyond this nobody has that much free.
      const double top = (shelf.reach[t] - seeker.demand) / kind.capacity + slack;
      if (top < low) continue;
      const double high = std::min(static_cast<double>(t + 1) / 10, top);
      price_tenth(k, t, grown, low, high, bound);
    }
  }
  std::make_heap(pieces_.begin(), pieces_.end(), Dearer{});
}

/// Offers the pieces of [low, high), part of a tenth.
void MeasuredHosts::price_tenth(std::size_t k, std::size_t tenth, double grown, double low,
                                double high, const std::optional<PlacementChoice>& bound) {
  const PowerCurve& power = kinds_[k].power;
  const Shelf& shelf = shelves_[k];
  const auto& entries = shelf.by_use.entries;
  const std::size_t above = PowerCurve::tenth(low + grown);
  const double bend = static_cast<double>(above + 1) / 10 - grown;  // u + g reaches a tenth there
  const bool bends = bend < high;
  const auto growth = [&](double use) { return power.at(use + grown) - power.at(use); };
  const auto piece = [&](double from, double to, std::size_t reached) {
    const double here = power.rise(tenth);
    const double there = reached < tenths ? power.rise(reached) : 0;
    Piece p;
    p.least = std::min(growth(from), growth(to)) - slack;
    p.low = from;
    p.high = to;
    p.kind = static_cast<std::uint16_t>(k);
    p.tenth = static_cast<std::uint8_t>(tenth);
    p.grown = static_cast<std::uint8_t>(std::min(reached, tenths));
    p.flat = here == there;
    p.rising = there > here;
    return p;
  };
  Piece first = piece(low, bends ? bend : high, above);
  if (!bends && !first.flat) {
    if (bound && first.least > bound->cost) return;
  }
  const auto position = [&](double use) {
    const auto from = entries.begin() + shelf.tenth[tenth];
    const auto to = entries.begin() + shelf.tenth[tenth + 1];
    return static_cast<std::uint32_t>(
        std::lower_bound(from, to, use, [](const Entry& e, double u) { return e.use < u; }) -
        entries.begin());
  };
  first.begin = shelf.tenth[tenth];
  first.end = high < static_cast<double>(tenth + 1) / 10 ? position(high) : shelf.tenth[tenth + 1];
  // The lists that a flat piece reads are the tenth's: at its ends nobody is left out by rounding.
  first.low = 0;
  if (!bends) {
    first.high = beyond;
    return offer(first, bound);
  }

  Piece second = piece(bend, high, above + 1);
  second.end = first.end;
  // A flat piece promises more than it can hold within rounding of its ends.
  const double split = first.flat ? bend - slack : second.flat ? bend + slack : bend;
  first.end = second.begin = position(split);
  first.high = second.low = split;
  if (first.flat && second.flat) {
    Piece between = first;
    between.flat = false;
    between.begin = first.end;
    between.low = split;
    between.high = second.low = bend + slack;
    between.end = second.begin = position(bend + slack);
    offer(between, bound);
  }
  second.high = beyond;
  offer(first, bound);
  offer(second, bound);
}

void MeasuredHosts::offer(Piece piece, const std::optional<PlacementChoice>& bound) {
  if (bound && piece.least > bound->cost) return;
  if (!piece.flat && piece.begin >= piece.end) return;
  pieces_.push_back(piece);
}

std::optional<MeasuredHosts::Piece> MeasuredHosts::next_piece(
    const std::optional<PlacementChoice>& best) {
  if (pieces_.empty() || (best && pieces_.front().least > best->cost)) return std::nullopt;
  const Piece cheapest = pieces_.front();
  std::pop_heap(pieces_.begin(), pieces_.end(), Dearer{});
  pieces_.pop_back();
  return cheapest;
}

/// The cost of all in a flat piece, without rounding.
double MeasuredHosts::exact_cost(const Piece& piece, double demand) const {
  const HostPower& kind = kinds_[piece.kind];
  const PowerCurve& power = kind.power;
  const auto origin = [](std::size_t t) {
    return static_cast<long double>(static_cast<double>(t) / 10.0);
  };
  const long double grown =
      static_cast<long double>(demand) / static_cast<long double>(kind.capacity);
  return static_cast<double>(static_cast<long double>(power.at_tenth(piece.grown)) -
                             static_cast<long double>(power.at_tenth(piece.tenth)) +
                             static_cast<long double>(power.rise(piece.tenth)) *
                                 (grown + origin(piece.tenth) - origin(piece.grown)) * 100);
}

/// What rounding can do to the grown power before it is rounded itself: to the sum of demands and
/// to its share of the capacity (u + g < 1 within 2.2e-16 of itself), and to the product.
double MeasuredHosts::noise_of(const Piece& piece, double exact) const {
  const double rise = kinds_[piece.kind].power.rise(piece.tenth);
  const double grown = static_cast<double>(piece.grown + 1) / 10;
  return rise * (2.4e-14 * grown + 3e-15) + 8e-16 * std::fabs(exact);
}

/// What is added to the exact cost: the rounding of the grown power (half a unit and the noise
/// before it), less that of watts.
double MeasuredHosts::least_of_class(const Piece& piece, std::size_t rounding_class, double exact,
                                     double noise) const {
  if (rounding_class == unknown_class) return piece.least;
  const Shelf& shelf = shelves_[piece.kind];
  const double added = 2.0 * static_cast<double>(rounding_class + 1) / rounding_classes - 1;
  const double bottom = exact - noise - shelf.half[piece.grown + 1u] - added * shelf.unit;
  return std::ceil(bottom / shelf.unit) * shelf.unit;
}

}  // namespace vm
