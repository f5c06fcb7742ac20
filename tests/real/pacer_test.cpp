#include "real/pacer.hpp"

#include <cmath>
#include <map>

#include <catch2/catch.hpp>

#include "sim/random.hpp"

namespace {

using real::PacerCore;
using namespace std::chrono_literals;

/// Processor sharing the slow way: in steps of a microsecond, everybody gets an equal part.
std::map<std::uint32_t, double> by_small_steps(
    const std::vector<std::pair<double, double>>& arrivals, double rate) {
  std::map<std::uint32_t, double> left, ended;
  constexpr double step = 1e-6;
  std::size_t next = 0;
  for (double t = 0; next < arrivals.size() || !left.empty(); t += step) {
    for (; next < arrivals.size() && arrivals[next].first <= t; ++next) {
      left[static_cast<std::uint32_t>(next)] = arrivals[next].second;
    }
    const double part = left.empty() ? 0 : rate * step / static_cast<double>(left.size());
    for (auto it = left.begin(); it != left.end();) {
      it->second -= part;
      if (it->second <= 0) {
        ended[it->first] = t + step;
        it = left.erase(it);
      } else {
        ++it;
      }
    }
  }
  return ended;
}

}  // namespace

TEST_CASE("pacer: steps end when processor sharing in small steps ends them") {
  const auto seed = GENERATE(range(0u, 10u));
  CAPTURE(seed);
  sim::RandomStream chance{seed, "test.pacer"};
  constexpr double rate = 1e6;  // bytes/s
  std::vector<std::pair<double, double>> arrivals;
  double at = 0;
  for (int i = 0; i < 30; ++i) {
    at += chance.uniform() * 4e-3;
    arrivals.emplace_back(at, 200 + chance.uniform() * 4000);
  }
  const auto expected = by_small_steps(arrivals, rate);

  PacerCore pacer{{rate}, vm::Scheduling::processor_sharing};
  std::map<std::uint32_t, double> ended;
  std::size_t next = 0;
  // A clock that looks at the pacer every 37 us, as a busy loop would: late, never early.
  for (vm::Time now{}; ended.size() < arrivals.size(); now += 37us) {
    for (; next < arrivals.size() && arrivals[next].first <= sim::seconds(now); ++next) {
      pacer.add(now, static_cast<std::uint32_t>(next), arrivals[next].second);
    }
    for (const std::uint32_t step : pacer.due(now)) ended[step] = sim::seconds(now);
  }
  // Each step arrives up to 37 us late and is seen up to 37 us late; each of up to 30 others that
  // came late shifts it by its part of that.
  for (const auto& [step, when] : expected) {
    CAPTURE(step);
    CHECK(ended.at(step) == Approx(when).margin(3e-4));
  }
}

TEST_CASE("pacer: what is cancelled leaves its share to the others and is never told") {
  PacerCore pacer{{1000}, vm::Scheduling::processor_sharing};
  pacer.add(vm::Time{}, 1, 100);
  pacer.add(vm::Time{}, 2, 100);
  // Both at 500 bytes/s until 0.1 s: 50 left each; then the first alone at 1000: done at 0.15 s.
  pacer.cancel(vm::Time{100ms}, 2);
  CHECK(pacer.due(vm::Time{149ms}).empty());
  CHECK(pacer.due(vm::Time{150ms}) == std::vector<std::uint32_t>{1});
  CHECK(pacer.alarm() == sim::never);
}

TEST_CASE("pacer: what is reserved is taken from the steps") {
  PacerCore pacer{{1000}, vm::Scheduling::processor_sharing};
  pacer.add(vm::Time{}, 1, 100);
  pacer.resize(vm::Time{50ms}, {250});  // 50 bytes left at 250 bytes/s: 0.2 s more
  CHECK(pacer.due(vm::Time{249ms}).empty());
  CHECK(pacer.due(vm::Time{250ms}) == std::vector<std::uint32_t>{1});
}
