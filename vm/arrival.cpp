#include "vm/arrival.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "sim/check.hpp"
#include "sim/distributions.hpp"

namespace vm {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double per_nanosecond = 1e-9;  // a rate of 1/s in arrivals per nanosecond

double nanoseconds(Duration span) {
  return static_cast<double>(span.count());
}

/// `base` plus `offset` nanoseconds rounded down, or sim::never when that is past all time.
Time at(Time base, double offset) {
  if (!(offset < nanoseconds(sim::never - base))) return sim::never;
  return base + Duration{static_cast<std::int64_t>(offset)};
}

std::uint64_t scaled(std::uint64_t requests, double factor) {
  return factor == 1
             ? requests
             : static_cast<std::uint64_t>(std::llround(static_cast<double>(requests) * factor));
}

double reciprocal(double x) {
  return x > 0 ? 1 / x : 0;
}

/// Calls f(from, to, rate at from, rate at to) for each straight line within [from, to), in order.
template <class F>
void for_each_line(const RateCurve& curve, Time from, Time to, F f) {
  const auto& points = curve.points;
  SIM_CHECK(!points.empty());
  const auto piece = [&](Time a, Time b, double rate_a, double rate_b) {
    const Time start = std::max(a, from), end = std::min(b, to);
    if (start >= end) return;
    const double slope = rate_a == rate_b ? 0 : (rate_b - rate_a) / nanoseconds(b - a);
    const auto rate = [&](Time t) { return t == b ? rate_b : rate_a + slope * nanoseconds(t - a); };
    f(start, end, rate(start), rate(end));
  };
  piece(from, points.front().at, points.front().rate, points.front().rate);
  for (std::size_t i = 1; i < points.size(); ++i)
    piece(points[i - 1].at, points[i].at, points[i - 1].rate, points[i].rate);
  piece(points.back().at, to, points.back().rate, points.back().rate);
}

/// Calls f(start, end, requests per second) for each interval's part within [from, to).
template <class F>
void for_each_interval(const CountTrace& trace, Time from, Time to, F f) {
  for (std::size_t i = 0; i < trace.intervals.size(); ++i) {
    const auto& [start, requests] = trace.intervals[i];
    const Time end = i + 1 < trace.intervals.size() ? trace.intervals[i + 1].start : trace.end;
    if (std::max(start, from) < std::min(end, to))
      f(std::max(start, from), std::min(end, to),
        static_cast<double>(requests) / sim::seconds(end - start));
  }
}

}  // namespace

// ---- Poisson and even spacing: a walk along the integral of the rate
// ------------------------------

RateWalk::RateWalk(const RateCurve& curve, Rounding rounding)
    : slack_{rounding == Rounding::nearest ? 1e-9 : 0},
      half_{rounding == Rounding::nearest ? 0.5 : 0} {
  for_each_line(curve, Time{}, sim::never, [&](Time from, Time to, double rate, double rate_end) {
    SIM_CHECK(rate >= 0 && rate_end >= 0 && rate < infinity && rate_end < infinity);
    Stretch stretch{.start = from};
    stretch.length = to == sim::never ? infinity : nanoseconds(to - from);
    stretch.rate = rate * per_nanosecond;
    stretch.slope = (rate_end - rate) * per_nanosecond / stretch.length;
    stretch.gap = reciprocal(stretch.rate);
    const double middle = (rate + rate_end) / 2 * per_nanosecond;
    stretch.area = middle > 0 ? middle * stretch.length : 0;
    stretches_.push_back(stretch);
  });
}

Time RateWalk::advance(double amount) {
  passed_ += amount;
  while (passed_ >= stretches_[current_].area + slack_) {
    if (current_ + 1 == stretches_.size()) return sim::never;  // the last rate is 0
    passed_ -= stretches_[current_].area;
    ++current_;
  }
  const Stretch& stretch = stretches_[current_];
  return at(stretch.start, offset_in(stretch) + half_);
}

