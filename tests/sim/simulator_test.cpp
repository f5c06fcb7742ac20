#include "sim/simulator.hpp"

#include <vector>

#include <catch2/catch.hpp>

#include "sim/fingerprint.hpp"
#include "sim/random.hpp"

namespace {

using sim::Duration;
using sim::Time;
using namespace std::chrono_literals;

struct Event {
  std::uint32_t number = 0;
};

/// Writes down what fires; number 99 asks to stop.
struct Diary {
  sim::Simulator<Event> simulator;
  std::vector<std::pair<Time, std::uint32_t>> fired;

  void on(Time now, Event event) {
    REQUIRE(now == simulator.now());
    fired.emplace_back(now, event.number);
    if (event.number == 99) simulator.stop();
  }
};

}  // namespace

TEST_CASE("simulator: run_until fires what is due at its end and sets the clock to it") {
  Diary diary;
  diary.simulator.at(Time{3s}, {3});
  diary.simulator.at(Time{1s}, {1});
  diary.simulator.at(Time{2s}, {2});
  diary.simulator.run_until(Time{2s}, diary);
  REQUIRE(diary.fired == std::vector<std::pair<Time, std::uint32_t>>{{Time{1s}, 1}, {Time{2s}, 2}});
  REQUIRE(diary.simulator.now() == Time{2s});
  REQUIRE(diary.simulator.fired() == 2);
  REQUIRE(diary.simulator.pending() == 1);
  diary.simulator.run_until(Time{10s}, diary);
  REQUIRE(diary.simulator.now() == Time{10s});
  REQUIRE(diary.simulator.pending() == 0);
}

TEST_CASE("simulator: stop() returns after the event that asked, with the clock where it is") {
  Diary diary;
  diary.simulator.at(Time{1s}, {99});
  diary.simulator.at(Time{1s}, {2});
  diary.simulator.run_until(Time{5s}, diary);
  REQUIRE(diary.fired.size() == 1);
  REQUIRE(diary.simulator.now() == Time{1s});
  REQUIRE(diary.simulator.stopped());
  diary.simulator.run_until(Time{5s}, diary);  // goes on as if nothing had been
  REQUIRE(diary.fired.size() == 2);
  REQUIRE_FALSE(diary.simulator.stopped());
}

TEST_CASE("simulator: events may be scheduled between two runs, before what was already seen") {
  Diary diary;
  diary.simulator.at(Time{100s}, {100});
  diary.simulator.run_until(Time{10s}, diary);
  diary.simulator.after(1s, {11});
  diary.simulator.run_until(Time{100s}, diary);
  REQUIRE(diary.fired ==
          std::vector<std::pair<Time, std::uint32_t>>{{Time{11s}, 11}, {Time{100s}, 100}});
}

TEST_CASE("simulator: a delay that leads beyond the end of time is held to it") {
  Diary diary;
  diary.simulator.at(Time{1s}, {1});
  REQUIRE(diary.simulator.step(diary));
  diary.simulator.after(Duration::max(), {2});
  REQUIRE(diary.simulator.step(diary));
  REQUIRE(diary.simulator.now() == sim::never);
  REQUIRE_FALSE(diary.simulator.step(diary));
}

TEST_CASE("simulator: a world that prefetches is told of events before they fire") {
  struct World {
    sim::Simulator<Event> simulator;
    std::vector<std::uint32_t> announced;
    void on(Time, Event) {}
    void prefetch(Event event) { announced.push_back(event.number); }
  } world;
  for (std::uint32_t i = 0; i < 10; ++i) world.simulator.at(Time{Duration{i}}, {i});
  while (world.simulator.step(world)) {
  }
  REQUIRE(world.announced == std::vector<std::uint32_t>{5, 6, 7, 8, 9});
}

TEST_CASE("simulator: the same seed is the same run", "[golden]") {
  struct World {
    sim::RandomStream chance{42, "simulator test"};
    sim::Simulator<Event> simulator;
    sim::Fingerprint fingerprint;
    void on(Time now, Event event) {
      fingerprint.add(now);
      fingerprint.add(event.number);
      simulator.after(Duration{static_cast<std::int64_t>(chance.below(1 << 20))}, event);
    }
  } world;
  for (std::uint32_t i = 0; i < 2'000; ++i) world.simulator.at(Time{}, {i});
  for (int i = 0; i < 200'000; ++i) world.simulator.step(world);
  // The figure comes from a Simulator over a binary heap ordered by (time, order of scheduling).
  REQUIRE(world.fingerprint.value() == 0xbec3c257f4bb0e94u);
}
