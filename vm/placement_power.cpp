#include "vm/placement_power.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "sim/check.hpp"

namespace vm {
namespace {

/// More watts than rounding can make of a cost; drawers that are nearer than this are opened.
constexpr double slack = 1e-9;

}  // namespace

PowerPlacement::PowerPlacement(std::vector<HostPower> kinds, std::size_t hosts)
    : kinds_(std::move(kinds)),
      drawers_(kinds_.size() * slices * steps),
      filled_(kinds_.size() * slices),
      places_(hosts) {}

void PowerPlacement::clear() {
  for (auto& drawer : drawers_) {
    for (const Candidate& candidate : drawer) places_[candidate.host].drawer = nowhere;
    drawer.clear();
  }
  std::fill(filled_.begin(), filled_.end(), 0u);
}

std::uint32_t PowerPlacement::drawer_of(const Candidate& candidate) const {
  const HostPower& kind = kinds_[candidate.kind];
  const double use = candidate.allocated / kind.capacity;
  const auto slice = std::min(static_cast<std::size_t>(use * slices), slices - 1);
  const double planned = kind.power.at(use) - candidate.watts;
  std::size_t step = 0;
  while (step + 1 < steps && planned >= planned_steps[step + 1]) ++step;
  return static_cast<std::uint32_t>((candidate.kind * slices + slice) * steps + step);
}

void PowerPlacement::add(const Candidate& candidate) {
  Place& place = places_[candidate.host];
  SIM_CHECK(place.drawer == nowhere);
  place.drawer = drawer_of(candidate);
  auto& drawer = drawers_[place.drawer];
  place.position = static_cast<std::uint32_t>(drawer.size());
  drawer.push_back(candidate);
  filled_[place.drawer / steps] |= 1u << (place.drawer % steps);
}

void PowerPlacement::update(const Candidate& candidate) {
  remove(candidate.host);
  add(candidate);
}

void PowerPlacement::remove(HostIndex host) {
  Place& place = places_[host];
  if (place.drawer == nowhere) return;
  auto& drawer = drawers_[place.drawer];
  drawer[place.position] = drawer.back();
  places_[drawer.back().host].position = place.position;
  drawer.pop_back();
  if (drawer.empty()) filled_[place.drawer / steps] &= ~(1u << (place.drawer % steps));
  place.drawer = nowhere;
}

/// The least that `demand` can cost in each slice, from where the curve of growth bends: at both
/// ends of the slice, and where the grown use meets a measured point.
void PowerPlacement::price_drawers(double demand, const std::optional<Choice>& bound) {
  priced_.clear();
  for (std::size_t k = 0; k < kinds_.size(); ++k) {
    if (demand > kinds_[k].core) continue;
    const PowerCurve& power = kinds_[k].power;
    const double grown = demand / kinds_[k].capacity;
    const auto growth = [&](double use) { return power.at(use + grown) - power.at(use); };
    for (std::size_t slice = 0; slice < slices; ++slice) {
      std::uint32_t filled = filled_[k * slices + slice];
      if (filled == 0) continue;
      const double low = static_cast<double>(slice) / slices;
      const double high = static_cast<double>(slice + 1) / slices;
      if (low + grown > 1 + slack) break;  // none from here on has that much free
      double least = std::min(growth(low), growth(high));
      const double point = std::ceil((low + grown) * 10) / 10;
      if (point - grown < high) least = std::min(least, growth(point - grown));
      for (; filled != 0; filled &= filled - 1) {
        const auto step = static_cast<std::size_t>(std::countr_zero(filled));
        const double cost = least + std::max(planned_steps[step], 0.0) - slack;
        if (bound && cost > bound->cost) break;
        priced_.push_back({cost, static_cast<std::uint32_t>((k * slices + slice) * steps + step)});
      }
    }
  }
  std::sort(priced_.begin(), priced_.end(), [](const Priced& a, const Priced& b) {
    return a.least != b.least ? a.least < b.least : a.drawer < b.drawer;
  });
}

}  // namespace vm
