#include "vm/rounding_lists.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace vm {
namespace {

constexpr double slack = GrowthBounds::slack;

double unit_in_last_place(double value) {
  return std::nextafter(value, std::numeric_limits<double>::infinity()) - value;
}

/// The most by which something less than `end` is off that was rounded once.
double half_unit_below(double end) {
  return (end - std::nextafter(end, 0)) / 2;
}

/// The most that rounding takes off P(u) for u in a tenth, where u is a sum of demands divided by
/// the capacity: by the operations of PowerCurve::at, one after the other. (u less the beginning of
/// the tenth is exact.)
double most_rounded(const HostPower& kind, std::size_t tenth) {
  const double end = static_cast<double>(tenth + 1) / 10;
  const double use = half_unit_below(end * kind.capacity) / kind.capacity + half_unit_below(end);
  const double rise = kind.power.rise(tenth);
  const double products = 2.3e-16 * rise * 10;  // two factors, each half of 2.2e-16
  return (use * rise * 100 + products) * (1 + slack) +
         half_unit_below(kind.power.at_tenth(tenth + 1));
}

}  // namespace

RoundingLists::RoundingLists(const HostPower& kind)
    : kind_(kind),
      unit_(unit_in_last_place(kind.power.idle())),
      units_in_a_watt_(1 / static_cast<long double>(unit_)),
      // They have eleven bits more than doubles, and idle power is what units are counted in.
      lost_(0.01 * kind.power.full() / kind.power.idle()) {
  for (std::size_t t = 0; t < rounded_.size(); ++t) rounded_[t] = most_rounded(kind, t);
}

// ---- Places ------------------------------------------------------------------------------------

void RoundingLists::fill(std::span<const MeasuredHost> hosts, std::uint32_t of_tenths,
                         std::vector<Place>& places) {
  places.assign(hosts.size(), nowhere);
  begins_.fill(0);
  if (of_tenths == 0) return blocks_.clear(0);
  lists_.resize(hosts.size());
  std::array<Place, tenths * classes> lengths{};
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if ((of_tenths >> hosts[i].tenth() & 1u) == 0) continue;
    lists_[i] = static_cast<std::uint32_t>(list_of(hosts[i]));
    places[i] = lengths[lists_[i]]++;
  }
  for (std::size_t list = 0; list < lengths.size(); ++list)
    begins_[list + 1] = begins_[list] + HostBlocks::whole_blocks(lengths[list]);
  blocks_.clear(begins_.back());
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if (places[i] == nowhere) continue;
    places[i] += begins_[lists_[i]];
    blocks_.put(places[i], hosts[i]);
  }
}

/// By tenth and class.
std::size_t RoundingLists::list_of(const MeasuredHost& host) const {
  const std::size_t unknown = host.tenth() * classes + unknown_class;
  // Near a measured point it is not sure which stretch of the curve a sum is rounded to.
  const double position = host.use * 10;
  if (std::fabs(position - std::round(position)) < 10 * slack || host.use >= 1) return unknown;
  const auto exact_use =
      static_cast<long double>(host.allocated) / static_cast<long double>(kind_.capacity);
  const auto added =
      static_cast<double>(static_cast<long double>(host.watts) - kind_.power.line(exact_use));
  const double step = std::floor((added / unit_ + 1) * rounding_classes / 2);
  if (!(step >= 0 && step < rounding_classes)) return unknown;
  return host.tenth() * classes + static_cast<std::size_t>(step);
}

// ---- Prices ------------------------------------------------------------------------------------

RoundingLists::UnitCost RoundingLists::bottom_of(const FlatPiece& piece, double demand) const {
  const PowerCurve& power = kind_.power;
  const auto origin = [](std::size_t t) {
    return static_cast<long double>(static_cast<double>(t) / 10.0);
  };
  const long double grown =
      static_cast<long double>(demand) / static_cast<long double>(kind_.capacity);
  const long double exact = static_cast<long double>(power.at_tenth(piece.grown)) -
                            static_cast<long double>(power.at_tenth(piece.tenth)) +
                            static_cast<long double>(power.rise(piece.tenth)) *
                                (grown + origin(piece.tenth) - origin(piece.grown)) * 100;
  const long double units =
      (exact - static_cast<long double>(rounded_[piece.grown])) * units_in_a_watt_;
  const double whole = std::floor(static_cast<double>(units));
  return {whole, static_cast<double>(units - static_cast<long double>(whole)) - lost_,
          std::fabs(whole) < 0x1p52 && lost_ < 0.5};
}

}  // namespace vm
