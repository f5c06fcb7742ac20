// Series against the plainest model there is: a list that is walked from end to end.
#include "viz/model/series.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/random.hpp"

namespace {

using namespace std::chrono_literals;
using viz::model::Column;
using viz::model::Duration;
using viz::model::MinMax;
using viz::model::Series;
using viz::model::Time;

struct Point {
  Time since, at;
  float value;
};

/// Unevenly spaced values, some at one time, some after a gap; and the same, written down.
struct Walk {
  explicit Walk(std::uint64_t seed, std::size_t size, Duration interval) : series(0.75, interval) {
    sim::RandomStream chance{seed, "walk"};
    Time at{};
    for (std::size_t i = 0; i < size; ++i) {
      const double kind = chance.uniform();
      if (kind > 0.02)  // else: at the same time as the one before
        at += Duration{1 + static_cast<std::int64_t>(chance.below(kind > 0.97 ? 9000 : 1000))};
      const float value = static_cast<float>(chance.uniform());
      Time since = points.empty() ? at : points.back().at;
      if (interval != Duration::max() && (points.empty() || at - since > interval + interval / 2))
        since = at - interval;
      points.push_back({since, at, value});
      series.append(at, value);
    }
  }
  Series series;
  std::vector<Point> points;
};

}  // namespace

TEST_CASE("series: lowest and highest of any stretch are those of a walk over it") {
  // 5000 values make three levels: 313 blocks of 16, 20 of those, 2 of those.
  const std::size_t size = GENERATE(1u, 15u, 16u, 17u, 255u, 256u, 257u, 4097u, 5000u);
  const Walk walk{size, size, Duration::max()};
  sim::RandomStream chance{7, "stretches"};
  for (int i = 0; i < 400; ++i) {
    const std::size_t first = chance.below(size), last = first + 1 + chance.below(size - first);
    MinMax plain{walk.points[first].value, walk.points[first].value};
    for (std::size_t k = first; k < last; ++k) {
      plain.low = std::min(plain.low, walk.points[k].value);
      plain.high = std::max(plain.high, walk.points[k].value);
    }
    CAPTURE(size, first, last);
    REQUIRE(walk.series.min_max(first, last) == plain);
  }
}

TEST_CASE("series: asked while it grows, it answers as if it had been there at once") {
  sim::RandomStream chance{3, "values"};
  Series grows;
  std::vector<float> values;
  for (int i = 0; i < 1200; ++i) {
    values.push_back(static_cast<float>(chance.uniform()));
    grows.append(Time{i * 1ms}, values.back());
    const auto [low, high] = std::ranges::minmax(values);
    REQUIRE(grows.whole() == MinMax{low, high});
  }
}

