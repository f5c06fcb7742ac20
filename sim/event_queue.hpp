// EventQueue: what is going to happen, earliest first, ties in order of scheduling.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "sim/check.hpp"
#include "sim/units.hpp"

namespace sim {

template <class Event>
class EventQueue {
  static_assert(std::is_trivially_copyable_v<Event>);

 public:
  struct Entry {
    Time when;
    Event event;
  };

  explicit EventQueue(std::size_t expected = 64) { pending_.reserve(expected); }

  std::size_t size() const { return pending_.size(); }
  bool empty() const { return pending_.empty(); }

  void push(Time when, Event event) {
    pending_.push_back({when, scheduled_++, event});
    std::push_heap(pending_.begin(), pending_.end(), later);
  }

  /// When the earliest event is due; `never` when there is none.
  Time next_time() { return pending_.empty() ? never : pending_.front().when; }

  /// Takes the earliest event out. Requires !empty().
  Entry pop() {
    SIM_CHECK(!pending_.empty());
    std::pop_heap(pending_.begin(), pending_.end(), later);
    const Ordered next = pending_.back();
    pending_.pop_back();
    return {next.when, next.event};
  }

 private:
  struct Ordered {
    Time when;
    std::uint64_t order;
    Event event;
  };
  static bool later(const Ordered& a, const Ordered& b) {
    return a.when != b.when ? a.when > b.when : a.order > b.order;
  }

  std::vector<Ordered> pending_;
  std::uint64_t scheduled_ = 0;
};

}  // namespace sim
