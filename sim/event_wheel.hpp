// EventWheel: events by when they are due, roughly; the far future more roughly than the near.
//
// Time is cut into ticks of 2^shift nanoseconds. Next to the current tick there is a ring of 2^ring
// buckets of one tick each; around it lie levels of 64 buckets, each bucket as wide as everything
// inside its level. An event is filed by the highest bit in which its tick differs from the current
// one, so each bucket is a pile that nobody sorts until its turn comes. The turn of a bucket of a
// level files its events again, nearer: a timer far ahead is moved once per factor of 64, an event
// of the near future never, and nothing is ever searched. Sets of bits say which buckets hold
// something, so a long silence is crossed in one step.
//
// All events of one instant are in one pile at any time, in order of scheduling. That is what makes
// the whole queue stable.
//
// After: Varghese and Lauck, Hashed and hierarchical timing wheels (1987); radix heaps, Ahuja et
// al. (1990), from which comes filing by the highest differing bit.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "sim/event_pile.hpp"

namespace sim {

template <class Entry>
class EventWheel {
 public:
  using Pile = EventPile<Entry>;

  static constexpr int ring_bits_min = 6, ring_bits_max = 14;
  static constexpr int shift_max = 40;  // ticks of 18 minutes

  /// A pile that is due, the first and the last nanosecond of its bucket, and whether that is wider
  /// than one tick.
  struct Due {
    Pile pile;
    std::uint64_t first, last;
    bool wide;
  };

  struct Shape {
    int shift = 0;             // a tick is 2^shift nanoseconds
    int ring = ring_bits_min;  // the ring has 2^ring buckets
    bool operator==(const Shape&) const = default;
  };

  const Shape& shape() const { return shape_; }
  typename Pile::Pool& pool() { return pool_; }

  /// How many times, so far, an entry was filed again because a level's bucket had its turn.
  std::uint64_t refiled() const { return refiled_; }

  /// Files an entry. Requires it to be due after the last nanosecond of what was taken last.
  void file(const Entry& entry) {
    const std::uint64_t tick = ticks(entry) >> shape_.shift;
    const std::uint64_t differs = tick ^ current_;
    if (differs >> shape_.ring == 0) [[likely]] {
      add_to_ring(static_cast<std::size_t>(tick & ring_mask()), entry);
    } else {
      add_to_level(tick, differs, entry);
    }
  }

  /// Takes the earliest bucket, with a level's bucket taken whole when it holds no more than
  /// `whole`. Requires a filed entry.
  Due take_next(std::size_t whole) {
    for (;;) {
      if (const auto bucket = first_in_ring(current_ & ring_mask())) {
        current_ = (current_ & ~ring_mask()) | *bucket;
        return {take_from_ring(*bucket), current_ << shape_.shift, last_of(current_ + 1), false};
      }
      std::size_t level = 0;
      while (levels_[level].filled == 0) ++level;
      const auto bucket = static_cast<std::uint64_t>(std::countr_zero(levels_[level].filled));
      levels_[level].filled &= levels_[level].filled - 1;
      Pile pile = std::exchange(levels_[level].buckets[bucket], {});
      const int bits = level_bits(level);
      const std::uint64_t start = (((current_ >> bits) & ~std::uint64_t{63}) | bucket) << bits;
      if (pile.count <= whole) {
        const std::uint64_t last = last_of(start + (std::uint64_t{1} << bits));
        current_ = last >> shape_.shift;
        return {pile, start << shape_.shift, last, true};
      }
      current_ = start;
      refiled_ += pile.count;
      pile.drain_oldest_first(pool_, [this](const Entry& entry) { file(entry); });
    }
  }

  /// Empties the wheel into visit(entry); entries of equal time come in order of scheduling.
  template <class Visit>
  void drain(Visit visit) {
    while (const auto bucket = first_in_ring(0))
      take_from_ring(*bucket).drain_oldest_first(pool_, visit);
    for (Level& level : levels_) {
      for (; level.filled != 0; level.filled &= level.filled - 1)
        level.buckets[static_cast<std::size_t>(std::countr_zero(level.filled))].drain_oldest_first(
            pool_, visit);
    }
  }

