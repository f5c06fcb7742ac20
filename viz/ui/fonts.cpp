#include "viz/ui/fonts.hpp"

#include <filesystem>
#include <initializer_list>

#include <imgui_freetype.h>

namespace viz::ui {
namespace {

constexpr std::initializer_list<const char*> regular{
    "/usr/share/fonts/opentype/inter/Inter-Regular.otf",
    "/usr/share/fonts/truetype/inter/Inter-Regular.ttf",
    "/usr/share/fonts/truetype/roboto/unhinted/RobotoTTF/Roboto-Regular.ttf",
    "/usr/share/fonts/truetype/lato/Lato-Regular.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"};
constexpr std::initializer_list<const char*> semi_bold{
    "/usr/share/fonts/opentype/inter/Inter-SemiBold.otf",
    "/usr/share/fonts/truetype/inter/Inter-SemiBold.ttf",
    "/usr/share/fonts/truetype/roboto/unhinted/RobotoTTF/Roboto-Bold.ttf",
    "/usr/share/fonts/truetype/lato/Lato-Bold.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"};
constexpr std::initializer_list<const char*> monospaced{
    "/usr/share/fonts/truetype/jetbrains-mono/JetBrainsMono-Regular.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"};

// Latin with its accents for names, and the few signs that we write ourselves.
constexpr ImWchar signs[] = {0x20,   0x17F,  0x2013, 0x2014, 0x2018, 0x201D, 0x2022, 0x2022, 0x2026,
                             0x2026, 0x2190, 0x2193, 0x2212, 0x2212, 0x2264, 0x2265, 0};

ImFont* load(std::initializer_list<const char*> files, float pixels, const FontChoice& choice) {
  ImFontAtlas& atlas = *ImGui::GetIO().Fonts;
  const float size = pixels * choice.scale;
  for (const char* file : files) {
    std::error_code unreadable;
    if (choice.built_in || !std::filesystem::exists(file, unreadable)) continue;
    ImFontConfig config;
    config.OversampleH = config.OversampleV = 1;  // FreeType hints to whole pixels
    config.PixelSnapH = true;
    return atlas.AddFontFromFileTTF(file, size, &config, signs);
  }
  ImFontConfig config;
  config.SizePixels = size < 13 ? 13 : size;  // it is drawn for 13 px
  return atlas.AddFontDefault(&config);
}

}  // namespace

Fonts load_fonts(const FontChoice& choice) {
  ImFontAtlas& atlas = *ImGui::GetIO().Fonts;
  if (!choice.built_in) {
    atlas.FontBuilderIO = ImGuiFreeType::GetBuilderForFreeType();
    atlas.FontBuilderFlags = ImGuiFreeTypeBuilderFlags_LightHinting;
  }
  Fonts fonts;
  fonts.text = load(regular, 15, choice);
  fonts.strong = load(semi_bold, 15, choice);
  fonts.small = load(regular, 13, choice);
  fonts.mono = load(monospaced, 14, choice);
  fonts.mono_small = load(monospaced, 12.5f, choice);
  fonts.clock = load(monospaced, 22, choice);
  atlas.Build();
  return fonts;
}

}  // namespace viz::ui
