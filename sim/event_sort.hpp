// EventSort: turns a heap of entries into a run that is read from its end, earliest event last.
//
// Distribution sort: entries are counted into as many slots of equal width as there are entries,
// laid down slot by slot, and what shares a slot is put right by insertion. With times that are
// spread over their range this costs a few nanoseconds an entry whatever their number. A slot that
// got crowded (clusters, one far outlier) is spread again over its own range, which is at least 32
// times narrower each time; entries at one instant are left as they are.
//
// Stable: entries of equal time keep the order in which they stood.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/units.hpp"

namespace sim {

template <class Entry>
class EventSort {
 public:
  /// Makes room for sorting `n` at once.
  void reserve(std::size_t n) { scratch_.resize(std::max(scratch_.size(), n)); }

  /// Sorts [first, first + n) by time, latest first. Cost: O(n), at most 13 rounds of it. Allocates
  /// only when n exceeds every n before.
  void latest_first(Entry* first, std::size_t n) {
    if (n <= few) return insert_all(first, n);
    if (scratch_.size() < n) scratch_.resize(n);
    spread(first, n);
  }

 private:
  static constexpr std::size_t few = 24;  // up to here insertion alone is quicker
  static constexpr int slot_bits_min = 6, slot_bits_max = 12;  // 16 KiB of counters

  static std::uint64_t ticks(const Entry& entry) {
    return static_cast<std::uint64_t>(entry.when.time_since_epoch().count());
  }

  static void insert_all(Entry* first, std::size_t n) {
    for (std::size_t i = 1; i < n; ++i) {
      if (!(first[i - 1].when < first[i].when)) continue;
      const Entry entry = first[i];
      std::size_t at = i;
      do {
        first[at] = first[at - 1];
        --at;
      } while (at > 0 && first[at - 1].when < entry.when);
      first[at] = entry;
    }
  }

  void spread(Entry* first, std::size_t n) {
    std::uint64_t low = ticks(first[0]), high = low;
    for (std::size_t i = 0; i < n; ++i) {
      scratch_[i] = first[i];
      low = std::min(low, ticks(first[i]));
      high = std::max(high, ticks(first[i]));
    }
    if (low == high) return;
    const int slot_bits =
        std::clamp(static_cast<int>(std::bit_width(n)), slot_bits_min, slot_bits_max);
    const int range_bits = static_cast<int>(std::bit_width(high - low));
    const int shift = std::max(range_bits - slot_bits, 0);
    const std::size_t slots = static_cast<std::size_t>((high - low) >> shift) + 1;

    // Slots are counted from the latest, so that ascending slots are descending times.
    const auto slot = [&](const Entry& entry) { return (high - ticks(entry)) >> shift; };
    std::fill_n(ends_.begin(), slots, 0);
    for (std::size_t i = 0; i < n; ++i) ++ends_[slot(scratch_[i])];
    std::uint32_t sum = 0, most = 0;
    for (std::size_t s = 0; s < slots; ++s) {
      const std::uint32_t here = ends_[s];
      most = std::max(most, here);
      ends_[s] = sum;
      sum += here;
    }
    for (std::size_t i = 0; i < n; ++i) first[ends_[slot(scratch_[i])]++] = scratch_[i];

    if (shift == 0) return;
    if (most > few) spread_crowded(first, n, [&](const Entry& entry) { return slot(entry); });
    insert_all(first, n);
  }

  /// Sorts every stretch of more than `few` entries of one slot.
  template <class Slot>
  void spread_crowded(Entry* first, std::size_t n, Slot slot) {
    for (std::size_t from = 0; from < n;) {
      std::size_t to = from + 1;
      while (to < n && slot(first[to]) == slot(first[from])) ++to;
      if (to - from > few) spread(first + from, to - from);
      from = to;
    }
  }

  std::vector<Entry> scratch_;
  std::array<std::uint32_t, std::size_t{1} << slot_bits_max> ends_{};
};

}  // namespace sim
