#include "vm/sla.hpp"

#include <cmath>
#include <deque>

#include <catch2/catch.hpp>

#include "sim/random.hpp"

namespace {

using namespace std::chrono_literals;
using namespace vm;

constexpr MachineId m0{0};

Sampled cpu(double utilisation, MachineId machine = m0) {
  Sampled fact{machine, {}};
  fact.sample.utilisation[Resource::cpu] = utilisation;
  return fact;
}

/// Samples of one machine's processor at 1 s, 2 s, ...; a negative one is lost.
std::vector<SlaEvent> play(SlaMonitor& monitor, const std::vector<double>& utilisations,
                           Time start = Time{}) {
  std::vector<SlaEvent> events;
  for (std::size_t i = 0; i < utilisations.size(); ++i)
    if (!(utilisations[i] < 0))
      monitor.on(start + static_cast<int>(i + 1) * 1s, cpu(utilisations[i]), events);
  return events;
}

const SlaFailureBegan& began(const SlaEvent& event) {
  REQUIRE(std::holds_alternative<SlaFailureBegan>(event.notice));
  return std::get<SlaFailureBegan>(event.notice);
}
const SlaFailureEnded& ended(const SlaEvent& event) {
  REQUIRE(std::holds_alternative<SlaFailureEnded>(event.notice));
  return std::get<SlaFailureEnded>(event.notice);
}

Sla with_latency() {
  Sla sla;
  sla.latency = {{0.99, 500ms}};
  return sla;
}

Sla with_availability() {
  Sla sla;
  sla.availability = AvailabilityObjective{0.99, 10s, 60s, 10};
  return sla;
}

}  // namespace

TEST_CASE("sla: a resource is broken when the mean of a full window reaches the threshold") {
  SlaMonitor monitor{Sla{}};
  CHECK(play(monitor, {1, 1, 1, 1}).empty());  // four seconds are no window of five
  std::vector<SlaEvent> events;
  monitor.on(Time{5s}, cpu(1), events);
  REQUIRE(events.size() == 1);
  CHECK(events[0].machine == m0);
  CHECK(events[0].cause == Cause::cpu);
  CHECK(began(events[0]).failure == 0);
  CHECK(began(events[0]).start == Time{});
  CHECK(began(events[0]).value == 1);
  CHECK(began(events[0]).limit == 0.98);
}

TEST_CASE("sla: a mean of exactly the threshold is broken, one part in a thousand less is not") {
  // (4 * 1 + 0.9) / 5 = 0.98; (4 * 1 + 0.895) / 5 = 0.979.
  SlaMonitor exactly{Sla{}}, below{Sla{}};
  CHECK(play(exactly, {1, 1, 0.9, 1, 1}).size() == 1);
  CHECK(play(below, {1, 1, 0.895, 1, 1}).empty());
}

TEST_CASE("sla: one high sample among healthy ones breaks nothing") {
  SlaMonitor monitor{Sla{}};
  CHECK(play(monitor, {0.5, 0.5, 1, 0.5, 0.5, 1, 0.5, 0.5}).empty());
}

TEST_CASE("sla: lost samples are neither healthy nor sick, and a fifth of them may be missing") {
  SlaMonitor one_lost{Sla{}}, two_lost{Sla{}};
  CHECK(play(one_lost, {1, 1, -1, 1, 1}).size() == 1);
  CHECK(play(two_lost, {1, -1, 1, -1, 1}).empty());  // three of five: 60 %
}

TEST_CASE("sla: after a window without samples watching starts afresh") {
  SlaMonitor monitor{Sla{}};
  play(monitor, {1, 1, 1, 1});
  // At 11 s nothing of the old watch is in the window: five more samples are needed, to 15 s.
  std::vector<SlaEvent> events = play(monitor, {1, 1, 1, 1}, Time{10s});
  CHECK(events.empty());
  monitor.on(Time{15s}, cpu(1), events);
  REQUIRE(events.size() == 1);
  CHECK(began(events[0]).start == Time{10s});
}

TEST_CASE("sla: a failure ends below `clear`, not between the two limits") {
  SlaMonitor monitor{Sla{}};
  // Broken at 5 s. Then 0.96 for ever: the mean falls to 0.96, which is above 0.95.
  std::vector<double> load{1, 1, 1, 1, 1};
  load.insert(load.end(), 20, 0.96);
  REQUIRE(play(monitor, load).size() == 1);
  // The mean of 0.96 and 0.90 is (4 * 0.96 + 0.90) / 5 = 0.948.
  std::vector<SlaEvent> events;
  monitor.on(Time{26s}, cpu(0.90), events);
  REQUIRE(events.size() == 1);
  CHECK(ended(events[0]).failure == 0);
  CHECK(ended(events[0]).worst == 1);
}

