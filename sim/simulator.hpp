// Simulator: a clock and the events that have not happened yet.
//
// Events fire in the order of (time, order of scheduling), so a tie is decided the same way on
// every run. `Event` is any small plain value; the kernel never looks inside it. Firing means
// `world.on(now, event)`, called directly and in one place, step(): whatever is counted or traced
// there sees every event of every way to run.
//
// Nothing is ever cancelled. An event that has become pointless still fires, and its handler finds
// out by comparing a version number that the event carries.
//
// Not thread-safe: one simulator, one thread. Parallel means one simulator per seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "sim/check.hpp"
#include "sim/event_queue.hpp"
#include "sim/units.hpp"

namespace sim {

template <class Event>
class Simulator {
  static_assert(std::is_trivially_copyable_v<Event>);

 public:
  /// Makes room for about `expected_pending` events at once; more are welcome.
  explicit Simulator(std::size_t expected_pending = 1024) : pending_(expected_pending) {}

  Time now() const { return now_; }
  std::uint64_t fired() const { return fired_; }
  std::size_t pending() const { return pending_.size(); }
  /// When the next event is due; `never` when there is none.
  Time next_time() { return pending_.next_time(); }

  /// Schedules `event` for `when`. Requires when >= now().
  void at(Time when, Event event) {
    SIM_CHECK(when >= now_);
    pending_.push(when, event);
  }

  /// Schedules `event` for now() + delay, or for the end of time where that lies beyond it.
  /// Requires delay >= 0.
  void after(Duration delay, Event event) {
    SIM_CHECK(delay >= Duration::zero());
    pending_.push(later(now_, delay), event);
  }

  /// Fires the next event into `world.on(now, event)`. False when none is left. A world that has a
  /// `prefetch(event)` is told a few events ahead what will probably come, so that it can fetch
  /// what its handler will touch; it must not change anything there.
  template <class World>
  bool step(World& world) {
    if (pending_.empty()) return false;
    const auto next = pending_.pop();
    now_ = next.when;
    ++fired_;
    if constexpr (requires(const Event& event) { world.prefetch(event); }) {
      if (const Event* const soon = pending_.ahead(prefetch_distance)) world.prefetch(*soon);
    }
    world.on(now_, next.event);
    return true;
  }

  /// Fires everything due up to and including `end`, then sets the clock to `end`. Returns early,
  /// with the clock at the last event, when a handler called stop().
  template <class World>
  void run_until(Time end, World& world) {
    SIM_CHECK(end >= now_);
    stopped_ = false;
    while (!pending_.empty() && pending_.next_time() <= end) {
      step(world);
      if (stopped_) return;
    }
    now_ = end;
  }

  /// Makes run_until return after the event that is firing.
  void stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }

 private:
  static constexpr std::size_t prefetch_distance = 4;  // some 100 ns: one miss of all caches

  EventQueue<Event> pending_;
  Time now_{};
  std::uint64_t fired_ = 0;
  bool stopped_ = false;
};

}  // namespace sim
