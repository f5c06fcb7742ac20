#include "sim/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/random.hpp"

namespace {

using sim::Histogram;

/// Values over all the decades that an int64 has.
std::vector<std::int64_t> any_values(std::uint64_t seed, std::size_t n) {
  sim::RandomStream chance{seed, "histogram test"};
  std::vector<std::int64_t> values(n);
  for (auto& value : values)
    value = static_cast<std::int64_t>(chance.bits() >> (1 + chance.below(63)));
  return values;
}

Histogram of(const std::vector<std::int64_t>& values) {
  Histogram histogram;
  for (const std::int64_t value : values) histogram.add(value);
  return histogram;
}

}  // namespace

TEST_CASE("histogram: every quantile is within one percent of the sorted values") {
  const auto seed = GENERATE(range(0u, 20u));
  CAPTURE(seed);
  auto values = any_values(seed, 1 + 37 * seed * seed);
  const Histogram histogram = of(values);
  std::sort(values.begin(), values.end());
  for (const double q : {0.0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    // The smallest value that a share q of all does not exceed.
    const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(values.size())));
    const double exact = static_cast<double>(values[rank == 0 ? 0 : rank - 1]);
    const double got = static_cast<double>(histogram.quantile(q));
    REQUIRE(std::fabs(got - exact) <= 0.01 * exact);
  }
  REQUIRE(histogram.min() == values.front());
  REQUIRE(histogram.max() == values.back());
  long double sum = 0;
  for (const auto value : values) sum += static_cast<long double>(value);
  REQUIRE(
      histogram.mean() ==
      Approx(static_cast<double>(sum / static_cast<long double>(values.size()))).epsilon(1e-15));
}

TEST_CASE("histogram: small values are exact, and negative ones count as 0") {
  Histogram histogram;
  for (int i = 0; i < 128; ++i) histogram.add(i);
  for (int i = 0; i < 128; ++i) REQUIRE(histogram.quantile((i + 0.5) / 128) == i);
  histogram.clear();
  histogram.add(-5, 3);
  REQUIRE(histogram.count() == 3);
  REQUIRE(histogram.min() == 0);
  REQUIRE(histogram.quantile(1) == 0);
}

TEST_CASE("histogram: an empty one answers 0, and strange quantiles are taken to the ends") {
  Histogram histogram;
  REQUIRE(histogram.quantile(0.5) == 0);
  REQUIRE(histogram.mean() == 0);
  REQUIRE(histogram.min() == 0);
  REQUIRE(histogram.max() == 0);
  REQUIRE(histogram.buckets().empty());
  histogram.add(10);
  histogram.add(20);
  REQUIRE(histogram.quantile(-1) == 10);
  REQUIRE(histogram.quantile(7) == 20);
  REQUIRE(histogram.quantile(std::nan("")) == 10);
}

TEST_CASE("histogram: sums beyond 64 bits stay exact") {
  Histogram histogram;
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  histogram.add(most, 1'000'000'000'000);
  REQUIRE(histogram.mean() == static_cast<double>(most));
  REQUIRE(histogram.quantile(0.5) == most);  // never beyond the maximum
}

TEST_CASE("histogram: merging two is the same as adding everything to one") {
  const auto a = any_values(1, 500), b = any_values(2, 700);
  Histogram merged = of(a);
  merged.merge(of(b));
  merged.merge(Histogram{});
  auto both = a;
  both.insert(both.end(), b.begin(), b.end());
  REQUIRE(merged == of(both));
}

TEST_CASE("histogram: clear leaves nothing behind") {
  Histogram histogram = of(any_values(3, 1000));
  histogram.clear();
  REQUIRE(histogram == Histogram{});
}

TEST_CASE("histogram: what was stored comes back as it was") {
  for (const auto& values : {any_values(4, 1000), std::vector<std::int64_t>{}}) {
    const Histogram histogram = of(values);
    const auto restored = Histogram::from_buckets(histogram.buckets(), histogram.exact());
    REQUIRE(restored);
    REQUIRE(*restored == histogram);
  }
}

TEST_CASE("histogram: buckets that no histogram has are refused") {
  using Buckets = std::vector<Histogram::Bucket>;
  const auto refused = [](const Buckets& buckets, const Histogram::Exact& exact) {
    return !Histogram::from_buckets(buckets, exact);
  };
  REQUIRE_FALSE(refused({{3, 1}, {7, 2}}, {3, 7, 0, 17}));
  REQUIRE(refused({{7, 2}, {3, 1}}, {3, 7, 0, 17}));      // out of order
  REQUIRE(refused({{3, 1}, {7, 0}}, {3, 7, 0, 3}));       // an empty bucket
  REQUIRE(refused({{3, 1}, {4'000, 2}}, {3, 7, 0, 17}));  // no such bucket
  REQUIRE(refused({{3, 1}, {7, 2}}, {2, 7, 0, 17}));      // minimum elsewhere
  REQUIRE(refused({{3, 1}, {7, 2}}, {3, 8, 0, 17}));      // maximum elsewhere
  REQUIRE(refused({{3, 1}, {7, 2}}, {-3, 7, 0, 17}));
  REQUIRE(refused({{3, ~std::uint64_t{0}}, {7, 2}}, {3, 7, 0, 17}));  // counts beyond 64 bits
  REQUIRE(refused({}, {0, 5, 0, 0}));
}