TEST_CASE("sla: two failures of one resource never overlap") {
  SlaMonitor monitor{Sla{}};
  // Broken at 5 s, ended at 6 s by an idle second: (4 + 0) / 5 = 0.8. The idle second is in the
  // window until 11 s; broken again at 11 s with evidence from 6 s.
  const auto events = play(monitor, {1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1});
  REQUIRE(events.size() == 3);
  ended(events[1]);
  CHECK(began(events[2]).failure == 1);
  CHECK(began(events[2]).start == Time{6s});
}

TEST_CASE("sla: every resource fails by itself, and machines do not mix") {
  SlaMonitor monitor{Sla{}};
  std::vector<SlaEvent> events;
  for (int i = 1; i <= 5; ++i) {
    Sampled sick = cpu(0.1, MachineId{7});
    sick.sample.utilisation[Resource::memory] = 1;
    sick.sample.utilisation[Resource::network] = 0.99;
    monitor.on(Time{i * 1s}, sick, events);
    monitor.on(Time{i * 1s}, cpu(0.2), events);
  }
  REQUIRE(events.size() == 2);
  CHECK(events[0].cause == Cause::memory);
  CHECK(events[1].cause == Cause::network);
  CHECK(events[1].machine == MachineId{7});
  CHECK(began(events[1]).failure == 1);
}

TEST_CASE("sla: a machine that is gone ends its failures, and is watched from the start again") {
  SlaMonitor monitor{Sla{}};
  play(monitor, {1, 1, 1, 1, 1});
  std::vector<SlaEvent> events;
  monitor.gone(Time{6s}, m0, events);
  REQUIRE(events.size() == 1);
  ended(events[0]);
  CHECK(play(monitor, {1, 1, 1, 1}, Time{6s}).empty());
  CHECK(play(monitor, {1}, Time{10s}).size() == 1);
}

TEST_CASE("sla: a crash is a failure until all are served again, and replaces the others") {
  SlaMonitor monitor{Sla{}};
  play(monitor, {1, 1, 1, 1, 1});
  std::vector<SlaEvent> events;
  monitor.crashed(Time{6s}, m0, events);
  REQUIRE(events.size() == 2);
  CHECK(ended(events[0]).failure == 0);
  CHECK(events[1].cause == Cause::crash);
  CHECK(began(events[1]).failure == 1);
  monitor.crashed(Time{7s}, m0, events);  // again, before they were back: still the same failure
  CHECK(events.size() == 2);
  monitor.recovered(Time{8s}, m0, events);
  REQUIRE(events.size() == 3);
  CHECK(ended(events[2]).failure == 1);
}

TEST_CASE("sla: utilisations out of range, or not numbers, are held to it") {
  SlaMonitor monitor{Sla{}};
  const double nan = std::nan("");
  CHECK(play(monitor, {nan, 7, 7, 7, 7, 7, nan}).size() == 2);  // 7 counts as 1, nan as 0
}

TEST_CASE("sla: the sliding window agrees with a mean over all samples kept, in any weather") {
  const auto seed = GENERATE(range(0u, 50u));
  CAPTURE(seed);
  sim::RandomStream chance{seed, "sla.property"};
  Sla sla;
  sla.window = std::chrono::seconds{1 + chance.below(20)};
  SlaMonitor monitor{sla};
  struct Seen {
    Time end;
    std::int64_t parts;
  };
  std::deque<Seen> seen;
  Time since;
  bool broken = false;
  Time now;
  for (int i = 0; i < 2000; ++i) {
    now += 1s;
    if (chance.uniform() < 0.1) continue;
    if (chance.uniform() < 0.01) now += std::chrono::seconds{chance.below(30)};
    const Time at = now + std::chrono::milliseconds{chance.below(300)};
    // Near the limits, in steps of a thousandth, so that a mean often is exactly a limit.
    const double u = (chance.uniform() < 0.5 ? 0.970 : 0.930) + 0.001 * double(chance.below(31));
    std::vector<SlaEvent> events;
    monitor.on(at, cpu(u), events);

    while (!seen.empty() && seen.front().end - 500ms < at - sla.window) seen.pop_front();
    if (seen.empty()) since = at - 1s;
    seen.push_back({at, std::llround(u * 1e9)});
    if (seen.size() > static_cast<std::size_t>(sla.window / 1s) + 1) seen.pop_front();
    std::int64_t sum = 0;
    for (const Seen& s : seen) sum += s.parts;
    const auto n = static_cast<std::int64_t>(seen.size());
    const bool judged = 5 * n >= 4 * (sla.window / 1s) && at - since + 500ms >= sla.window;
    const bool before = broken;
    if (judged && !broken && sum >= n * 980'000'000)
      broken = true;
    else if (judged && broken && sum < n * 950'000'000)
      broken = false;
    REQUIRE(events.size() == (before != broken ? 1u : 0u));
    if (!events.empty())
      REQUIRE(std::holds_alternative<SlaFailureBegan>(events[0].notice) == broken);
  }
}

