// Tiles and cards: a machine with its four bars.
#include <algorithm>

#include "viz/ui/fleet_cells.hpp"
#include "viz/ui/format.hpp"

namespace viz::ui {
namespace {

using model::Life;
using model::MachineView;

bool is_serving(const MachineView& machine) {
  return machine.life == Life::up || machine.life == Life::draining;
}

Colour ground_of(const Frame& frame, const MachineView& machine) {
  const Palette& p = frame.palette;
  if (machine.failing) return mix(p.panel, p.failing, 0.18);
  switch (machine.life) {
    case Life::not_yet:
    case Life::released:
      return mix(p.panel, p.background, 0.2);
    case Life::booting:
      return mix(p.panel, p.booting, 0.6);
    case Life::down:
      return p.down;
    case Life::draining:
    case Life::up:
      break;
  }
  return p.raised;
}

void draw_bar(const Frame& frame, const Rect& place, float use, double threshold, Colour colour,
              bool rounded) {
  const Palette& p = frame.palette;
  const float rounding = rounded ? place.height() / 3 : frame.px(1.5f);
  draw_box(place, mix(p.background, p.panel, 0.3), rounding);
  const bool over = static_cast<double>(use) > threshold;
  const float width = place.width() * std::clamp(use, 0.0f, 1.0f);
  if (width >= 1) {
    draw_box({place.min, {place.min.x + width, place.max.y}}, over ? p.failing : colour, rounding);
  }
  const float tick = place.min.x + place.width() * static_cast<float>(threshold);
  draw_box({{tick, place.min.y - frame.px(1)}, {tick + frame.px(1), place.max.y + frame.px(1)}},
           p.dim);
}

/// Ground, edge in the colour of its use, and the frame of one that fails.
void draw_ground(const Frame& frame, const MachineView& machine, const Rect& place) {
  const Palette& p = frame.palette;
  draw_box(place, ground_of(frame, machine), frame.px(3));
  if (!machine.is_there()) {
    draw_outline(place, faded(p.line, 0.5), frame.px(3), frame.px(1));
    return;
  }
  draw_box({place.min, {place.min.x + frame.px(3), place.max.y}}, cell_colour(frame, machine));
  if (machine.failing) draw_outline(place, p.failing, frame.px(3), frame.px(2));
}

struct Tag {
  std::string_view word;
  Colour ground, ink;
};

Tag tag_of(const Frame& frame, const MachineView& machine) {
  const Palette& p = frame.palette;
  const bool serves = machine.life == Life::up || machine.life == Life::draining;
  if (machine.failing && serves) return {"FAILING", p.failing, rgb(0xFFFFFF)};
  switch (machine.life) {
    case Life::booting:
      return {"BOOTING", p.booting, p.good};
    case Life::draining:
      return {"DRAINING", p.draining, p.moving};
    case Life::down:
      return {"DOWN", p.raised, p.dim};
    case Life::not_yet:
      return {"NOT YET", 0, p.faint};
    case Life::released:
      return {"RELEASED", 0, p.faint};
    case Life::up:
      break;
  }
  return {};
}

}  // namespace

void draw_tile(const Frame& frame, const MachineView& machine, const Rect& place) {
  draw_ground(frame, machine, place);
  ImFont* const font = frame.fonts.mono_small;
  const float side = frame.px(8);
  draw_text_within(font, {place.min.x + side, place.min.y + frame.px(3)}, place.width() - 2 * side,
                   machine.is_there() ? frame.palette.text : frame.palette.faint,
                   std::to_string(machine.id.value));
  if (machine.life == Life::booting || machine.life == Life::down) {
    const Tag tag = tag_of(frame, machine);
    if (text_width(frame.fonts.mono_small, tag.word) < place.width() - side) {
      draw_text_centred(font, place, tag.ink, tag.word);
    }
  }
  if (!is_serving(machine)) return;
  const float top = place.min.y + font->FontSize + frame.px(6);
  const float step = (place.max.y - frame.px(4) - top) / vm::resource_count;
  for (const vm::Resource resource : vm::all_resources) {
    const float y = top + step * static_cast<float>(resource);
    draw_bar(
        frame,
        {{place.min.x + side, y}, {place.max.x - side, y + std::max(2.0f, step - frame.px(2))}},
        machine.use[resource], frame.run.info.threshold[resource], resource_colour(frame, resource),
        false);
  }
}

void draw_card(const Frame& frame, const MachineView& machine, const Rect& place) {
  draw_ground(frame, machine, place);
  const Palette& p = frame.palette;
  const float side = frame.px(10);
  const float left = place.min.x + side, right = place.max.x - side;
  float y = place.min.y + frame.px(7);
  const Tag tag = tag_of(frame, machine);
  draw_text(frame.fonts.strong, {left, y}, machine.is_there() ? p.text : p.faint,
            machine_name(frame, machine.id));
  if (!tag.word.empty()) {
    const float width = text_width(frame.fonts.small, tag.word) + frame.px(18);
    draw_pill(frame, frame.fonts.small, {right - width + frame.px(4), y - frame.px(1)}, tag.ground,
              tag.ink, tag.word);
  } else {
    draw_text_right(frame.fonts.small, {right, y + frame.px(1)}, p.dim,
                    count_text(machine.tenants) + " tenants");
  }
  if (!is_serving(machine)) return;
  y += frame.px(26);
  const float step = std::min(frame.px(26), (place.max.y - y - frame.px(4)) / 4);
  const float thick = std::min(frame.px(8), step * 0.45f);
  for (const vm::Resource resource : vm::all_resources) {
    const float use = machine.use[resource];
    const double threshold = frame.run.info.threshold[resource];
    const bool over = static_cast<double>(use) > threshold;
    ImFont* const font = frame.fonts.small;
    draw_text(font, {left, y + (step - font->FontSize) / 2}, p.dim, resource_word(resource));
    const float middle = y + step / 2;
    draw_bar(
        frame,
        {{left + frame.px(40), middle - thick / 2}, {right - frame.px(52), middle + thick / 2}},
        use, threshold, resource_colour(frame, resource), true);
    draw_text_right(frame.fonts.mono_small,
                    {right, y + (step - frame.fonts.mono_small->FontSize) / 2},
                    over ? p.failing : p.text, percent_text(static_cast<double>(use)));
    y += step;
  }
  if (place.max.y - y >= frame.px(26)) {
    const std::string work = count_text(machine.transactions) + " in service";
    const std::string homes = count_text(machine.tenants) + " tenants";
    const bool both = text_width(frame.fonts.small, work + homes) + frame.px(12) < right - left;
    draw_text(frame.fonts.small, {left, y + frame.px(5)}, p.dim, work);
    if (!tag.word.empty() && both) {
      draw_text_right(frame.fonts.small, {right, y + frame.px(5)}, p.dim, homes);
    }
  }
}

}  // namespace viz::ui
