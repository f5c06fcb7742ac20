// Series: one quantity over time, kept so that any stretch of it can be drawn or summed up exactly.
//
// A value stands for the interval that ends at its time, as samples do (a staircase, not a slope).
// Over the values lies a pyramid of minima and maxima, sixteen to one: however many samples hide
// behind a pixel, the pixel shows the lowest and the highest of them, in O(log n), and no peak is
// ever lost. Beside it run two integrals, every sixteenth value: the value itself and the time it
// spent above `limit`. So the mean of a range, and its share above the limit, are sums and not
// estimates from pixels.
//
// Values are appended in the order of their time; everything is a function of what was appended, in
// whatever portions. Not thread-safe: whoever fills a series lends it to nobody meanwhile.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/units.hpp"

namespace viz::model {

using sim::Duration;
using sim::Time;

struct MinMax {
  float low = 0, high = 0;
  bool operator==(const MinMax&) const = default;
};

/// What a series did between one pixel's left edge and its right one.
struct Column {
  MinMax range;
  std::size_t samples = 0;  // whose time lies in it; 0: `range` is the value that holds here
  bool known = false;       // false before the first value and after the last
};

/// A range summed up.
struct RangeFigures {
  double mean = 0;          // over time
  double above = 0;         // share of the time above the limit, 0 to 1
  MinMax range;             // of all values that touch the range
  std::size_t samples = 0;  // whose time lies in it
};

class Series {
 public:
  static constexpr std::size_t fan_out = 16;

  Series() = default;
  /// `limit` is what figures() counts time above: 0.98 for a utilisation.
  explicit Series(float limit) : limit_(limit) {}

  /// Requires `at` not before the last one's. A value at the time of the last one takes its place
  /// in the staircase with no width of its own, but not in minima and maxima.
  void append(Time at, float value);
  void reserve(std::size_t samples);
  void clear();

  std::size_t size() const { return times_.size(); }
  bool empty() const { return times_.empty(); }
  Time time(std::size_t index) const { return times_[index]; }
  float value(std::size_t index) const { return values_[index]; }
  float limit() const { return limit_; }
  MinMax whole() const;

  /// The first index whose time is not before `at`; size() where there is none. O(log n).
  std::size_t lower_bound(Time at) const;

  /// The value that holds at `at`: of the first sample that ends at or after it. None outside.
  std::optional<float> at(Time at) const;

  /// Lowest and highest of the values [first, last). Requires first < last <= size(). O(log n).
  MinMax min_max(std::size_t first, std::size_t last) const;

  /// [from, to) cut into equally wide columns, as many as `columns` holds. O(columns x log n).
  void columns(Time from, Time to, std::span<Column> columns) const;

  /// Exact figures of [from, to], as far as the series covers it; none where it does not.
  std::optional<RangeFigures> figures(Time from, Time to) const;

  /// Bytes held.
  std::size_t memory() const;

 private:
  struct Integrals {
    double value = 0;  // value x seconds since the first time
    double above = 0;  // seconds
  };
  void fold(float value);
  Integrals integrals(Time at) const;
  double width(std::size_t index) const;

  float limit_ = 0.98F;
  std::vector<Time> times_;
  std::vector<float> values_;
  std::vector<std::vector<MinMax>> levels_;  // [0]: of 16 values each, [1]: of 16 of those ...
  std::vector<Integrals> marks_;             // at the time of every fan_out-th value
  Integrals sum_;                            // at the last one's
};

}  // namespace viz::model
