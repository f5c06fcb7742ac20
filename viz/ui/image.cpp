#include "viz/ui/image.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include <stb/stb_image.h>
#include <stb/stb_image_write.h>

namespace viz::ui {

Colour mix(Colour a, Colour b, double share) {
  const double s = std::clamp(share, 0.0, 1.0);
  const auto between = [s](unsigned from, unsigned to) {
    return static_cast<unsigned>(from + (static_cast<double>(to) - from) * s + 0.5);
  };
  return rgba(between(red(a), red(b)), between(green(a), green(b)), between(blue(a), blue(b)),
              between(alpha(a), alpha(b)));
}

void Image::reset(int w, int h, Colour colour) {
  width = std::max(0, w);
  height = std::max(0, h);
  pixels.assign(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), colour);
}

void write_png(const Image& image, const std::filesystem::path& file) {
  namespace fs = std::filesystem;
  fs::path fresh = file;
  fresh += ".new";
  errno = 0;
  if (stbi_write_png(fresh.c_str(), image.width, image.height, 4, image.pixels.data(),
                     image.width * 4) == 0) {
    throw fs::filesystem_error{"cannot write", file,
                               std::error_code{errno == 0 ? EIO : errno, std::generic_category()}};
  }
  fs::rename(fresh, file);
}

Image read_png(const std::filesystem::path& file) {
  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> bytes{
      stbi_load(file.c_str(), &width, &height, &channels, 4), &stbi_image_free};
  if (bytes == nullptr) {
    throw std::filesystem::filesystem_error{"cannot read", file,
                                            std::make_error_code(std::errc::illegal_byte_sequence)};
  }
  Image image{width, height};
  std::memcpy(image.pixels.data(), bytes.get(), image.pixels.size() * sizeof(Colour));
  return image;
}

}  // namespace viz::ui
