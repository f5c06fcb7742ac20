#include "vm/model/station.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/random.hpp"
#include "sim/simulator.hpp"

using namespace std::chrono_literals;
using sim::Time;
using vm::Scheduling;
using vm::model::Station;

namespace {

constexpr double any_speed = std::numeric_limits<double>::infinity();

/// Drives one station: arrivals as given, departures noted.
struct Driver {
  struct Event {
    bool arrival;
    std::uint32_t job;
  };
  struct Arrival {
    Time at;
    double demand;
  };
  explicit Driver(Station::Config config) : station(config) {}

  void on(Time now, Event event) {
    if (event.arrival) {
      station.add(now, event.job, arrivals[event.job].demand);
    } else {
      station.due(now, [&](std::uint32_t job) { left[job] = now; });
    }
    if (const auto at = station.alarm()) simulator.at(*at, {false, 0});
  }
  std::map<std::uint32_t, Time> play(std::vector<Arrival> all) {
    arrivals = std::move(all);
    for (std::uint32_t i = 0; i < arrivals.size(); ++i) simulator.at(arrivals[i].at, {true, i});
    while (simulator.step(*this)) {
    }
    return left;
  }

  sim::Simulator<Event> simulator;
  Station station;
  std::vector<Arrival> arrivals;
  std::map<std::uint32_t, Time> left;
};

/// The same by brute force: between two events every job advances by the same share.
std::map<std::uint32_t, double> slow_model(const std::vector<Driver::Arrival>& arrivals,
                                           double capacity, double most) {
  std::map<std::uint32_t, double> rest, left;
  double now = 0;
  std::size_t next = 0;
  while (next < arrivals.size() || !rest.empty()) {
    const double rate =
        rest.empty() ? 0 : std::min(most, capacity / static_cast<double>(rest.size()));
    double until = next < arrivals.size() ? sim::seconds(arrivals[next].at) : 1e300;
    std::uint32_t first = 0;
    bool departs = false;
    for (const auto& [job, work] : rest) {
      if (now + work / rate < until) {
        until = now + work / rate;
        first = job;
        departs = true;
      }
    }
    for (auto& [job, work] : rest) work -= rate * (until - now);
    now = until;
    if (departs) {
      left[first] = now;
      rest.erase(first);
    } else {
      rest[static_cast<std::uint32_t>(next)] = arrivals[next].demand;
      ++next;
    }
  }
  return left;
}

}  // namespace

TEST_CASE("station: one job alone gets one core at most, of a fraction all of it") {
  // 2 cores: a job uses one, 10 ms of work take 10 ms. A quarter of a core: 40 ms.
  CHECK(Driver{{.capacity = 2, .most = 1}}.play({{Time{}, 0.010}}).at(0) == Time{10ms});
  CHECK(Driver{{.capacity = 0.25, .most = 1}}.play({{Time{}, 0.010}}).at(0) == Time{40ms});
}

TEST_CASE("station: jobs share evenly, and the one that stays speeds up") {
  // One core. A (30 ms) alone for 10 ms, 20 left. B (10 ms) comes: each runs at half, B needs 20
  // and leaves at 30 with A at 10 left, which A then does alone: 40 ms.
  const auto left = Driver{{.capacity = 1, .most = 1}}.play({{Time{}, 0.030}, {Time{10ms}, 0.010}});
  CHECK(left.at(1) == Time{30ms});
  CHECK(left.at(0) == Time{40ms});
}

TEST_CASE("station: FIFO serves in order, each job at full speed") {
  const auto left = Driver{{.capacity = 1, .most = 1, .scheduling = Scheduling::fifo}}.play(
      {{Time{}, 0.030}, {Time{10ms}, 0.010}, {Time{10ms}, 0.001}});
  CHECK(left.at(0) == Time{30ms});
  CHECK(left.at(1) == Time{40ms});
  CHECK(left.at(2) == Time{41ms});
}

TEST_CASE("station: FIFO with two cores has two servers") {
  const auto left = Driver{{.capacity = 2, .most = 1, .scheduling = Scheduling::fifo}}.play(
      {{Time{}, 0.030}, {Time{}, 0.010}, {Time{}, 0.010}});
  CHECK(left.at(1) == Time{10ms});
  CHECK(left.at(2) == Time{20ms});
  CHECK(left.at(0) == Time{30ms});
}

TEST_CASE("station: FIFO with fewer servers than jobs in service gives no more than it has") {
  // Two jobs of 1 s on two cores; one core is taken away at once, so both are done after 2 s.
  Station station{{.capacity = 2, .most = 1, .scheduling = Scheduling::fifo}};
  station.add(Time{}, 0, 1);
  station.add(Time{}, 1, 1);
  station.resize(Time{}, 1, 0);
  const auto done = station.alarm();
  REQUIRE(done);
  CHECK(*done == Time{2s});
  CHECK(station.work_done(Time{1s}) == Approx(1));
}

TEST_CASE("station: processor sharing agrees with a model that touches every job at every event") {
  const auto seed = GENERATE(range(0u, 100u));
  CAPTURE(seed);
  sim::RandomStream chance{seed, "station"};
  const double capacity = 0.25 + chance.uniform() * 4;
  const double most = chance.uniform() < 0.5 ? 1 : any_speed;
  std::vector<Driver::Arrival> arrivals;
  Time at{};
  for (int i = 0; i < 60; ++i) {
    at += sim::from_seconds(chance.uniform() * 0.02);
    arrivals.push_back({at, chance.uniform() * 0.05});
  }
  const auto left = Driver{{.capacity = capacity, .most = most}}.play(arrivals);
  for (const auto& [job, when] : slow_model(arrivals, capacity, most)) {
    // Each alarm is rounded up to a nanosecond, and at most 120 events are behind each other.
    CHECK(sim::seconds(left.at(job)) == Approx(when).margin(200e-9));
  }
}

TEST_CASE("station: work is conserved, whatever is taken out and resized") {
  const auto seed = GENERATE(range(0u, 50u));
  CAPTURE(seed);
  sim::RandomStream chance{seed, "station"};
  const bool fifo = chance.uniform() < 0.5;
  Station station{{.capacity = 1, .most = 1,
                   .scheduling = fifo ? Scheduling::fifo : Scheduling::processor_sharing}};
  std::size_t in = 0, out = 0;
  Time now{};
  for (std::uint32_t i = 0; i < 500; ++i) {
    const auto alarm = station.alarm();
    if (alarm) now = *alarm;
    if (alarm && chance.uniform() < 0.8) station.due(now, [&](std::uint32_t) { ++out; });
    if (chance.uniform() < 0.6) {
      station.add(now, i, chance.uniform() * 0.01);
      ++in;
    }
    if (chance.uniform() < 0.05) station.resize(now, 0.5 + chance.uniform(), chance.uniform());
    if (chance.uniform() < 0.05) {
      std::vector<std::uint32_t> gone;
      station.take_out(now, gone, [](std::uint32_t job) { return job % 3 == 0; });
      out += gone.size();
      CHECK(std::is_sorted(gone.begin(), gone.end()));  // in order of arrival
    }
    REQUIRE(station.jobs() == in - out);
  }
}

TEST_CASE("station: what is reserved counts as used and slows the jobs down") {
  Station station{{.capacity = 100, .most = any_speed}};
  station.resize(Time{}, 60, 40);
  CHECK(station.work_done(Time{1s}) == Approx(40));
  station.add(Time{1s}, 0, 120);  // 2 s at 60 a second
  REQUIRE(station.alarm() == Time{3s});
  CHECK(station.work_done(Time{3s}) == Approx(40 * 3 + 120));
}
