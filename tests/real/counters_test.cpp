// Counters between two readings: nothing that a counter does may look like load.
#include "real/counters.hpp"

#include <catch2/catch.hpp>

using namespace real;

namespace {

StatReading reading(std::vector<StatReading::Cpu> cpus) {
  StatReading stat;
  stat.cpus = std::move(cpus);
  return stat;
}

}  // namespace

TEST_CASE("counters: one of 32 bits goes round, one that fell otherwise began anew") {
  STATIC_REQUIRE(counted(100, 350) == 250);
  STATIC_REQUIRE(counted(7, 7) == 0);
  // 4294967295 is 2^32 - 1: one step to 0, five more to 5.
  STATIC_REQUIRE(counted(4'294'967'295, 5) == 6);
  STATIC_REQUIRE(counted(4'000'000'000, 100) == 4'294'967'296 - 4'000'000'000 + 100);
  STATIC_REQUIRE(counted(1'000, 5) == 0);                      // a device that came back
  STATIC_REQUIRE(counted(10'000'000'000, 5) == 0);             // was never of 32 bits
  STATIC_REQUIRE(counted(4'294'967'295, 4'294'967'000) == 0);  // a step back is no round
  STATIC_REQUIRE(grown(4'294'967'295, 5) == 0);
}

TEST_CASE("counters: shares of CPU time, with guests counted once and steal told apart") {
  // One CPU, 100 ticks: 40 user (of which 15 guest), 10 system, 5 irq, 5 softirq, 20 idle, 10
  // iowait, 10 stolen.
  const auto shares = cpu_shares(reading({{0, {}}}), reading({{0,
                                                               {.user = 40,
                                                                .system = 10,
                                                                .idle = 20,
                                                                .iowait = 10,
                                                                .irq = 5,
                                                                .softirq = 5,
                                                                .steal = 10,
                                                                .guest = 15}}}));
  CHECK(shares.busy == Approx(0.60));
  CHECK(shares.idle == Approx(0.30));
  CHECK(shares.steal == Approx(0.10));
  CHECK(shares.used() == Approx(0.70));
}

TEST_CASE("counters: iowait and idle that step back are no load and no negative one") {
  const auto shares = cpu_shares(reading({{0, {.user = 100, .idle = 1000, .iowait = 500}}}),
                                 reading({{0, {.user = 150, .idle = 990, .iowait = 550}}}));
  CHECK(shares.busy == Approx(0.5));  // 50 of 50 + 50; idle's fall by 10 counts as none
  CHECK(shares.idle == Approx(0.5));
}

TEST_CASE("counters: a CPU that is plugged in or out is left out of the interval") {
  const CpuTicks at_first{.user = 100, .idle = 100};
  const CpuTicks half{.user = 150, .idle = 150};
  // CPU 1 comes with all its past, CPU 2 goes.
  const auto shares = cpu_shares(reading({{0, at_first}, {2, at_first}}),
                                 reading({{0, half}, {1, {.user = 999'999, .idle = 1}}}));
  CHECK(shares.busy == Approx(0.5));
  const auto none = cpu_shares(reading({{0, at_first}}), reading({{1, half}}));
  CHECK(none.idle == 1.0);
  CHECK(none.used() == 0.0);
  CHECK(cpu_shares(reading({{0, half}}), reading({{0, half}})).idle == 1.0);  // no tick passed
}
