// App: a window with its ImGui context, its fonts and the runs it shows, without a place to appear.
//
// A host (pictures on the CPU, a GLFW window, a test, a benchmark) gives it a size, input and the
// time that has passed, and gets triangles. One App at a time: ImGui has one current context.
#pragma once

#include <memory>

#include "viz/model/comparison.hpp"
#include "viz/model/session.hpp"
#include "viz/ui/input.hpp"
#include "viz/ui/window.hpp"

struct ImGuiContext;

namespace viz::ui {

class App {
 public:
  struct Options {
    int width = 1600, height = 900;
    float scale = 1;  // of a HiDPI screen
    bool light = false;
    bool calm = false;           // no animation, no timings: the same run gives the same picture
    bool built_in_font = false;  // and does so on every machine
  };
  /// `textures` must outlive the App.
  App(Textures& textures, const Options& options);
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  /// What to show: one run, or two of them side by side. It must outlive the next frames.
  void show(model::Session& session);
  void show(model::Comparison& comparison);
  void resize(int width, int height);

  /// One frame, `seconds` of wall time after the last. The triangles are valid until the next.
  const ImDrawData& frame(double seconds);

  /// True while the next frame would differ though nobody touches anything.
  bool is_moving() const { return moving_; }

  Input& input() { return input_; }
  Window& window() { return *window_; }
  const model::RunView& run() const { return *run_; }
  const Image& font_image() const { return font_image_; }
  /// Gives ImGui our texture of the fonts (again, where a backend has put its own).
  void use_font_image();

 private:
  /// The runs, `seconds` later; the second one is null where there is none.
  std::pair<const model::RunView*, const model::RunView*> views(double seconds);

  struct Destroy {
    void operator()(ImGuiContext* context) const;
  };
  Textures& textures_;
  Options options_;
  std::unique_ptr<ImGuiContext, Destroy> context_;
  Image font_image_;
  ImTextureID font_texture_ = nullptr;
  std::unique_ptr<Window> window_;
  Input input_;
  model::Session* session_ = nullptr;
  model::Comparison* comparison_ = nullptr;
  const model::RunView* run_ = nullptr;
  std::vector<model::Command> commands_;
  bool moving_ = true;
};

}  // namespace viz::ui