  /// Changes the shape, makes the tick of nanosecond `now` the current one and files anew whatever
  /// is filed. Requires nothing to be filed before that tick. Returns its last nanosecond.
  std::uint64_t reshape(Shape shape, std::uint64_t now) {
    Pile all;
    drain([&](const Entry& entry) { all.add(entry, pool_); });
    shape_ = shape;
    current_ = now >> shape.shift;
    const std::size_t buckets = std::size_t{1} << shape.ring;
    ring_.resize(std::max(ring_.size(), buckets));
    ring_filled_.resize(std::max(ring_filled_.size(), buckets / 64));
    all.drain_oldest_first(pool_, [this](const Entry& entry) { file(entry); });
    return last_of(current_ + 1);
  }

  /// Makes the tick of nanosecond `now` the current one again, inside a wide bucket that has just
  /// been taken. Returns its last nanosecond.
  std::uint64_t rewind(std::uint64_t now) {
    current_ = now >> shape_.shift;
    return last_of(current_ + 1);
  }

  std::size_t in_ring() const { return in_ring_; }

 private:
  static constexpr int fan_bits = 6;  // buckets of a level: as many as a word has bits

  struct Level {
    std::uint64_t filled = 0;  // bit b: bucket b holds something
    std::array<Pile, std::size_t{1} << fan_bits> buckets{};
  };

  static std::uint64_t ticks(const Entry& entry) {
    return static_cast<std::uint64_t>(entry.when.time_since_epoch().count());
  }
  std::uint64_t ring_mask() const { return (std::uint64_t{1} << shape_.ring) - 1; }
  std::uint64_t last_of(std::uint64_t end_tick) const { return (end_tick << shape_.shift) - 1; }
  int level_bits(std::size_t level) const {
    return shape_.ring + fan_bits * static_cast<int>(level);
  }

  void add_to_ring(std::size_t bucket, const Entry& entry) {
    ring_filled_[bucket / 64] |= std::uint64_t{1} << (bucket % 64);
    ring_[bucket].add(entry, pool_);
    ++in_ring_;
  }

  void add_to_level(std::uint64_t tick, std::uint64_t differs, const Entry& entry) {
    const auto level =
        static_cast<std::size_t>((std::bit_width(differs >> shape_.ring) - 1) / fan_bits);
    const std::uint64_t bucket = (tick >> level_bits(level)) % 64;
    levels_[level].filled |= std::uint64_t{1} << bucket;
    levels_[level].buckets[bucket].add(entry, pool_);
  }

  std::optional<std::size_t> first_in_ring(std::uint64_t from) const {
    if (in_ring_ == 0) return {};
    auto word = static_cast<std::size_t>(from / 64);
    while (ring_filled_[word] == 0) ++word;
    return word * 64 + static_cast<std::size_t>(std::countr_zero(ring_filled_[word]));
  }

  Pile take_from_ring(std::size_t bucket) {
    ring_filled_[bucket / 64] &= ~(std::uint64_t{1} << (bucket % 64));
    in_ring_ -= ring_[bucket].count;
    return std::exchange(ring_[bucket], {});
  }

  Shape shape_;
  std::uint64_t current_ = 0;  // tick; everything filed is due in it or later
  std::vector<Pile> ring_ = std::vector<Pile>(std::size_t{1} << ring_bits_min);
  std::vector<std::uint64_t> ring_filled_ = std::vector<std::uint64_t>(1);
  std::size_t in_ring_ = 0;
  std::array<Level, (63 - ring_bits_min + fan_bits - 1) / fan_bits> levels_{};
  std::uint64_t refiled_ = 0;
  typename Pile::Pool pool_;
};

}  // namespace sim
