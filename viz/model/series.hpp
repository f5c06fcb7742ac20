// Series: one quantity over time, kept so that any stretch of it can be drawn or summed up exactly.
//
// A value stands for the time since the value before it, as a sample stands for its interval: a
// staircase, not a slope. Where the value before it is further back than one and a half nominal
// intervals, nobody looked in between, and it stands for one interval only: a machine that was down
// has a gap there and no invented line.
//
// Over the values lies a pyramid of minima and maxima, sixteen to one: however many samples hide
// behind a pixel, the pixel shows the lowest and the highest of them, in O(log n), and no peak is
// ever lost. Beside it run integrals, marked at every sixteenth value: of the value, of the time it
// spent above `limit`, of the time known. So the mean of a range and its share above the limit are
// sums and not estimates from pixels.
//
// Values are appended in the order of their time; all answers are a function of what was appended,
// in whatever portions. Not thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
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
  std::size_t samples = 0;  // whose time lies in it; 0: `range` is the value that stands here
  bool known = false;       // false where no value stands: before the first, after the last, gaps
};

/// A range summed up.
struct RangeFigures {
  double mean = 0;          // over the time known
  double above = 0;         // share of that time at or above the limit, 0 to 1
  MinMax range;             // of all values that stand for a part of it
  std::size_t samples = 0;  // whose time lies in it
};

class Series {
 public:
  static constexpr std::size_t fan_out = 16;

  Series() = default;
  /// `limit`: figures() tells the time at or above it. `interval`: nominal, of the values; without
  /// one there are no gaps.
  explicit Series(double limit, Duration interval = Duration::max())
      : limit_(static_cast<float>(limit)), interval_(interval) {}

  /// Requires `at` not before the last one's. Amortised O(1).
  void append(Time at, float value);
  void reserve(std::size_t samples);
  void clear();

  std::size_t size() const { return times_.size(); }
  bool empty() const { return times_.empty(); }
  Time time(std::size_t index) const { return times_[index]; }
  float value(std::size_t index) const { return values_[index]; }
  /// From where on the value stands; up to time(index).
  Time since(std::size_t index) const;
  double limit() const { return double{limit_}; }
  /// Lowest and highest of all. Requires that there are values.
  MinMax whole() const { return min_max(0, size()); }

  /// The first index whose time is not before `at`; size() where there is none. O(log n).
  std::size_t lower_bound(Time at) const;

  /// The value that stands at `at`; none outside and in a gap. O(log n).
  std::optional<float> at(Time at) const;

  /// Lowest and highest of the values [first, last). Requires first < last <= size(). O(log n).
  MinMax min_max(std::size_t first, std::size_t last) const;

  /// [from, to) cut into equally wide columns, as many as `columns` holds. A value is shown in the
  /// column that its time lies in. Requires from < to. O(columns x log n).
  void columns(Time from, Time to, std::span<Column> columns) const;

  /// Exact figures of [from, to]; none where no value stands for any of it. O(log n).
  std::optional<RangeFigures> figures(Time from, Time to) const;

  /// Bytes held.
  std::size_t memory() const;

 private:
  struct Integrals {              // from the first value on
    double value = 0;             // x s
    double above = 0, known = 0;  // s
    void add(float v, double width, float limit) {
      value += static_cast<double>(v) * width;
      known += width;
      if (v >= limit) above += width;
    }
  };
  void fold(float value);
  double width(std::size_t index) const { return sim::seconds(times_[index] - since(index)); }
  Integrals integrals(Time until) const;
  std::size_t advance(std::size_t from, Time at, std::size_t guess) const;

  float limit_ = 0.98F;
  Duration interval_ = Duration::max();
  std::vector<Time> times_;
  std::vector<float> values_;
  std::vector<std::vector<MinMax>> levels_;  // [0]: of 16 values each, [1]: of 16 of those ...
  std::vector<Integrals> marks_;             // of the values before every fan_out-th one
  Integrals sum_;                            // of all
};

}  // namespace viz::model
