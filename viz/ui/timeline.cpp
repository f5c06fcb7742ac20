#include "viz/ui/timeline.hpp"

#include <algorithm>
#include <array>

#include "viz/ui/format.hpp"

namespace viz::ui {
namespace {

using namespace std::chrono_literals;

constexpr float heading = 32, axis = 20, strip = 22, gutter_width = 88;  // unscaled pixels
constexpr Duration least_view = 1us;

ImDrawList& list() {
  return *ImGui::GetWindowDrawList();
}

/// Buttons for stretches of time that make sense in this run: at most three, the longest first.
std::vector<std::pair<const char*, Duration>> stretches(Duration run) {
  constexpr std::array<std::pair<const char*, Duration>, 8> all{{{"1 d", 24h},
                                                                 {"6 h", 6h},
                                                                 {"1 h", 1h},
                                                                 {"10 min", 10min},
                                                                 {"1 min", 1min},
                                                                 {"10 s", 10s},
                                                                 {"1 s", 1s},
                                                                 {"100 ms", 100ms}}};
  std::vector<std::pair<const char*, Duration>> some;
  for (const auto& stretch : all) {
    if (stretch.second < run && some.size() < 3) some.push_back(stretch);
  }
  return some;
}

std::string subject(const Frame& frame) {
  const auto machine = timeline_machine(frame);
  return machine ? machine_name(frame, *machine) : frame.other != nullptr ? "both runs" : "fleet";
}

std::string extent(const Frame& frame, const std::vector<Lane>& lanes) {
  const Span& view = frame.state.timeline.view;
  std::string text;
  if (!lanes.empty() && !lanes[0].lines.empty()) {
    const model::Series& s = *lanes[0].lines[0].series;
    text = count_text(static_cast<double>(s.size())) + " samples, " +
           count_text(static_cast<double>(s.lower_bound(view.to + Duration{1}) -
                                          s.lower_bound(view.from))) +
           " shown, ";
  }
  text += span_text(view.length());
  if (timeline_machine(frame) && frame.run.selected.loading) text += ", loading";
  return text;
}

}  // namespace

Span whole_run(const model::ClockView& clock) {
  return {Time{}, std::max(clock.last, Time{} + least_view)};
}

Span moved(const Span& view, Duration by, const Span& limits) {
  const Duration length = std::min(view.length(), limits.length());
  const Time from = std::clamp(view.from + by, limits.from, limits.to - length);
  return {from, from + length};
}

Span zoomed(const Span& view, Time anchor, double factor, const Span& limits) {
  const double wanted = static_cast<double>(view.length().count()) * factor;
  const Duration length =
      std::clamp(Duration{std::llround(wanted)}, least_view, std::max(least_view, limits.length()));
  // Out again as often as in is all of the run, whatever was rounded on the way.
  if (length > limits.length() - limits.length() / 1000) return limits;
  const double share = static_cast<double>((anchor - view.from).count()) /
                       static_cast<double>(view.length().count());
  const Time from = anchor - Duration{std::llround(static_cast<double>(length.count()) * share)};
  return moved({from, from + length}, {}, limits);
}

void Timeline::draw(Frame& frame, const Rect& place) {
  draw_panel(frame, place);
  frame.probes.add("timeline", place);
  TimelineState& state = frame.state.timeline;
  if (state.whole || state.view.length() <= Duration{}) state.view = whole_run(frame.run.clock);
  const Rect plot{{place.min.x + frame.px(gutter_width), place.min.y + frame.px(heading + axis)},
                  {place.max.x - frame.px(10), place.max.y - frame.px(4)}};
  columns_ = static_cast<int>(plot.width());
  if (columns_ < 8 || plot.height() < frame.px(60)) return;
  interact(frame, plot);
  const Span view = state.view;
  std::vector<Lane> lanes = lanes_of(frame, view);
  if (const OnlyLane& only = frame.state.only_lane) {
    std::erase_if(lanes, [&](const Lane& lane) { return lane.name != *only; });
  }
  draw_heading(frame, lanes, place);

  const int events = static_cast<int>(frame.px(strip));
  const int height = static_cast<int>(plot.height());
  const std::size_t count = std::max<std::size_t>(1, lanes.size());
  const auto lane_box = [&](std::size_t i) {
    const int room = height - events, gap = static_cast<int>(frame.px(5));
    const int n = static_cast<int>(count), top = events + room * static_cast<int>(i) / n;
    return Box{0, top + gap, columns_, events + room * (static_cast<int>(i) + 1) / n};
  };
  const CanvasKey key{view.from.time_since_epoch().count(),
                      view.to.time_since_epoch().count(),
                      frame.run.generation,
                      frame.run.selection.kind,
                      frame.run.selection.index,
                      frame.state.light,
                      state.fleet,
                      frame.other != nullptr ? frame.other->generation : 0,
                      count,
                      frame.run.clock.end.time_since_epoch().count()};
  if (canvas_.outdated(columns_, height, key)) {
    Image& image = canvas_.image();
    fill(image, {0, 0, columns_, height}, frame.palette.panel);
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      fill(image, lane_box(i), mix(frame.palette.panel, frame.palette.background, 0.4));
    }
    const Duration step = nice_step(Duration{view.length().count() * 110 / columns_});
    for (Time at = view.from - view.from.time_since_epoch() % step; at < view.to; at += step) {
      const int x = static_cast<int>(pixel_of(view, columns_, at));
      fill(image, {x, 0, x + 1, height}, mix(frame.palette.panel, frame.palette.line, 0.5));
    }
    paint_events(frame, image, {0, 2, columns_, events}, view);
    paint_bands(frame, image, {0, events, columns_, height}, view);
    for (std::size_t i = 0; i < lanes.size(); ++i)
      paint_lane(frame, image, lane_box(i), lanes[i], view);
  }
  canvas_.draw(list(), plot.min);

