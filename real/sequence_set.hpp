// SequenceSet: a set of sequence numbers, kept as disjoint ranges that do not touch.
//
// A client's writes come almost in order, so a set of a million is a handful of ranges. Adding and
// looking up cost O(log ranges); adding behind the last one, the usual case, O(1).
#pragma once

#include <cstdint>
#include <iterator>
#include <map>
#include <utility>

namespace real {

class SequenceSet {
 public:
  /// False when it was there already.
  bool add(std::uint64_t sequence) {
    auto after = ranges_.end();
    if (!ranges_.empty() && std::prev(after)->first > sequence)
      after = ranges_.upper_bound(sequence);
    const auto before = after == ranges_.begin() ? ranges_.end() : std::prev(after);
    const bool has_before = before != ranges_.end();
    if (has_before && before->second >= sequence) return false;
    ++size_;
    const bool joins_before = has_before && before->second + 1 == sequence;
    const bool joins_after = after != ranges_.end() && after->first == sequence + 1;
    const std::uint64_t last = joins_after ? after->second : sequence;
    if (joins_after) after = ranges_.erase(after);
    if (joins_before) {
      before->second = last;
    } else {
      ranges_.emplace_hint(after, sequence, last);
    }
    return true;
  }

  bool contains(std::uint64_t sequence) const {
    const auto after = ranges_.upper_bound(sequence);
    return after != ranges_.begin() && std::prev(after)->second >= sequence;
  }

  std::uint64_t size() const { return size_; }

  /// First and last of each range, ascending.
  const std::map<std::uint64_t, std::uint64_t>& ranges() const { return ranges_; }

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_;
  std::uint64_t size_ = 0;
};

}  // namespace real
