// Facts: lines of a panel that say something in words and numbers, one below the other. Each draws
// at `y` within the width of `place` and returns the y below it.
#pragma once

#include "viz/ui/frame.hpp"

namespace viz::ui {

/// Name, a word in a pill, and what stands at the right.
float draw_title(const Frame& frame, const Rect& place, std::string_view name,
                 std::string_view word, Colour ground, Colour ink, std::string_view right);

/// A thin line with room around it.
float draw_rule(const Frame& frame, const Rect& place, float y);

/// What the lines below it are about, and as of when.
float draw_heading(const Frame& frame, const Rect& place, float y, std::string_view text,
                   std::string_view right);

/// "label ........ value"
float draw_fact(const Frame& frame, const Rect& place, float y, std::string_view label,
                std::string_view value, Colour ink);

struct Fact {
  std::string_view label;
  std::string value;
  Colour ink;
};
/// Two of them side by side.
float draw_facts(const Frame& frame, const Rect& place, float y, const Fact& left,
                 const Fact& right);

/// A fact whose value leads somewhere; `clicked` says that it is to be gone to.
float draw_link(const Frame& frame, const char* name, const Rect& place, float y,
                std::string_view label, std::string_view value, bool& clicked);

/// Small print, wrapped.
float draw_note(const Frame& frame, const Rect& place, float y, std::string_view text);

}  // namespace viz::ui
