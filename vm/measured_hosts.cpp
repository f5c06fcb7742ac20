#include "vm/measured_hosts.hpp"

#include <algorithm>
#include <utility>

namespace vm {

MeasuredHosts::MeasuredHosts(std::vector<HostPower> kinds, std::size_t hosts)
    : kinds_(std::move(kinds)), places_(hosts), found_(kinds_.size()) {
  for (const HostPower& kind : kinds_) shelves_.emplace_back(kind);
}

// ---- Places ------------------------------------------------------------------------------------

void MeasuredHosts::begin(std::span<const Candidate> candidates) {
  for (const Shelf& shelf : shelves_)
    for (const HostIndex host : shelf.hosts) places_[host].kind = nowhere;
  for (auto& found : found_) found.clear();
  for (const Candidate& c : candidates) {
    const double use = c.allocated / kinds_[c.kind].capacity;
    found_[c.kind].push_back({use, c.allocated, c.free, c.room, c.watts, c.host});
    places_[c.host].kind = static_cast<std::uint16_t>(c.kind);
  }
  for (std::size_t kind = 0; kind < kinds_.size(); ++kind) fill(kind);
}

void MeasuredHosts::fill(std::size_t kind) {
  Shelf& shelf = shelves_[kind];
  std::vector<MeasuredHost>& found = found_[kind];
  measure_tenths(shelf, found);
  std::uint32_t many = 0;
  for (std::size_t t = 0; t < tenths; ++t)
    if (shelf.tenth[t].present > few) many |= 1u << t;
  shelf.flat.fill(found, many, by_rounding_);
  for (std::size_t i = 0; i < found.size(); ++i)
    places_[found[i].host].by_rounding = by_rounding_[i];
  // In order of what is allocated is in order of use, whatever rounding did.
  std::sort(found.begin(), found.end(), [](const MeasuredHost& a, const MeasuredHost& b) {
    return a.allocated != b.allocated ? a.allocated < b.allocated : a.host < b.host;
  });
  arrange(shelf, found, kinds_[kind].capacity);
}

void MeasuredHosts::measure_tenths(Shelf& shelf, std::span<const MeasuredHost> found) {
  shelf.tenth.fill({});
  for (const MeasuredHost& host : found) {
    Tenth& tenth = shelf.tenth[host.tenth()];
    ++tenth.present;
    tenth.most_free = std::max(tenth.most_free, host.free);
    tenth.most_room = std::max(tenth.most_room, host.room);
    tenth.reach = std::max(tenth.reach, host.allocated + host.free);
    tenth.highest = std::max(tenth.highest, host.allocated);
  }
  Position begin = 0;
  for (Tenth& tenth : shelf.tenth) {
    tenth.begin = begin;
    tenth.end = begin += tenth.present;
  }
}

/// Gives everybody in `found`, in order of use, a place.
void MeasuredHosts::arrange(Shelf& shelf, std::span<const MeasuredHost> found, double capacity) {
  shelf.present = found.size();
  shelf.hosts.clear();
  shelf.by_use.clear(found.size());
  for (const MeasuredHost& host : found) {
    Place& place = places_[host.host];
    place.by_use = static_cast<Position>(shelf.hosts.size());
    place.tenth = static_cast<std::uint16_t>(host.tenth());
    shelf.by_use.put(place.by_use, host);
    shelf.hosts.push_back(host.host);
  }
  for (std::size_t t = 0; t < tenths; ++t) {
    Tenth& tenth = shelf.tenth[t];
    const double low = static_cast<double>(t) / 10, high = low + 0.1;
    tenth.inner_begin = position(shelf, tenth.begin, tenth.end, (low + slack) * capacity);
    tenth.inner_end = position(shelf, tenth.inner_begin, tenth.end, (high - slack) * capacity);
  }
}

/// Takes away the places of those who left, so that they are no longer passed by.
void MeasuredHosts::close_ranks(std::size_t kind) {
  Shelf& shelf = shelves_[kind];
  std::vector<MeasuredHost>& found = found_[kind];
  found.clear();
  const Presence& presence = shelf.by_use.presence();
  for (std::size_t at = 0; at < shelf.hosts.size(); ++at) {
    if (presence.next(at, at + 1) > at) {
      places_[shelf.hosts[at]].kind = nowhere;
      continue;
    }
    found.push_back(shelf.by_use.at(static_cast<Position>(at)));
    found.back().use = found.back().allocated / kinds_[kind].capacity;
  }
  measure_tenths(shelf, found);
  shelf.flat.close_ranks(
      [&](HostIndex host, RoundingLists::Place place) { places_[host].by_rounding = place; });
  arrange(shelf, found, kinds_[kind].capacity);
}

void MeasuredHosts::leave(HostIndex host) {
  const Place& place = places_[host];
  if (place.kind == nowhere) return;
  Shelf& shelf = shelves_[place.kind];
  if (!shelf.by_use.leave(place.by_use)) return;
  --shelf.tenth[place.tenth].present;
  if (place.by_rounding != RoundingLists::nowhere) shelf.flat.leave(place.by_rounding);
  if (--shelf.present < shelf.hosts.size() / 4 * 3 && shelf.hosts.size() > worth_closing)
    close_ranks(place.kind);
}

bool MeasuredHosts::try_return(const Candidate& c) {
  const Place& place = places_[c.host];
  if (place.kind == nowhere) return false;
  Shelf& shelf = shelves_[place.kind];
  const HostBlocks::Block& block = shelf.by_use.block_of(place.by_use);
  const std::size_t i = place.by_use % HostBlocks::width;
  if (block.allocated[i] != c.allocated || block.free[i] != c.free || block.room[i] != c.room)
    return false;
  shelf.by_use.take(place.by_use, c.watts);
  ++shelf.present;
  ++shelf.tenth[place.tenth].present;
  if (place.by_rounding != RoundingLists::nowhere) shelf.flat.take(place.by_rounding, c.watts);
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

MeasuredHosts::Position MeasuredHosts::position(const Shelf& shelf, Position begin, Position end,
                                                double allocated) {
  const HostBlocks& hosts = shelf.by_use;
  if (begin == end || hosts.allocated(begin) >= allocated) return begin;
  if (hosts.allocated(end - 1) < allocated) return end;
  while (begin < end) {
    const Position middle = begin + (end - begin) / 2;
    if (hosts.allocated(middle) < allocated) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

}  // namespace vm
