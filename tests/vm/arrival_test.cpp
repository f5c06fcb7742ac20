#include "vm/arrival.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using sim::Time;
using vm::ArrivalProcess;
using vm::Arrivals;
using vm::RateCurve;

namespace {

Time at(double s) {
  return Time{sim::from_seconds(s)};
}

RateCurve curve(std::vector<std::pair<double, double>> points) {
  RateCurve result;
  for (const auto& [s, rate] : points) result.points.push_back({at(s), rate});
  return result;
}

/// Every arrival before `end`; checks on the way that none comes before the one ahead of it.
std::vector<Time> play(const Arrivals& arrivals, std::uint64_t seed, Time end) {
  ArrivalProcess process{arrivals, seed, "test"};
  std::vector<Time> times;
  for (Time now = process.next(Time{}); now < end; now = process.next(now)) {
    if (!times.empty() && now < times.back()) FAIL("ran backward");
    times.push_back(now);
  }
  return times;
}

std::size_t count(const std::vector<Time>& times, double from, double to) {
  return static_cast<std::size_t>(std::ranges::lower_bound(times, at(to)) -
                                  std::ranges::lower_bound(times, at(from)));
}

/// Kolmogorov and Smirnov's distance of values from the uniform law on [0, 1], times sqrt(n).
/// Its limit law exceeds 1.95 with a probability of 0.001.
double ks_uniform(std::vector<double> u) {
  std::ranges::sort(u);
  const double n = static_cast<double>(u.size());
  double distance = 0;
  for (std::size_t i = 0; i < u.size(); ++i) {
    const double below = static_cast<double>(i) / n, above = static_cast<double>(i + 1) / n;
    distance = std::max({distance, above - u[i], u[i] - below});
  }
  return distance * std::sqrt(n);
}

/// The same for gaps against the exponential law of mean 1, by its distribution function.
double ks_exponential(const std::vector<double>& gaps) {
  std::vector<double> u;
  for (const double gap : gaps) u.push_back(-std::expm1(-gap));
  return ks_uniform(u);
}

/// 20/s for 5 s, up to 100/s at 10 s, a jump down to silence until 15 s, then 50/s for ever.
RateCurve hilly() {
  return curve({{5, 20}, {10, 100}, {10, 0}, {15, 0}, {15, 50}});
}

}  // namespace

TEST_CASE("arrivals: Poisson gaps at a constant rate are exponential") {
  const auto seed = GENERATE(range(0u, 5u));
  CAPTURE(seed);
  const auto times = play(vm::Poisson{curve({{0, 1000}})}, seed, at(20));
  std::vector<double> gaps;
  Time last{};
  for (const Time t : times) {
    gaps.push_back(sim::seconds(t - last) * 1000);
    last = t;
  }
  CHECK(ks_exponential(gaps) < 1.95);
}

TEST_CASE("arrivals: Poisson counts over ramps, jumps and silence fit the integral of the rate") {
  // Of independent Poisson counts n with means m, the sum of (n - m)^2 / m has mean k and, for
  // means above 100, variance close to 2 k. 200 runs of 8 stretches: 1600 +- 4 x 57.
  const std::vector<std::pair<std::pair<double, double>, double>> expected{
      {{0, 5}, 100},  // 5 x 20
      {{5, 7}, 72},   // the ramp is 20 + 16 (t - 5): 2 x (20 + 52) / 2
      {{7, 9}, 136},  // 2 x (52 + 84) / 2
      {{9, 10}, 92},  // (84 + 100) / 2
      {{15, 17}, 100}, {{17, 19}, 100}, {{19, 21}, 100}, {{21, 27}, 300}};
  double chi = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto times = play(vm::Poisson{hilly()}, seed, at(27));
    CHECK(count(times, 10, 15) == 0);
    for (const auto& [span, mean] : expected) {
      const double n = static_cast<double>(count(times, span.first, span.second));
      chi += (n - mean) * (n - mean) / mean;
    }
  }
  CHECK(std::abs(chi - 1600) < 4 * std::sqrt(2 * 1600.0));
}

