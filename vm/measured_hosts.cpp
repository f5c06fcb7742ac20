#include "vm/measured_hosts.hpp"

#include <algorithm>
#include <utility>

namespace vm {

MeasuredHosts::MeasuredHosts(std::vector<HostPower> kinds, std::size_t hosts)
    : kinds_(std::move(kinds)), places_(hosts) {
  for (const HostPower& kind : kinds_) shelves_.emplace_back(kind);
}

// ---- Places ------------------------------------------------------------------------------------

void MeasuredHosts::begin(std::span<const Candidate> candidates) {
  for (Shelf& shelf : shelves_) {
    for (const Entry& entry : shelf.entries) places_[entry.host].kind = nowhere;
    shelf.entries.clear();
  }
  for (const Candidate& c : candidates) {
    const double use = c.allocated / kinds_[c.kind].capacity;
    shelves_[c.kind].entries.push_back({use, c.allocated, c.free, c.room, c.watts, c.host});
    places_[c.host].kind = c.kind;
  }
  for (std::size_t kind = 0; kind < kinds_.size(); ++kind) fill(kind);
}

void MeasuredHosts::fill(std::size_t kind) {
  Shelf& shelf = shelves_[kind];
  shelf.tenth.fill({});
  for (const Entry& entry : shelf.entries) {
    Tenth& tenth = shelf.tenth[entry.tenth()];
    ++tenth.present;
    tenth.most_free = std::max(tenth.most_free, entry.free);
    tenth.most_room = std::max(tenth.most_room, entry.room);
    tenth.reach = std::max(tenth.reach, entry.allocated + entry.free);
  }
  std::uint32_t begin = 0, many = 0;
  for (std::size_t t = 0; t < tenths; ++t) {
    Tenth& tenth = shelf.tenth[t];
    tenth.begin = begin;
    tenth.end = begin += tenth.present;
    if (tenth.present > few) many |= 1u << t;
  }
  shelf.flat.fill(shelf.entries, many, by_rounding_);
  for (std::size_t i = 0; i < shelf.entries.size(); ++i)
    places_[shelf.entries[i].host].by_rounding = by_rounding_[i];

  std::sort(shelf.entries.begin(), shelf.entries.end(), [](const Entry& a, const Entry& b) {
    return a.use != b.use ? a.use < b.use : a.host < b.host;
  });
  for (std::size_t i = 0; i < shelf.entries.size(); ++i)
    places_[shelf.entries[i].host].by_use = static_cast<std::uint32_t>(i);
  shelf.presence.fill(shelf.entries.size());
}

void MeasuredHosts::leave(HostIndex host) {
  const Place& place = places_[host];
  if (place.kind == nowhere) return;
  Shelf& shelf = shelves_[place.kind];
  if (!shelf.presence.leave(place.by_use)) return;
  --shelf.tenth[shelf.entries[place.by_use].tenth()].present;
  if (place.by_rounding != RoundingLists::nowhere) shelf.flat.leave(place.by_rounding);
}

bool MeasuredHosts::try_return(const Candidate& c) {
  const Place& place = places_[c.host];
  if (place.kind == nowhere) return false;
  Shelf& shelf = shelves_[place.kind];
  const Entry& entry = shelf.entries[place.by_use];
  if (entry.allocated != c.allocated || entry.free != c.free || entry.room != c.room) return false;
  shelf.presence.take(place.by_use);
  ++shelf.tenth[entry.tenth()].present;
  if (place.by_rounding != RoundingLists::nowhere) shelf.flat.take(place.by_rounding, entry.free);
  return true;
}

// ---- Prices ------------------------------------------------------------------------------------

void MeasuredHosts::list_tenths(const Seeker& seeker, const GrowthBounds& bounds,
                                const PlacementChoice& best) {
  priced_.clear();
  for (std::size_t k = 0; k < kinds_.size(); ++k) {
    const GrowthBounds::Kind& bound = bounds.of(k);
    if (!bound.fits) continue;
    for (std::size_t t = 0; t < tenths; ++t) {
      const Tenth& tenth = shelves_[k].tenth[t];
      if (tenth.present == 0 || tenth.most_free < seeker.demand ||
          tenth.most_room < seeker.weight || bound.least[t] > best.cost)
        continue;
      priced_.push_back(
          {bound.least[t], static_cast<std::uint16_t>(k), static_cast<std::uint16_t>(t)});
    }
  }
}

std::optional<MeasuredHosts::Priced> MeasuredHosts::next_tenth(const PlacementChoice& best) {
  if (priced_.empty()) return std::nullopt;
  Priced& cheapest =
      *std::min_element(priced_.begin(), priced_.end(),
                        [](const Priced& a, const Priced& b) { return a.least < b.least; });
  if (cheapest.least > best.cost) return std::nullopt;
  const Priced taken = cheapest;
  cheapest = priced_.back();
  priced_.pop_back();
  return taken;
}

std::uint32_t MeasuredHosts::position(const Shelf& shelf, std::uint32_t begin, std::uint32_t end,
                                      double use) {
  const auto& entries = shelf.entries;
  if (begin == end || entries[begin].use >= use) return begin;
  if (entries[end - 1].use < use) return end;
  const auto from = entries.begin() + begin, to = entries.begin() + end;
  return static_cast<std::uint32_t>(
      std::lower_bound(from, to, use, [](const Entry& e, double u) { return e.use < u; }) -
      entries.begin());
}

}  // namespace vm
