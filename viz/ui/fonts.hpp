// Fonts: what the window is written in, found among Debian's packages.
//
// Text is Inter, numbers and the clock are JetBrains Mono, both drawn by FreeType with light
// hinting. Where one is missing the next best takes its place (Roboto, Lato, DejaVu), and where
// none is there ImGui's built-in font: a missing font is never an error. ImGui 1.86 fills its atlas
// once, so every size that is drawn is loaded at the start.
#pragma once

#include <imgui.h>

namespace viz::ui {

struct Fonts {
  ImFont* text = nullptr;        // 15 px
  ImFont* strong = nullptr;      // 15 px, semi-bold
  ImFont* small = nullptr;       // 13 px
  ImFont* mono = nullptr;        // 14 px: numbers that stand below one another
  ImFont* mono_small = nullptr;  // 12.5 px
  ImFont* clock = nullptr;       // 22 px
};

struct FontChoice {
  float scale = 1;        // of a HiDPI screen, 1 to 4
  bool built_in = false;  // for pictures that must not depend on the machine's packages
};

/// Loads the fonts into the current ImGui context's atlas, which must be empty.
Fonts load_fonts(const FontChoice& choice);

}  // namespace viz::ui
