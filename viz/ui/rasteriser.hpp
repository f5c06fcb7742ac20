// Rasteriser: ImGui's triangles into an Image, on one core, without a display or a graphics card.
//
// It is what makes pictures on a server and in tests, and what the window itself uses where OpenGL
// would be emulated anyway: most of what we draw are rectangles and letters, and those it copies
// row by row. Coverage is decided in integers (positions to 1/256 of a pixel, the top-left rule),
// so no pixel is drawn twice where triangles meet, and a frame is the same bits on every compiler.
//
// Textures are Images (see ImageTextures) and are read at the nearest texel.
#pragma once

#include <imgui.h>

#include "viz/ui/image.hpp"

namespace viz::ui {

/// Draws `data` over the whole of `target`, which has the size of the display. What was there
/// remains visible where nothing opaque is drawn. Cost: proportional to the area that is covered.
void rasterise(const ImDrawData& data, Image& target);

}  // namespace viz::ui
