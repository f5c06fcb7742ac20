#include "vm/detector.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <tuple>

#include "sim/check.hpp"

namespace vm {
namespace {

using Samples = std::array<double, 32>;  // a power of two, which the network sorts
static_assert(history_length <= std::tuple_size_v<Samples>);

/// Runs of P samples and those D further on: the lesser goes first. All is known to the compiler,
/// which takes several at a time where P allows.
template <std::size_t P, std::size_t D, std::size_t R>
void exchange(Samples& all) {
  for (std::size_t begin = R; begin + D < all.size(); begin += 2 * P) {
    for (std::size_t i = begin; i < begin + P; ++i) {
      const double low = std::min(all[i], all[i + D]);
      all[i + D] = std::max(all[i], all[i + D]);
      all[i] = low;
    }
  }
}

template <std::size_t P, std::size_t Q, std::size_t D, std::size_t R>
void merge_exchange(Samples& all) {
  exchange<P, D, R>(all);
  if constexpr (Q != P) merge_exchange<P, Q / 2, Q - P, P>(all);
}

template <std::size_t P>
void sort_network(Samples& all) {
  merge_exchange<P, std::tuple_size_v<Samples> / 2, P, 0>(all);
  if constexpr (P > 1) sort_network<P / 2>(all);
}

/// Copies `from` into `to` in ascending order.
///
///   source  Batcher's merge exchange (Knuth, The Art of Computer Programming 3, algorithm 5.2.2M).
///           Its comparisons do not depend on the data, so no branch is mispredicted: many times
///           as fast here as std::sort, and this is where quartiles and deviations spend their time
std::span<const double> sorted(std::span<const double> from, Samples& to) {
  SIM_CHECK(from.size() <= to.size());
  std::copy(from.begin(), from.end(), to.begin());
  std::fill(to.begin() + static_cast<std::ptrdiff_t>(from.size()), to.end(),
            std::numeric_limits<double>::infinity());
  sort_network<std::tuple_size_v<Samples> / 2>(to);
  return std::span<const double>{to}.first(from.size());
}

/// The middle of ascending samples; between two, by their positions as CloudSim counts them.
double median(std::span<const double> ascending) {
  const std::size_t n = ascending.size();
  if (n == 1) return ascending[0];
  const double position = 50 * (static_cast<double>(n) + 1) / 100;
  const double below = std::floor(position);
  const auto i = static_cast<std::size_t>(below);
  const double low = ascending[i - 1];
  return low + (position - below) * (ascending[i] - low);
}

using Weights = std::array<double, regression_needs>;  // by age

struct Fit {
  double intercept = 0, slope = 0;  // at x = -age
  double at(double x) const { return intercept + slope * x; }
};

double tricube(std::size_t age) {
  const double distance = static_cast<double>(age) / static_cast<double>(regression_needs - 1);
  const double rest = 1 - distance * distance * distance;
  return rest * rest * rest;
}

Weights tricubes() {
  Weights weights;
  for (std::size_t age = 0; age < weights.size(); ++age) weights[age] = tricube(age);
  return weights;
}

Fit weighted_fit(std::span<const double> history, const Weights& weights) {
  double all = 0, mean_x = 0, mean_y = 0, xx = 0, xy = 0;
  for (std::size_t age = 0; age < weights.size(); ++age) {
    all += weights[age];
    mean_x -= weights[age] * static_cast<double>(age);
    mean_y += weights[age] * history[age];
  }
  mean_x /= all;
  mean_y /= all;
  for (std::size_t age = 0; age < weights.size(); ++age) {
    const double dx = -static_cast<double>(age) - mean_x;
    xx += weights[age] * dx * dx;
    xy += weights[age] * dx * (history[age] - mean_y);
  }
  const double slope = xx > 0 ? xy / xx : 0;  // one sample alone says no slope
  return {mean_y - slope * mean_x, slope};
}

/// Tricube times bisquare. None where half the samples lie on the line: it is what they say.
std::optional<Weights> robust_weights(std::span<const double> history, const Fit& fit) {
  Weights distances;
  for (std::size_t age = 0; age < distances.size(); ++age)
    distances[age] = std::fabs(history[age] - fit.at(-static_cast<double>(age)));
  Weights ascending = distances;
  std::sort(ascending.begin(), ascending.end());
  const double far = 6 * median(ascending);
  if (!(far > 0)) return std::nullopt;
  Weights weights;
  for (std::size_t age = 0; age < weights.size(); ++age) {
    const double share = distances[age] / far;
    const double rest = share < 1 ? 1 - share * share : 0;
    weights[age] = tricube(age) * rest * rest;
  }
  return weights;
}

}  // namespace

std::size_t known_length(std::span<const double> history) {
  std::size_t n = history.size();
  while (n > 0 && history[n - 1] == 0) --n;
  return n;
}

double interquartile_range(std::span<const double> samples) {
  return spread(DetectorKind::quartiles, samples).width;
}

double median_absolute_deviation(std::span<const double> samples) {
  return spread(DetectorKind::deviation, samples).width;
}

HistorySpread spread(DetectorKind kind, std::span<const double> samples) {
  SIM_CHECK(samples.size() >= (kind == DetectorKind::quartiles ? 2 : 1));
  Samples buffer;
  const auto ascending = sorted(samples, buffer);
  if (kind == DetectorKind::quartiles) {
    const Quartiles places = quartile_places(samples.size());
    const double first = ascending[places.first - 1];
    return {first, ascending[places.third - 1] - first};
  }
  const double middle = median(ascending);
  // Merging the distances on both sides of the middle would be fewer steps, each a guess.
  Samples distances;
  for (std::size_t i = 0; i < samples.size(); ++i) distances[i] = std::fabs(samples[i] - middle);
  return {middle, median(sorted(std::span<const double>{distances}.first(samples.size()), buffer))};
}

double forecast(std::span<const double> history, double ahead) {
  SIM_CHECK(history.size() >= regression_needs);
  // Means are updated sample by sample, as the reference's library does: the last bits decide.
  double sum_x = 0, sum_y = 0, mean_x = 0, mean_y = 0, xx = 0, xy = 0;
  for (std::size_t i = 0; i < regression_needs; ++i) {
    const double x = static_cast<double>(i) + 1;
    const double y = history[regression_needs - 1 - i];
    const double n = static_cast<double>(i);
    const double dx = x - mean_x;
    const double dy = y - mean_y;
    if (i > 0) {
      xx += dx * dx * n / (n + 1);
      xy += dx * dy * n / (n + 1);
    }
    mean_x += dx / (n + 1);
    mean_y += dy / (n + 1);
    sum_x += x;
    sum_y += y;
  }
  const double n = static_cast<double>(regression_needs);
  const double slope = xy / xx;
  const double intercept = (sum_y - slope * sum_x) / n;
  return intercept + slope * (n + ahead);
}

double forecast_weight(std::size_t age, double ahead) {
  // x = 1 ... n, their mean (n + 1) / 2 and the sum of squared distances from it n (n^2 - 1) / 12.
  const double n = static_cast<double>(regression_needs);
  const double mean = (n + 1) / 2;
  const double x = n - static_cast<double>(age);
  return 1 / n + (x - mean) * (n + ahead - mean) / (n * (n * n - 1) / 12);
}

double weighted_forecast(std::span<const double> history, double ahead, bool robust) {
  SIM_CHECK(history.size() >= regression_needs);
  constexpr int rounds = 2;  // enough, says Cleveland
  Fit fit = weighted_fit(history, tricubes());
  for (int round = 0; robust && round < rounds; ++round) {
    const auto weights = robust_weights(history, fit);
    if (!weights) break;
    fit = weighted_fit(history, *weights);
  }
  return fit.at(ahead);
}

double local_weight(std::size_t age, double ahead) {
  double all = 0, mean = 0, xx = 0;
  for (std::size_t other = 0; other < regression_needs; ++other) {
    all += tricube(other);
    mean -= tricube(other) * static_cast<double>(other);
  }
  mean /= all;
  for (std::size_t other = 0; other < regression_needs; ++other) {
    const double dx = -static_cast<double>(other) - mean;
    xx += tricube(other) * dx * dx;
  }
  return tricube(age) * (1 / all + (-static_cast<double>(age) - mean) * (ahead - mean) / xx);
}

bool overloaded(const Detector& detector, double load, const LoadHistory& history, double ahead) {
  if (detector.kind == DetectorKind::threshold) return load > detector.parameter;
  if (is_regression(detector.kind)) {
    if (history.known < regression_needs) return load > fallback_threshold;
    const double reached =
        detector.weighted
            ? weighted_forecast(history.samples, ahead, detector.kind == DetectorKind::robust)
            : forecast(history.samples, ahead);
    return reached * detector.parameter >= 1;
  }
  if (history.known < spread_needs) return load > fallback_threshold;
  return load >
         1 - detector.parameter * spread(detector.kind, history.samples.first(history.known)).width;
}

bool overloaded(const Detector& detector, double load, std::span<const double> history,
                double ahead) {
  return overloaded(detector, load, LoadHistory{history, known_length(history)}, ahead);
}

}  // namespace vm
