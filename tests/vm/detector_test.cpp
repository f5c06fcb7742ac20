#include "vm/detector.hpp"

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