/// Solves rate x + slope x^2 / 2 = passed for x. The usual form of the root would subtract nearly
/// equal numbers on a gentle slope; this one never subtracts but under the root, where a falling
/// rate ends and the result is held to the stretch.
double RateWalk::offset_in(const Stretch& stretch) const {
  if (stretch.slope == 0) return std::min(passed_ * stretch.gap, stretch.length);
  const double root = stretch.rate * stretch.rate + 2 * stretch.slope * passed_;
  const double x = 2 * passed_ / (stretch.rate + std::sqrt(std::max(root, 0.0)));
  return std::min(x, stretch.length);
}

Time ArrivalProcess::Random::next(sim::RandomStream& stream) {
  return walk.advance(sim::exponential_unit(stream) * pace);
}

Time ArrivalProcess::Even::next(sim::RandomStream&) {
  return walk.advance(pace);
}

// ---- Markov-modulated Poisson
// ----------------------------------------------------------------------

ArrivalProcess::Modulated::Modulated(const Mmpp& mmpp, sim::RandomStream stays) : stays_{stays} {
  SIM_CHECK(!mmpp.states.empty());
  double rates = 0, cycle = 0;
  for (const auto& [rate, mean_stay] : mmpp.states) {
    SIM_CHECK(rate >= 0 && mean_stay > 0);
    const double per_ns = rate * per_nanosecond;
    states_.push_back({.rate = per_ns, .gap = reciprocal(per_ns), .mean_stay = mean_stay * 1e9});
    rates += rate;
    cycle += mean_stay;
  }
  silent_ = rates == 0;
  // In the ring every state is visited equally often, so its share of time is its share of stays;
  // what is left of an exponential stay is again a whole one.
  double u = stays_.uniform() * cycle;
  while (current_ + 1 < states_.size() && u >= mmpp.states[current_].mean_stay)
    u -= mmpp.states[current_++].mean_stay;
  draw_stay();
}

void ArrivalProcess::Modulated::draw_stay() {
  stay_end_ = offset_ + sim::exponential_unit(stays_) * states_[current_].mean_stay;
}

Time ArrivalProcess::Modulated::next(sim::RandomStream& stream) {
  if (silent_) return sim::never;
  double hazard =
      sim::exponential_unit(stream) * pace_;  // still to be used up, at each state's own rate
  for (;;) {
    const State& state = states_[current_];
    const double arrival = offset_ + hazard * state.gap;
    if (state.rate > 0 && arrival < stay_end_) {
      offset_ = arrival;
      return at(base_, offset_);
    }
    hazard = std::max(0.0, hazard - (stay_end_ - offset_) * state.rate);
    const double whole = std::floor(stay_end_);
    if (whole >= nanoseconds(sim::never - base_)) return sim::never;
    base_ += Duration{static_cast<std::int64_t>(whole)};
    offset_ = stay_end_ - whole;
    current_ = current_ + 1 == states_.size() ? 0 : current_ + 1;
    draw_stay();
  }
}

// ---- Counts per interval
// ---------------------------------------------------------------------------

ArrivalProcess::Counted::Counted(const CountTrace& trace)
    : intervals_{trace.intervals}, end_{trace.end} {
  SIM_CHECK(!intervals_.empty());
  enter(0);
}

void ArrivalProcess::Counted::enter(std::size_t interval) {
  const bool last = interval + 1 == intervals_.size();
  const Time end = last ? end_ : intervals_[interval + 1].start;
  SIM_CHECK(intervals_[interval].start < end);
  current_ = interval;
  left_ = scaled(intervals_[interval].requests, factor_);
  length_ = nanoseconds(end - intervals_[interval].start);
  offset_ = 0;
}

void ArrivalProcess::Counted::scale(double factor) {
  left_ = scaled(left_, factor / factor_);
  factor_ = factor;
}

Time ArrivalProcess::Counted::next(sim::RandomStream& stream) {
  while (left_ == 0) {
    if (current_ + 1 == intervals_.size()) return sim::never;
    enter(current_ + 1);
  }
  // The first of k uniform instants in what is left of the interval: 1 - U^(1/k) of the way.
  const double y = sim::exponential_unit(stream) / static_cast<double>(left_);
  --left_;
  // 1 - exp(-y); below 1e-3 four terms are exact to 1e-14 and four times as fast as expm1.
  const double share = y < 1e-3 ? y * (1 - y / 2 * (1 - y / 3 * (1 - y / 4))) : -std::expm1(-y);
  offset_ += (length_ - offset_) * share;
  return at(intervals_[current_].start, std::min(offset_, length_ - 1));
}

