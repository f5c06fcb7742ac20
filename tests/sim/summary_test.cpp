#include "sim/summary.hpp"

#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/distributions.hpp"
#include "sim/random.hpp"

namespace {

using namespace std::chrono_literals;
using sim::Time;

/// x(i+1) = phi x(i) + noise, around `mean`: neighbours depend on each other, the mean is known.
std::vector<double> autoregressive(std::uint64_t seed, std::size_t n, double phi, double mean,
                                   double start) {
  sim::RandomStream chance{seed, "autoregressive"};
  std::vector<double> series(n);
  double x = start;
  for (double& value : series) {
    value = mean + x;
    x = phi * x + sim::normal_unit(chance);
  }
  return series;
}

}  // namespace

TEST_CASE("welford: mean and variance of numbers that a sum of squares would lose") {
  // 1e9 + {4, 7, 13, 16}: mean 1e9 + 10, squares of distances 36 + 9 + 9 + 36 = 90, over n - 1
  // = 30.
  sim::Welford summary;
  for (const double x : {4.0, 7.0, 13.0, 16.0}) summary.add(1e9 + x);
  REQUIRE(summary.mean() == 1e9 + 10);
  REQUIRE(summary.variance() == Approx(30.0));
  // Student's t for 3 degrees of freedom at 95 %, from any table: 3.182.
  REQUIRE(summary.interval(0.95).half_width == Approx(3.182446 * std::sqrt(30.0 / 4)));
}

TEST_CASE("welford: merging is the same as adding everything to one") {
  sim::Welford a, b, all;
  for (int i = 0; i < 10; ++i) {
    (i < 3 ? a : b).add(i * i);
    all.add(i * i);
  }
  a.merge(b);
  a.merge({});
  REQUIRE(a.count() == 10);
  REQUIRE(a.mean() == Approx(all.mean()));
  REQUIRE(a.variance() == Approx(all.variance()));
  sim::Welford empty;
  empty.merge(all);
  REQUIRE(empty.variance() == all.variance());
}

TEST_CASE("welford: one number has no variance and an endless interval") {
  sim::Welford summary;
  REQUIRE(summary.variance() == 0);
  summary.add(5);
  REQUIRE(summary.variance() == 0);
  REQUIRE(std::isinf(summary.interval().half_width));
  REQUIRE(summary.interval().contains(-1e300));
}

TEST_CASE("time-weighted: each value counts for as long as it held") {
  // 0 for 2 s, 3 for 1 s, 1 for 5 s: 8 over 8 s.
  sim::TimeWeighted queue{Time{10s}};
  queue.set(Time{12s}, 3);
  queue.set(Time{13s}, 1);
  REQUIRE(queue.mean(Time{18s}) == Approx(1.0));
  REQUIRE(queue.integral(Time{18s}) == Approx(8.0));
  REQUIRE(queue.max() == 3);
  queue.restart(Time{18s});
  REQUIRE(queue.mean(Time{18s}) == 1);
  queue.add(Time{20s}, 1);
  REQUIRE(queue.mean(Time{22s}) == Approx(1.5));  // 1 for 2 s, 2 for 2 s
  REQUIRE(queue.max() == 2);
}

TEST_CASE("batch means: the interval holds the true mean about as often as it says") {
  // 200 series with correlation 0.9 between neighbours; at 95 %, 190 should hold the mean.
  // Binomial: fewer than 175 has probability 3e-6. The plain interval ignores the dependence: it is
  // sqrt((1 + 0.9) / (1 - 0.9)) = 4.4 times too narrow and holds the mean in a third of all.
  int held = 0, held_plainly = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    sim::BatchMeans batches;
    sim::Welford plain;
    for (const double x : autoregressive(seed, 20'000, 0.9, 7, 0)) {
      batches.add(x);
      plain.add(x);
    }
    held += batches.interval(0.95).contains(7);
    held_plainly += plain.interval(0.95).contains(7);
  }
  REQUIRE(held >= 175);
  REQUIRE(held_plainly <= 120);
}

TEST_CASE("batch means: pairs of batches become one, and the mean is that of everything") {
  sim::BatchMeans batches{2};
  for (int i = 1; i <= 3; ++i) batches.add(i);
  REQUIRE(batches.interval().mean == Approx(2.0));
  batches.add(4);  // four means become two: 1.5 and 3.5
  REQUIRE(batches.interval().mean == Approx(2.5));
  batches.add(100);  // half a batch: in the mean, not yet in the interval
  REQUIRE(batches.mean() == Approx(22.0));
  REQUIRE(batches.interval().mean == Approx(2.5));
  REQUIRE(batches.count() == 5);
}

TEST_CASE("warm-up: the start far from the mean is cut, and a series at rest is left alone") {
  // With phi = 0.9 a start at 200 is down to the noise's deviation 2.3 after ln(200 / 2.3) /
  // ln(1 / 0.9) = 42 numbers.
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    const std::size_t cut = sim::warmup_length(autoregressive(seed, 5'000, 0.9, 0, 200));
    REQUIRE(cut >= 30);
    REQUIRE(cut <= 2'500);
    REQUIRE(cut % 5 == 0);
  }
  REQUIRE(sim::warmup_length(std::vector<double>(1000, 3.0)) == 0);
  REQUIRE(sim::warmup_length(std::vector<double>{9, 1, 1}) == 0);
}
