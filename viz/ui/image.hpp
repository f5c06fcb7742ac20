// Image: pixels in memory, and the PNG files they go to.
//
// A pixel is one 32-bit word with red in the lowest byte, as ImGui packs its colours, so that a
// colour of the theme can be stored as it is. Rows run from top to bottom without gaps.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace viz::ui {

/// 0xAABBGGRR: what ImGui calls ImU32.
using Colour = std::uint32_t;

constexpr Colour rgba(unsigned r, unsigned g, unsigned b, unsigned a = 255) {
  return r | g << 8 | b << 16 | a << 24;
}
/// From the usual notation of the web: 0xRRGGBB, opaque.
constexpr Colour rgb(unsigned hex) {
  return rgba(hex >> 16 & 255, hex >> 8 & 255, hex & 255);
}
constexpr unsigned red(Colour c) {
  return c & 255;
}
constexpr unsigned green(Colour c) {
  return c >> 8 & 255;
}
constexpr unsigned blue(Colour c) {
  return c >> 16 & 255;
}
constexpr unsigned alpha(Colour c) {
  return c >> 24;
}
/// The same colour, `share` (0 to 1) as opaque as before.
constexpr Colour faded(Colour c, double share) {
  return (c & 0xffffff) | static_cast<Colour>(alpha(c) * share + 0.5) << 24;
}
/// `over` laid upon `under`, which is opaque; so is the result.
constexpr Colour blend(Colour under, Colour over) {
  const unsigned a = alpha(over) + (alpha(over) >> 7), rest = 256 - a;  // 255 counts as the whole
  return rgba((red(under) * rest + red(over) * a) >> 8,
              (green(under) * rest + green(over) * a) >> 8,
              (blue(under) * rest + blue(over) * a) >> 8);
}
/// From `a` at 0 to `b` at 1, alpha included.
Colour mix(Colour a, Colour b, double share);

struct Image {
  int width = 0, height = 0;
  std::vector<Colour> pixels;

  Image() = default;
  Image(int w, int h, Colour colour = 0) { reset(w, h, colour); }

  void reset(int w, int h, Colour colour);
  Colour* row(int y) {
    return pixels.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width);
  }
  const Colour* row(int y) const {
    return pixels.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width);
  }
  Colour at(int x, int y) const { return row(y)[x]; }
};

/// Writes `image` as a PNG. Throws std::filesystem::filesystem_error where the file cannot be
/// written; a file that was there is replaced only when the new one is whole.
void write_png(const Image& image, const std::filesystem::path& file);

/// Reads a PNG back, for pictures that are compared. Throws std::filesystem::filesystem_error.
Image read_png(const std::filesystem::path& file);

}  // namespace viz::ui
