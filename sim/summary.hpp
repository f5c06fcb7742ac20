// Summaries: what remains of a series of numbers when it has gone by, and how far to trust it.
//
//   Welford       mean and variance of numbers that need not be kept
//   TimeWeighted  mean and maximum of a value that holds until it changes: a queue, a utilisation
//   BatchMeans    confidence in the mean of a series whose neighbours depend on each other
//   warmup_length how much of the beginning of a series is not yet the long run
//
// A confidence interval is for the long run of the model. It says nothing about the model.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "sim/units.hpp"

namespace sim {

/// mean - half_width to mean + half_width. The half width is infinite where nothing is known.
struct Interval {
  double mean = 0;
  double half_width = std::numeric_limits<double>::infinity();

  double low() const { return mean - half_width; }
  double high() const { return mean + half_width; }
  bool contains(double x) const { return low() <= x && x <= high(); }
};

/// Mean and variance in one pass, without the cancellation of a sum of squares.
///
/// Source: Welford, Note on a method for calculating corrected sums of squares and products (1962);
/// merging after Chan, Golub and LeVeque (1979).
class Welford {
 public:
  void add(double x) {
    ++count_;
    const double before = x - mean_;
    mean_ += before / static_cast<double>(count_);
    squares_ += before * (x - mean_);
  }
  void merge(const Welford& other);

  std::uint64_t count() const { return count_; }
  double mean() const { return mean_; }  // 0 when empty
  /// Of the population that the numbers were drawn from (n - 1); 0 for fewer than two numbers.
  double variance() const { return count_ < 2 ? 0 : squares_ / static_cast<double>(count_ - 1); }
  double deviation() const;

  /// For the mean of independent numbers, by Student's t. Requires 0 < level < 1.
  Interval interval(double level = 0.95) const;

 private:
  std::uint64_t count_ = 0;
  double mean_ = 0;
  double squares_ = 0;  // of distances from the mean, summed
};

/// A value over time. Told of each change, asked at any time from then on.
class TimeWeighted {
 public:
  explicit TimeWeighted(Time start = Time{}, double value = 0)
      : start_(start), changed_(start), value_(value), max_(value) {}

  /// The value is `value` from `now` on. Requires that time does not go back.
  void set(Time now, double value) {
    area_ += value_ * seconds(now - changed_);
    changed_ = now;
    value_ = value;
    max_ = std::max(max_, value);
  }
  void add(Time now, double change) { set(now, value_ + change); }

  double value() const { return value_; }
  double max() const { return max_; }  // since start, also of a value that held for no time
  /// Value times seconds, from start to `now`.
  double integral(Time now) const { return area_ + value_ * seconds(now - changed_); }
  /// The value itself where no time has passed.
  double mean(Time now) const {
    return now > start_ ? integral(now) / seconds(now - start_) : value_;
  }
  /// Forgets all but the present value: the end of a warm-up, the start of a sample interval.
  void restart(Time now) { *this = TimeWeighted{now, value_}; }

 private:
  Time start_, changed_;
  double value_, max_;
  double area_ = 0;
};

/// Confidence in the mean of a stationary series, by cutting it into batches so long that their
/// means hardly depend on each other. Keeps `batches` to twice as many; when there are more, two
/// neighbours become one, so memory is constant and batches grow with the series.
///
/// Source: Law, Simulation modeling and analysis (2015), 9.5.3.
class BatchMeans {
 public:
  /// Requires batches >= 2. 20 to 40 are usual: fewer, and t is wide; more, and they are short.
  explicit BatchMeans(std::size_t batches = 32);

  void add(double x);
  std::uint64_t count() const { return all_.count(); }
  double mean() const { return all_.mean(); }  // of everything, the unfinished batch included
  /// Around the mean of the finished batches. Infinitely wide until there are two.
  Interval interval(double level = 0.95) const;

 private:
  std::size_t batches_;
  std::uint64_t length_ = 1;  // of a batch
  std::vector<double> means_;
  Welford open_, all_;
};

/// How many numbers at the beginning of `series` to leave out: the cut that makes the standard
/// error of the rest least, on means of five (MSER-5). 0 for fewer than ten numbers; never more
/// than half, beyond which the series is too short to say.
///
/// Source: White, Cobb and Spratt, A comparison of five steady-state truncation heuristics (2000).
std::size_t warmup_length(std::span<const double> series);

}  // namespace sim
