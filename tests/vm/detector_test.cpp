#include "vm/detector.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/random.hpp"

namespace {

using vm::Detector;
using vm::DetectorKind;

std::vector<double> counting(std::size_t n) {
  std::vector<double> samples(n);
  std::iota(samples.begin(), samples.end(), 1.0);
  return samples;
}

TEST_CASE("detector: a threshold looks at the load alone, and must be exceeded") {
  const Detector detector{DetectorKind::threshold, 0.8};
  CHECK_FALSE(vm::overloaded(detector, 0.8, vm::LoadHistory{}, 1));
  CHECK(vm::overloaded(detector, std::nextafter(0.8, 1), vm::LoadHistory{}, 1));
}

TEST_CASE("detector: quartiles stand at the rounded positions") {
  // n = 12: round(0.25 * 13) = 3 and round(0.75 * 13) = 10, so 10 - 3.
  auto samples = counting(12);
  CHECK(vm::interquartile_range(samples) == 7);
  std::swap(samples[0], samples[11]);  // order does not matter
  CHECK(vm::interquartile_range(samples) == 7);
  // n = 30: round(7.75) = 8 and round(23.25) = 23.
  CHECK(vm::interquartile_range(counting(30)) == 15);
}

TEST_CASE("detector: the median absolute deviation is the median distance from the median") {
  // 1 ... 12: the median is 6.5, the distances are 0.5, 0.5, 1.5, 1.5, ... 5.5, 5.5: 3 in the
  // middle.
  CHECK(vm::median_absolute_deviation(counting(12)) == 3);
  // Iglewicz and Hoaglin's usual example: 1 1 2 2 4 6 9 has median 2 and distances 0 0 1 1 2 4 7.
  CHECK(vm::median_absolute_deviation(std::vector<double>{9, 1, 6, 2, 4, 2, 1}) == 1);
  CHECK(vm::median_absolute_deviation(std::vector<double>{5}) == 0);
}

TEST_CASE("detector: quartiles and deviations are those of sorted samples, however many") {
  sim::RandomStream random(4, "samples");
  for (std::size_t n = 2; n <= vm::history_length; ++n) {
    CAPTURE(n);
    for (int round = 0; round < 20; ++round) {
      std::vector<double> samples(n);
      for (double& s : samples) s = static_cast<double>(random.below(12)) + random.uniform() / 8;
      auto sorted = samples;
      std::sort(sorted.begin(), sorted.end());
      const auto at = [&](double share) {
        return sorted[static_cast<std::size_t>(std::lround(share * static_cast<double>(n + 1))) -
                      1];
      };
      REQUIRE(vm::interquartile_range(samples) == at(0.75) - at(0.25));
      // Two in the middle count half each, one counts alone.
      const auto middle = [n](const std::vector<double>& of) {
        return of[(n - 1) / 2] + (of[n / 2] - of[(n - 1) / 2]) / 2;
      };
      auto distances = sorted;
      for (double& d : distances) d = std::fabs(d - middle(sorted));
      std::sort(distances.begin(), distances.end());
      REQUIRE(vm::median_absolute_deviation(samples) == middle(distances));
    }
  }
}

TEST_CASE("detector: a forecast goes on along a straight line") {
  // Newest first: 0.10, 0.11 ... 0.19 in time, so one later is 0.20, three later 0.22.
  std::vector<double> history;
  for (int i = 9; i >= 0; --i) history.push_back(0.10 + 0.01 * i);
  CHECK(vm::forecast(history, 1) == Approx(0.20));
  CHECK(vm::forecast(history, 3) == Approx(0.22));
  history.push_back(77);  // an eleventh sample is too old to matter
  CHECK(vm::forecast(history, 1) == Approx(0.20));
}

TEST_CASE("detector: a forecast is the weighted sum of its samples, whatever they are") {
  sim::RandomStream random(1, "forecast");
  for (int round = 0; round < 200; ++round) {
    std::vector<double> history(10);
    for (double& sample : history) sample = random.uniform();
    const double ahead = 1 + static_cast<double>(random.below(4));
    double sum = 0;
    for (std::size_t age = 0; age < 10; ++age)
      sum += vm::forecast_weight(age, ahead) * history[age];
    CHECK(sum == Approx(vm::forecast(history, ahead)).margin(1e-12));
  }
}

/// The line that minimises sum w (y - a - b x)^2 for x = 1 ... 10, by Cramer's rule on its normal
/// equations; `history` newest first, as the detector has it.
struct Line {
  double a = 0, b = 0;
  double at(double x) const { return a + b * x; }
};
Line normal_equations(const std::vector<double>& history, const std::vector<double>& w) {
  double w0 = 0, w1 = 0, w2 = 0, y0 = 0, y1 = 0;
  for (std::size_t i = 0; i < 10; ++i) {
    const double x = static_cast<double>(i) + 1, y = history[9 - i];
    w0 += w[i];
    w1 += w[i] * x;
    w2 += w[i] * x * x;
    y0 += w[i] * y;
    y1 += w[i] * x * y;
  }
  const double determinant = w0 * w2 - w1 * w1;
  return {(y0 * w2 - w1 * y1) / determinant, (w0 * y1 - w1 * y0) / determinant};
}

/// Beloglazov and Buyya (2012), section 5.3: the weight of x_i is T((x_10 - x_i) / (x_10 - x_1)),
/// T(u) = (1 - u^3)^3.
std::vector<double> tricube_weights() {
  std::vector<double> w;
  for (int x = 1; x <= 10; ++x) w.push_back(std::pow(1 - std::pow((10 - x) / 9.0, 3), 3));
  return w;
}

/// Section 5.3 as well: times B(e_i / 6 s), B(u) = (1 - u^2)^2 below 1, s the median of |e_i|.
std::vector<double> bisquare_weights(const std::vector<double>& history, const Line& line) {
  std::vector<double> distances;
  for (int x = 1; x <= 10; ++x)
    distances.push_back(std::abs(history[static_cast<std::size_t>(10 - x)] - line.at(x)));
  auto sorted = distances;
  std::sort(sorted.begin(), sorted.end());
  const double s = (sorted[4] + sorted[5]) / 2;
  auto w = tricube_weights();
  for (std::size_t i = 0; i < 10; ++i) {
    const double u = distances[i] / (6 * s);
    w[i] *= u < 1 ? std::pow(1 - u * u, 2) : 0;
  }
  return w;
}

TEST_CASE("detector: weighted regressions are the published ones, computed another way") {
  sim::RandomStream random(2, "forecast");
  for (int round = 0; round < 200; ++round) {
    std::vector<double> history(10);
    for (double& sample : history) sample = random.uniform();
    if (round % 2 == 0) history[random.below(10)] += 5;  // far off any line
    const double ahead = 1 + static_cast<double>(random.below(4));
    Line line = normal_equations(history, tricube_weights());
    CHECK(vm::weighted_forecast(history, ahead, false) == Approx(line.at(10 + ahead)));
    double sum = 0;
    for (std::size_t age = 0; age < 10; ++age) sum += vm::local_weight(age, ahead) * history[age];
    CHECK(sum == Approx(line.at(10 + ahead)));
    for (int again = 0; again < 2; ++again)
      line = normal_equations(history, bisquare_weights(history, line));
    CHECK(vm::weighted_forecast(history, ahead, true) == Approx(line.at(10 + ahead)));
  }
}

TEST_CASE("detector: a robust regression does not follow a sample off the line") {
  // 0.10, 0.11 ... 0.19 in time, give or take a thousandth, and once, four samples ago, 0.9.
  std::vector<double> history;
  for (int i = 9; i >= 0; --i) history.push_back(0.10 + 0.01 * i + (i % 2 == 0 ? 0.001 : -0.001));
  history[4] = 0.9;
  CHECK(vm::weighted_forecast(history, 1, true) == Approx(0.20).margin(0.01));
  CHECK(vm::weighted_forecast(history, 1, false) < 0.18);  // drawn up in the past, so it rises less
  const Detector plain{DetectorKind::robust, 1.2}, robust{DetectorKind::robust, 1.2, true};
  // 0.55 ... 1.0 in time, and once nothing, just before the end: 1.2 * 1.05 would be far above 1.
  std::vector<double> rising;
  for (int i = 9; i >= 0; --i) rising.push_back(0.55 + 0.05 * i + (i % 2 == 0 ? 0.002 : -0.002));
  rising[1] = 0;
  CHECK_FALSE(vm::overloaded(plain, 1.0, rising, 1));
  CHECK(vm::overloaded(robust, 1.0, rising, 1));
  // All samples but one on the line: there is no distance to measure others by.
  std::vector<double> exact(10, 0.5);
  exact[9] = 0.9;  // the oldest, which counts nothing anyway
  CHECK(vm::weighted_forecast(exact, 1, true) == Approx(0.5));
}

TEST_CASE("detector: the more a history varies, the more room it is left") {
  // Half 0.2, half 0.4: the quartiles are 0.2 apart, the median is 0.3 and all are 0.1 from it.
  std::vector<double> history;
  for (int i = 0; i < 15; ++i) history.insert(history.end(), {0.2, 0.4});
  const Detector quartiles{DetectorKind::quartiles, 1.5};  // limit 1 - 1.5 * 0.2 = 0.7
  CHECK(vm::overloaded(quartiles, 0.71, history, 1));
  CHECK_FALSE(vm::overloaded(quartiles, 0.69, history, 1));
  const Detector deviation{DetectorKind::deviation, 2.5};  // limit 1 - 2.5 * 0.1 = 0.75
  CHECK(vm::overloaded(deviation, 0.76, history, 1));
  CHECK_FALSE(vm::overloaded(deviation, 0.74, history, 1));
}

TEST_CASE("detector: regression looks ahead and not at the present load") {
  std::vector<double> rising;  // 0.50 ... 0.95 in time: 1.00 next
  for (int i = 9; i >= 0; --i) rising.push_back(0.50 + 0.05 * i);
  const std::vector<double> falling(rising.rbegin(), rising.rend());  // 0.45 next
  for (const auto kind : {DetectorKind::regression, DetectorKind::robust}) {
    CHECK(vm::overloaded({kind, 1.2}, 0.1, rising, 1));
    CHECK_FALSE(vm::overloaded({kind, 1.2}, 1.5, falling, 1));
    CHECK_FALSE(vm::overloaded({kind, 0.9}, 0.1, rising, 1));  // 0.9 * 1.00 < 1
  }
}

TEST_CASE("detector: a short history falls back on 70 %, and its oldest zeros do not count") {
  std::vector<double> history(11, 0.5);
  CHECK(vm::overloaded({DetectorKind::quartiles, 1.5}, 0.71, history, 1));
  CHECK_FALSE(vm::overloaded({DetectorKind::quartiles, 1.5}, 0.69, history, 1));
  history.resize(30);  // zeros: still eleven known
  CHECK(vm::known_length(history) == 11);
  CHECK(vm::overloaded({DetectorKind::deviation, 2.5}, 0.71, history, 1));
  history[11] = 0.5;  // the twelfth: no variation at all, so the limit is 1
  CHECK_FALSE(vm::overloaded({DetectorKind::deviation, 2.5}, 0.71, history, 1));
  CHECK(vm::overloaded({DetectorKind::regression, 1.2}, 0.71, std::vector<double>(9, 0.5), 1));
  CHECK(vm::known_length(std::vector<double>(5)) == 0);
}

}  // namespace