// ---- All kinds
// -------------------------------------------------------------------------------------

ArrivalProcess::ArrivalProcess(const Arrivals& arrivals, std::uint64_t seed,
                               std::string_view stream)
    : stream_{seed, std::string{stream} + ".arrivals"},
      process_{make(arrivals, seed, std::string{stream} + ".arrivals")} {}

ArrivalProcess::Process ArrivalProcess::make(const Arrivals& arrivals, std::uint64_t seed,
                                             std::string_view purpose) {
  if (const auto* poisson = std::get_if<Poisson>(&arrivals))
    return Random{.walk = RateWalk{poisson->rate, RateWalk::Rounding::down}};
  if (const auto* even = std::get_if<Deterministic>(&arrivals))
    return Even{.walk = RateWalk{even->rate, RateWalk::Rounding::nearest}};
  if (const auto* mmpp = std::get_if<Mmpp>(&arrivals))
    return Modulated{*mmpp, sim::RandomStream{seed, purpose, 1}};
  const auto* trace = std::get_if<CountTrace>(&arrivals);
  SIM_CHECK(trace != nullptr);  // a closed loop has no arrivals
  return Counted{*trace};
}

Time ArrivalProcess::next(Time now) {
  SIM_CHECK(now == last_);
  const Time next = std::visit([this](auto& process) { return process.next(stream_); }, process_);
  last_ = std::max(last_, next);  // on a rising rate the last bit of a root may go back
  return last_;
}

void ArrivalProcess::scale(double factor) {
  SIM_CHECK(factor > 0);
  std::visit([factor](auto& process) { process.scale(factor); }, process_);
}

double mean_rate(const Arrivals& arrivals, Time from, Time to) {
  SIM_CHECK(from < to && !std::holds_alternative<ClosedLoop>(arrivals));
  if (const auto* mmpp = std::get_if<Mmpp>(&arrivals)) {
    double arrived = 0, cycle = 0;
    for (const auto& [rate, mean_stay] : mmpp->states) {
      arrived += rate * mean_stay;
      cycle += mean_stay;
    }
    return arrived / cycle;
  }
  double area = 0;
  const auto add_line = [&](Time a, Time b, double rate_a, double rate_b) {
    area += (rate_a + rate_b) / 2 * sim::seconds(b - a);
  };
  if (const auto* poisson = std::get_if<Poisson>(&arrivals))
    for_each_line(poisson->rate, from, to, add_line);
  else if (const auto* even = std::get_if<Deterministic>(&arrivals))
    for_each_line(even->rate, from, to, add_line);
  else
    for_each_interval(std::get<CountTrace>(arrivals), from, to,
                      [&](Time a, Time b, double rate) { area += rate * sim::seconds(b - a); });
  return area / sim::seconds(to - from);
}

double max_rate(const Arrivals& arrivals, Time from, Time to) {
  SIM_CHECK(from < to && !std::holds_alternative<ClosedLoop>(arrivals));
  double most = 0;
  const auto see_line = [&](Time, Time, double rate_a, double rate_b) {
    most = std::max({most, rate_a, rate_b});
  };
  if (const auto* mmpp = std::get_if<Mmpp>(&arrivals))
    for (const auto& state : mmpp->states) most = std::max(most, state.rate);
  else if (const auto* poisson = std::get_if<Poisson>(&arrivals))
    for_each_line(poisson->rate, from, to, see_line);
  else if (const auto* even = std::get_if<Deterministic>(&arrivals))
    for_each_line(even->rate, from, to, see_line);
  else
    for_each_interval(std::get<CountTrace>(arrivals), from, to,
                      [&](Time, Time, double rate) { most = std::max(most, rate); });
  return most;
}

}  // namespace vm
