#include "vm/spread_limit.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace vm {
namespace {

constexpr int guesses = 8;

/// Two samples, or what is counted of them, in one register: a loop over single samples stays one,
/// since compilers do not count in parallel at the level that we are built with.
using Lanes [[gnu::vector_size(16)]] = double;

Lanes both(double value) {
  return Lanes{value, value};
}

template <class Visit>
void for_each_pair(const CountedSamples& samples, Visit visit) {
  for (std::size_t i = 0; i < samples.size(); i += 2) {
    Lanes pair;
    std::memcpy(&pair, &samples[i], sizeof pair);
    visit(pair);
  }
}

struct Counts {
  double at_most, at_least;
};

/// How many are at most `low`, and how many at least `high`.
Counts count(const CountedSamples& samples, double low, double high) {
  Lanes at_most{}, at_least{};
  for_each_pair(samples, [&](const Lanes& pair) {
    at_most += pair <= both(low) ? both(1) : both(0);
    at_least += pair >= both(high) ? both(1) : both(0);
  });
  return {at_most[0] + at_most[1], at_least[0] + at_least[1]};
}

/// How many are at most `near` from `t`, and how many at least `far`.
Counts count_distances(const CountedSamples& samples, double t, double near, double far) {
  Lanes at_most{}, at_least{};
  for_each_pair(samples, [&](const Lanes& pair) {
    const Lanes off = pair - both(t);
    const Lanes distance = off > -off ? off : -off;
    at_most += distance <= both(near) ? both(1) : both(0);
    at_least += distance >= both(far) ? both(1) : both(0);
  });
  return {at_most[0] + at_most[1], at_least[0] + at_least[1]};
}

/// Of the greatest sample up to t and the least one beyond.
double mean_of_neighbours(const CountedSamples& samples, double t) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  Lanes below = both(-infinite), beyond = both(infinite);
  for_each_pair(samples, [&](const Lanes& pair) {
    const Lanes low = pair <= both(t) ? pair : both(-infinite);
    const Lanes high = pair > both(t) ? pair : both(infinite);
    below = low > below ? low : below;
    beyond = high < beyond ? high : beyond;
  });
  const double least = std::max(below[0], below[1]), most = std::min(beyond[0], beyond[1]);
  return least + (most - least) / 2;
}

/// What the spread is measured from, the first quartile or the median, is in [low, high].
struct Bracket {
  double low, high;

  double middle() const { return low + (high - low) / 2; }
};

/// Q1 <= t and Q3 >= t + limit: above. Q1 > t and Q3 < t + limit: below.
SpreadSide quartiles_side(const CountedSamples& samples, std::size_t n, Bracket first, double t,
                          double limit, double doubt) {
  const Quartiles places = quartile_places(n);
  const auto below_first = static_cast<double>(places.first);
  const auto above_third = static_cast<double>(n - places.third + 1);
  for (int guess = 0; guess < guesses; ++guess, t = first.middle()) {
    const Counts found = count(samples, t, t + limit);
    const bool low = found.at_most >= below_first, high = found.at_least >= above_third;
    if (low == high) {
      // That is it, if it would be so with a limit a little further on, too.
      const double further = low ? limit + doubt : limit - doubt;
      if (low != (count(samples, t, t + further).at_least >= above_third)) break;
      return low ? SpreadSide::above : SpreadSide::below;
    }
    (low ? first.high : first.low) = t;
  }
  return SpreadSide::doubtful;
}

/// The median distance from t is off by at most the distance of t from the median.
SpreadSide deviation_side(const CountedSamples& samples, std::size_t n, Bracket median, double t,
                          double step, double limit, double doubt) {
  // Between two samples in the middle the median is the mean of both, so both have to agree.
  const auto lower = static_cast<double>((n + 1) / 2), upper = static_cast<double>(n / 2 + 1);
  const auto above_lower = static_cast<double>(n - (n + 1) / 2 + 1);
  const auto above_upper = static_cast<double>(n - (n / 2 + 1) + 1);
  const Counts beside = count(samples, t - step, t + step);
  if (beside.at_most < lower) median.low = std::max(median.low, t - step);
  if (beside.at_least < above_upper) median.high = std::min(median.high, t + step);
  for (int guess = 0; guess < guesses; ++guess) {
    t = median.middle();
    const double off = (median.high - median.low) / 2 + doubt;
    const Counts found = count_distances(samples, t, limit - off, limit + off);
    if (found.at_least >= above_lower) return SpreadSide::above;
    if (found.at_most >= upper) return SpreadSide::below;
    if (median.low == median.high) break;  // between two distances: their mean decides
    const double below = count(samples, t, t).at_most;
    if (below >= upper) {
      median.high = t;
    } else if (below < lower) {
      median.low = t;
    } else {
      median.low = median.high = mean_of_neighbours(samples, t);
    }
  }
  return SpreadSide::doubtful;
}

}  // namespace

SpreadSide side_of_limit(DetectorKind kind, const CountedSamples& samples, std::size_t n,
                         const HistorySpread& before, const Addition& added, double limit,
                         double doubt) {
  const Bracket from{before.from + added.least - doubt, before.from + added.most + doubt};
  const double guess = before.from + added.mean;
  if (kind == DetectorKind::quartiles) return quartiles_side(samples, n, from, guess, limit, doubt);
  const double step = std::fabs(before.width - limit) / 2;
  return deviation_side(samples, n, from, guess, step, limit, doubt);
}

}  // namespace vm
