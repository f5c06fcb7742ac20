#include "viz/ui/theme.hpp"

#include <imgui.h>

namespace viz::ui {
namespace {

constexpr Palette dark{
    .background = rgb(0x0A0E13),
    .panel = rgb(0x10151C),
    .raised = rgb(0x18202A),
    .hover = rgb(0x223041),
    .line = rgb(0x243040),
    .text = rgb(0xDCE3EC),
    .dim = rgb(0x8A97A8),
    .faint = rgb(0x566273),
    .accent = rgb(0x4CB5F5),
    .good = rgb(0x0DB584),
    .moving = rgb(0xF5E02E),
    .failing = rgb(0xFF4D00),
    .white = rgb(0xFFFFFF),
    .flow = rgb(0x4C9BD8),
    .booting = rgb(0x0B3B33),
    .draining = rgb(0x4A4520),
    .down = rgb(0x0C1117),
    .resource = {rgb(0xC4CCF0), rgb(0x8479CC), rgb(0xF5E02E), rgb(0x0DB584)},
    .ramp = {rgb(0x17202B), rgb(0x1D4E79), rgb(0x3187C2), rgb(0x86C5E8), rgb(0xDFF3FC)},
};

// The same hues, lightness turned round: more use is darker upon a light ground.
constexpr Palette light{
    .background = rgb(0xE9EDF2),
    .panel = rgb(0xFBFCFE),
    .raised = rgb(0xEDF1F6),
    .hover = rgb(0xDBE4EE),
    .line = rgb(0xCBD4DF),
    .text = rgb(0x17202B),
    .dim = rgb(0x526072),
    .faint = rgb(0x8C98A8),
    .accent = rgb(0x0F74B8),
    .good = rgb(0x047857),
    .moving = rgb(0xA16A00),
    .failing = rgb(0xE04300),
    .white = rgb(0x0A0E13),
    .flow = rgb(0x3F7FB3),
    .booting = rgb(0xC9EBDD),
    .draining = rgb(0xEFE6B8),
    .down = rgb(0xF1F3F6),
    .resource = {rgb(0x3F51B5), rgb(0x7A4FB0), rgb(0xA16A00), rgb(0x047857)},
    .ramp = {rgb(0xE6EDF4), rgb(0xB5D3EA), rgb(0x6FABD6), rgb(0x2A73AD), rgb(0x0E3A63)},
};

constexpr std::array<double, 5> ramp_stops{0.0, 0.30, 0.60, 0.85, 1.0};

ImVec4 vec(Colour colour) {
  return ImGui::ColorConvertU32ToFloat4(colour);
}

void apply_colours(ImGuiStyle& style, const Palette& p) {
  ImVec4* const c = style.Colors;
  for (int i = 0; i < ImGuiCol_COUNT; ++i) c[i] = vec(p.raised);
  c[ImGuiCol_Text] = vec(p.text);
  c[ImGuiCol_TextDisabled] = vec(p.dim);
  c[ImGuiCol_WindowBg] = vec(p.background);
  c[ImGuiCol_ChildBg] = vec(faded(p.panel, 0));
  c[ImGuiCol_PopupBg] = vec(mix(p.panel, p.raised, 0.6));
  c[ImGuiCol_Border] = vec(p.line);
  c[ImGuiCol_BorderShadow] = vec(0);
  c[ImGuiCol_FrameBg] = vec(p.raised);
  c[ImGuiCol_FrameBgHovered] = c[ImGuiCol_FrameBgActive] = vec(p.hover);
  c[ImGuiCol_ButtonHovered] = c[ImGuiCol_ButtonActive] = vec(p.hover);
  c[ImGuiCol_Header] = vec(faded(p.accent, 0.25));
  c[ImGuiCol_HeaderHovered] = vec(faded(p.accent, 0.15));
  c[ImGuiCol_HeaderActive] = vec(faded(p.accent, 0.35));
  c[ImGuiCol_Separator] = c[ImGuiCol_SeparatorHovered] = c[ImGuiCol_SeparatorActive] = vec(p.line);
  c[ImGuiCol_ScrollbarBg] = vec(faded(p.panel, 0));
  c[ImGuiCol_ScrollbarGrab] = vec(p.line);
  c[ImGuiCol_ScrollbarGrabHovered] = c[ImGuiCol_ScrollbarGrabActive] = vec(p.faint);
  c[ImGuiCol_CheckMark] = c[ImGuiCol_SliderGrab] = c[ImGuiCol_SliderGrabActive] = vec(p.accent);
  c[ImGuiCol_TableHeaderBg] = vec(p.panel);
  c[ImGuiCol_TableBorderStrong] = c[ImGuiCol_TableBorderLight] = vec(p.line);
  c[ImGuiCol_TableRowBg] = vec(faded(p.panel, 0));
  c[ImGuiCol_TableRowBgAlt] = vec(faded(p.raised, 0.5));
  c[ImGuiCol_TextSelectedBg] = vec(faded(p.accent, 0.35));
  c[ImGuiCol_ModalWindowDimBg] = vec(faded(p.background, 0.6));
}

}  // namespace

const Palette& dark_palette() {
  return dark;
}

const Palette& light_palette() {
  return light;
}

std::array<Colour, 256> ramp_colours(const Palette& palette) {
  std::array<Colour, 256> colours{};
  std::size_t leg = 0;
  for (std::size_t i = 0; i < colours.size(); ++i) {
    const double at = static_cast<double>(i) / 255.0;
    while (leg + 2 < ramp_stops.size() && at > ramp_stops[leg + 1]) ++leg;
    const double along = (at - ramp_stops[leg]) / (ramp_stops[leg + 1] - ramp_stops[leg]);
    colours[i] = mix(palette.ramp[leg], palette.ramp[leg + 1], along);
  }
  return colours;
}

void apply_theme(const Palette& palette, float scale) {
  ImGuiStyle style;
  style.WindowPadding = {10, 8};
  style.FramePadding = {8, 4};
  style.ItemSpacing = {8, 6};
  style.CellPadding = {6, 2};
  style.WindowRounding = style.ChildRounding = style.PopupRounding = 4;
  style.FrameRounding = style.GrabRounding = 4;
  style.ScrollbarSize = 8;
  style.ScrollbarRounding = 4;
  style.WindowBorderSize = 0;
  style.ChildBorderSize = 0;
  style.PopupBorderSize = 1;
  // Lines from triangles look the same in every renderer; from the font's texture they would
  // depend on how each filters it.
  style.AntiAliasedLinesUseTex = false;
  style.CircleTessellationMaxError = 0.25f;
  apply_colours(style, palette);
  style.ScaleAllSizes(scale);
  ImGui::GetStyle() = style;
}

}  // namespace viz::ui
