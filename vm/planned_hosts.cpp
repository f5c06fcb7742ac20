#include "vm/planned_hosts.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "sim/check.hpp"

namespace vm {
namespace {

/// More watts than rounding can make of a cost; drawers that are nearer than this are opened.
constexpr double slack = 1e-9;

}  // namespace

PlannedHosts::PlannedHosts(std::vector<HostPower> kinds, std::size_t hosts)
    : kinds_(std::move(kinds)),
      drawers_(kinds_.size() * slices * steps),
      filled_(kinds_.size() * slices),
      places_(hosts) {
  for (const HostPower& kind : kinds_) {
    AtBorder at_border{};
    for (std::size_t border = 0; border < at_border.size(); ++border)
      at_border[border] = kind.power.at(static_cast<double>(border) / slices);
    at_border_.push_back(at_border);
  }
}

void PlannedHosts::clear() {
  for (auto& drawer : drawers_) {
    for (const Candidate& candidate : drawer) places_[candidate.host].drawer = nowhere;
    drawer.clear();
  }
  std::fill(filled_.begin(), filled_.end(), 0u);
}

std::uint32_t PlannedHosts::drawer_of(const Candidate& candidate) const {
  const HostPower& kind = kinds_[candidate.kind];
  const double use = candidate.allocated / kind.capacity;
  const auto slice = std::min(static_cast<std::size_t>(use * slices), slices - 1);
  const double planned = kind.power.at(use) - candidate.watts;
  std::size_t step = 0;
  while (step < planned_steps.size() && planned >= planned_steps[step]) ++step;
  return static_cast<std::uint32_t>((candidate.kind * slices + slice) * steps + step);
}

void PlannedHosts::add(const Candidate& candidate) {
  Place& place = places_[candidate.host];
  SIM_CHECK(place.drawer == nowhere);
  place.drawer = drawer_of(candidate);
  auto& drawer = drawers_[place.drawer];
  place.position = static_cast<std::uint32_t>(drawer.size());
  drawer.push_back(candidate);
  filled_[place.drawer / steps] |= 1u << (place.drawer % steps);
}

void PlannedHosts::remove(HostIndex host) {
  Place& place = places_[host];
  if (place.drawer == nowhere) return;
  auto& drawer = drawers_[place.drawer];
  drawer[place.position] = drawer.back();
  places_[drawer.back().host].position = place.position;
  drawer.pop_back();
  if (drawer.empty()) filled_[place.drawer / steps] &= ~(1u << (place.drawer % steps));
  place.drawer = nowhere;
}

void PlannedHosts::price_drawers(double demand, const std::optional<PlacementChoice>& bound) {
  priced_.clear();
  for (std::size_t k = 0; k < kinds_.size(); ++k) {
    if (demand > kinds_[k].core) continue;
    const double grown = demand / kinds_[k].capacity;
    const auto growth = [&](std::size_t border) {
      return kinds_[k].power.at(static_cast<double>(border) / slices + grown) -
             at_border_[k][border];
    };
    double at_low = 0;
    std::size_t known = slices + 1;  // the slice whose lower border at_low belongs to
    for (std::size_t slice = 0; slice < slices; ++slice) {
      if (filled_[k * slices + slice] == 0) continue;
      if (static_cast<double>(slice) / slices + grown > 1 + slack) break;  // nor is room above
      if (known != slice) at_low = growth(slice);
      const double at_high = growth(slice + 1);
      price_slice(k, slice, grown, std::min(at_low, at_high), bound);
      at_low = at_high;
      known = slice + 1;
    }
  }
  std::make_heap(priced_.begin(), priced_.end(), Dearer{});
}

/// `least`: the smaller growth at the borders of the slice.
void PlannedHosts::price_slice(std::size_t k, std::size_t slice, double grown, double least,
                               const std::optional<PlacementChoice>& bound) {
  const PowerCurve& power = kinds_[k].power;
  const double low = static_cast<double>(slice) / slices;
  const double high = static_cast<double>(slice + 1) / slices;
  // The cost bends only at both ends of the slice, and where the grown use meets a measured point.
  const auto next = static_cast<double>(static_cast<int>((low + grown) * 10) + 1) / 10;
  if (next - grown < high) least = std::min(least, power.at(next) - power.at(next - grown));
  least -= slack;
  for (std::uint32_t filled = filled_[k * slices + slice]; filled != 0; filled &= filled - 1) {
    const auto step = static_cast<std::size_t>(std::countr_zero(filled));
    const double cost = step > 0 ? least + planned_steps[step - 1] : least;
    if (bound && cost > bound->cost) return;  // and more so the steps that follow
    priced_.push_back({cost, static_cast<std::uint32_t>((k * slices + slice) * steps + step)});
  }
}

std::optional<PlannedHosts::Priced> PlannedHosts::next_drawer(
    const std::optional<PlacementChoice>& best) {
  if (priced_.empty() || (best && priced_.front().least > best->cost)) return std::nullopt;
  const Priced cheapest = priced_.front();
  std::pop_heap(priced_.begin(), priced_.end(), Dearer{});
  priced_.pop_back();
  return cheapest;
}

}  // namespace vm
