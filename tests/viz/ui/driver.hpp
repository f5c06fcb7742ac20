// Driver: a person at the window, without one: moves, clicks, turns the wheel and types through the
// same queue that the real window fills, and aims at names instead of coordinates.
#pragma once

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "tests/viz/invented_session.hpp"
#include "viz/ui/picture.hpp"

namespace driver {

using namespace viz::ui;
using namespace std::chrono_literals;
namespace model = viz::model;

class Driver {
 public:
  explicit Driver(const invented::Shape& shape = {},
                  App::Options look = {.calm = true, .built_in_font = true})
      : session(shape), app(textures_, look) {
    app.show(session);
    settle();
  }

  /// Frames until all that was put in has been seen and has been acted on.
  void settle() {
    for (int i = 0; i < 3 || (!app.input().empty() && i < 200); ++i) app.frame(frame_seconds);
  }
  ImVec2 place(const std::string& name, float fx = 0.5f, float fy = 0.5f) {
    const auto found = app.window().probes().find(name);
    INFO("there is no \"" << name << "\" on the screen");
    REQUIRE(found);
    return {found->min.x + found->width() * fx, found->min.y + found->height() * fy};
  }
  bool shows(const std::string& name) const { return app_probes().find(name).has_value(); }

  void move(ImVec2 to) {
    app.input().move(to.x, to.y);
    settle();
  }
  void move(const std::string& name, float fx = 0.5f, float fy = 0.5f) {
    move(place(name, fx, fy));
  }
  void click(ImVec2 at) {
    move(at);
    app.input().button(0, true);
    app.input().button(0, false);
    settle();
    for (int i = 0; i < 40; ++i) app.frame(frame_seconds);  // the next click is not a double one
  }
  void click(const std::string& name, float fx = 0.5f, float fy = 0.5f) {
    click(place(name, fx, fy));
  }
  void double_click(const std::string& name, float fx = 0.5f, float fy = 0.5f) {
    move(name, fx, fy);
    for (const bool down : {true, false, true, false}) app.input().button(0, down);
    settle();
  }
  void drag(const std::string& name, float from_x, float to_x, int button = 0, float from_y = 0.5f,
            float to_y = 0.5f) {
    const ImVec2 from = place(name, from_x, from_y), to = place(name, to_x, to_y);
    move(from);
    app.input().button(button, true);
    settle();
    move(ImVec2{(from.x + to.x) / 2, (from.y + to.y) / 2});
    move(to);
    app.input().button(button, false);
    settle();
  }
  void wheel(const std::string& name, float up, float fx = 0.5f, float fy = 0.5f) {
    move(name, fx, fy);
    app.input().wheel(up);
    settle();
  }
  void key(Key which, Mods mods = {}) {
    app.input().key(which, true, mods);
    app.input().key(which, false, {});
    settle();
  }
  /// Signs come as characters, as from a keyboard of any layout.
  void type(std::string_view text) {
    for (const char c : text) {
      app.input().character(static_cast<unsigned char>(c));
      settle();
    }
  }
  WindowState& state() { return app.window().state(); }
  Image picture() { return viz::ui::picture(app); }

  /// Pixels of exactly this colour within a named place.
  int count(const Image& image, const std::string& name, Colour colour) {
    const auto found = app.window().probes().find(name);
    REQUIRE(found);
    int n = 0;
    for (int y = static_cast<int>(found->min.y); y < static_cast<int>(found->max.y); ++y) {
      for (int x = static_cast<int>(found->min.x); x < static_cast<int>(found->max.x); ++x) {
        n += image.at(x, y) == colour;
      }
    }
    return n;
  }

 private:
  static constexpr double frame_seconds = 1.0 / 60;
  const Probes& app_probes() const { return const_cast<App&>(app).window().probes(); }
  ImageTextures textures_;

 public:
  invented::Session session;
  App app;
};

}  // namespace driver
