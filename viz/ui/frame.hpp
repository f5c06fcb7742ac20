// Frame: what a panel is given to draw one picture, and the handful of things it draws with.
//
// A panel reads `run`, changes `state`, and appends to `commands` what the session should do. It
// keeps caches of its own (canvases), never data. Panels place everything themselves, in screen
// pixels: the window is one sheet, not a heap of ImGui windows. `px()` scales a length to HiDPI.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "viz/model/run_view.hpp"
#include "viz/ui/fonts.hpp"
#include "viz/ui/probes.hpp"
#include "viz/ui/textures.hpp"
#include "viz/ui/theme.hpp"
#include "viz/ui/window_state.hpp"

namespace viz::ui {

/// What the pointer is over, told by one panel and lit up in all others of this frame and the next.
struct Hovered {
  std::optional<model::MachineId> machine;
  std::optional<Time> at;  // in the timeline
};

/// What a window measures of itself.
struct FrameTimes {
  double frames_per_second = 0;
  double model_ms = 0, build_ms = 0;  // CPU time of the view, and of the triangles
  double draw_ms = 0;                 // wall time of the pixels
  int vertices = 0;
};

struct Frame {
  const model::RunView& run;
  const model::RunView* other;  // the run that this one is compared with, or null
  WindowState& state;
  std::vector<model::Command>& commands;
  const Palette& palette;
  const std::array<Colour, 256>& ramp;
  const Fonts& fonts;
  Probes& probes;
  Hovered& hovered;               // of this frame
  const Hovered& hovered_before;  // of the last
  const FrameTimes& times;
  float scale = 1;
  bool calm = false;  // no animation and no timings: a frame that can be compared with another

  float px(float unscaled) const { return unscaled * scale; }
  template <class C>
  void send(C command) const {
    commands.emplace_back(command);
  }
};

// ---- Text --------------------------------------------------------------------------------------

float text_width(ImFont* font, std::string_view text);
/// Left top corner at `at`.
void draw_text(ImFont* font, ImVec2 at, Colour colour, std::string_view text);
/// Right top corner at `at`.
void draw_text_right(ImFont* font, ImVec2 at, Colour colour, std::string_view text);
/// Centred in `place` both ways.
void draw_text_centred(ImFont* font, const Rect& place, Colour colour, std::string_view text);
/// Cut short with "..." where it is wider than `width`.
void draw_text_within(ImFont* font, ImVec2 at, float width, Colour colour, std::string_view text);

// ---- Shapes ------------------------------------------------------------------------------------

void draw_panel(const Frame& frame, const Rect& place);
void draw_box(const Rect& place, Colour colour, float rounding = 0);
void draw_outline(const Rect& place, Colour colour, float rounding, float thickness);
/// A word on a rounded ground, left top corner at `at`; returns its place.
Rect draw_pill(const Frame& frame, ImFont* font, ImVec2 at, Colour ground, Colour ink,
               std::string_view text);

// ---- Things to click ---------------------------------------------------------------------------

struct Press {
  bool hovered = false, held = false, clicked = false;
};

/// An area that takes clicks; registers a probe under `name`.
Press press_area(const Frame& frame, const char* name, const Rect& place);

/// A rounded button with a word.
bool draw_button(const Frame& frame, const char* name, const Rect& place, std::string_view text,
                 bool enabled = true);

/// A chip with a coloured dot that can be on or off; `at` is moved behind it. Returns true when
/// clicked.
bool draw_chip(const Frame& frame, const char* name, ImVec2& at, std::string_view text,
               Colour colour, bool on);

void tooltip(const Frame& frame, std::string_view text);

// ---- Words -------------------------------------------------------------------------------------

std::string machine_name(const Frame& frame, model::MachineId machine);
std::string_view life_word(model::Life life);
Colour resource_colour(const Frame& frame, vm::Resource resource);
std::string_view resource_word(vm::Resource resource);  // "CPU", "MEM", "DISK", "NET"

/// The colour of an event's dot.
Colour event_colour(const Palette& palette, model::EventKind kind);

}  // namespace viz::ui