TEST_CASE("series: columns show every value once, in the column of its time") {
  const auto interval = GENERATE(Duration::max(), Duration{700});
  const Walk walk{11, 3000, interval};
  const Time end = walk.points.back().at;
  sim::RandomStream chance{5, "views"};
  for (int i = 0; i < 60; ++i) {
    const auto span = end.time_since_epoch().count();
    const Time from{
        Duration{static_cast<std::int64_t>(chance.below(static_cast<std::uint64_t>(span)))}};
    const Time to = from + Duration{1 + static_cast<std::int64_t>(chance.below(200'000))};
    std::vector<Column> columns(1 + chance.below(50));
    walk.series.columns(from, to, columns);
    std::size_t shown = 0;
    for (const Column& column : columns) shown += column.samples;
    const auto in_view = std::ranges::count_if(
        walk.points, [&](const Point& p) { return from <= p.at && p.at < to; });
    REQUIRE(shown == static_cast<std::size_t>(in_view));
    MinMax all{2, -1}, plain{2, -1};
    for (const Column& column : columns) {
      if (column.samples == 0) continue;
      all = {std::min(all.low, column.range.low), std::max(all.high, column.range.high)};
    }
    for (const Point& p : walk.points) {
      if (p.at < from || p.at >= to) continue;
      plain = {std::min(plain.low, p.value), std::max(plain.high, p.value)};
    }
    REQUIRE(all == plain);
  }
}

TEST_CASE("series: a lone peak among millions shows in one column, whatever the zoom") {
  Series series;
  constexpr int size = 2'000'000, peak = 1'234'567;
  series.reserve(size);
  for (int i = 0; i < size; ++i) series.append(Time{i * 1us}, i == peak ? 0.99F : 0.4F);
  for (const std::size_t wide : {1u, 7u, 1500u, 1900u}) {
    std::vector<Column> columns(wide);
    series.columns(Time{}, Time{size * 1us}, columns);
    CHECK(std::ranges::count_if(columns, [](const Column& c) { return c.range.high > 0.98F; }) ==
          1);
  }
}

TEST_CASE("series: integrals of any range are those of a walk over its staircase") {
  const auto interval = GENERATE(Duration::max(), Duration{700});
  const Walk walk{21, 2000, interval};
  const auto span = static_cast<std::uint64_t>(walk.points.back().at.time_since_epoch().count());
  sim::RandomStream chance{9, "ranges"};
  for (int i = 0; i < 300; ++i) {
    Time from{Duration{static_cast<std::int64_t>(chance.below(span))}};
    Time to{Duration{static_cast<std::int64_t>(chance.below(span))}};
    if (to < from) std::swap(from, to);
    double sum = 0, above = 0, known = 0;
    MinMax range{2, -1};
    for (const Point& p : walk.points) {
      const Time a = std::max(p.since, from), b = std::min(p.at, to);
      if (from <= p.at && p.at <= to)
        range = {std::min(range.low, p.value), std::max(range.high, p.value)};
      if (a >= b) continue;
      range = {std::min(range.low, p.value), std::max(range.high, p.value)};
      known += sim::seconds(b - a);
      sum += static_cast<double>(p.value) * sim::seconds(b - a);
      if (p.value >= 0.75F) above += sim::seconds(b - a);
    }
    if (known == 0) continue;
    const auto figures = walk.series.figures(from, to);
    CAPTURE(from.time_since_epoch().count(), to.time_since_epoch().count());
    REQUIRE(figures);
    REQUIRE(figures->mean == Approx(sum / known).epsilon(1e-9));
    REQUIRE(figures->above == Approx(above / known).margin(1e-9));
    REQUIRE(figures->range == range);
  }
}

TEST_CASE("series: a value stands for the time since the one before it, but not across a gap") {
  Series series{0.98, 1s};
  series.append(Time{1s}, 0.5F);
  series.append(Time{2s}, 1.0F);
  series.append(Time{10s}, 0.25F);  // down from 2 to 9
  CHECK_FALSE(series.at(Time{0s}));
  CHECK(series.at(Time{500ms}) == 0.5F);
  CHECK(series.at(Time{1s}) == 0.5F);
  CHECK(series.at(Time{1500ms}) == 1.0F);
  CHECK_FALSE(series.at(Time{5s}));
  CHECK(series.at(Time{9500ms}) == 0.25F);
  CHECK_FALSE(series.at(Time{11s}));
  // Three seconds are known: 0.5, 1 and 0.25 in turn; one of them at or above 0.98.
  const auto figures = series.figures(Time{0s}, Time{20s});
  REQUIRE(figures);
  CHECK(figures->mean == Approx(1.75 / 3));
  CHECK(figures->above == Approx(1.0 / 3));
  CHECK(figures->samples == 3);
  CHECK_FALSE(series.figures(Time{4s}, Time{8s}));
  std::vector<Column> columns(12);
  series.columns(Time{0s}, Time{12s}, columns);
  const std::vector<bool> known{true,  true,  true,  false, false, false,
                                false, false, false, true,  true,  false};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    CAPTURE(i);
    CHECK(columns[i].known == known[i]);
  }
}
