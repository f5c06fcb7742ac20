// Input: what mouse and keyboard did, brought to ImGui so that nothing is lost between two frames.
//
// ImGui 1.86 looks at the state of each key once a frame, so a key that was pressed and let go in
// between was never pressed: at ten frames a second that is most of them. Here every event waits in
// a queue, and a frame takes as many as it can show: it stops before a second change of the same
// button or key, and before the pointer moves away from where a button changed. The window feeds
// the queue from GLFW, tests feed it themselves; both then take the same way.
#pragma once

#include <cstdint>
#include <deque>
#include <variant>

#include <imgui.h>

namespace viz::ui {

/// GLFW's numbers, so that its window needs no table and no other host needs its header.
enum class Key : int {
  space = 32,
  minus = 45,
  period = 46,
  slash = 47,
  one = 49,
  two,
  three,
  four,
  five,
  equal = 61,
  a = 65,
  b,
  c,
  d,
  e,
  f,
  g,
  h,
  i,
  j,
  k,
  l,
  m,
  n,
  o,
  p,
  q,
  r,
  s,
  t,
  u,
  v,
  w,
  x,
  y,
  z,
  escape = 256,
  enter,
  tab,
  backspace,
  insert,
  remove,
  right,
  left,
  down,
  up,
  page_up,
  page_down,
  home,
  end,
  f1 = 290,
  f12 = 301,
  keypad_subtract = 333,
  keypad_add = 334,
  keypad_enter = 335,
  left_shift = 340,
  left_control = 341
};

struct Mods {
  bool control = false, shift = false, alt = false;
};

class Input {
 public:
  void move(float x, float y) { events_.emplace_back(Moved{x, y}); }
  void leave();  // the pointer is no longer over the window
  void button(int which, bool down) { events_.emplace_back(Pressed{which, down}); }
  void wheel(float up) { events_.emplace_back(Turned{up}); }
  void key(int key, bool down, Mods mods) { events_.emplace_back(Keyed{key, down, mods}); }
  void key(Key which, bool down, Mods mods = {}) { key(static_cast<int>(which), down, mods); }
  void character(unsigned code) { events_.emplace_back(Typed{code}); }

  bool empty() const { return events_.empty(); }

  /// Tells ImGui, before its NewFrame, what this frame can show. The rest waits for the next.
  void apply(ImGuiIO& io);

 private:
  struct Moved {
    float x, y;
  };
  struct Pressed {
    int which;
    bool down;
  };
  struct Turned {
    float up;
  };
  struct Keyed {
    int key;
    bool down;
    Mods mods;
  };
  struct Typed {
    unsigned code;
  };
  using Event = std::variant<Moved, Pressed, Turned, Keyed, Typed>;

  std::deque<Event> events_;
};

/// Tells ImGui which of our keys are its arrows, Enter, Backspace and so on. Once per context.
void map_keys(ImGuiIO& io);

/// True in the frame in which `key` goes down, and while it repeats where `repeat` is set.
bool pressed(Key key, bool repeat = false);

}  // namespace viz::ui
