// Textures: how an Image gets to where ImGui's triangles can show it.
//
// A host gives the panels one of these. On the CPU the image itself is the texture and nothing is
// copied; on a GPU it is uploaded. Images that are shown must stay where they are in memory.
#pragma once

#include <imgui.h>

#include "viz/ui/image.hpp"

namespace viz::ui {

class Textures {
 public:
  virtual ~Textures() = default;

  /// Makes the present pixels of `image` what the texture shows. `before` is what an earlier call
  /// for the same image returned, or null.
  virtual ImTextureID show(const Image& image, ImTextureID before) = 0;
  virtual void forget(ImTextureID texture) = 0;
};

/// The image is the texture: for the CPU rasteriser, and for benchmarks that draw nothing.
class ImageTextures : public Textures {
 public:
  ImTextureID show(const Image& image, ImTextureID /*before*/) override {
    return const_cast<Image*>(&image);  // ImGui's handle has no const; nobody writes through it
  }
  void forget(ImTextureID /*texture*/) override {}
};

}  // namespace viz::ui
