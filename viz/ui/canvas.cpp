#include "viz/ui/canvas.hpp"

#include <algorithm>

namespace viz::ui {

bool Canvas::outdated(int width, int height, const CanvasKey& key) {
  const bool same_size = image_.width == width && image_.height == height;
  if (same_size && key_ == key.value() && paintings_ > 0) return false;
  if (!same_size) image_.reset(width, height, 0);
  key_ = key.value();
  ++paintings_;
  fresh_ = true;
  return true;
}

void Canvas::draw(ImDrawList& list, ImVec2 at) {
  if (image_.pixels.empty()) return;
  if (fresh_) texture_ = textures_.show(image_, texture_);
  fresh_ = false;
  const ImVec2 corner{static_cast<float>(static_cast<int>(at.x)),
                      static_cast<float>(static_cast<int>(at.y))};
  list.AddImage(
      texture_, corner,
      {corner.x + static_cast<float>(image_.width), corner.y + static_cast<float>(image_.height)});
}

void fill(Image& image, Box box, Colour colour) {
  const int left = std::max(0, box.left), right = std::min(image.width, box.right);
  const int top = std::max(0, box.top), bottom = std::min(image.height, box.bottom);
  if (left >= right || alpha(colour) == 0) return;
  for (int y = top; y < bottom; ++y) {
    Colour* const row = image.row(y);
    if (alpha(colour) == 255) {
      std::fill(row + left, row + right, colour);
    } else {
      for (int x = left; x < right; ++x) row[x] = blend(row[x], colour);
    }
  }
}

void cross(Image& image, Box box, int thick, Colour colour) {
  const int size = std::min(box.width(), box.height());
  for (int i = 0; i < size; ++i) {
    const int x = box.left + i, down = box.top + i, up = box.top + size - 1 - i;
    fill(image, {x, down, std::min(x + thick, box.right), down + 1}, colour);
    fill(image, {x, up, std::min(x + thick, box.right), up + 1}, colour);
  }
}

void frame(Image& image, Box box, int thick, Colour colour) {
  fill(image, {box.left, box.top, box.right, box.top + thick}, colour);
  fill(image, {box.left, box.bottom - thick, box.right, box.bottom}, colour);
  fill(image, {box.left, box.top + thick, box.left + thick, box.bottom - thick}, colour);
  fill(image, {box.right - thick, box.top + thick, box.right, box.bottom - thick}, colour);
}

}  // namespace viz::ui
