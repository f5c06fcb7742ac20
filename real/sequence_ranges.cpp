#include "real/sequence_ranges.hpp"

namespace real {

std::vector<Range> ranges_of(const SequenceSet& set) {
  std::vector<Range> ranges;
  ranges.reserve(set.ranges().size());
  for (const auto& [first, last] : set.ranges()) ranges.push_back({first, last});
  return ranges;
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
