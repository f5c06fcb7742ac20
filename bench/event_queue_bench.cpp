// The event queue beside two heaps, under the hold model: n events pending, each step takes the
// earliest and schedules another at an exponential distance. Entries are 24 bytes. All three queues
// must deliver the same events in the same order, or the figure is void.
//
// Then PHOLD without a network: n entities in a Simulator, each event touches its entity and sends
// one event on, in one case out of four to another entity.
//
//   event_queue_bench [--quick] [PENDING...]     --quick: small sizes and few steps, for the tests
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <queue>
#include <string>
#include <vector>

#include "bench/bench.hpp"
#include "sim/event_queue.hpp"
#include "sim/fingerprint.hpp"
#include "sim/random.hpp"
#include "sim/simulator.hpp"

namespace {

using sim::Duration;
using sim::Time;

struct Event {
  std::uint8_t kind;
  std::uint32_t subject, detail;
};

/// What both heaps store. 32 bytes: a heap needs the order of scheduling written down.
struct Entry {
  Time when;
  std::uint64_t order;
  Event event;
};
struct Later {
  bool operator()(const Entry& a, const Entry& b) const {
    return a.when != b.when ? a.when > b.when : a.order > b.order;
  }
};

class StandardHeap {
 public:
  explicit StandardHeap(std::size_t) {}
  void push(Time when, Event event) { heap_.push({when, order_++, event}); }
  Entry pop() {
    const Entry next = heap_.top();
    heap_.pop();
    return next;
  }

 private:
  std::priority_queue<Entry, std::vector<Entry>, Later> heap_;
  std::uint64_t order_ = 0;
};

/// Four children to a node, moved into a hole instead of swapped.
class WideHeap {
 public:
  explicit WideHeap(std::size_t expected) { heap_.reserve(expected + 1); }
  void push(Time when, Event event) {
    const Entry entry{when, order_++, event};
    std::size_t hole = heap_.size();
    heap_.push_back(entry);
    for (; hole > 0 && later_(heap_[(hole - 1) / 4], entry); hole = (hole - 1) / 4)
      heap_[hole] = heap_[(hole - 1) / 4];
    heap_[hole] = entry;
  }
  Entry pop() {
    const Entry next = heap_.front(), last = heap_.back();
    heap_.pop_back();
    if (heap_.empty()) return next;
    std::size_t hole = 0;
    for (std::size_t child = 1; child < heap_.size(); child = 4 * hole + 1) {
      const std::size_t end = std::min(child + 4, heap_.size());
      std::size_t least = child;
      for (std::size_t i = child + 1; i < end; ++i)
        if (later_(heap_[least], heap_[i])) least = i;
      if (!later_(last, heap_[least])) break;
      heap_[hole] = heap_[least];
      hole = least;
    }
    heap_[hole] = last;
    return next;
  }

 private:
  Later later_;
  std::vector<Entry> heap_;
  std::uint64_t order_ = 0;
};

/// Exponential distances from a table: the draw should cost the queue's figure little.
class Distances {
 public:
  Distances() : table_(1 << 16) {
    for (std::size_t i = 0; i < table_.size(); ++i) {
      const double share = (static_cast<double>(i) + 0.5) / static_cast<double>(table_.size());
      table_[i] = static_cast<std::int64_t>(-std::log(share) * 1e9);
    }
  }
  Duration operator()(sim::RandomStream& chance) const {
    const std::uint64_t bits = chance.bits();
    return Duration{table_[bits >> 48] + static_cast<std::int64_t>(bits & 0xffff)};
  }