  const Rect gutter{{place.min.x, plot.min.y}, {plot.min.x, plot.max.y}};
  draw_text(frame.fonts.small, {gutter.min.x + frame.px(12), plot.min.y + frame.px(4)},
            frame.palette.dim, "Events");
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    const Box box = lane_box(i);
    const Rect lane_place{{plot.min.x, plot.min.y + static_cast<float>(box.top)},
                          {plot.max.x, plot.min.y + static_cast<float>(box.bottom)}};
    frame.probes.add("lane." + lanes[i].name, lane_place);
  }
  draw_gutter(frame, lanes, gutter);
  draw_axis(frame, plot);
  draw_range(frame, lanes, plot);
  draw_cursors(frame, plot);
  if (frame.hovered.at && plot.contains(ImGui::GetIO().MousePos))
    draw_tooltip(frame, lanes, plot, *frame.hovered.at);
}

void Timeline::draw_heading(const Frame& frame, const std::vector<Lane>& lanes, const Rect& place) {
  const Palette& p = frame.palette;
  TimelineState& state = frame.state.timeline;
  float x = place.min.x + frame.px(12);
  const float y = place.min.y + frame.px(8);
  draw_text(frame.fonts.strong, {x, y}, p.text, "Timeline");
  x += text_width(frame.fonts.strong, "Timeline") + frame.px(18);
  const std::string name = subject(frame);
  draw_text(frame.fonts.text, {x, y}, p.accent, name);
  x += text_width(frame.fonts.text, name) + frame.px(14);
  float right = place.max.x - frame.px(10);
  const float width = frame.px(58), height = frame.px(22);
  const auto button = [&](const char* probe, std::string_view text) {
    const Rect box{{right - width, place.min.y + frame.px(5)},
                   {right, place.min.y + frame.px(5) + height}};
    right = box.min.x - frame.px(5);
    return draw_button(frame, probe, box, text);
  };
  const auto offered = stretches(whole_run(frame.run.clock).length());
  for (auto stretch = offered.rbegin(); stretch != offered.rend(); ++stretch) {
    const std::string probe = std::string{"timeline."} + stretch->first;
    if (!button(probe.c_str(), stretch->first)) continue;
    state.whole = false;
    const Time middle = frame.run.clock.now - stretch->second / 2;
    state.view = moved({middle, middle + stretch->second}, {}, whole_run(frame.run.clock));
  }
  if (button("timeline.fit", "Fit (F)")) state.whole = true;
  if (frame.run.selection.kind == model::Selection::Kind::machine && frame.other == nullptr &&
      button("timeline.fleet", state.fleet ? "Machine" : "Fleet")) {
    state.fleet = !state.fleet;
  }
  draw_text_within(frame.fonts.small, {x, y + frame.px(1)}, right - x, p.dim, extent(frame, lanes));
}

void Timeline::draw_axis(const Frame& frame, const Rect& plot) {
  const Span& view = frame.state.timeline.view;
  const double width = static_cast<double>(plot.width());
  const Duration step = nice_step(
      Duration{static_cast<std::int64_t>(static_cast<double>(view.length().count()) * 110 *
                                         static_cast<double>(frame.scale) / width)});
  const float y = plot.min.y - frame.px(axis - 2);
  for (Time at = view.from - view.from.time_since_epoch() % step; at < view.to; at += step) {
    const float x = plot.min.x + static_cast<float>(pixel_of(view, width, at));
    const std::string text = axis_text(at, step);
    if (x < plot.min.x - 1 || x + text_width(frame.fonts.mono_small, text) > plot.max.x) continue;
    draw_text(frame.fonts.mono_small, {x + frame.px(2), y}, frame.palette.dim, text);
  }
}

