// EventQueue: what is going to happen, earliest first; ties in order of scheduling, exactly.
//
// The near end is the *front*: a sorted run that is read from its end. Everything later lies
// unsorted in the buckets of an EventWheel; when the front is used up, the next bucket is sorted
// once and becomes the front. What is scheduled into the time that the front covers is inserted
// into the run when its place is within reach, and goes to a small heap that is merged while
// popping when it is not. A few events pending are all front, and the wheel stands still.
//
// A bucket should hold few enough events to sort in the cache and many enough to be worth opening.
// The queue counts what goes wrong (late events in the heap, near-empty buckets, events filed
// twice) and gives the wheel another shape when it must; at least as many pushes and pops as there
// are events pending lie between two of those, so their cost is shared out.
//
// Cost: 20 to 60 ns for a push and a pop, between 1 and 16 million pending
// (bench/event_queue_bench). No allocation once the run is warm. Twice the memory of the pending
// events at most, beyond a megabyte.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "sim/check.hpp"
#include "sim/event_sort.hpp"
#include "sim/event_wheel.hpp"
#include "sim/units.hpp"

namespace sim {

template <class Event>
class EventQueue {
  static_assert(std::is_trivially_copyable_v<Event>);

 public:
  struct Entry {
    Time when{};
    Event event{};
  };

  /// Makes room for about `expected` pending events.
  explicit EventQueue(std::size_t expected = 0) {
    run_.reserve(usual_most);
    late_.reserve(2 * reach);
    sort_.reserve(usual_most);
    if (expected > reach)
      wheel_.pool().reserve(expected / EventPile<Entry>::Chunk::capacity + reach);
  }

  std::size_t size() const { return static_cast<std::size_t>(pushed_ - popped_); }
  bool empty() const { return pushed_ == popped_; }

  /// Requires `when` not to be before Time{} nor before the last pop. Cost: amortised O(1) where
  /// times are spread at all, O(log size()) at worst.
  void push(Time when, Event event) {
    ++pushed_;
    if (ticks(when) > front_last_) [[likely]] {
      wheel_.file({when, event});
    } else {
      push_front({when, event});
    }
  }

  /// When the earliest event is due; `never` when there is none.
  Time next_time() {
    if (run_.empty() && late_.empty() && !open_next()) return never;
    return from_run() ? run_.back().when : late_.front().entry.when;
  }

  /// Takes the earliest event out. Requires !empty().
  Entry pop() {
    if (run_.empty() && late_.empty()) SIM_CHECK(open_next());
    ++popped_;
    if (!from_run()) return pop_late();
    const Entry next = run_.back();
    run_.pop_back();
    return next;
  }

  /// The event that will probably be popped after `n` others, if it is known yet. A hint, for
  /// fetching what its handler will need.
  const Event* ahead(std::size_t n) const {
    return n < run_.size() ? &run_[run_.size() - 1 - n].event : nullptr;
  }

 private:
  using Wheel = EventWheel<Entry>;

  static constexpr std::uint64_t end_of_time = static_cast<std::uint64_t>(Duration::max().count());
  static constexpr std::size_t reach = 48;        // how far into the run an insertion goes
  static constexpr std::size_t all_front = 16;    // as few events as that need no wheel at all
  static constexpr std::size_t usual_most = 512;  // a bucket seldom holds more; more may allocate
  static constexpr std::size_t whole = 32;  // a wide bucket with as few is not divided further

  struct Late {
    Entry entry;
    std::uint64_t order = 0;  // of scheduling
  };

  static std::uint64_t ticks(Time when) {
    return static_cast<std::uint64_t>(when.time_since_epoch().count());
  }
  static bool later(const Late& a, const Late& b) {
    return a.entry.when != b.entry.when ? a.entry.when > b.entry.when : a.order > b.order;
  }

  /// Whether the earliest event of the front is in the run. A tie goes to the run: see push_front.
  bool from_run() const {
    if (late_.empty()) [[likely]]
      return true;
    return !run_.empty() && run_.back().when <= late_.front().entry.when;
  }

  // The run may only take what is earlier than everything late. So of events at one instant, those
  // in the run were all scheduled before those in the heap, and ties need no further comparison.
  void push_front(const Entry& entry) {
    if (late_.empty() || entry.when < late_.front().entry.when) {
      if (run_.size() < reach || run_[run_.size() - reach].when > entry.when) {
        insert(entry);
        if (front_is_wide_ && run_.size() >= reach) narrow_front();
        return;
      }
    }
    late_.push_back({entry, pushed_});
    std::push_heap(late_.begin(), late_.end(), later);
    ++late_pushes_;
    if (late_.size() >= std::max(2 * reach, run_.size() / 4)) relieve();
  }

  /// Requires the place of `entry` to be among the last `reach` of the run.
  void insert(const Entry& entry) {
    std::size_t at = run_.size();
    run_.push_back(entry);
    for (; at > 0 && run_[at - 1].when <= entry.when; --at) run_[at] = run_[at - 1];
    run_[at] = entry;
  }

  Entry pop_late() {
    std::pop_heap(late_.begin(), late_.end(), later);
    const Entry next = late_.back().entry;
    late_.pop_back();
    return next;
  }

