#include "viz/ui/window.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace viz::ui {
namespace {

constexpr float top_height = 50, scrubber_height = 36, status_height = 24, gap = 6, edge = 6;
constexpr float inspector_from = 1280;  // width of the window

const char* detail_word(Detail detail) {
  constexpr std::array<const char*, 4> words{"dots", "cells", "tiles", "cards"};
  return words[static_cast<std::size_t>(detail)];
}

/// The run's directory, with the one it is in where that alone tells it from the other run.
std::string short_name(const model::RunInfo& info, const model::RunInfo& other) {
  const std::filesystem::path place{info.place}, theirs{other.place};
  const std::filesystem::path name = place.filename();
  if (name.empty()) return info.title;
  const bool alike = name == theirs.filename() && place != theirs;
  return (alike ? place.parent_path().filename() / name : name).string();
}

/// What stands in the middle while there is nothing to show, or never will be.
void draw_message(const Frame& frame, const Rect& place) {
  const model::SourceView& source = frame.run.source;
  const bool broken = source.state == model::SourceState::broken;
  if (!broken && (source.state != model::SourceState::loading || !frame.run.machines.empty()))
    return;
  const std::string text = !source.message.empty() ? source.message
                           : broken                ? "This run cannot be shown."
                                                   : "Loading ...";
  frame.probes.add("message", place);
  draw_text_centred(frame.fonts.text, place, broken ? frame.palette.failing : frame.palette.dim,
                    text);
}

}  // namespace

Window::Window(Textures& textures, const Fonts& fonts, Look look)
    : look_(look),
      fonts_(fonts),
      dark_ramp_(ramp_colours(dark_palette())),
      light_ramp_(ramp_colours(light_palette())),
      scrubber_(textures),
      map_(textures),
      second_map_(textures),
      inspector_(textures),
      timeline_(textures) {
  apply_theme(dark_palette(), look_.scale);
}

Wishes Window::take_wishes() {
  return std::exchange(wishes_, {});
}

Window::Places Window::places(const Rect& screen) const {
  const float s = look_.scale, g = gap * s, e = edge * s;
  const bool inspector = screen.width() >= inspector_from * s;
  const float left = screen.min.x + e, right = screen.max.x - e;
  Places at;
  at.top = {screen.min, {screen.max.x, screen.min.y + top_height * s}};
  const float y1 = at.top.max.y + g;
  at.scrubber = {{left, y1}, {right, y1 + scrubber_height * s}};
  at.status = {{screen.min.x, screen.max.y - status_height * s}, screen.max};
  const float upper = at.scrubber.max.y + g, lower = at.status.min.y - g;
  const float bottom = std::clamp(state_.sizes.bottom * s, std::min(140 * s, lower - upper),
                                  std::max(140 * s, lower - upper - 160 * s));
  const float cut = lower - bottom;
  const float inspector_width =
      inspector ? std::clamp(state_.sizes.inspector * s, 200 * s, (right - left) * 0.5f) : 0;
  at.map = {{left, upper}, {right - (inspector ? inspector_width + g : 0), cut - g}};
  at.inspector = inspector ? Rect{{at.map.max.x + g, upper}, {right, cut - g}}
                           : Rect{{right, upper}, {right, upper}};
  const float events_width = std::clamp(state_.sizes.events * s, 220 * s, (right - left) * 0.6f);
  at.timeline = {{left, cut}, {right - events_width - g, lower}};
  at.events = {{at.timeline.max.x + g, cut}, {right, lower}};
  return at;
}

void Window::draw_splitters(const Frame& frame, const Rect& screen, const Places& at) {
  const float s = look_.scale;
  const auto splitter = [&](const char* name, const Rect& place, ImGuiMouseCursor cursor,
                            auto&& set) {
    const Press press = press_area(frame, name, place);
    if (press.hovered || press.held) {
      ImGui::SetMouseCursor(cursor);
      draw_box(place.shrunk(frame.px(2)), faded(frame.palette.accent, 0.6), frame.px(1));
    }
    if (press.held) set(ImGui::GetIO().MousePos);
  };
  splitter(
      "split.bottom", {{at.map.min.x, at.map.max.y}, {screen.max.x - edge * s, at.timeline.min.y}},
      ImGuiMouseCursor_ResizeNS, [&](ImVec2 p) {
        state_.sizes.bottom = std::clamp((at.status.min.y - gap * s - p.y) / s, 140.0f, 4000.0f);
      });
  splitter("split.events",
           {{at.timeline.max.x, at.timeline.min.y}, {at.events.min.x, at.timeline.max.y}},
           ImGuiMouseCursor_ResizeEW, [&](ImVec2 p) {
             state_.sizes.events = std::clamp((at.events.max.x - p.x) / s, 220.0f, 4000.0f);
           });
  if (at.inspector.width() > 0) {
    splitter("split.inspector", {{at.map.max.x, at.map.min.y}, {at.inspector.min.x, at.map.max.y}},
             ImGuiMouseCursor_ResizeEW, [&](ImVec2 p) {
               state_.sizes.inspector = std::clamp((at.inspector.max.x - p.x) / s, 200.0f, 4000.0f);
             });
  }
}

