// Counting against sorting: vm::spread() is the simpler model here.
#include "vm/spread_limit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/random.hpp"

namespace {

using vm::DetectorKind;
using vm::SpreadSide;

constexpr double doubt = 1e-9;

/// Histories of a host and of a VM that comes to it. `steps`: samples are multiples of 1 / steps,
/// so that many are equal; 0: they are not.
struct Meeting {
  std::vector<double> host, both;
  vm::Addition added;

  Meeting(sim::RandomStream& random, std::size_t n, double steps) : host(n), both(n) {
    const double level = random.uniform(), swing = random.uniform(), share = random.uniform();
    std::vector<double> vm(n);
    for (std::size_t i = 0; i < n; ++i) {
      host[i] = level + swing * random.uniform();
      vm[i] = share * random.uniform();
      if (steps > 0) {
        host[i] = std::floor(host[i] * steps) / steps;
        vm[i] = std::floor(vm[i] * steps) / steps;
      }
      both[i] = host[i] + vm[i];
    }
    const auto [least, most] = std::minmax_element(vm.begin(), vm.end());
    added = {*least, std::accumulate(vm.begin(), vm.end(), 0.0) / static_cast<double>(n), *most};
  }

  SpreadSide side(DetectorKind kind, double limit) const {
    vm::CountedSamples samples;
    samples.fill(std::numeric_limits<double>::quiet_NaN());
    std::copy(both.begin(), both.end(), samples.begin());
    return vm::side_of_limit(kind, samples, both.size(), vm::spread(kind, host), added, limit,
                             doubt);
  }
};

}  // namespace

TEST_CASE("spread limit: counting never contradicts sorting, and seldom leaves doubt") {
  const auto kind = GENERATE(DetectorKind::quartiles, DetectorKind::deviation);
  const auto steps = GENERATE(0.0, 10.0, 100.0);
  sim::RandomStream random(17, "spread limit");
  int asked = 0, doubtful = 0, wrong = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::size_t n = 2 + random.below(vm::history_length - 1);
    const Meeting meeting(random, n, steps);
    const double width = vm::spread(kind, meeting.both).width;
    const double limit = std::max(0.0, width + 0.3 * (random.uniform() - 0.5));
    const SpreadSide side = meeting.side(kind, limit);
    ++asked;
    if (side == SpreadSide::doubtful) ++doubtful;
    if (side == SpreadSide::above && !(width > limit)) ++wrong;
    if (side == SpreadSide::below && !(width < limit)) ++wrong;
  }
  CAPTURE(kind, steps, doubtful);
  CHECK(wrong == 0);
  CHECK(doubtful < asked / 6);
}

TEST_CASE("spread limit: on the limit, and within doubt of it, counting says nothing") {
  const auto kind = GENERATE(DetectorKind::quartiles, DetectorKind::deviation);
  sim::RandomStream random(18, "spread limit");
  for (int i = 0; i < 2'000; ++i) {
    const Meeting meeting(random, 12 + random.below(vm::history_length - 11), 0);
    const double width = vm::spread(kind, meeting.both).width;
    for (const double off : {-doubt / 2, 0.0, doubt / 2})
      REQUIRE(meeting.side(kind, width + off) == SpreadSide::doubtful);
  }
}
