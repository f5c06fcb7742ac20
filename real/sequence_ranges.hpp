// SequenceRanges: which sequences of one client, as ranges. A client's sequences come nearly in order
// and nearly without gaps, so a billion of them are a few ranges.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "real/messages.hpp"

namespace real {

class SequenceRanges {
 public:
  /// False when it was there already. Cost: O(ranges after it), which are few.
  bool add(std::uint64_t sequence);

  std::uint64_t count() const { return count_; }
  /// Ascending, with a gap between any two.
  const std::vector<Range>& ranges() const { return ranges_; }

 private:
  std::vector<Range> ranges_;
  std::uint64_t count_ = 0;
};

/// Whether each range has its ends in order and begins after the end of the one before.
bool ascending(std::span<const Range> ranges);

/// What `all` has and `some` has not. Requires both ascending. O(ranges of both).
std::vector<Range> difference(std::span<const Range> all, std::span<const Range> some);

/// How many sequences. Requires ascending ranges.
std::uint64_t count_of(std::span<const Range> ranges);

}  // namespace real
