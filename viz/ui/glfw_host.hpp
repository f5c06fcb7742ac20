// GlfwHost: the App in a window of the desktop.
//
// Drawn by OpenGL 3 where there is a graphics card. Where OpenGL is emulated (llvmpipe), our own
// rasteriser makes the picture in a third of the time on one core, and OpenGL only shows it.
//
// A frame is made when something has changed: input, a playing clock, rows that arrive. At rest the
// window sleeps and looks once a second.
#pragma once

#include <functional>
#include <string>

#include "viz/ui/app.hpp"

namespace viz::ui {

struct GlfwOptions {
  App::Options app;  // `scale` 0: what the desktop says
  std::string title = "Brink";
  bool opengl = false;     // OpenGL even where it is emulated
  std::optional<Time> at;  // where to begin; none: a finished run where most is to be seen
  std::function<void(App&)> opened;              // before the first frame
  std::function<void(App&)> closed;              // after the last one
  std::function<void(const std::string&)> tell;  // a line whenever the window's state has changed
  // Write what the person asks for; return a remark for the status bar.
  std::function<std::string(const Image&)> picture;
  std::function<std::string(const std::string&)> csv;
};

/// Shows the runs until the window is closed.
///
///   throws  std::runtime_error with what to do about it: no GLFW, no display, no OpenGL 3
void show_window(model::Session& session, const GlfwOptions& options);
void show_window(model::Comparison& comparison, const GlfwOptions& options);

/// One line that says what the window shows: for tests that look at a real window from outside.
std::string state_line(App& app);

}  // namespace viz::ui
