// Mouse and tooltip of the timeline.
#include <algorithm>

#include "viz/ui/format.hpp"
#include "viz/ui/timeline.hpp"

namespace viz::ui {
namespace {

constexpr float click_reach = 4;  // pixels that a click may tremble

ImVec4 ink(Colour colour) {
  return ImGui::ColorConvertU32ToFloat4(colour);
}

}  // namespace

void Timeline::interact(Frame& frame, const Rect& plot) {
  TimelineState& state = frame.state.timeline;
  const ImGuiIO& io = ImGui::GetIO();
  const Press press = press_area(frame, "timeline.plot", plot);
  const double width = static_cast<double>(plot.width());
  const auto at = [&](float x) {
    return time_at(state.view, width, std::clamp(static_cast<double>(x - plot.min.x), 0.0, width));
  };
  const Span limits = whole_run(frame.run.clock);
  if (press.hovered) {
    frame.hovered.at = at(io.MousePos.x);
    if (io.MouseWheel != 0) {
      const double pace = io.KeyCtrl ? 1.05 : io.KeyShift ? 2.5 : 1.3;
      state.view = zoomed(state.view, at(io.MousePos.x),
                          std::pow(pace, -static_cast<double>(io.MouseWheel)), limits);
      state.whole = state.view == limits;
    }
    if (ImGui::IsMouseClicked(ImGuiMouseButton_Left)) drag_from_ = io.MousePos.x;
    if (ImGui::IsMouseClicked(ImGuiMouseButton_Middle)) zoom_from_ = io.MousePos.x;
    if (ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left)) {
      state.whole = true;
      state.range.reset();
      drag_from_.reset();
    }
  }
  if (ImGui::IsMouseDragging(ImGuiMouseButton_Right, 0) && plot.contains(io.MouseClickedPos[1])) {
    const double by = -static_cast<double>(io.MouseDelta.x) / width *
                      static_cast<double>(state.view.length().count());
    state.view = moved(state.view, Duration{std::llround(by)}, limits);
    state.whole = false;
  }
  const auto ordered = [&](float a, float b) {
    return Span{std::min(at(a), at(b)), std::max(at(a), at(b))};
  };
  if (drag_from_) {
    const bool dragged = std::abs(io.MousePos.x - *drag_from_) > frame.px(click_reach);
    if (dragged) state.range = ordered(*drag_from_, io.MousePos.x);
    if (ImGui::IsMouseReleased(ImGuiMouseButton_Left)) {
      if (!dragged) {
        state.range.reset();
        frame.send(model::Seek{at(io.MousePos.x)});
      }
      drag_from_.reset();
    }
  }
  if (zoom_from_ && ImGui::IsMouseReleased(ImGuiMouseButton_Middle)) {
    if (std::abs(io.MousePos.x - *zoom_from_) > frame.px(click_reach)) {
      state.view = zoomed(ordered(*zoom_from_, io.MousePos.x), at(*zoom_from_), 1, limits);
      state.whole = false;
    }
    zoom_from_.reset();
  }
}

void Timeline::draw_tooltip(const Frame& frame, const std::vector<Lane>& lanes, const Rect& plot,
                            Time at) {
  const Palette& p = frame.palette;
  const Span& view = frame.state.timeline.view;
  const Duration pixel{static_cast<std::int64_t>(static_cast<double>(view.length().count()) /
                                                 static_cast<double>(plot.width()))};
  ImGui::PushFont(frame.fonts.mono_small);
  ImGui::BeginTooltip();
  ImGui::TextUnformatted(clock_text(at).c_str());
  std::size_t samples = 0;
  for (const Lane& lane : lanes) {
    for (const Line& line : lane.lines) {
      std::vector<model::Column> column(1);
      line.series->columns(at, at + std::max(pixel, Duration{1}), column);
      if (!column[0].known) continue;
      samples = std::max(samples, column[0].samples);
      const std::string low = lane.number(static_cast<double>(column[0].range.low)),
                        high = lane.number(static_cast<double>(column[0].range.high));
      const std::string range = low == high ? low : low + " .. " + high;
      const std::string name = lane.lines.size() > 1 ? lane.name + " " + line.name : lane.name;
      ImGui::TextColored(ink(faded(line.colour, 1)), "%-18s %s", name.c_str(), range.c_str());
    }
  }
  ImGui::TextColored(ink(p.dim), "%zu samples in this pixel", samples);
  ImGui::EndTooltip();
  ImGui::PopFont();
}

}  // namespace viz::ui
