#include "sim/replications.hpp"

#include <atomic>
#include <cmath>
#include <stdexcept>

#include <catch2/catch.hpp>

#include "sim/distributions.hpp"

namespace {

/// A run whose result is normal with mean 10 and deviation 2.
double run(std::uint64_t seed) {
  sim::RandomStream chance{seed, "replications test"};
  return 10 + 2 * sim::normal_unit(chance);
}

}  // namespace

TEST_CASE("replications: as many runs as the precision needs, and no more") {
  // Half width t * 2 / sqrt(n) <= 0.5 needs about (1.96 * 2 / 0.5)^2 = 61 runs; the deviation is
  // itself estimated from them, with a relative error of 1 / sqrt(2 * 61) = 9 %, so n within 40 %.
  const sim::Precision precision{.level = 0.95, .relative = 0.05, .least = 10, .most = 1000};
  const auto done = sim::replicate(run, 1, precision);
  REQUIRE(done.precise);
  REQUIRE(done.results.size() > 36);
  REQUIRE(done.results.size() < 90);
  REQUIRE(done.interval.half_width <= 0.05 * done.interval.mean);
  // One run fewer would not have been enough.
  sim::Welford before;
  for (std::size_t i = 0; i + 1 < done.results.size(); ++i) before.add(done.results[i]);
  REQUIRE(before.interval(0.95).half_width > 0.05 * before.mean());
}

TEST_CASE("replications: any number of threads gives the same results") {
  sim::Precision precision{.level = 0.99, .relative = 0.08, .least = 5, .most = 200};
  const auto alone = sim::replicate(run, 77, precision);
  for (const unsigned threads : {2u, 3u, 8u}) {
    precision.threads = threads;
    const auto together = sim::replicate(run, 77, precision);
    REQUIRE(together.results == alone.results);
    REQUIRE(together.interval.half_width == alone.interval.half_width);
  }
}

TEST_CASE("replications: the limits hold") {
  std::atomic<int> runs{0};
  const auto counted = [&](std::uint64_t seed) {
    ++runs;
    return static_cast<double>(seed);
  };
  const auto none =
      sim::replicate(counted, 5, {.relative = 0, .least = 2, .most = 7, .threads = 2});
  REQUIRE_FALSE(none.precise);
  REQUIRE(none.results == std::vector<double>{5, 6, 7, 8, 9, 10, 11});
  REQUIRE(runs == 7);
  // Seven runs from 5 to 11: mean 8, variance 28 / 6; t for 6 degrees of freedom 2.447 (table).
  REQUIRE(none.interval.half_width == Approx(2.446912 * std::sqrt(28.0 / 6 / 7)));

  const auto same = sim::replicate([](std::uint64_t) { return 3.0; }, 0, {.least = 4, .most = 50});
  REQUIRE(same.precise);
  REQUIRE(same.results.size() == 4);
}

TEST_CASE("replications: an exception of a run comes out, that of the lowest seed first") {
  const auto failing = [](std::uint64_t seed) -> double {
    if (seed >= 3) throw std::runtime_error("seed " + std::to_string(seed));
    return 1 + static_cast<double>(seed);
  };
  REQUIRE_THROWS_WITH(sim::replicate(failing, 0, {.relative = 0.01, .threads = 8}), "seed 3");
}