void Timeline::draw_gutter(const Frame& frame, const std::vector<Lane>& lanes, const Rect& gutter) {
  const Palette& p = frame.palette;
  for (const Lane& lane : lanes) {
    const auto place = frame.probes.find("lane." + lane.name);
    if (!place) continue;
    const float top = place->min.y, left = gutter.min.x + frame.px(12);
    draw_box({{gutter.min.x, top}, {gutter.min.x + frame.px(3), place->max.y}}, lane.colour);
    draw_text(frame.fonts.small, {left, top}, p.text, lane.name);
    if (lane.lines.empty()) continue;
    const model::Series& series = *lane.lines[0].series;
    const auto value = series.at(frame.run.clock.now);
    const float right = gutter.max.x - frame.px(6);
    const bool over = value && lane.limit && static_cast<double>(*value) > *lane.limit;
    const std::string number = value ? lane.number(static_cast<double>(*value)) : "-";
    const float names = text_width(frame.fonts.small, lane.name) + frame.px(4);
    const bool two_rows = left + names + text_width(frame.fonts.mono_small, number) > right;
    draw_text_right(frame.fonts.mono_small, {right, top + (two_rows ? frame.px(15) : 0)},
                    over ? p.failing : p.text, number);
    if (two_rows || place->height() < frame.px(30)) continue;
    std::vector<model::Column> seen(1);
    series.columns(frame.state.timeline.view.from, frame.state.timeline.view.to, seen);
    if (seen[0].known && lane.unit == "%") {
      const std::string range =
          short_text(std::round(static_cast<double>(seen[0].range.low) * 100)) + "-" +
          short_text(std::round(static_cast<double>(seen[0].range.high) * 100));
      draw_text_right(frame.fonts.mono_small, {right, top + frame.px(15)}, p.faint, range);
    } else if (seen[0].known) {
      draw_text_right(frame.fonts.mono_small, {right, top + frame.px(15)}, p.faint,
                      "to " + lane.number(static_cast<double>(seen[0].range.high)));
    }
  }
}

void Timeline::draw_range(const Frame& frame, const std::vector<Lane>& lanes, const Rect& plot) {
  const auto& range = frame.state.timeline.range;
  if (!range) return;
  const Span& view = frame.state.timeline.view;
  const double width = static_cast<double>(plot.width());
  const auto x_of = [&](Time at) {
    return std::clamp(plot.min.x + static_cast<float>(pixel_of(view, width, at)), plot.min.x,
                      plot.max.x);
  };
  const float from = x_of(range->from), to = x_of(range->to);
  draw_box({{from, plot.min.y}, {to, plot.max.y}}, faded(frame.palette.accent, 0.14));
  for (const float x : {from, to}) {
    draw_box({{x, plot.min.y}, {x + 1, plot.max.y}}, faded(frame.palette.accent, 0.8));
  }
  draw_text_centred(frame.fonts.mono_small,
                    {{from, plot.min.y}, {to, plot.min.y + frame.px(strip)}}, frame.palette.text,
                    span_text(range->length()));
  for (const Lane& lane : lanes) {
    const auto place = frame.probes.find("lane." + lane.name);
    if (!place || lane.lines.empty()) continue;
    const auto figures = lane.lines[0].series->figures(range->from, range->to);
    if (!figures) continue;
    std::string text = "mean " + lane.number(figures->mean);
    if (lane.limit)
      text += ", above " + count_text(*lane.limit * 100) + " %: " + percent_text(figures->above) +
              " of the time";
    const float w = text_width(frame.fonts.mono_small, text) + frame.px(10);
    const float x = std::clamp(to + frame.px(6), plot.min.x, plot.max.x - w);
    const Rect box{{x, place->min.y + frame.px(2)}, {x + w, place->min.y + frame.px(18)}};
    draw_box(box, faded(frame.palette.background, 0.85), frame.px(3));
    draw_text_centred(frame.fonts.mono_small, box, frame.palette.text, text);
  }
}

void Timeline::draw_cursors(const Frame& frame, const Rect& plot) {
  const Span& view = frame.state.timeline.view;
  const double width = static_cast<double>(plot.width());
  const auto line = [&](Time at, Colour colour) -> std::optional<float> {
    const double x = pixel_of(view, width, at);
    if (x < -1 || x > width + 1) return std::nullopt;
    const float on_screen = plot.min.x + static_cast<float>(x);
    draw_box({{on_screen, plot.min.y}, {on_screen + std::max(1.0f, frame.px(1)), plot.max.y}},
             colour);
    return on_screen;
  };
  for (const Time mark : frame.state.bookmarks) line(mark, faded(frame.palette.moving, 0.7));
  const auto& pointed = frame.hovered.at ? frame.hovered.at : frame.hovered_before.at;
  if (pointed) line(*pointed, faded(frame.palette.text, 0.4));
  if (const auto x = line(frame.run.clock.now, frame.palette.white)) {
    const float half = frame.px(5.5f), top = plot.min.y - frame.px(8);
    list().AddTriangleFilled({*x - half, top}, {*x + half, top}, {*x, top + frame.px(8)},
                             frame.palette.white);
  }
}

}  // namespace viz::ui
