#include "vm/rounding_lists.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace vm {
namespace {

constexpr double slack = GrowthBounds::slack;
constexpr double not_asked_for = std::numeric_limits<double>::quiet_NaN();
constexpr double nothing_fits = -std::numeric_limits<double>::infinity();

double unit_in_last_place(double value) {
  return std::nextafter(value, std::numeric_limits<double>::infinity()) - value;
}

/// As the processor compares many at once.
double smaller(double a, double b) {
  return a < b ? a : b;
}
double larger(double a, double b) {
  return a < b ? b : a;
}

}  // namespace

RoundingLists::RoundingLists(const HostPower& kind)
    : kind_(kind), unit_(unit_in_last_place(kind.power.idle())) {
  for (std::size_t t = 0; t < half_.size(); ++t)
    half_[t] = unit_in_last_place(kind.power.at_tenth(t)) / 2;
}

// ---- Places ------------------------------------------------------------------------------------

void RoundingLists::fill(std::span<const MeasuredHost> hosts, std::uint32_t of_tenths,
                         std::vector<Place>& places) {
  places.assign(hosts.size(), nowhere);
  blocks_.clear();
  begins_.fill(0);
  if (of_tenths == 0) return;
  lists_.resize(hosts.size());
  std::array<Place, tenths * classes> lengths{};
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if ((of_tenths >> hosts[i].tenth() & 1u) == 0) continue;
    lists_[i] = static_cast<std::uint32_t>(list_of(hosts[i]));
    places[i] = lengths[lists_[i]]++;
  }
  for (std::size_t list = 0; list < lengths.size(); ++list)
    begins_[list + 1] = begins_[list] + (lengths[list] + width - 1) / width;
  blocks_.resize(begins_.back());
  for (Block& block : blocks_) {
    block = {};
    block.free.fill(nothing_fits);
    block.host.fill(no_choice.host);
  }
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if (places[i] == nowhere) continue;
    const MeasuredHost& host = hosts[i];
    places[i] += begins_[lists_[i]] * width;
    Block& block = blocks_[places[i] / width];
    const std::size_t at = places[i] % width;
    block.allocated[at] = host.allocated;
    block.room[at] = host.room;
    block.watts[at] = host.watts;
    block.host[at] = host.host;
    take(places[i], host.free);
  }
}

void RoundingLists::leave(Place place) {
  blocks_[place / width].free[place % width] = nothing_fits;
  --blocks_[place / width].present;
}

void RoundingLists::take(Place place, double free) {
  blocks_[place / width].free[place % width] = free;
  ++blocks_[place / width].present;
}

/// By tenth and class.
std::size_t RoundingLists::list_of(const MeasuredHost& host) const {
  const std::size_t unknown = host.tenth() * classes + unknown_class;
  // Near a measured point it is not sure which stretch of the curve a sum is rounded to.
  const double position = host.use * 10;
  if (std::fabs(position - std::round(position)) < 10 * slack || host.use >= 1 || !(unit_ > 0))
    return unknown;
  const auto exact_use =
      static_cast<long double>(host.allocated) / static_cast<long double>(kind_.capacity);
  const auto added =
      static_cast<double>(static_cast<long double>(host.watts) - kind_.power.line(exact_use));
  const double step = std::floor((added / unit_ + 1) * rounding_classes / 2);
  if (!(step >= 0 && step < rounding_classes)) return unknown;
  return host.tenth() * classes + static_cast<std::size_t>(step);
}

// ---- Prices ------------------------------------------------------------------------------------

RoundingLists::Line RoundingLists::line_of(const FlatPiece& piece, const Seeker& seeker) const {
  return {seeker.demand,
          seeker.weight,
          piece.low * kind_.capacity,
          piece.high * kind_.capacity,
          kind_.capacity,
          kind_.power.at_tenth(piece.grown),
          kind_.power.rise(piece.grown),
          static_cast<double>(piece.grown) / 10.0};
}

/// By the operations of PowerCurve::at. Written as loops without jumps, which the compiler turns
/// into vector instructions.
bool RoundingLists::price(const Block& block, const Line& by, double most,
                          std::array<double, width>& cost) {
  const Line line = by;  // copies: what might be the same memory would be read again and again
  std::array<double, width> price, margin;
  for (std::size_t i = 0; i < width; ++i) {
    const double grown =
        line.watts +
        line.rise * ((block.allocated[i] + line.demand) / line.capacity - line.origin) * 100;
    price[i] = grown - block.watts[i];
    const double inside = smaller(block.allocated[i] - line.low, line.high - block.allocated[i]);
    const double fits = smaller(block.free[i] - line.demand, block.room[i] - line.weight);
    margin[i] = smaller(smaller(inside, fits), most - price[i]);
  }
  std::array<double, width / 2> wider;
  for (std::size_t i = 0; i < width / 2; ++i) wider[i] = larger(margin[i], margin[i + width / 2]);
  if (larger(larger(wider[0], wider[1]), larger(wider[2], wider[3])) < 0) return false;
  for (std::size_t i = 0; i < width; ++i) cost[i] = margin[i] >= 0 ? price[i] : not_asked_for;
  return true;
}

void RoundingLists::price_anywhere(const Block& block, const Line& line,
                                   std::array<double, width>& cost) const {
  for (std::size_t i = 0; i < width; ++i) {
    const bool wanted = (block.free[i] >= line.demand) & (block.room[i] >= line.weight) &
                        (block.allocated[i] >= line.low) & (block.allocated[i] <= line.high);
    cost[i] =
        wanted ? power_cost(kind_, block.allocated[i], line.demand, block.watts[i]) : not_asked_for;
  }
}

/// The cost of all in a flat piece, without rounding.
double RoundingLists::exact_cost(const FlatPiece& piece, double demand) const {
  const PowerCurve& power = kind_.power;
  const auto origin = [](std::size_t t) {
    return static_cast<long double>(static_cast<double>(t) / 10.0);
  };
  const long double grown =
      static_cast<long double>(demand) / static_cast<long double>(kind_.capacity);
  return static_cast<double>(static_cast<long double>(power.at_tenth(piece.grown)) -
                             static_cast<long double>(power.at_tenth(piece.tenth)) +
                             static_cast<long double>(power.rise(piece.tenth)) *
                                 (grown + origin(piece.tenth) - origin(piece.grown)) * 100);
}

/// What rounding can do to the grown power before it is rounded itself: to the sum of demands and
/// to its share of the capacity (u + g < 1 within 2.2e-16 of itself), and to the product.
double RoundingLists::noise_of(const FlatPiece& piece, double exact) const {
  const double rise = kind_.power.rise(piece.tenth);
  const double grown = static_cast<double>(piece.grown + 1) / 10;
  return rise * (2.4e-14 * grown + 3e-15) + 8e-16 * std::fabs(exact);
}

/// What is added to the exact cost: the rounding of the grown power (half a unit and the noise
/// before it), less that of watts.
double RoundingLists::least_of_class(const FlatPiece& piece, std::size_t rounding_class,
                                     double exact, double noise) const {
  if (rounding_class == unknown_class) return piece.least;
  const double added = 2.0 * static_cast<double>(rounding_class + 1) / rounding_classes - 1;
  const double bottom = exact - noise - half_[piece.grown + 1] - added * unit_;
  return std::ceil(bottom / unit_) * unit_;
}

}  // namespace vm
