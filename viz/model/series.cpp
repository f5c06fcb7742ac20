#include "viz/model/series.hpp"

#include <algorithm>

#include "sim/check.hpp"

namespace viz::model {
namespace {

constexpr MinMax join(MinMax a, MinMax b) {
  return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

}  // namespace

// ---- Filling -----------------------------------------------------------------------------------

void Series::append(Time at, float value) {
  SIM_CHECK(times_.empty() || at >= times_.back());
  if (values_.size() % fan_out == 0) marks_.push_back(sum_);
  fold(value);
  times_.push_back(at);
  values_.push_back(value);
  sum_.add(value, width(values_.size() - 1), limit_);
}

/// Takes `value`, which is about to become the last one, into the last block of every level. A
/// level comes into being when the one below it gets its second block.
void Series::fold(float value) {
  const MinMax one{value, value};
  std::size_t block = values_.size();
  for (std::size_t level = 0;; ++level) {
    block /= fan_out;
    if (level == levels_.size()) {
      if (level > 0 && levels_[level - 1].size() < 2) return;
      levels_.emplace_back();
      if (level > 0) levels_[level].push_back(levels_[level - 1].front());
    }
    auto& blocks = levels_[level];
    if (block == blocks.size()) {
      blocks.push_back(one);
    } else {
      blocks[block] = join(blocks[block], one);
    }
  }
}

void Series::reserve(std::size_t samples) {
  times_.reserve(samples);
  values_.reserve(samples);
  marks_.reserve(samples / fan_out + 1);
}

void Series::clear() {
  *this = Series{static_cast<double>(limit_), interval_};
}

// ---- Asking ------------------------------------------------------------------------------------

Time Series::since(std::size_t index) const {
  const Time at = times_[index];
  if (index == 0) return interval_ == Duration::max() ? at : at - interval_;
  const Time before = times_[index - 1];
  if (interval_ == Duration::max()) return before;
  return at - before > interval_ + interval_ / 2 ? at - interval_ : before;
}

std::size_t Series::lower_bound(Time at) const {
  return static_cast<std::size_t>(std::ranges::lower_bound(times_, at) - times_.begin());
}

std::optional<float> Series::at(Time at) const {
  const std::size_t index = lower_bound(at);
  if (index == size()) return std::nullopt;
  const bool stands = at > since(index) || at == times_[index];
  return stands ? std::optional{values_[index]} : std::nullopt;
}

MinMax Series::min_max(std::size_t first, std::size_t last) const {
  SIM_CHECK(first < last && last <= size());
  MinMax all{values_[first], values_[first]};
  const auto take_values = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) all = join(all, {values_[i], values_[i]});
  };
  std::size_t a = (first + fan_out - 1) / fan_out, b = last / fan_out;
  if (a >= b) {
    take_values(first, last);
    return all;
  }
  take_values(first, a * fan_out);
  take_values(b * fan_out, last);
  for (std::size_t level = 0; a < b; ++level) {
    const auto& blocks = levels_[level];
    const std::size_t up_a = (a + fan_out - 1) / fan_out, up_b = b / fan_out;
    const bool top = level + 1 == levels_.size() || up_a >= up_b;
    const std::size_t left_end = top ? b : up_a * fan_out;
    for (std::size_t i = a; i < left_end; ++i) all = join(all, blocks[i]);
    if (top) break;
    for (std::size_t i = up_b * fan_out; i < b; ++i) all = join(all, blocks[i]);
    a = up_a;
    b = up_b;
  }
  return all;
}

/// lower_bound(at) for an answer that is not before `from` and probably not far behind it: the
/// edges of neighbouring pixels. O(log of the distance).
// Outwards from a guess, in doubling steps. Samples mostly come at equal distances, so that the
// stretch before says where the end of the next one is, to within a sample or two: two looks at
// memory where a search from the beginning of the stretch would need twenty.
std::size_t Series::advance(std::size_t from, Time at, std::size_t guess) const {
  if (from >= size()) return size();
  guess = std::clamp(guess, from, size() - 1);
  std::size_t step = 1, low = guess, high = guess + 1;
  if (times_[guess] < at) {
    while (low + step < size() && times_[low + step] < at) {
      low += step;
      step *= 2;
    }
    high = std::min(low + step + 1, size());
  } else {
    while (low - from >= step && times_[low - step] >= at) {
      low -= step;
      step *= 2;
    }
    high = low + 1;
    low = low - from >= step ? low - step : from;
  }
  const auto begin = times_.begin();
  return static_cast<std::size_t>(std::lower_bound(begin + static_cast<std::ptrdiff_t>(low),
                                                   begin + static_cast<std::ptrdiff_t>(high), at) -
                                  begin);
}

void Series::columns(Time from, Time to, std::span<Column> columns) const {
  SIM_CHECK(from < to);
  const double wide =
      static_cast<double>((to - from).count()) / static_cast<double>(columns.size());
  std::size_t first = lower_bound(from), stride = 1;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const Time left = from + Duration{static_cast<std::int64_t>(wide * static_cast<double>(c))};
    const Time right =
        c + 1 == columns.size()
            ? to
            : from + Duration{static_cast<std::int64_t>(wide * static_cast<double>(c + 1))};
    const std::size_t last = advance(first, right, first + stride);
    stride = last - first;
    Column& column = columns[c] = {};
    column.samples = last - first;
    if (last > first) {
      column.range = min_max(first, last);
      column.known = true;
    } else if (first < size() && since(first) <= left) {
      column.range = {values_[first], values_[first]};
      column.known = true;
    }
    first = last;
  }
}

Series::Integrals Series::integrals(Time until) const {
  const std::size_t index = lower_bound(until);
  if (index == size()) return sum_;
  Integrals sum = marks_[index / fan_out];
  for (std::size_t i = index / fan_out * fan_out; i < index; ++i)
    sum.add(values_[i], width(i), limit_);
  const double part = sim::seconds(until - since(index));
  if (part > 0) sum.add(values_[index], part, limit_);
  return sum;
}

std::optional<RangeFigures> Series::figures(Time from, Time to) const {
  if (empty() || from > to) return std::nullopt;
  const Integrals before = integrals(from), until = integrals(to);
  const double known = until.known - before.known;
  const std::size_t first = lower_bound(from), inner_end = lower_bound(to + Duration{1});
  if (known <= 0) {  // an instant: what stands there
    const auto value = at(from);
    if (!value) return std::nullopt;
    return RangeFigures{double{*value}, *value >= limit_ ? 1.0 : 0.0, {*value, *value}, 0};
  }
  RangeFigures figures;
  figures.mean = (until.value - before.value) / known;
  figures.above = std::clamp((until.above - before.above) / known, 0.0, 1.0);
  figures.samples = inner_end - first;
  // The value that ends behind `to` stands for the end of the range, unless there is a gap.
  const std::size_t last = inner_end < size() && since(inner_end) < to ? inner_end + 1 : inner_end;
  figures.range = min_max(std::min(first, last - 1), last);
  return figures;
}

std::size_t Series::memory() const {
  std::size_t bytes = times_.capacity() * sizeof(Time) + values_.capacity() * sizeof(float) +
                      marks_.capacity() * sizeof(Integrals);
  for (const auto& level : levels_) bytes += level.capacity() * sizeof(MinMax);
  return bytes;
}

}  // namespace viz::model