void Window::draw_maps(Frame& frame, const Places& at) {
  if (frame.other == nullptr) {
    map_.draw(frame, at.map);
    return;
  }
  const float middle = (at.map.min.x + at.map.max.x) / 2, half = frame.px(gap) / 2;
  map_.draw_bare(frame, {at.map.min, {middle - half, at.map.max.y}},
                 "A   " + short_name(frame.run.info, frame.other->info));
  Frame second{.run = *frame.other,
               .other = &frame.run,
               .state = state_,
               .commands = frame.commands,
               .palette = frame.palette,
               .ramp = frame.ramp,
               .fonts = fonts_,
               .probes = probes_,
               .hovered = hovered_,
               .hovered_before = hovered_before_,
               .times = times_,
               .scale = look_.scale,
               .calm = look_.calm};
  second_map_.draw_bare(second, {{middle + half, at.map.min.y}, at.map.max},
                        "B   " + short_name(frame.other->info, frame.run.info));
}

void Window::keep_view_at_playhead(const model::ClockView& clock) {
  TimelineState& timeline = state_.timeline;
  const bool moved_on = clock.now != last_now_;
  last_now_ = clock.now;
  if (timeline.whole || !moved_on || timeline.view.length() <= Duration{}) return;
  // A zoomed view turns the page when the playhead leaves it, and stays where a person has put it.
  if (clock.now > timeline.view.to || clock.now < timeline.view.from) {
    const Duration tenth = timeline.view.length() / 10;
    timeline.view = moved(timeline.view, clock.now - tenth - timeline.view.from, whole_run(clock));
  }
}

void Window::draw(const model::RunView& run, const model::RunView* other,
                  std::vector<model::Command>& commands) {
  if (state_.light != themed_light_)
    apply_theme(state_.light ? light_palette() : dark_palette(), look_.scale);
  themed_light_ = state_.light;
  const Palette& palette = state_.light ? light_palette() : dark_palette();
  probes_.clear();
  hovered_before_ = std::exchange(hovered_, {});
  keep_view_at_playhead(run.clock);
  const ImGuiIO& io = ImGui::GetIO();
  const Rect screen{{0, 0}, io.DisplaySize};
  ImGui::SetNextWindowPos(screen.min);
  ImGui::SetNextWindowSize(io.DisplaySize);
  constexpr ImGuiWindowFlags sheet = ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove |
                                     ImGuiWindowFlags_NoSavedSettings |
                                     ImGuiWindowFlags_NoBringToFrontOnFocus |
                                     ImGuiWindowFlags_NoScrollWithMouse | ImGuiWindowFlags_NoNav;
  ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 0);
  ImGui::Begin("sheet", nullptr, sheet);
  ImGui::PopStyleVar();
  Frame frame{.run = run,
              .other = other,
              .state = state_,
              .commands = commands,
              .palette = palette,
              .ramp = state_.light ? light_ramp_ : dark_ramp_,
              .fonts = fonts_,
              .probes = probes_,
              .hovered = hovered_,
              .hovered_before = hovered_before_,
              .times = times_,
              .scale = look_.scale,
              .calm = look_.calm};
  apply_shortcuts(frame, wishes_, timeline_.columns());
  const Places at = places(screen);
  if (state_.only_lane) {
    timeline_.draw(frame, screen);
    ImGui::End();
    return;
  }
  top_bar_.draw(frame, at.top);
  scrubber_.draw(frame, at.scrubber);
  draw_maps(frame, at);
  if (at.inspector.width() > 0) {
    other != nullptr ? draw_comparison(frame, at.inspector) : inspector_.draw(frame, at.inspector);
  }
  timeline_.draw(frame, at.timeline);
  events_.draw(frame, at.events);
  draw_status_bar(frame, at.status, "cells: " + std::string{detail_word(map_.detail())});
  draw_splitters(frame, screen, at);
  draw_message(frame, at.map);
  if (state_.help) draw_help(frame, screen);
  ImGui::End();
}

}  // namespace viz::ui
