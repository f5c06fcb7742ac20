#include "vm/planned_hosts.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "sim/check.hpp"

namespace vm {
namespace {

/// Of at most 2^-24 of a number, and more.
constexpr double float_error = 1e-7;

float rounded_up(double value) {
  return static_cast<float>(value + std::fabs(value) * float_error);
}

}  // namespace

PlannedHosts::PlannedHosts(std::vector<HostPower> kinds, std::size_t hosts)
    : kinds_(std::move(kinds)),
      parts_(std::bit_ceil(std::clamp<std::size_t>(hosts / 16'000, 1, 16))),
      part_width_(GrowthBounds::Kind::width / static_cast<double>(parts_)),
      drawers_(kinds_.size() * GrowthBounds::tenths * parts_ * room_classes),
      filled_(kinds_.size() * GrowthBounds::tenths * parts_),
      least_planned_(filled_.size()),
      hosts_in_(kinds_.size() * GrowthBounds::tenths),
      places_(hosts) {}

void PlannedHosts::clear() {
  for (std::size_t slice = 0; slice < filled_.size(); ++slice) {
    for (std::uint32_t& filled = filled_[slice]; filled != 0; filled &= filled - 1) {
      auto& drawer =
          drawers_[slice * room_classes + static_cast<std::size_t>(std::countr_zero(filled))];
      for (const Filed& filed : drawer) places_[filed.host].drawer = nowhere;
      drawer.clear();
    }
  }
  std::fill(hosts_in_.begin(), hosts_in_.end(), 0u);
}

std::size_t PlannedHosts::room_class(double room, double capacity) {
  std::size_t of = room_classes - 1;
  for (double least = capacity / 2; of > 0 && room < least; least /= 2) --of;
  return of;
}

std::vector<PlannedHosts::Filed>::iterator PlannedHosts::position(std::vector<Filed>& drawer,
                                                                  double planned, HostIndex host) {
  return std::lower_bound(
      drawer.begin(), drawer.end(), planned, [host](const Filed& filed, double watts) {
        return filed.planned != watts ? filed.planned < watts : filed.host < host;
      });
}

void PlannedHosts::add(const Candidate& c) {
  Place& place = places_[c.host];
  SIM_CHECK(place.drawer == nowhere);
  const HostPower& kind = kinds_[c.kind];
  const double use = c.allocated / kind.capacity;
  const std::size_t tenth = std::min(PowerCurve::tenth(use), GrowthBounds::tenths - 1);
  const double offset = use - static_cast<double>(tenth) / 10;
  const double within = offset / part_width_;
  const std::size_t part = within < static_cast<double>(parts_)
                               ? static_cast<std::size_t>(std::max(within, 0.0))
                               : parts_ - 1;
  const std::size_t slice = (c.kind * GrowthBounds::tenths + tenth) * parts_ + part;
  const std::size_t room = room_class(std::min(c.free, c.room), kind.capacity);
  place.candidate = c;
  place.planned = kind.power.at(use) - c.watts;
  place.drawer = static_cast<std::uint32_t>(slice * room_classes + room);
  auto& into = drawers_[place.drawer];
  into.insert(position(into, place.planned, c.host),
              {place.planned, offset, rounded_up(c.free), rounded_up(c.room), c.host});
  double& least = least_planned_[slice];
  least = filled_[slice] == 0 ? place.planned : std::min(least, place.planned);
  filled_[slice] |= 1u << room;
  ++hosts_in_[slice / parts_];
}

void PlannedHosts::remove(HostIndex host) {
  Place& place = places_[host];
  if (place.drawer == nowhere) return;
  auto& from = drawers_[place.drawer];
  from.erase(position(from, place.planned, host));
  if (from.empty()) filled_[place.drawer / room_classes] &= ~(1u << (place.drawer % room_classes));
  --hosts_in_[place.drawer / room_classes / parts_];
  place.drawer = nowhere;
}

}  // namespace vm
