// The levers of a live world: load, threshold, and a machine that is made to suffer.
#include <algorithm>
#include <cmath>

#include "viz/ui/facts.hpp"
#include "viz/ui/format.hpp"
#include "viz/ui/lanes.hpp"
#include "viz/ui/panels.hpp"

namespace viz::ui {
namespace {

/// A slider over its own width; `share` is 0 to 1. Returns the share it is dragged to. `movable`:
/// false where it only shows that there could be something.
std::optional<double> slider(const Frame& frame, const char* name, const Rect& place, double share,
                             Colour colour, bool movable) {
  const Palette& p = frame.palette;
  if (!movable) {
    const float line = (place.min.y + place.max.y) / 2;
    draw_box({{place.min.x, line - frame.px(2)}, {place.max.x, line + frame.px(2)}}, p.raised,
             frame.px(2));
    return std::nullopt;
  }
  const Press press = press_area(frame, name, place);
  const float knob = frame.px(8);
  const double room = static_cast<double>(place.width() - knob);
  const float middle = (place.min.y + place.max.y) / 2;
  const float at = place.min.x + static_cast<float>(room * std::clamp(share, 0.0, 1.0));
  draw_box({{place.min.x, middle - frame.px(2)}, {place.max.x, middle + frame.px(2)}}, p.raised,
           frame.px(2));
  draw_box({{place.min.x, middle - frame.px(2)}, {at + knob / 2, middle + frame.px(2)}},
           faded(colour, 0.7), frame.px(2));
  draw_box({{at, middle - frame.px(7)}, {at + knob, middle + frame.px(7)}},
           press.hovered || press.held ? p.white : colour, frame.px(3));
  if (!press.held) return std::nullopt;
  return std::clamp(
      (static_cast<double>(ImGui::GetIO().MousePos.x - place.min.x - knob / 2)) / room, 0.0, 1.0);
}

constexpr double least_load = 0.1, most_load = 10;
constexpr double least_threshold = 0.5, most_threshold = 1;

}  // namespace

void Inspector::draw_levers(Frame& frame, const Rect& place) {
  const Palette& p = frame.palette;
  const float left = place.min.x + frame.px(14), right = place.max.x - frame.px(14);
  draw_box({{left, place.min.y}, {right, place.min.y + 1}}, p.line);
  float y = place.min.y + frame.px(8);
  draw_text(frame.fonts.strong, {left, y}, p.text, "Change the world");
  draw_text_right(frame.fonts.small, {right, y + frame.px(1)}, p.dim, "recorded");
  y += frame.px(26);
  const model::Selection& s = frame.run.selection;
  std::optional<model::GroupId> group;
  if (s.kind == model::Selection::Kind::group) group = model::GroupId{s.index};
  if (frame.run.client) group = frame.run.client->group;
  const auto& loads = frame.run.changes.load_of_group;
  const double load =
      group && group->value < loads.size() ? loads[group->value] : frame.run.changes.load;
  const model::ChangesView& changes = frame.run.changes;
  const auto row = [&](std::string_view label, const std::string& value, bool movable) {
    draw_text(frame.fonts.small, {left, y}, movable ? p.dim : p.faint, label);
    if (movable) draw_text_right(frame.fonts.mono_small, {right, y}, p.text, value);
    const Rect place_of{{left + frame.px(76), y - frame.px(2)},
                        {right - frame.px(62), y + frame.px(16)}};
    y += frame.px(26);
    return place_of;
  };
  const double decades = std::log10(most_load / least_load);
  if (const auto to =
          slider(frame, "lever.load", row("Load", "x " + short_text(load), changes.can_load),
                 std::log10(load / least_load) / decades, p.accent, changes.can_load)) {
    const double wanted = std::round(least_load * std::pow(10, *to * decades) * 20) / 20;
    if (wanted != load) frame.send(model::SetLoad{group, wanted});
  }
  const double threshold = changes.threshold;
  if (const auto to = slider(frame, "lever.threshold",
                             row("Threshold", percent_text(threshold), changes.can_threshold),
                             (threshold - least_threshold) / (most_threshold - least_threshold),
                             p.failing, changes.can_threshold)) {
    const double wanted =
        std::round((least_threshold + *to * (most_threshold - least_threshold)) * 200) / 200;
    if (wanted != threshold) frame.send(model::SetThreshold{wanted});
  }
  if (group) return;
  const bool machine = changes.can_strike && s.kind == model::Selection::Kind::machine &&
                       s.index < frame.run.machines.size();
  const model::MachineId id{s.index};
  const float width = (right - left - frame.px(12)) / 3, height = frame.px(24);
  const auto button = [&](int n, const char* name, std::string_view text) {
    const float x = left + (width + frame.px(6)) * static_cast<float>(n);
    return draw_button(frame, name, {{x, y}, {x + width, y + height}}, text, machine);
  };
  if (button(0, "lever.crash", "Crash")) frame.send(model::CrashMachine{id, std::nullopt});
  if (button(1, "lever.slow", "Half speed")) frame.send(model::SlowMachine{id, 0.5});
  if (button(2, "lever.heal", "Full speed")) frame.send(model::SlowMachine{id, 1});
  y += height + frame.px(6);
  const std::string says = !changes.why_not.empty() ? changes.why_not
                           : machine                ? "acts on " + machine_name(frame, id)
                                                    : "select a machine to crash or slow it";
  draw_note(frame, place, y, says);
}

}  // namespace viz::ui
