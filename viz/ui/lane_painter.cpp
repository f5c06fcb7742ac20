// From lanes to pixels.
#include <algorithm>

#include "viz/ui/lanes.hpp"

namespace viz::ui {
namespace {

/// A lane turned on its side while it is painted: charts are painted column by column, and here a
/// column's pixels are neighbours in memory. (x, y) are those of the upright image.
class Sideways {
 public:
  Sideways(Image& image, const Box& box)
      : upright_(image), box_(box), image_(box.height(), box.width()) {
    each([](Colour& upright, Colour& own) { own = upright; });
  }
  ~Sideways() {
    each([](Colour& upright, Colour& own) { upright = own; });
  }
  Sideways(const Sideways&) = delete;
  Sideways& operator=(const Sideways&) = delete;

  void fill_in(const Box& b, Colour colour) {
    fill(image_, {b.top - box_.top, b.left - box_.left, b.bottom - box_.top, b.right - box_.left},
         colour);
  }

 private:
  /// In blocks, so that neither image is walked across its rows for long.
  template <class Do>
  void each(Do&& act) {
    constexpr int block = 16;
    for (int left = 0; left < box_.width(); left += block) {
      const int right = std::min(left + block, box_.width());
      for (int y = 0; y < box_.height(); ++y) {
        Colour* const row = upright_.row(box_.top + y) + box_.left;
        for (int x = left; x < right; ++x) act(row[x], image_.row(x)[y]);
      }
    }
  }
  Image& upright_;
  Box box_;
  Image image_;
};

/// Pixels of a line in one column: from `top` to `bottom`, the latter not part of it.
struct Reach {
  int top = 0, bottom = 0;
  bool known = false;
};

Reach reach_of(const Lane& lane, const Box& box, const model::Column& column) {
  if (!column.known) return {};
  const double height = box.height() - 1;
  const auto row = [&](double value) {
    const double share = std::clamp(lane.height_of(value), 0.0, 1.0);
    return box.bottom - 1 - static_cast<int>(std::lround(share * height));
  };
  const int top = row(static_cast<double>(column.range.high)),
            bottom = row(static_cast<double>(column.range.low));
  return {std::max(box.top, top - 1), bottom + 1, true};
}

/// Steps between columns are drawn as part of the later one, so that a line is one line.
Reach joined(Reach now, const Reach& before) {
  if (!before.known || !now.known) return now;
  if (before.bottom < now.top) now.top = before.bottom - 1;
  if (before.top >= now.bottom) now.bottom = before.top + 1;
  return now;
}

void paint_line(const Frame& frame, Sideways& image, const Box& box, const Lane& lane,
                const Line& line, const std::vector<model::Column>& columns) {
  const Palette& p = frame.palette;
  const Colour ground = faded(line.colour, line.stroke == Stroke::hull ? 0.10 : 0.17);
  const Colour ink = line.stroke == Stroke::hull ? faded(line.colour, 0.35) : line.colour;
  Reach before;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const model::Column& column = columns[i];
    const Reach own = reach_of(lane, box, column), reach = joined(own, before);
    before = own;
    if (!own.known) continue;
    // A count of what should not be is drawn where there is one.
    if (line.stroke == Stroke::line && column.range.high <= 0) continue;
    const int x = box.left + static_cast<int>(i);
    if (line.stroke != Stroke::line) image.fill_in({x, reach.bottom, x + 1, box.bottom}, ground);
    image.fill_in({x, reach.top, x + 1, reach.bottom}, ink);
    const bool over = lane.limit && static_cast<double>(column.range.high) > *lane.limit;
    if (over) {
      const int limit =
          box.bottom -
          static_cast<int>(std::lround(lane.height_of(*lane.limit) * (box.height() - 1)));
      const Colour orange = line.stroke == Stroke::hull ? faded(p.failing, 0.75) : p.failing;
      image.fill_in({x, box.top, x + 1, std::max(limit, box.top + 2)}, orange);
    }
  }
}

void paint_dots(Image& image, const Box& box, const Lane& lane, const Line& line,
                const Span& view) {
  const model::Series& series = *line.series;
  const std::size_t first = series.lower_bound(view.from), last = series.lower_bound(view.to);
  if (first == last || (last - first) * 9 > static_cast<std::size_t>(box.width())) return;
  for (std::size_t i = first; i < last; ++i) {
    if (line.stroke == Stroke::line && series.value(i) <= 0) continue;
    const int x = box.left + static_cast<int>(pixel_of(view, box.width(), series.time(i)));
    const double share = std::clamp(lane.height_of(static_cast<double>(series.value(i))), 0.0, 1.0);
    const int y = box.bottom - 1 - static_cast<int>(std::lround(share * (box.height() - 1)));
    fill(image,
         {std::max(box.left, x - 2), std::max(box.top, y - 2), std::min(box.right, x + 3),
          std::min(box.bottom, y + 3)},
         line.colour);
  }
}

void paint_limit(const Frame& frame, Image& image, const Box& box, const Lane& lane) {
  if (!lane.limit) return;
  const int y = box.bottom - 1 -
                static_cast<int>(std::lround(lane.height_of(*lane.limit) * (box.height() - 1)));
  for (int x = box.left; x < box.right; x += 7) {
    fill(image, {x, y, std::min(x + 4, box.right), y + 1}, faded(frame.palette.failing, 0.8));
  }
}

}  // namespace