TEST_CASE("sla: latency is a failure while the quantile is above its limit") {
  SlaMonitor monitor{with_latency()};
  std::vector<SlaEvent> events;
  monitor.on(Time{5s}, LatencyMeasured{0, 500ms, 1000}, events);
  CHECK(events.empty());  // at the limit is met
  monitor.on(Time{10s}, LatencyMeasured{0, 700ms, 1000}, events);
  monitor.on(Time{15s}, LatencyMeasured{0, 900ms, 1000}, events);
  REQUIRE(events.size() == 1);
  CHECK(events[0].machine == no_machine);
  CHECK(began(events[0]).start == Time{5s});
  CHECK(began(events[0]).value == Approx(0.7));
  CHECK(began(events[0]).limit == Approx(0.5));
  monitor.on(Time{20s}, LatencyMeasured{0, 100ms, 1000}, events);
  REQUIRE(events.size() == 2);
  CHECK(ended(events[1]).worst == Approx(0.9));
}

TEST_CASE("sla: a p99 of fewer than a hundred transactions is not judged") {
  SlaMonitor monitor{with_latency()};
  std::vector<SlaEvent> events;
  monitor.on(Time{5s}, LatencyMeasured{0, 9s, 99}, events);
  monitor.on(Time{5s}, LatencyMeasured{4, 9s, 10000}, events);  // no such objective
  CHECK(events.empty());
  monitor.on(Time{10s}, LatencyMeasured{0, 9s, 100}, events);
  CHECK(events.size() == 1);
  monitor.on(Time{15s}, LatencyMeasured{0, 0s, 0}, events);  // silence heals nothing
  CHECK(events.size() == 1);
}

TEST_CASE("sla: availability fails when the budget burns too fast over both windows") {
  // Objective 99 %, so 1 % is affordable and a burn rate of 10 means 10 % bad. Windows 10 s, 60 s.
  SlaMonitor monitor{with_availability()};
  std::vector<SlaEvent> events;
  int s = 0;
  const auto count = [&](int seconds, std::uint64_t good, std::uint64_t bad) {
    while (seconds-- > 0) monitor.on(Time{++s * 1s}, OutcomesCounted{good, bad}, events);
  };
  count(60, 100, 0);
  // 70 % are bad from 61 s. The short window is above 10 % after 2 s (140 of 1000), the long one
  // after 9 s (630 of 6000; 560 after 8 s are too few): at 69 s both are.
  count(8, 30, 70);
  CHECK(events.empty());
  count(1, 30, 70);
  REQUIRE(events.size() == 1);
  CHECK(events[0].cause == Cause::availability);
  CHECK(began(events[0]).start == Time{59s});
  CHECK(began(events[0]).value == Approx(63));  // 630 of 1000 in the short window
  CHECK(began(events[0]).limit == 10);
  // All is well from 70 s. With two bad seconds in it the short window is above 10 %, with one
  // (70 of 1000) below: the ninth good second, 78 s, ends it.
  count(8, 100, 0);
  CHECK(events.size() == 1);
  count(1, 100, 0);
  REQUIRE(events.size() == 2);
  CHECK(ended(events[1]).worst == Approx(63));
}

TEST_CASE("sla: availability is judged from one short window on, and silence burns nothing") {
  SlaMonitor monitor{with_availability()};
  std::vector<SlaEvent> events;
  for (int i = 1; i <= 9; ++i) monitor.on(Time{i * 1s}, OutcomesCounted{0, 1}, events);
  CHECK(events.empty());
  monitor.on(Time{10s}, OutcomesCounted{0, 1}, events);
  REQUIRE(events.size() == 1);
  CHECK(began(events[0]).start == Time{});
  for (int i = 11; i <= 20; ++i) monitor.on(Time{i * 1s}, OutcomesCounted{0, 0}, events);
  REQUIRE(events.size() == 2);
  ended(events[1]);
}

TEST_CASE("burn rate: sliding counts agree with a sum over all counts kept") {
  const auto seed = GENERATE(range(0u, 30u));
  CAPTURE(seed);
  sim::RandomStream chance{seed, "burn.property"};
  const AvailabilityObjective objective{0.9, std::chrono::seconds{1 + chance.below(5)},
                                        std::chrono::seconds{5 + chance.below(20)}, 2};
  BurnRate burn{objective, 1s};
  struct Count {
    Time end;
    std::uint64_t good, bad;
  };
  std::vector<Count> all;
  const auto rate = [&](Time now, Duration window) {
    double good = 0, bad = 0;
    for (const Count& c : all)
      if (c.end > now - window) good += double(c.good), bad += double(c.bad);
    return good + bad > 0 ? bad / (good + bad) / (1 - 0.9) : 0;
  };
  Time now;
  for (int i = 0; i < 500; ++i) {
    now += chance.uniform() < 0.1 ? std::chrono::seconds{chance.below(40)} + 1s : 1s;
    all.push_back({now, chance.below(5), chance.below(5)});
    burn.add(now, all.back().good, all.back().bad);
    REQUIRE(burn.short_rate() == Approx(rate(now, objective.short_window)));
    REQUIRE(burn.long_rate() == Approx(rate(now, objective.long_window)));
  }
}