 private:
  std::vector<std::int64_t> table_;
};

struct Held {
  double nanoseconds;  // per pop and push
  std::uint64_t fingerprint;
};

template <class Queue>
Held hold(std::size_t pending, std::size_t steps, const Distances& distance) {
  sim::RandomStream chance{1, "bench.hold", pending};
  Queue queue{pending};
  for (std::size_t i = 0; i < pending; ++i)
    queue.push(Time{distance(chance)}, {0, static_cast<std::uint32_t>(i), 0});
  sim::Fingerprint fingerprint;
  const auto play = [&](std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
      const auto next = queue.pop();
      fingerprint.add(next.event.subject);
      queue.push(next.when + distance(chance), next.event);
    }
  };
  play(2 * pending);  // the population ages into its steady state, the queue into its memory
  const double seconds = bench::seconds_of([&] { play(steps); });
  return {seconds * 1e9 / static_cast<double>(steps), fingerprint.value()};
}

void compare(std::size_t pending, std::size_t steps, const Distances& distance) {
  const std::string size = std::to_string(pending) + " pending: ";
  const Held ours = hold<sim::EventQueue<Event>>(pending, steps, distance);
  const Held standard = hold<StandardHeap>(pending, steps, distance);
  const Held wide = hold<WideHeap>(pending, steps, distance);
  if (ours.fingerprint != standard.fingerprint || ours.fingerprint != wide.fingerprint) {
    std::printf("%sthe queues disagree about the order\n", size.c_str());
    std::exit(1);
  }
  const auto times = [&](const Held& peer) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f x ours", peer.nanoseconds / ours.nanoseconds);
    return std::string{text};
  };
  bench::row(size + "sim::EventQueue", ours.nanoseconds, "ns/hold");
  bench::row(size + "std::priority_queue", standard.nanoseconds, "ns/hold", times(standard));
  bench::row(size + "4-ary heap", wide.nanoseconds, "ns/hold", times(wide));
}

/// Entities that send events to each other.
class Phold {
 public:
  Phold(std::uint32_t entities, const Distances& distance)
      : distance_(distance), simulator_(entities), visits_(entities) {
    for (std::uint32_t i = 0; i < entities; ++i) simulator_.at(Time{distance_(chance_)}, {0, i, 0});
  }
  void on(Time, Event event) {
    ++visits_[event.subject];
    const bool remote = chance_.bits() >> 62 == 0;
    const auto to =
        remote ? static_cast<std::uint32_t>(chance_.below(visits_.size())) : event.subject;
    simulator_.after(distance_(chance_), {0, to, 0});
  }
  void play(std::size_t events) {
    for (std::size_t i = 0; i < events; ++i) simulator_.step(*this);
  }

 private:
  const Distances& distance_;
  sim::RandomStream chance_{1, "bench.phold"};
  sim::Simulator<Event> simulator_;
  std::vector<std::uint64_t> visits_;
};

void phold(std::uint32_t entities, std::size_t events, const Distances& distance) {
  Phold model{entities, distance};
  model.play(2 * entities);
  const double seconds = bench::seconds_of([&] { model.play(events); });
  bench::row("PHOLD, " + std::to_string(entities) + " entities",
             static_cast<double>(events) / seconds / 1e6, "M events/s");
}

}  // namespace

int main(int count, char** arguments) {
  bool quick = false;
  std::vector<std::size_t> sizes;
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(arguments[i], "--quick") == 0) {
      quick = true;
    } else if (const auto size = std::strtoull(arguments[i], nullptr, 10); size > 0) {
      sizes.push_back(size);
    } else {
      std::fprintf(stderr, "usage: event_queue_bench [--quick] [PENDING...]\n");
      return 2;
    }
  }
  if (sizes.empty()) {
    sizes = quick ? std::vector<std::size_t>{16, 1 << 10, 1 << 14}
                  : std::vector<std::size_t>{16, 100, 1 << 10, 1 << 16, 1 << 20, 1 << 24};
  }
  const Distances distance;
  for (const std::size_t size : sizes)
    compare(size, quick ? 20'000 : std::max<std::size_t>(5'000'000, size), distance);
  for (const std::uint32_t entities : {1u << 10, 1u << 16})
    phold(entities, quick ? 20'000 : 10'000'000, distance);
}
