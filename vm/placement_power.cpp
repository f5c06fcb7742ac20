#include "vm/placement_power.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/check.hpp"

namespace vm {
namespace {

/// More watts than rounding can make of a cost; drawers that are nearer than this are opened.
constexpr double slack = 1e-9;

double unit_in_last_place(double value) {
  return std::nextafter(value, std::numeric_limits<double>::infinity()) - value;
}

}  // namespace

PowerPlacement::PowerPlacement(std::vector<HostPower> kinds, std::size_t hosts)
    : kinds_(std::move(kinds)),
      drawers_(kinds_.size() * slices * steps),
      lowest_(drawers_.size(), nowhere),
      filled_(kinds_.size() * slices),
      places_(hosts) {
  for (const HostPower& kind : kinds_) {
    Rounding rounding;
    rounding.unit = unit_in_last_place(kind.power.idle());
    for (std::size_t t = 0; t < rounding.half.size(); ++t)
      rounding.half[t] = unit_in_last_place(kind.power.at_tenth(t)) / 2;
    for (std::size_t border = 0; border < rounding.at_border.size(); ++border)
      rounding.at_border[border] = kind.power.at(static_cast<double>(border) / slices);
    rounding_.push_back(rounding);
  }
}

void PowerPlacement::clear() {
  for (auto& drawer : drawers_) {
    for (const Candidate& candidate : drawer) places_[candidate.host].drawer = nowhere;
    drawer.clear();
  }
  std::fill(filled_.begin(), filled_.end(), 0u);
  std::fill(lowest_.begin(), lowest_.end(), nowhere);
}

std::uint32_t PowerPlacement::drawer_of(const Candidate& candidate) const {
  const double use = candidate.allocated / kinds_[candidate.kind].capacity;
  const auto slice = std::min(static_cast<std::size_t>(use * slices), slices - 1);
  return static_cast<std::uint32_t>((candidate.kind * slices + slice) * steps +
                                    step_of(candidate, use));
}

std::size_t PowerPlacement::step_of(const Candidate& candidate, double use) const {
  const HostPower& kind = kinds_[candidate.kind];
  const double planned = kind.power.at(use) - candidate.watts;
  if (planned >= planned_steps[0]) {
    std::size_t step = 0;
    while (step + 1 < planned_steps.size() && planned >= planned_steps[step + 1]) ++step;
    return unknown_rounding + 1 + step;
  }
  // Near a measured point it is not sure which stretch of the curve a sum is rounded to.
  const double tenths = use * 10;
  const double unit = rounding_[candidate.kind].unit;
  if (std::fabs(tenths - std::round(tenths)) < slack || use >= 1 || !(unit > 0)) {
    return unknown_rounding;
  }
  const auto exact_use =
      static_cast<long double>(candidate.allocated) / static_cast<long double>(kind.capacity);
  const auto added =
      static_cast<double>(static_cast<long double>(candidate.watts) - kind.power.line(exact_use));
  const double step = std::floor((added / unit + 1) * rounding_steps / 2);
  if (!(step >= 0 && step < rounding_steps)) return unknown_rounding;
  return static_cast<std::size_t>(step);
}

void PowerPlacement::add(const Candidate& candidate) {
  Place& place = places_[candidate.host];
  SIM_CHECK(place.drawer == nowhere);
  place.drawer = drawer_of(candidate);
  auto& drawer = drawers_[place.drawer];
  place.position = static_cast<std::uint32_t>(drawer.size());
  drawer.push_back(candidate);
  lowest_[place.drawer] = std::min(lowest_[place.drawer], candidate.host);
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

void PowerPlacement::price_drawers(double demand, const std::optional<Choice>& bound) {
  priced_.clear();
  for (std::size_t k = 0; k < kinds_.size(); ++k) {
    if (demand > kinds_[k].core) continue;
    const double grown = demand / kinds_[k].capacity;
    const auto growth = [&](std::size_t border) {
      return kinds_[k].power.at(static_cast<double>(border) / slices + grown) -
             rounding_[k].at_border[border];
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
void PowerPlacement::price_slice(std::size_t k, std::size_t slice, double grown, double least,
                                 const std::optional<Choice>& bound) {
  const PowerCurve& power = kinds_[k].power;
  const Rounding& rounding = rounding_[k];
  const double low = static_cast<double>(slice) / slices;
  const double high = static_cast<double>(slice + 1) / slices;
  // The cost bends only at both ends of the slice, and where the grown use meets a measured point.
  const auto next = static_cast<double>(static_cast<int>((low + grown) * 10) + 1) / 10;
  if (next - grown < high) least = std::min(least, power.at(next) - power.at(next - grown));
  least -= slack;

  // Where all stay on one stretch, the exact cost is the same for all. What is added to it: the
  // rounding of the grown power (half a unit, and less than `noise` before it), less that of watts.
  const std::size_t tenth = slice / slices_per_tenth;
  const bool straight = (high + grown) * 10 < static_cast<double>(tenth + 1) - slack;
  const double rise = power.rise(tenth);
  const double exact = rise * grown * 100;
  const double noise = rise * (2.4e-14 * (high + grown) + 3e-15) + 8e-16 * exact;
  for (std::uint32_t filled = filled_[k * slices + slice]; filled != 0; filled &= filled - 1) {
    const auto step = static_cast<std::size_t>(std::countr_zero(filled));
    double cost = least;
    if (step > unknown_rounding) cost += planned_steps[step - unknown_rounding - 1];
    if (straight && step < rounding_steps) {
      const double added = (2.0 * static_cast<double>(step + 1) / rounding_steps - 1);  // at most
      const double bottom = exact - noise - rounding.half[tenth + 1] - added * rounding.unit;
      cost = std::ceil(bottom / rounding.unit) * rounding.unit;
    }
    if (bound && cost > bound->cost) continue;
    priced_.push_back({cost, static_cast<std::uint32_t>((k * slices + slice) * steps + step)});
  }
}

std::optional<PowerPlacement::Priced> PowerPlacement::next_drawer(
    const std::optional<Choice>& best) {
  if (priced_.empty() || (best && priced_.front().least > best->cost)) return std::nullopt;
  const Priced cheapest = priced_.front();
  std::pop_heap(priced_.begin(), priced_.end(), Dearer{});
  priced_.pop_back();
  return cheapest;
}

}  // namespace vm