void paint_lane(const Frame& frame, Image& image, const Box& box, const Lane& lane,
                const Span& view) {
  const Box inside{std::max(0, box.left), std::max(0, box.top), std::min(image.width, box.right),
                   std::min(image.height, box.bottom)};
  if (inside.width() <= 0 || inside.height() <= 2 || inside.width() != box.width()) return;
  std::vector<model::Column> columns(static_cast<std::size_t>(box.width()));
  // The first line has the lane's number and is drawn last but for plain lines.
  const auto layer = [&](Sideways& sideways, Stroke stroke) {
    for (auto line = lane.lines.rbegin(); line != lane.lines.rend(); ++line) {
      if (line->stroke != stroke) continue;
      line->series->columns(view.from, view.to, columns);
      paint_line(frame, sideways, inside, lane, *line, columns);
    }
  };
  {
    Sideways sideways{image, inside};
    layer(sideways, Stroke::hull);
    layer(sideways, Stroke::filled);
    layer(sideways, Stroke::line);
  }
  for (const Line& line : lane.lines) {
    if (line.stroke != Stroke::hull) paint_dots(image, inside, lane, line, view);
  }
  paint_limit(frame, image, inside, lane);
}

void paint_events(const Frame& frame, Image& image, const Box& box, const Span& view) {
  using model::EventKind;
  if (frame.run.events == nullptr || frame.run.events->size() == 0) return;
  const Palette& p = frame.palette;
  constexpr int bin = 3;
  for (int x = box.left; x < box.right; x += bin) {
    const auto counts = frame.run.events->count(time_at(view, box.width(), x - box.left),
                                                time_at(view, box.width(), x - box.left + bin));
    const auto of = [&](std::initializer_list<EventKind> kinds) {
      std::uint32_t sum = 0;
      for (const EventKind kind : kinds) sum += counts[static_cast<std::size_t>(kind)];
      return sum;
    };
    const std::uint32_t failing = of({EventKind::failure, EventKind::crash, EventKind::fault});
    const std::uint32_t moving = of({EventKind::failover, EventKind::migration});
    std::uint32_t all = 0;
    for (const std::uint32_t count : counts) all += count;
    if (all == 0) continue;
    const auto height =
        [&](std::uint32_t count) {  // by its logarithm: one and a thousand both show
          return count == 0 ? 0
                            : std::min(box.height(), 3 + static_cast<int>(3 * std::log2(count)));
        };
    const int right = std::min(box.right, x + bin - 1);
    fill(image, {x, box.bottom - height(all), right, box.bottom}, p.faint);
    fill(image, {x, box.bottom - height(moving), right, box.bottom}, p.moving);
    fill(image, {x, box.bottom - height(failing), right, box.bottom}, p.failing);
    if (failing > 0) fill(image, {x, box.top, right, box.top + 3}, p.failing);
  }
}

void paint_bands(const Frame& frame, Image& image, const Box& box, const Span& view) {
  if (frame.run.failures == nullptr) return;
  const auto machine = timeline_machine(frame);
  std::vector<char> failing(static_cast<std::size_t>(std::max(0, box.width())), 0);
  for (const model::FailureRecord& failure : *frame.run.failures) {
    if (failure.start >= view.to) break;  // they stand in the order of their start
    const Time end = failure.end.value_or(frame.run.clock.end);
    if (end < view.from || (machine && failure.machine != *machine)) continue;
    const double from = std::max(0.0, pixel_of(view, box.width(), failure.start));
    const double to = std::min<double>(box.width(), pixel_of(view, box.width(), end) + 1);
    for (auto x = static_cast<std::size_t>(from); x < static_cast<std::size_t>(std::max(to, 0.0));
         ++x)
      failing[x] = 1;
  }
  const Colour tint = faded(frame.palette.failing, machine ? 0.20 : 0.13);
  for (std::size_t x = 0; x < failing.size(); ++x) {
    const int at = box.left + static_cast<int>(x);
    if (failing[x] != 0) fill(image, {at, box.top, at + 1, box.bottom}, tint);
  }
}

}  // namespace viz::ui