TEST_CASE("arrivals: within ramps up and down the integral between arrivals is exponential") {
  // From 0 up to 1000/s in 10 s and down to 0 again: integral 50 t^2, then 10^4 - 50 (20 - t)^2.
  const auto integral = [](Time t) {
    const double s = sim::seconds(t);
    return s < 10 ? 50 * s * s : 10'000 - 50 * (20 - s) * (20 - s);
  };
  const auto seed = GENERATE(range(0u, 5u));
  CAPTURE(seed);
  std::vector<double> gaps;
  double last = 0;
  for (const Time t : play(vm::Poisson{curve({{0, 0}, {10, 1000}, {20, 0}})}, seed, sim::never)) {
    CHECK(t <= at(20));
    gaps.push_back(integral(t) - last);
    last = integral(t);
  }
  CHECK(std::abs(static_cast<double>(gaps.size()) - 10'000) < 4 * 100);
  CHECK(ks_exponential(gaps) < 1.95);
}

TEST_CASE("arrivals: even spacing puts the k-th arrival where the integral of the rate is k") {
  SECTION("at a constant rate, to the nanosecond") {
    const auto times = play(vm::Deterministic{curve({{0, 100}})}, 1, at(1000.005));
    REQUIRE(times.size() == 100'000);
    for (std::size_t k = 0; k < times.size(); ++k)
      if (times[k] != Time{(k + 1) * 10ms}) FAIL(k);
  }
  SECTION("on a ramp of 8/s per second: 4 t^2 = k") {
    const auto times = play(vm::Deterministic{curve({{0, 0}, {100, 800}})}, 1, at(100));
    REQUIRE(times.size() >= 39'999);  // the 40,000th falls on the end
    for (std::size_t k = 0; k < 39'999; ++k) {
      const double expected = std::sqrt(static_cast<double>(k + 1) / 4);
      if (std::abs(sim::seconds(times[k]) - expected) > 2e-9) FAIL(k);
    }
  }
  SECTION("across jumps and silence: 100 and 300 in the first 10 s, none until 15 s") {
    const auto times = play(vm::Deterministic{hilly()}, 1, at(20.01));
    CHECK(count(times, 0, 5.001) == 100);
    CHECK(times[399] == at(10));
    CHECK(times[400] == at(15.02));
    CHECK(times.size() == 400 + 250);
  }
}

TEST_CASE("arrivals: a rate that stays 0 never arrives") {
  CHECK(play(vm::Poisson{curve({{0, 0}})}, 1, sim::never).empty());
  CHECK(play(vm::Deterministic{curve({{0, 0}})}, 1, sim::never).empty());
  CHECK(play(vm::Mmpp{{{0, 1}, {0, 1}}}, 1, sim::never).empty());
  CHECK(play(vm::Deterministic{curve({{0, 5}, {1, 5}, {1, 0}})}, 1, sim::never).size() == 5);
  ArrivalProcess ended{vm::Poisson{curve({{0, 0}})}, 1, "test"};
  CHECK(ended.next(Time{}) == sim::never);
  CHECK(ended.next(sim::never) == sim::never);
}

TEST_CASE("arrivals: a rate of once in a million years is never rather than an overflow") {
  ArrivalProcess process{vm::Poisson{curve({{0, 3e-14}})}, 7, "test"};
  CHECK(process.next(Time{}) == sim::never);
  ArrivalProcess rarest{vm::Poisson{curve({{0, 1e-300}})}, 7, "test"};
  CHECK(rarest.next(Time{}) == sim::never);
}

TEST_CASE("arrivals: a billion a second keeps its mean in spite of whole nanoseconds") {
  // 1e6 expected in a millisecond, deviation 1000.
  const auto n = play(vm::Poisson{curve({{0, 1e9}})}, 3, at(1e-3)).size();
  CHECK(std::abs(static_cast<double>(n) - 1e6) < 4000);
  const auto even = play(vm::Deterministic{curve({{0, 4e9}})}, 3, at(1e-3)).size();
  CHECK(std::abs(static_cast<double>(even) - 4e6) <= 4);
}

TEST_CASE("arrivals: a modulated process has the mean and dispersion of theory", "[analytic]") {
  // Two states left at rates r1, r2 (here 1/s and 0.5/s), R = r1 + r2, arrivals a1, a2. The counts
  // of windows of length t have mean (a1 r2 + a2 r1) t / R and, divided by it, the variance
  //   1 + 2 (a1 - a2)^2 r1 r2 / (R^2 (a1 r2 + a2 r1)) x (1 - (1 - exp(-R t)) / (R t)).
  // Source: Fischer and Meier-Hellstern, The Markov-modulated Poisson process cookbook (1993).
  const double a1 = 40, a2 = 2, r1 = 1, r2 = 0.5, t = 10, sum = r1 + r2;
  const double mean = (a1 * r2 + a2 * r1) * t / sum;
  const double dispersion = 1 + 2 * (a1 - a2) * (a1 - a2) * r1 * r2 /
                                    (sum * sum * (a1 * r2 + a2 * r1)) *
                                    (1 - (1 - std::exp(-sum * t)) / (sum * t));
  const vm::Mmpp mmpp{{{a1, 1 / r1}, {a2, 1 / r2}}};
  CHECK(vm::mean_rate(mmpp, Time{}, at(1)) == Approx(mean / t));

  const int windows = 10'000;
  const auto times = play(mmpp, 11, at(windows * t));
  double total = 0, squares = 0;
  for (int w = 0; w < windows; ++w) {
    const double n = static_cast<double>(count(times, w * t, (w + 1) * t));
    total += n;
    squares += n * n;
  }
  const double seen = total / windows;
  // Deviation of the mean: sqrt(dispersion x mean / windows) = 0.56 or 0.4 %; of the variance
  // about sqrt(2 / windows) = 1.4 %, somewhat more for being skewed and correlated.
  CHECK(seen == Approx(mean).epsilon(0.016));
  CHECK((squares / windows - seen * seen) / seen == Approx(dispersion).epsilon(0.07));
}

TEST_CASE("arrivals: a modulated process starts in its long-run state") {
  // The first state is 9 times as long and silent. Over 4000 seeds the first 0.1 s hold on average
  // 0.1 x 10 arrivals, with a deviation of sqrt(1 + 0.1 x 0.9 x 100) / sqrt(4000) = 0.05.
  const vm::Mmpp mmpp{{{0, 90}, {100, 10}}};
  double n = 0;
  for (std::uint64_t seed = 0; seed < 4000; ++seed)
    n += static_cast<double>(play(mmpp, seed, at(0.1)).size());
  CHECK(std::abs(n / 4000 - 1) < 0.2);
}

TEST_CASE("arrivals: a trace issues every request of every interval within it") {
  const auto seed = GENERATE(range(0u, 20u));
  CAPTURE(seed);
  const vm::CountTrace trace{"", {{at(2), 7}, {at(3), 0}, {at(10), 5000}, {at(11), 1}}, at(60)};
  const auto times = play(trace, seed, sim::never);
  CHECK(times.size() == 5008);
  CHECK(count(times, 2, 3) == 7);
  CHECK(count(times, 10, 11) == 5000);
  CHECK(count(times, 11, 60) == 1);
}

TEST_CASE("arrivals: more requests than nanoseconds still fall within their interval") {
  const vm::CountTrace trace{"", {{Time{5ns}, 1000}, {Time{8ns}, 0}, {Time{9ns}, 10}}, Time{10ns}};
  const auto times = play(trace, 1, sim::never);
  REQUIRE(times.size() == 1010);
  CHECK(times.front() == Time{5ns});
  CHECK(times[999] == Time{7ns});
  CHECK(times[1000] == Time{9ns});
  CHECK(times.back() == Time{9ns});
}

TEST_CASE("arrivals: the requests of a trace's interval are spread evenly over it") {
  const std::uint64_t requests = GENERATE(3u, 100u, 50'000u);
  CAPTURE(requests);
  std::vector<double> u;
  for (std::uint64_t seed = 0; u.size() < 50'000; ++seed)
    for (const Time t : play(vm::CountTrace{"", {{at(60), requests}}, at(120)}, seed, sim::never))
      u.push_back(sim::seconds(t) / 60 - 1);
  CHECK(ks_uniform(u) < 1.95);
}

TEST_CASE("arrivals: a billion requests in one interval keep their pace") {
  // Of 10^9 in 60 s the k-th comes at about 60 k / 10^9 s; k = 10^6 has a deviation of 0.1 %.
  ArrivalProcess process{vm::CountTrace{"", {{Time{}, 1'000'000'000}}, at(60)}, 1, "test"};
  Time now{};
  for (int k = 0; k < 1'000'000; ++k) now = process.next(now);
  CHECK(sim::seconds(now) == Approx(0.06).epsilon(0.004));
}

TEST_CASE("arrivals: a seed repeats itself, and streams and seeds do not share numbers") {
  const Arrivals kinds[] = {vm::Poisson{hilly()}, vm::Mmpp{{{5, 1}, {50, 2}}},
                            vm::CountTrace{"", {{Time{}, 500}}, at(20)}};
  for (const Arrivals& arrivals : kinds) {
    const auto first = [&](std::uint64_t seed, const char* stream) {
      ArrivalProcess process{arrivals, seed, stream};
      return process.next(Time{});
    };
    CHECK(play(arrivals, 4, at(20)) == play(arrivals, 4, at(20)));
    CHECK(first(4, "a") == first(4, "a"));
    CHECK(first(4, "a") != first(4, "b"));
    CHECK(first(4, "a") != first(5, "a"));
  }
}

TEST_CASE("arrivals: mean and highest rate are those of the curve") {
  // The integral of hilly() over 0 to 20 s: 100 + 300 + 0 + 250.
  CHECK(vm::mean_rate(vm::Poisson{hilly()}, Time{}, at(20)) == Approx(650.0 / 20));
  CHECK(vm::max_rate(vm::Poisson{hilly()}, Time{}, at(20)) == 100);
  // From 6 s to 8 s the ramp goes from 36/s to 68/s.
  CHECK(vm::mean_rate(vm::Deterministic{hilly()}, at(6), at(8)) == Approx(52));
  CHECK(vm::max_rate(vm::Deterministic{hilly()}, at(6), at(8)) == Approx(68));
  CHECK(vm::max_rate(vm::Deterministic{hilly()}, at(11), at(12)) == 0);
  // 60 requests in 10 s, 5 in 5 s: from 5 s to 15 s half of the first and all of the second.
  const vm::CountTrace trace{"", {{Time{}, 60}, {at(10), 5}}, at(15)};
  CHECK(vm::mean_rate(trace, at(5), at(15)) == Approx(3.5));
  CHECK(vm::max_rate(trace, at(5), at(15)) == Approx(6));
  CHECK(vm::max_rate(vm::Mmpp{{{3, 1}, {8, 2}}}, Time{}, at(1)) == 8);
}
