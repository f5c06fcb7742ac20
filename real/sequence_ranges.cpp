#include "real/sequence_ranges.hpp"

#include <algorithm>

namespace real {

bool SequenceRanges::add(std::uint64_t sequence) {
  // The first range that ends at `sequence` or beyond; nearly always the end.
  std::size_t at = ranges_.size();
  while (at > 0 && ranges_[at - 1].last >= sequence) --at;
  if (at < ranges_.size() && ranges_[at].first <= sequence) return false;
  ++count_;
  const bool follows = at > 0 && ranges_[at - 1].last + 1 == sequence;
  const bool precedes = at < ranges_.size() && sequence + 1 == ranges_[at].first;
  const auto here = ranges_.begin() + static_cast<std::ptrdiff_t>(at);
  if (follows && precedes) {
    ranges_[at - 1].last = ranges_[at].last;
    ranges_.erase(here);
  } else if (follows) {
    ranges_[at - 1].last = sequence;
  } else if (precedes) {
    ranges_[at].first = sequence;
  } else {
    ranges_.insert(here, {sequence, sequence});
  }
  return true;
}

bool ascending(std::span<const Range> ranges) {
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    if (ranges[i].first > ranges[i].last) return false;
    if (i > 0 && ranges[i].first <= ranges[i - 1].last) return false;
  }
  return true;
}

std::vector<Range> difference(std::span<const Range> all, std::span<const Range> some) {
  std::vector<Range> rest;
  std::size_t next = 0;
  for (Range left : all) {
    while (next < some.size() && some[next].last < left.first) ++next;
    bool gone = false;
    // One range of `some` may reach into several of `all`: only those passed are left behind.
    for (std::size_t i = next; i < some.size() && some[i].first <= left.last; ++i) {
      if (some[i].first > left.first) rest.push_back({left.first, some[i].first - 1});
      gone = some[i].last >= left.last;
      if (gone) break;
      left.first = some[i].last + 1;
    }
    if (!gone) rest.push_back(left);
  }
  return rest;
}

std::uint64_t count_of(std::span<const Range> ranges) {
  std::uint64_t count = 0;
  for (const Range& range : ranges) count += range.last - range.first + 1;
  return count;
}

}  // namespace real
