// Canvas: a picture that we paint ourselves, pixel by pixel, and hand to ImGui as one rectangle.
//
// A heat map of 100,000 machines or a chart of 1,500 columns as ImGui's rectangles would be half a
// million vertices a frame. Painted into memory it is one textured quad, and it is painted again
// only when what it shows has changed: whoever draws describes that in a key.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "viz/ui/textures.hpp"

namespace viz::ui {

/// One number for all that a picture depends on. Order matters.
class CanvasKey {
 public:
  template <class... Values>
  explicit CanvasKey(const Values&... values) {
    (mix_in(values), ...);
  }
  std::uint64_t value() const { return state_; }

 private:
  template <class T>
  void mix_in(const T& value) {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    std::uint64_t bits = 0;
    if constexpr (std::is_floating_point_v<T>) {
      const double wide = static_cast<double>(value);
      __builtin_memcpy(&bits, &wide, sizeof bits);
    } else {
      bits = static_cast<std::uint64_t>(value);
    }
    state_ = (state_ ^ bits) * 0x9E3779B97F4A7C15u;  // Fibonacci hashing, folded
    state_ ^= state_ >> 29;
  }
  std::uint64_t state_ = 0xCBF29CE484222325u;
};

class Canvas {
 public:
  explicit Canvas(Textures& textures) : textures_(textures) {}
  ~Canvas() {
    if (texture_ != nullptr) textures_.forget(texture_);
  }
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;

  /// True when the picture has to be painted: another size or another key than the last. Then
  /// `image()` has that size, and keeps its old pixels where the size is as before.
  bool outdated(int width, int height, const CanvasKey& key);

  Image& image() { return image_; }
  std::uint64_t paintings() const { return paintings_; }  // how often it has been painted

  /// Puts the picture onto the screen, left top corner at `at`, in whole pixels.
  void draw(ImDrawList& list, ImVec2 at);

 private:
  Textures& textures_;
  Image image_;
  ImTextureID texture_ = nullptr;
  std::uint64_t key_ = 0, paintings_ = 0;
  bool fresh_ = false;  // painted and not yet shown
};

/// A rectangle of whole pixels; the right and lower edge are not part of it.
struct Box {
  int left = 0, top = 0, right = 0, bottom = 0;
  int width() const { return right - left; }
  int height() const { return bottom - top; }
};

/// Fills what of `box` lies in `image`; a colour that is not opaque is blended.
void fill(Image& image, Box box, Colour colour);

/// A diagonal cross in `box`, `thick` pixels wide.
void cross(Image& image, Box box, int thick, Colour colour);

/// The outline of `box`, `thick` pixels wide, inside of it.
void frame(Image& image, Box box, int thick, Colour colour);

}  // namespace viz::ui
