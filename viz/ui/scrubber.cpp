#include <algorithm>
#include <cmath>

#include "viz/ui/lanes.hpp"
#include "viz/ui/panels.hpp"
#include "viz/ui/timeline.hpp"

namespace viz::ui {
namespace {

ImDrawList& list() {
  return *ImGui::GetWindowDrawList();
}

}  // namespace

void Scrubber::paint(const Frame& frame, const Span& run) {
  Image& image = canvas_.image();
  const Palette& p = frame.palette;
  fill(image, {0, 0, image.width, image.height}, p.panel);
  std::vector<model::Column> columns(static_cast<std::size_t>(image.width));
  const model::Series* const load = frame.run.fleet.mean[vm::Resource::cpu];
  const auto bars = [&](const model::Series& series, auto&& share, Colour colour) {
    series.columns(run.from, run.to, columns);
    for (int x = 0; x < image.width; ++x) {
      const model::Column& column = columns[static_cast<std::size_t>(x)];
      if (!column.known || column.range.high <= 0) continue;
      const int height =
          std::max(1, static_cast<int>(std::lround(share(static_cast<double>(column.range.high)) *
                                                   (image.height - 4))));
      fill(image, {x, image.height - height, x + 1, image.height}, colour);
    }
  };
  if (load != nullptr && !load->empty()) {
    bars(
        *load, [](double use) { return std::clamp(use, 0.0, 1.0) * 0.8; }, faded(p.flow, 0.30));
  }
  const model::Series* const failing = frame.run.failing;
  if (failing == nullptr || failing->empty()) return;
  const double most = std::max(1.0, static_cast<double>(failing->whole().high));
  // By the root, so that one failing machine of a thousand is still seen.
  bars(
      *failing, [most](double count) { return 0.25 + 0.7 * std::sqrt(count / most); }, p.failing);
}

void Scrubber::draw(Frame& frame, const Rect& place) {
  const Span run = whole_run(frame.run.clock);
  const double width = static_cast<double>(place.width());
  const Press press = press_area(frame, "scrubber", place);
  if (press.held) {
    frame.send(model::Seek{time_at(
        run, width,
        std::clamp(static_cast<double>(ImGui::GetIO().MousePos.x - place.min.x), 0.0, width))});
  }
  const CanvasKey key{frame.run.generation, run.to.time_since_epoch().count(), frame.state.light,
                      frame.run.clock.end.time_since_epoch().count()};
  if (canvas_.outdated(static_cast<int>(place.width()), static_cast<int>(place.height()), key))
    paint(frame, run);
  canvas_.draw(list(), place.min);
  const Palette& p = frame.palette;
  const auto x_of = [&](Time at) {
    return place.min.x + static_cast<float>(pixel_of(run, width, at));
  };
  const Span& view = frame.state.timeline.view;
  if (view.length() > Duration{}) {
    const float from = std::max(place.min.x, x_of(view.from)),
                to = std::min(place.max.x, x_of(view.to));
    draw_box({place.min, {from, place.max.y}}, faded(p.background, 0.5));
    draw_box({{to, place.min.y}, place.max}, faded(p.background, 0.5));
    draw_outline({{from, place.min.y}, {std::max(to, from + 3), place.max.y}}, faded(p.accent, 0.7),
                 frame.px(3), 1);
  }
  constexpr std::string_view label = "failing machines over the whole run";
  const Rect words{{place.min.x + frame.px(6), place.min.y + frame.px(2)},
                   {place.min.x + frame.px(14) + text_width(frame.fonts.small, label),
                    place.min.y + frame.px(18)}};
  draw_box(words, faded(p.panel, 0.8), frame.px(3));
  draw_text_centred(frame.fonts.small, words, p.dim, label);
  for (const Time mark : frame.state.bookmarks) {
    draw_box({{x_of(mark), place.min.y}, {x_of(mark) + frame.px(2), place.min.y + frame.px(10)}},
             p.moving);
  }
  if (frame.hovered_before.at) {
    draw_box({{x_of(*frame.hovered_before.at), place.min.y},
              {x_of(*frame.hovered_before.at) + 1, place.max.y}},
             faded(p.text, 0.4));
  }
  const float now = x_of(frame.run.clock.now);
  draw_box({{now - frame.px(1), place.min.y}, {now + frame.px(1), place.max.y}}, p.white);
  list().AddCircleFilled({now, place.min.y + frame.px(3)}, frame.px(4.5f), p.white, 16);
}

}  // namespace viz::ui
