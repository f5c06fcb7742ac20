// Status bar, help, and the table of a comparison.
#include <algorithm>
#include <array>
#include <cmath>

#include "viz/model/comparison.hpp"
#include "viz/ui/format.hpp"
#include "viz/ui/panels.hpp"

namespace viz::ui {
namespace {

struct Shortcut {
  const char* keys;
  const char* does;
};

constexpr std::array<Shortcut, 27> shortcuts{{
    {"Space", "play / pause"},
    {"+  -", "twice / half the speed"},
    {"Left  Right", "step 1 % of the view"},
    {"Shift+Left  Right", "previous / next event"},
    {".", "play on to the next event"},
    {"N  Shift+N", "next / previous failure"},
    {"Home  End", "start / end of the run"},
    {"A D W S", "timeline: pan, zoom"},
    {"F  Shift+F", "fit the run / the range"},
    {"Z", "whole map"},
    {"1..5  M", "colour by CPU MEM DISK NET worst"},
    {"G", "group by fleet / flavor"},
    {"X", "dim everything but failing"},
    {"C  V", "clients' flows, migrations"},
    {"B", "bookmark here"},
    {"L", "events follow the playhead"},
    {"T", "machine's charts / fleet's"},
    {"Ctrl+F", "find a machine, \"client 17\""},
    {"PgUp  PgDn", "previous / next client"},
    {"E", "write the charts as CSV"},
    {"F12", "write a picture (PNG)"},
    {"K", "light / dark"},
    {"Esc", "clear range and selection"},
    {"?  F1", "this help"},
    {"Ctrl+Q", "quit"},
    {"Wheel", "zoom map or timeline, move a page"},
    {"Right drag", "move map or timeline"},
}};

/// The figure's name in the room that a column has.
std::string shortened(std::string name) {
  for (const auto& [words, sign] : {std::pair{", mean of machines", " mean"},
                                    {", time of the worst at the limit", " at limit"},
                                    {" machines, mean", ", mean"}}) {
    const std::size_t at = name.find(words);
    if (at != std::string::npos) name.replace(at, std::string_view{words}.size(), sign);
  }
  return name;
}

std::string difference(double a, double b) {
  if (a == b) return "same";
  if (a == 0) return (b > a ? "+" : "") + short_text(b - a);
  const double percent = (b - a) / std::abs(a) * 100;
  return (percent > 0 ? "+" : "") + short_text(percent) + " %";
}

}  // namespace

void draw_status_bar(const Frame& frame, const Rect& place, std::string_view detail) {
  const Palette& p = frame.palette;
  draw_box(place, p.panel);
  draw_box({place.min, {place.max.x, place.min.y + 1}}, p.line);
  ImFont* const font = frame.fonts.mono_small;
  const float y = place.min.y + (place.height() - font->FontSize) / 2;
  const model::SourceView& source = frame.run.source;
  std::string left{detail};
  if (!frame.calm) {
    left += "   " + short_text(frame.times.frames_per_second) + " fps   build " +
            short_text(frame.times.build_ms) + " ms   draw " + short_text(frame.times.draw_ms) +
            " ms   " + count_text(frame.times.vertices) + " vertices";
  }
  const bool broken = source.state == model::SourceState::broken;
  const std::string message = !frame.state.remark.empty() ? frame.state.remark : source.message;
  if (!message.empty()) left += "   " + message;
  const std::string right = count_text(static_cast<double>(source.samples)) + " samples   " +
                            count_text(static_cast<double>(source.memory)) + "B   dropped " +
                            count_text(static_cast<double>(source.dropped)) + "   ? help";
  draw_text_within(font, {place.min.x + frame.px(12), y},
                   place.width() - text_width(font, right) - frame.px(40),
                   broken ? p.failing : p.dim, left);
  draw_text_right(font, {place.max.x - frame.px(12), y}, source.dropped > 0 ? p.failing : p.dim,
                  right);
}

void draw_help(const Frame& frame, const Rect& screen) {
  const Palette& p = frame.palette;
  draw_box(screen, faded(p.background, 0.6));
  const float width = std::min(screen.width() - frame.px(20), frame.px(720));
  const std::size_t rows = (shortcuts.size() + 1) / 2;
  const float pitch = frame.px(31), height = pitch * static_cast<float>(rows) + frame.px(64);
  const ImVec2 m = screen.middle();
  const Rect box{{m.x - width / 2, m.y - height / 2}, {m.x + width / 2, m.y + height / 2}};
  frame.probes.add("help", box);
  draw_box(box, mix(p.panel, p.raised, 0.6), frame.px(6));
  draw_outline(box, p.line, frame.px(6), 1);
  draw_text(frame.fonts.strong, {box.min.x + frame.px(22), box.min.y + frame.px(18)}, p.text,
            "Keyboard and mouse");
  for (std::size_t i = 0; i < shortcuts.size(); ++i) {
    const float x = box.min.x + frame.px(22) + (i < rows ? 0 : width / 2);
    const float y = box.min.y + frame.px(52) + pitch * static_cast<float>(i % rows);
    const Shortcut& s = shortcuts[i];
    const float key = text_width(frame.fonts.mono, s.keys) + frame.px(14);
    draw_box({{x, y - frame.px(3)}, {x + key, y + frame.px(19)}}, p.raised, frame.px(4));
    draw_text(frame.fonts.mono, {x + frame.px(7), y}, p.text, s.keys);
    draw_text(frame.fonts.small, {x + key + frame.px(12), y + frame.px(1)}, p.dim, s.does);
  }
}

void draw_comparison(const Frame& frame, const Rect& place) {
  const Palette& p = frame.palette;
  draw_panel(frame, place);
  frame.probes.add("comparison", place);
  const model::RunView &a = frame.run, &b = *frame.other;
  const float left = place.min.x + frame.px(14), right = place.max.x - frame.px(14);
  const float second = right - frame.px(64), first = second - frame.px(56);
  float y = place.min.y + frame.px(10);
  draw_text(frame.fonts.strong, {left, y}, p.text, "At this instant");
  y += frame.px(28);
  draw_text_right(frame.fonts.small, {first, y}, p.accent, "A");
  draw_text_right(frame.fonts.small, {second, y}, p.text, "B");
  draw_text_right(frame.fonts.small, {right, y}, p.dim, "B to A");
  y += frame.px(20);
  const auto row = [&](const char* label, double va, double vb, const std::string& ta,
                       const std::string& tb, bool less_is_better) {
    draw_text_within(frame.fonts.small, {left, y}, first - left - frame.px(44), p.dim, label);
    draw_text_right(frame.fonts.mono_small, {first, y}, p.text, ta);
    draw_text_right(frame.fonts.mono_small, {second, y}, p.text, tb);
    const Colour ink = va == vb ? p.faint : (vb < va) == less_is_better ? p.good : p.failing;
    draw_text_right(frame.fonts.mono_small, {right, y}, ink, difference(va, vb));
    y += frame.px(20);
  };
  const auto count = [&](const char* label, double va, double vb, bool less = true) {
    row(label, va, vb, count_text(va), count_text(vb), less);
  };
  count("Machines", a.figures.machines, b.figures.machines);
  count("Failing", a.figures.failing, b.figures.failing);
  count("Moving", a.figures.migrations, b.figures.migrations);
  count("Requests/s", std::round(a.figures.rate), std::round(b.figures.rate), false);
  row("Cost so far", a.figures.cost, b.figures.cost, short_text(a.figures.cost),
      short_text(b.figures.cost), true);

  const auto& range = frame.state.timeline.range;
  const Span over = range ? *range : Span{Time{}, std::max(a.clock.now, Time{} + Duration{1})};
  y += frame.px(8);
  draw_text(frame.fonts.strong, {left, y}, p.text, range ? "In the range" : "Until this instant");
  y += frame.px(25);
  // What clients and the SLA saw stands first: the room may not be enough for all.
  std::vector<model::ComparedFigure> figures = model::compare({a, b}, over.from, over.to);
  std::stable_partition(figures.begin(), figures.end(), [](const model::ComparedFigure& figure) {
    return std::none_of(vm::all_resources.begin(), vm::all_resources.end(),
                        [&](vm::Resource r) { return figure.name.starts_with(to_string(r)); });
  });
  for (const model::ComparedFigure& figure : figures) {
    if (y > place.max.y - frame.px(20)) break;
    const auto text = [](const std::optional<double>& value) -> std::string {
      if (!value) return "-";
      return std::abs(*value) >= 1000 ? count_text(*value) : short_text(*value);
    };
    const std::string label =
        shortened(figure.name) + (figure.unit.empty() ? "" : ", " + figure.unit);
    row(label.c_str(), figure.first.value_or(0), figure.second.value_or(0), text(figure.first),
        text(figure.second), figure.name != "committed" && figure.name != "issued");
  }
}

}  // namespace viz::ui
