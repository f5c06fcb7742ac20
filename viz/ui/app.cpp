#include "viz/ui/app.hpp"

#include <cstring>
#include <ctime>

namespace viz::ui {
namespace {

/// CPU time of this thread: what a frame costs, whoever else is on the machine.
double cpu_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

}  // namespace

void App::Destroy::operator()(ImGuiContext* context) const {
  ImGui::DestroyContext(context);
}

App::App(Textures& textures, const Options& options) : textures_(textures), options_(options) {
  IMGUI_CHECKVERSION();
  context_.reset(ImGui::CreateContext());
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = nullptr;  // what we remember stands in our own settings
  io.LogFilename = nullptr;
  io.BackendFlags |= ImGuiBackendFlags_RendererHasVtxOffset;
  io.ConfigInputTextCursorBlink = !options.calm;
  map_keys(io);
  resize(options.width, options.height);
  const Fonts fonts = load_fonts({.scale = options.scale, .built_in = options.built_in_font});
  io.FontDefault = fonts.text;
  unsigned char* pixels = nullptr;
  int width = 0, height = 0;
  io.Fonts->GetTexDataAsRGBA32(&pixels, &width, &height);
  font_image_.reset(width, height, 0);
  std::memcpy(font_image_.pixels.data(), pixels, font_image_.pixels.size() * sizeof(Colour));
  use_font_image();
  window_ = std::make_unique<Window>(textures, fonts,
                                     Window::Look{.scale = options.scale, .calm = options.calm});
  window_->state().light = options.light;
}

App::~App() {
  window_.reset();
  if (font_texture_ != nullptr) textures_.forget(font_texture_);
}

void App::use_font_image() {
  if (font_texture_ == nullptr) font_texture_ = textures_.show(font_image_, nullptr);
  ImGui::GetIO().Fonts->SetTexID(font_texture_);
}

void App::show(model::Session& session) {
  session_ = &session;
  comparison_ = nullptr;
}

void App::show(model::Comparison& comparison) {
  session_ = nullptr;
  comparison_ = &comparison;
}

std::pair<const model::RunView*, const model::RunView*> App::views(double seconds) {
  if (session_ != nullptr) return {&session_->frame(seconds), nullptr};
  const model::RunPair pair = comparison_->frame(seconds);
  return {&pair.first, &pair.second};
}

void App::resize(int width, int height) {
  ImGui::GetIO().DisplaySize = {static_cast<float>(width), static_cast<float>(height)};
}

const ImDrawData& App::frame(double seconds) {
  const double start = cpu_ms();
  ImGuiIO& io = ImGui::GetIO();
  io.DeltaTime = seconds > 0 ? static_cast<float>(seconds) : 1.0f / 60;
  input_.apply(io);
  const auto [run, other] = views(seconds);
  run_ = run;
  const double viewed = cpu_ms();
  ImGui::NewFrame();
  commands_.clear();
  window_->draw(*run_, other, commands_);
  ImGui::Render();
  FrameTimes& times = window_->times();
  times.model_ms = viewed - start;
  times.build_ms = cpu_ms() - viewed;
  for (const model::Command& command : commands_) {
    session_ != nullptr ? session_->on(command) : comparison_->on(command);
  }
  const ImDrawData& data = *ImGui::GetDrawData();
  moving_ = run_->clock.playing || !input_.empty() || !commands_.empty() || io.WantTextInput ||
            run_->source.state == model::SourceState::loading ||
            run_->source.state == model::SourceState::growing || run_->selected.loading;
  times.vertices = data.TotalVtxCount;
  times.frames_per_second = static_cast<double>(io.Framerate);
  return data;
}

}  // namespace viz::ui
