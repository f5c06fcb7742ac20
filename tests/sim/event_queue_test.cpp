// The queue against the simplest thing that has the same order: a std::multimap, which keeps equal
// keys in the order in which they were inserted.
#include "sim/event_queue.hpp"

#include <map>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/random.hpp"

namespace {

using sim::Duration;
using sim::Time;

struct Event {
  std::uint32_t number;
  std::uint32_t padding[2];
};

/// A queue and its model, played side by side; time never goes back.
class Twins {
 public:
  explicit Twins(std::uint64_t seed) : chance{seed, "twins"} {}

  void push(std::int64_t distance) {
    constexpr std::int64_t most = Duration::max().count();
    const std::int64_t now = now_.time_since_epoch().count();
    const Time when{Duration{distance > most - now ? most : now + distance}};
    queue_.push(when, {pushed_, {}});
    model_.emplace(when, pushed_++);
  }

  /// Pops from both and compares, quickly: Catch's macros cost microseconds.
  void pop() {
    const auto expected = *model_.begin();
    model_.erase(model_.begin());
    const Time announced = chance.below(2) == 0 ? queue_.next_time() : expected.first;
    const auto got = queue_.pop();
    if (announced != expected.first || got.when != expected.first ||
        got.event.number != expected.second)
      FAIL("event " << expected.second << " due at " << sim::seconds(expected.first)
                    << " s, but the queue gave " << got.event.number << " due at "
                    << sim::seconds(got.when) << " s");
    now_ = got.when;
  }

  /// Asks when the next event is due, between two pops.
  void look() {
    if (queue_.next_time() != model_.begin()->first) FAIL("next_time() is wrong");
  }

  /// Nanoseconds until the next event is due.
  std::int64_t silence() const { return (model_.begin()->first - now_).count(); }

  void drain() {
    while (!model_.empty()) pop();
    REQUIRE(queue_.empty());
    REQUIRE(queue_.next_time() == sim::never);
  }
  std::size_t size() const {
    if (queue_.size() != model_.size()) FAIL("sizes differ");
    return model_.size();
  }

  sim::RandomStream chance;

 private:
  sim::EventQueue<Event> queue_;
  std::multimap<Time, std::uint32_t> model_;
  std::uint32_t pushed_ = 0;
  Time now_{};
};

std::int64_t below(sim::RandomStream& chance, std::int64_t n) {
  return static_cast<std::int64_t>(chance.below(static_cast<std::uint64_t>(n)));
}

/// A distance in nanoseconds in one of the ways that hurt some queue or other.
std::int64_t distance(sim::RandomStream& chance, std::uint64_t pattern) {
  switch (pattern) {
    case 0:
      return 0;  // now, again and again
    case 1:
      return below(chance, 4);  // nearly all ties
    case 2:
      return below(chance, 1'000'000);  // even
    case 3:
      return 1'000'000'000 - below(chance, 3);  // a far cluster
    case 4:
      return below(chance, 20) == 0 ? below(chance, std::int64_t{1} << 62)
                                    : below(chance, 1000);  // far outliers
    case 5:
      return std::int64_t{1} << below(chance, 60);  // every scale alike
    case 6:
      return 30'000'000'000 + below(chance, 1'000'000'000);  // timers that nobody waits for
    case 7:
      return (below(chance, 1000) + 1) * 1'000'000;  // on a grid
    default:
      return 3600'000'000'000'000;  // a silence of 1,000 hours
  }
}

}  // namespace

TEST_CASE("event queue: any mixture of patterns pops like a multimap") {
  const auto seed = GENERATE(range(0u, 100u));
  CAPTURE(seed);
  Twins twins{seed};
  sim::RandomStream& chance = twins.chance;
  // Phases that grow or shrink the population towards a size between nothing and thousands, each
  // with its own pattern or a mixture of two.
  for (int phase = 0; phase < 12; ++phase) {
    const std::uint64_t one = chance.below(9), other = chance.below(9);
    const std::size_t aim = std::size_t{1} << chance.below(seed % 10 == 0 ? 14 : 11);
    const std::uint64_t steps = 200 + chance.below(2000);
    for (std::uint64_t i = 0; i < steps || twins.size() < aim / 2; ++i) {
      const bool grow = twins.size() < aim ? chance.below(8) != 0 : chance.below(8) == 0;
      if (grow || twins.size() == 0) {
        twins.push(distance(chance, chance.below(2) == 0 ? one : other));
      } else {
        twins.pop();
      }
    }
    if (chance.below(4) == 0) twins.drain();
  }
  twins.drain();
}

