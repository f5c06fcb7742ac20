// Theme: the colours of the window, dark and light, and the one ramp that utilisation is drawn in.
//
// The ramp has one hue and goes from the background's lightness to its opposite, so more use is
// more contrast for every kind of colour vision. Failing is orange, the colour farthest from any of
// the ramp's, and never colour alone: a cross, a frame or a word goes with it. Measured as
// CIEDE2000 to the nearest colour of the ramp, worst of four kinds of vision, the dark pair has
// 40.6; cividis or viridis with their best partner have 14.4.
#pragma once

#include <array>

#include "viz/ui/image.hpp"

namespace viz::ui {

/// What the theme is asked for: one colour for each thing that has a meaning.
struct Palette {
  Colour background, panel, raised, hover, line;
  Colour text, dim, faint;
  Colour accent, good, moving, failing, white;  // white: selection and playhead, black when light
  Colour flow;                                  // of clients at rest
  Colour booting, draining, down;               // machines that are not up
  std::array<Colour, 4> resource;               // cpu, memory, disk, network
  std::array<Colour, 5> ramp;                   // at 0, 30, 60, 85 and 100 % of the threshold
};

const Palette& dark_palette();
const Palette& light_palette();

/// The ramp as 256 colours: entry i stands for a utilisation of i / 255 of the threshold.
std::array<Colour, 256> ramp_colours(const Palette& palette);

/// Sets ImGui's own colours, roundings and distances; `scale` is that of a HiDPI screen (1 to 4).
void apply_theme(const Palette& palette, float scale);

}  // namespace viz::ui
