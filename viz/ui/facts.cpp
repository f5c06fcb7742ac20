#include "viz/ui/facts.hpp"

#include <algorithm>
#include <limits>

namespace viz::ui {
namespace {

constexpr float side = 14;  // unscaled pixels at both edges

/// The label at the left, the value at the right as far as there is room; returns the value's left.
float draw_between(const Frame& frame, float left, float right, float y, std::string_view label,
                   std::string_view value, Colour ink) {
  draw_text(frame.fonts.small, {left, y}, frame.palette.dim, label);
  const float room = right - left - text_width(frame.fonts.small, label) - frame.px(10);
  const float width = std::min(room, text_width(frame.fonts.small, value));
  draw_text_within(frame.fonts.small, {right - width, y}, room, ink, value);
  return right - width;
}

}  // namespace

float draw_title(const Frame& frame, const Rect& place, std::string_view name,
                 std::string_view word, Colour ground, Colour ink, std::string_view right) {
  const Palette& p = frame.palette;
  const float x = place.min.x + frame.px(side), y = place.min.y + frame.px(10);
  draw_text(frame.fonts.strong, {x, y}, p.text, name);
  const float behind = x + text_width(frame.fonts.strong, name) + frame.px(12);
  if (!word.empty())
    draw_pill(frame, frame.fonts.small, {behind, y - frame.px(1)}, ground, ink, word);
  draw_text_right(frame.fonts.small, {place.max.x - frame.px(side), y + frame.px(1)}, p.dim, right);
  return y + frame.px(30);
}

float draw_rule(const Frame& frame, const Rect& place, float y) {
  draw_box({{place.min.x + frame.px(side), y}, {place.max.x - frame.px(side), y + 1}},
           frame.palette.line);
  return y + frame.px(8);
}

float draw_heading(const Frame& frame, const Rect& place, float y, std::string_view text,
                   std::string_view right) {
  const float left = place.min.x + frame.px(side), end = place.max.x - frame.px(side);
  draw_text(frame.fonts.small, {left, y}, frame.palette.text, text);
  draw_text_right(frame.fonts.small, {end, y}, frame.palette.faint, right);
  return y + frame.px(19);
}

float draw_fact(const Frame& frame, const Rect& place, float y, std::string_view label,
                std::string_view value, Colour ink) {
  draw_between(frame, place.min.x + frame.px(side), place.max.x - frame.px(side), y, label, value,
               ink);
  return y + frame.px(19);
}

float draw_facts(const Frame& frame, const Rect& place, float y, const Fact& left,
                 const Fact& right) {
  const float begin = place.min.x + frame.px(side), end = place.max.x - frame.px(side);
  const float middle = (begin + end) / 2, gap = frame.px(11);
  draw_between(frame, begin, middle - gap, y, left.label, left.value, left.ink);
  draw_between(frame, middle + gap, end, y, right.label, right.value, right.ink);
  return y + frame.px(19);
}

float draw_link(const Frame& frame, const char* name, const Rect& place, float y,
                std::string_view label, std::string_view value, bool& clicked) {
  const float left = place.min.x + frame.px(side), right = place.max.x - frame.px(side);
  const Press press = press_area(frame, name, {{left, y}, {right, y + frame.px(18)}});
  clicked = press.clicked;
  const Palette& p = frame.palette;
  const float from =
      draw_between(frame, left, right, y, label, value, press.hovered ? p.white : p.accent);
  if (press.hovered) {
    const float under = y + frame.fonts.small->FontSize + frame.px(1);
    draw_box({{from, under}, {right, under + 1}}, p.accent);
  }
  return y + frame.px(19);
}

float draw_note(const Frame& frame, const Rect& place, float y, std::string_view text) {
  ImFont* const font = frame.fonts.small;
  const float left = place.min.x + frame.px(side), width = place.width() - 2 * frame.px(side);
  const char *const begin = text.data(), *const end = begin + text.size();
  ImGui::GetWindowDrawList()->AddText(font, font->FontSize, {left, y}, frame.palette.faint, begin,
                                      end, width);
  return y + frame.px(4) +
         font->CalcTextSizeA(font->FontSize, std::numeric_limits<float>::max(), width, begin, end)
             .y;
}

}  // namespace viz::ui