TEST_CASE("event queue: a population that grows and shrinks a thousandfold keeps the order") {
  Twins twins{7};
  for (const std::size_t population : {10u, 20'000u, 30u, 2'000u, 1u, 50'000u, 100u}) {
    while (twins.size() < population) twins.push(distance(twins.chance, 2));
    while (twins.size() > population) twins.pop();
    for (int i = 0; i < 5'000; ++i) {
      twins.pop();
      twins.push(distance(twins.chance, 2));
    }
  }
  twins.drain();
}

TEST_CASE("event queue: events at one instant come in order of scheduling, however many") {
  Twins twins{1};
  for (int i = 0; i < 50'000; ++i) twins.push(1'000'000);
  for (int i = 0; i < 1'000; ++i) twins.pop();
  for (int i = 0; i < 50'000; ++i) twins.push(0);  // behind the 49,000 that are still due now
  for (int i = 0; i < 20'000; ++i) {
    twins.pop();
    twins.push(i % 2);
  }
  twins.drain();
}

TEST_CASE("event queue: a handler that schedules for now is next, but behind what was due now") {
  sim::EventQueue<int> queue;
  const Time now{Duration{5}};
  queue.push(now, 1);
  queue.push(now, 2);
  queue.push(now + Duration{1}, 4);
  REQUIRE(queue.pop().event == 1);
  queue.push(now, 3);
  REQUIRE(queue.pop().event == 2);
  REQUIRE(queue.pop().event == 3);
  REQUIRE(queue.pop().event == 4);
}

TEST_CASE("event queue: looking ahead past a silence does not lose what is scheduled into it") {
  // Asked for the time of the next event, the queue makes a bucket far ahead its front. Then come
  // events into the silence before it, more than a front can hold.
  const auto seed = GENERATE(range(0u, 100u));
  CAPTURE(seed);
  Twins twins{seed};
  for (int round = 0; round < 20; ++round) {
    const std::int64_t far = std::int64_t{1} << (20 + twins.chance.below(30));
    for (int i = 0; i < 200; ++i) twins.push(far + below(twins.chance, far / 4));
    twins.look();
    while (twins.size() > 40 && twins.silence() < far / 2) {
      twins.pop();
      twins.look();
    }
    const std::int64_t silence = twins.silence();
    for (int i = 0; i < 60; ++i) twins.push(below(twins.chance, silence + 1));
  }
  twins.drain();
}

TEST_CASE("event queue: the last nanosecond of all time is a time like any other") {
  sim::EventQueue<int> queue;
  for (int i = 0; i < 200; ++i) queue.push(sim::never, 1000 + i);
  for (int i = 0; i < 200; ++i) queue.push(sim::never - Duration{200 - i}, i);
  queue.push(Time{}, -1);
  REQUIRE(queue.next_time() == Time{});
  REQUIRE(queue.pop().event == -1);
  for (int i = 0; i < 200; ++i) REQUIRE(queue.pop().event == i);
  REQUIRE(queue.next_time() == sim::never);
  for (int i = 0; i < 200; ++i) REQUIRE(queue.pop().event == 1000 + i);
  REQUIRE(queue.empty());
}

TEST_CASE("event queue: ahead() names what pop() will give, when nothing comes between") {
  sim::EventQueue<int> queue;
  for (int i = 0; i < 20; ++i) queue.push(Time{Duration{i}}, i);
  REQUIRE(queue.pop().event == 0);
  REQUIRE(queue.ahead(0) != nullptr);
  REQUIRE(*queue.ahead(0) == 1);
  REQUIRE(*queue.ahead(3) == 4);
  REQUIRE(queue.ahead(1000) == nullptr);
}
