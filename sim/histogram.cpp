#include "sim/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace sim {

std::int64_t Histogram::middle(std::size_t index) {
  if (index < 2 * half) return static_cast<std::int64_t>(index);
  // index() adds `shift` halves to a number in [half, 2 * half).
  const std::size_t shift = index / half - 1;
  const auto low = static_cast<std::int64_t>(index - shift * half) << shift;
  return low + ((std::int64_t{1} << shift) >> 1);
}

double Histogram::mean() const {
  return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
}

std::int64_t Histogram::quantile(double q) const {
  if (count_ == 0) return 0;
  // Written so that NaN becomes 0; the rank is the number of values that must not exceed the
  // answer.
  const double share = q > 0 ? std::fmin(q, 1) : 0;
  const double wanted = std::ceil(share * static_cast<double>(count_));
  // Rounding may lead past count_; what the loop does not find is then the maximum.
  std::uint64_t below = 0;
  const std::size_t last = index(max_);
  for (std::size_t i = index(min_); i < last; ++i) {
    below += counts_[i];
    if (below > 0 && static_cast<double>(below) >= wanted) return std::clamp(middle(i), min_, max_);
  }
  return std::clamp(middle(last), min_, max_);
}

void Histogram::merge(const Histogram& other) {
  if (other.count_ == 0) return;
  const std::size_t last = index(other.max_);
  for (std::size_t i = index(other.min_); i <= last; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

void Histogram::clear() {
  // Only what was touched: an interval's histogram usually holds a few dozen neighbouring buckets.
  if (count_ != 0) std::fill(&counts_[index(min_)], &counts_[index(max_)] + 1, 0);
  count_ = 0;
  sum_ = 0;
  min_ = std::numeric_limits<std::int64_t>::max();
  max_ = 0;
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
  std::vector<Bucket> filled;
  if (count_ == 0) return filled;
  for (std::size_t i = index(min_); i <= index(max_); ++i)
    if (counts_[i] != 0) filled.emplace_back(static_cast<std::uint32_t>(i), counts_[i]);
  return filled;
}

Histogram::Exact Histogram::exact() const {
  return {min(), max(), static_cast<std::uint64_t>(sum_ >> 64), static_cast<std::uint64_t>(sum_)};
}

Result<Histogram> Histogram::from_buckets(std::span<const Bucket> buckets, const Exact& exact) {
  Histogram restored;
  if (buckets.empty()) {
    if (exact != Exact{}) return Error{"histogram: no buckets, but a minimum, maximum or sum"};
    return restored;
  }
  if (exact.min < 0 || exact.max < exact.min) return Error{"histogram: minimum above maximum"};
  for (const auto& [number, n] : buckets) {
    if (number >= bucket_count) return Error{"histogram: no bucket " + std::to_string(number)};
    if (n == 0 || n > std::numeric_limits<std::uint64_t>::max() - restored.count_)
      return Error{"histogram: impossible count in bucket " + std::to_string(number)};
    if (restored.counts_[number] != 0) return Error{"histogram: a bucket twice"};
    restored.counts_[number] = n;
    restored.count_ += n;
  }
  // Everything else trusts that the first and the last filled bucket hold minimum and maximum.
  const auto by_number = [](const Bucket& a, const Bucket& b) { return a.first < b.first; };
  if (!std::is_sorted(buckets.begin(), buckets.end(), by_number))
    return Error{"histogram: buckets out of order"};
  if (buckets.front().first != index(exact.min) || buckets.back().first != index(exact.max))
    return Error{"histogram: minimum or maximum outside the filled buckets"};
  restored.sum_ = (static_cast<Wide>(exact.sum_high) << 64) | exact.sum_low;
  restored.min_ = exact.min;
  restored.max_ = exact.max;
  return restored;
}

}  // namespace sim