  /// Makes what comes next the front. False when nothing is pending. Requires an empty front.
  bool open_next() {
    if (empty()) return false;
    if (size() <= all_front) {
      wheel_.drain([this](const Entry& entry) { run_.push_back(entry); });
      std::reverse(run_.begin(), run_.end());  // of equal times the one scheduled last comes first
      sort_.latest_first(run_.data(), run_.size());
      front_first_ = 0;
      front_last_ = end_of_time;
      front_is_wide_ = true;
      return true;
    }
    if (operations() >= 4 * size()) tune();
    auto due = wheel_.take_next(whole);
    due.pile.drain_newest_first(wheel_.pool(),
                                [this](const Entry& entry) { run_.push_back(entry); });
    sort_.latest_first(run_.data(), run_.size());
    front_first_ = due.first;
    front_last_ = due.last;
    front_is_wide_ = due.wide;
    ++opened_;
    if (run_.size() > 8 * target() && operations() >= size()) fit_to_front();
    return true;
  }

  /// Takes what is late into the run, and gives the wheel narrower ticks where that is due.
  void relieve() {
    merge_late();
    if (operations() >= size() / 4) fit_to_front();
  }

  /// Cuts a wide front down to one tick.
  void narrow_front() {
    if (front_last_ == end_of_time) return fit_to_front();  // the wheel is empty: shape it afresh
    front_last_ = wheel_.rewind(std::max(ticks(run_.back().when), front_first_));
    cut_front();
  }

  /// Gives the wheel ticks that suit the events of the front, which has become too full.
  void fit_to_front() {
    // The nearer half tells the density: one outlier must not stretch it.
    const std::size_t n = run_.size();
    const auto span = [&](std::size_t events) {
      return ticks(run_[n - events].when) - ticks(run_.back().when);
    };
    std::size_t events = n / 2;
    if (span(events) == 0) events = n;
    const double width = static_cast<double>(span(events)) * static_cast<double>(target()) /
                         static_cast<double>(events);
    const int shift = width < 1 ? 0 : std::min(std::ilogb(width), Wheel::shift_max);
    const bool fresh = front_last_ == end_of_time;
    if (fresh || shift < wheel_.shape().shift) {
      front_last_ = wheel_.reshape({shift, ring_for_target()}, ticks(run_.back().when));
      cut_front();
    }
    start_window();
  }

  /// Files what lies beyond front_last_.
  void cut_front() {
    front_is_wide_ = false;
    const auto beyond = std::partition_point(run_.begin(), run_.end(), [this](const Entry& entry) {
      return ticks(entry.when) > front_last_;
    });
    for (auto at = beyond; at != run_.begin();) wheel_.file(*--at);
    run_.erase(run_.begin(), beyond);
  }

  void merge_late() {
    if (late_.empty()) return;
    std::sort(late_.begin(), late_.end(), later);
    const std::size_t n = run_.size();
    run_.resize(n + late_.size());
    std::move_backward(run_.begin(), run_.begin() + static_cast<std::ptrdiff_t>(n), run_.end());
    for (std::size_t i = 0; i < late_.size(); ++i) run_[i] = late_[i].entry;
    sort_.latest_first(run_.data(), run_.size());
    late_.clear();
  }

  /// How many events a bucket should hold. Measured: fewer, and opening one costs too much; more,
  /// and they no longer fit in the cache together with the ends of all other buckets.
  std::size_t target() const { return std::clamp<std::size_t>(wheel_.in_ring() / 256, 64, 4096); }

  int ring_for_target() const {
    const int bits = static_cast<int>(std::bit_width(wheel_.in_ring() / target())) + 3;
    return std::clamp(bits, Wheel::ring_bits_min, Wheel::ring_bits_max);
  }

  std::uint64_t operations() const { return pushed_ + popped_ - window_start_; }

  void start_window() {
    window_start_ = pushed_ + popped_;
    window_popped_ = popped_;
    opened_ = late_pushes_ = 0;
    window_refiled_ = wheel_.refiled();
  }

  /// Gives the wheel another shape where the window that ends here shows that it must have one.
  void tune() {
    const std::uint64_t popped = popped_ - window_popped_;
    const std::uint64_t refiled = wheel_.refiled() - window_refiled_;
    const double filled = static_cast<double>(popped) / static_cast<double>(opened_ + 1);
    const double wanted = static_cast<double>(target());
    typename Wheel::Shape shape = wheel_.shape();
    if (late_pushes_ > popped / 8 && filled > 2 * wanted) {
      shape = {std::max(shape.shift - 2, 0), ring_for_target()};
    } else if (filled < wanted / 4) {
      shape = {shape.shift + std::max(std::ilogb(wanted / (filled + 1)), 1), ring_for_target()};
    } else if (refiled > popped / 2) {
      // Most events come from beyond the ring. More buckets bring them in, or else wider ones.
      if (shape.ring == Wheel::ring_bits_max) shape.shift += 2;
      shape.ring += 2;
    }
    shape.shift = std::min(shape.shift, Wheel::shift_max);
    shape.ring = std::min(shape.ring, Wheel::ring_bits_max);
    if (shape != wheel_.shape()) wheel_.reshape(shape, front_last_);
    start_window();
  }

  // The front: everything due up to and including front_last_.
  std::vector<Entry> run_;  // latest first
  std::vector<Late> late_;  // heap, earliest at its front
  std::uint64_t front_last_ = end_of_time;
  std::uint64_t front_first_ = 0;  // of the bucket it was made of
  bool front_is_wide_ = true;      // covers more than one tick: holds fewer than `reach`

  Wheel wheel_;
  EventSort<Entry> sort_;
  std::uint64_t pushed_ = 0, popped_ = 0;

  // What happened since the shape of the wheel was last judged.
  std::uint64_t window_start_ = 0;    // pushes and pops before it
  std::uint64_t window_popped_ = 0;   // pops before it
  std::uint64_t window_refiled_ = 0;  // entries filed again before it
  std::uint64_t opened_ = 0, late_pushes_ = 0;
};

}  // namespace sim
