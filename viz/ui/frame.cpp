#include "viz/ui/frame.hpp"

#include <algorithm>
#include <cmath>

namespace viz::ui {
namespace {

ImDrawList& list() {
  return *ImGui::GetWindowDrawList();
}

ImVec2 whole(ImVec2 p) {
  return {std::floor(p.x), std::floor(p.y)};
}

}  // namespace

float text_width(ImFont* font, std::string_view text) {
  return font->CalcTextSizeA(font->FontSize, 1e9f, 0, text.data(), text.data() + text.size()).x;
}

void draw_text(ImFont* font, ImVec2 at, Colour colour, std::string_view text) {
  list().AddText(font, font->FontSize, whole(at), colour, text.data(), text.data() + text.size());
}

void draw_text_right(ImFont* font, ImVec2 at, Colour colour, std::string_view text) {
  draw_text(font, {at.x - text_width(font, text), at.y}, colour, text);
}

void draw_text_centred(ImFont* font, const Rect& place, Colour colour, std::string_view text) {
  draw_text(font,
            {(place.min.x + place.max.x - text_width(font, text)) / 2,
             (place.min.y + place.max.y - font->FontSize) / 2},
            colour, text);
}

void draw_text_within(ImFont* font, ImVec2 at, float width, Colour colour, std::string_view text) {
  if (text_width(font, text) <= width) return draw_text(font, at, colour, text);
  const float room = width - text_width(font, "...");
  std::size_t fits = 0;  // bytes; letters never end in the middle of one
  while (fits < text.size()) {
    std::size_t next = fits + 1;
    while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0) == 0x80) ++next;
    if (text_width(font, text.substr(0, next)) > room) break;
    fits = next;
  }
  if (room > 0) draw_text(font, at, colour, std::string{text.substr(0, fits)} + "...");
}

void draw_box(const Rect& place, Colour colour, float rounding) {
  list().AddRectFilled(whole(place.min), whole(place.max), colour, rounding);
}

void draw_outline(const Rect& place, Colour colour, float rounding, float thickness) {
  list().AddRect(whole(place.min), whole(place.max), colour, rounding, 0, thickness);
}

void draw_panel(const Frame& frame, const Rect& place) {
  draw_box(place, frame.palette.panel, frame.px(4));
}

Rect draw_pill(const Frame& frame, ImFont* font, ImVec2 at, Colour ground, Colour ink,
               std::string_view text) {
  const float height = font->FontSize + frame.px(5), side = frame.px(9);
  const Rect place{at, {at.x + text_width(font, text) + 2 * side, at.y + height}};
  draw_box(place, ground, height / 2);
  draw_text(font, {at.x + side, at.y + frame.px(2.5f)}, ink, text);
  return place;
}

Press press_area(const Frame& frame, const char* name, const Rect& place) {
  frame.probes.add(name, place);
  ImGui::SetCursorScreenPos(place.min);
  Press press;
  press.clicked =
      ImGui::InvisibleButton(name, {std::max(1.0f, place.width()), std::max(1.0f, place.height())});
  press.hovered = ImGui::IsItemHovered();
  press.held = ImGui::IsItemActive();
  return press;
}

bool draw_button(const Frame& frame, const char* name, const Rect& place, std::string_view text,
                 bool enabled) {
  const Press press = press_area(frame, name, place);
  const Palette& p = frame.palette;
  draw_box(place, enabled && (press.hovered || press.held) ? p.hover : p.raised, frame.px(4));
  draw_text_centred(frame.fonts.small, place, enabled ? p.text : p.faint, text);
  return press.clicked && enabled;
}

bool draw_chip(const Frame& frame, const char* name, ImVec2& at, std::string_view text,
               Colour colour, bool on) {
  ImFont* const font = frame.fonts.small;
  const float height = frame.px(22), dot = frame.px(3.8f);
  const float width = text_width(font, text) + frame.px(28);
  const Rect place{at, {at.x + width, at.y + height}};
  const Press press = press_area(frame, name, place);
  const Palette& p = frame.palette;
  if (on) {
    draw_box(place, press.hovered ? p.hover : p.raised, height / 2);
  } else {
    draw_outline(place, press.hovered ? p.dim : p.line, height / 2, frame.px(1));
  }
  list().AddCircleFilled({at.x + frame.px(11), (place.min.y + place.max.y) / 2}, dot,
                         on ? colour : p.faint, 16);
  draw_text(font, {at.x + frame.px(19), at.y + (height - font->FontSize) / 2},
            on ? p.text : p.faint, text);
  at.x = place.max.x + frame.px(5);
  return press.clicked;
}

void tooltip(const Frame& frame, std::string_view text) {
  ImGui::PushFont(frame.fonts.small);
  ImGui::BeginTooltip();
  ImGui::TextUnformatted(text.data(), text.data() + text.size());
  ImGui::EndTooltip();
  ImGui::PopFont();
}

std::string machine_name(const Frame& frame, model::MachineId machine) {
  return machine == vm::no_machine ? "whole scenario" : frame.run.info.name(machine);
}

std::string_view life_word(model::Life life) {
  constexpr std::array<std::string_view, 6> words{"not yet",  "BOOTING", "UP",
                                                  "DRAINING", "DOWN",    "released"};
  return words[static_cast<std::size_t>(life)];
}

Colour resource_colour(const Frame& frame, vm::Resource resource) {
  return frame.palette.resource[static_cast<std::size_t>(resource)];
}

std::string_view resource_word(vm::Resource resource) {
  constexpr std::array<std::string_view, vm::resource_count> words{"CPU", "MEM", "DISK", "NET"};
  return words[static_cast<std::size_t>(resource)];
}

Colour event_colour(const Palette& palette, model::EventKind kind) {
  switch (kind) {
    case model::EventKind::failure:
    case model::EventKind::crash:
    case model::EventKind::fault:
      return palette.failing;
    case model::EventKind::recovery:
    case model::EventKind::failover_end:
      return palette.good;
    case model::EventKind::failover:
    case model::EventKind::migration:
      return palette.moving;
    case model::EventKind::boot:
      return palette.accent;
    case model::EventKind::release:
      return palette.dim;
    case model::EventKind::withheld:
      return palette.resource[1];
    case model::EventKind::change:
      return palette.resource[0];
  }
  return palette.dim;
}

}  // namespace viz::ui
