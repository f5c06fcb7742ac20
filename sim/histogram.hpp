// Histogram: how often which value, in constant memory, for values that span many decades.
//
// Values are whole numbers (nanoseconds, bytes). Up to 127 each has its own bucket; above, every
// power of two is cut into 64 equal buckets, and a bucket is reported by its middle, so a quantile
// is off by at most half a bucket: 1/128 of the value, 0.8 %. Count, minimum, maximum and mean are
// exact. 3,712 buckets, 29 KiB, no allocation: a histogram of every group in every interval is
// affordable, and merging two of them loses nothing.
//
// The bucket layout is that of HdrHistogram (Tene, hdrhistogram.org) with two significant figures.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "sim/result.hpp"

namespace sim {

class Histogram {
 public:
  using Bucket = std::pair<std::uint32_t, std::uint64_t>;  // its number, how many values it holds

  /// What the buckets alone do not tell exactly.
  struct Exact {
    std::int64_t min = 0, max = 0;
    std::uint64_t sum_high = 0, sum_low = 0;  // of all values: high * 2^64 + low
    bool operator==(const Exact&) const = default;
  };

  /// Counts `value` n times; a negative one counts as 0. Cost: a few nanoseconds.
  void add(std::int64_t value, std::uint64_t n = 1) {
    if (n == 0) return;
    if (value < 0) value = 0;
    counts_[index(value)] += n;
    count_ += n;
    sum_ += static_cast<Wide>(static_cast<std::uint64_t>(value)) * n;
    if (value < min_) min_ = value;
    if (value > max_) max_ = value;
  }

  std::uint64_t count() const { return count_; }
  std::int64_t min() const { return count_ == 0 ? 0 : min_; }
  std::int64_t max() const { return max_; }
  double mean() const;

  /// The smallest value that at least a share `q` of all values do not exceed, to within 1 %; never
  /// below min() nor above max(); 0 when empty. `q` outside [0, 1] is taken to its nearer end.
  /// Cost: O(buckets between min and max).
  std::int64_t quantile(double q) const;

  void merge(const Histogram& other);
  void clear();

  /// The buckets that are not empty, by number.
  std::vector<Bucket> buckets() const;
  Exact exact() const;

  /// The histogram that gave `buckets` and `exact`, or why there can be no such histogram.
  static Result<Histogram> from_buckets(std::span<const Bucket> buckets, const Exact& exact);

  bool operator==(const Histogram&) const = default;

 private:
  __extension__ using Wide = unsigned __int128;  // 2^64 values of 2^63 each still fit

  static constexpr unsigned linear_bits = 7;  // values below 2^7 are their own bucket
  static constexpr std::size_t half = std::size_t{1} << (linear_bits - 1);
  static constexpr std::size_t bucket_count = (64 - linear_bits + 1) * half;

  static constexpr std::size_t index(std::int64_t value) {
    const auto v = static_cast<std::uint64_t>(value);
    const auto width = static_cast<unsigned>(std::bit_width(v));
    const unsigned shift = width > linear_bits ? width - linear_bits : 0;
    return shift * half + static_cast<std::size_t>(v >> shift);
  }
  static std::int64_t middle(std::size_t index);

  std::array<std::uint64_t, bucket_count> counts_{};
  std::uint64_t count_ = 0;
  Wide sum_ = 0;
  std::int64_t min_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t max_ = 0;
};

}  // namespace sim
