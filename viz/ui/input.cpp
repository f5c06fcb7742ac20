#include "viz/ui/input.hpp"

#include <cfloat>
#include <set>
#include <utility>

namespace viz::ui {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace

void Input::leave() {
  move(-FLT_MAX, -FLT_MAX);
}

void Input::apply(ImGuiIO& io) {
  std::set<int> buttons, keys;  // that have changed in this frame
  bool turned = false;
  const auto shown = Overloaded{[&](const Moved& e) {
                                  if (!buttons.empty() || turned) return false;
                                  io.MousePos = {e.x, e.y};
                                  return true;
                                },
                                [&](const Pressed& e) {
                                  if (e.which < 0 || e.which >= 5) return true;
                                  if (!buttons.insert(e.which).second) return false;
                                  io.MouseDown[e.which] = e.down;
                                  return true;
                                },
                                [&](const Turned& e) {
                                  if (!buttons.empty()) return false;
                                  io.MouseWheel += e.up;
                                  turned = true;
                                  return true;
                                },
                                [&](const Keyed& e) {
                                  if (e.key < 0 || e.key >= 512) return true;
                                  if (!keys.empty() && keys.count(e.key) != 0) return false;
                                  keys.insert(e.key);
                                  io.KeysDown[e.key] = e.down;
                                  io.KeyCtrl = e.mods.control;
                                  io.KeyShift = e.mods.shift;
                                  io.KeyAlt = e.mods.alt;
                                  return true;
                                },
                                [&](const Typed& e) {
                                  io.AddInputCharacter(e.code);
                                  return true;
                                }};
  while (!events_.empty() && std::visit(shown, events_.front())) events_.pop_front();
}

void map_keys(ImGuiIO& io) {
  const std::pair<ImGuiKey, Key> same[] = {{ImGuiKey_Tab, Key::tab},
                                           {ImGuiKey_LeftArrow, Key::left},
                                           {ImGuiKey_RightArrow, Key::right},
                                           {ImGuiKey_UpArrow, Key::up},
                                           {ImGuiKey_DownArrow, Key::down},
                                           {ImGuiKey_PageUp, Key::page_up},
                                           {ImGuiKey_PageDown, Key::page_down},
                                           {ImGuiKey_Home, Key::home},
                                           {ImGuiKey_End, Key::end},
                                           {ImGuiKey_Insert, Key::insert},
                                           {ImGuiKey_Delete, Key::remove},
                                           {ImGuiKey_Backspace, Key::backspace},
                                           {ImGuiKey_Space, Key::space},
                                           {ImGuiKey_Enter, Key::enter},
                                           {ImGuiKey_Escape, Key::escape},
                                           {ImGuiKey_KeyPadEnter, Key::keypad_enter},
                                           {ImGuiKey_A, Key::a},
                                           {ImGuiKey_C, Key::c},
                                           {ImGuiKey_V, Key::v},
                                           {ImGuiKey_X, Key::x},
                                           {ImGuiKey_Y, Key::y},
                                           {ImGuiKey_Z, Key::z}};
  for (const auto& [theirs, ours] : same) io.KeyMap[theirs] = static_cast<int>(ours);
}

bool pressed(Key key, bool repeat) {
  return ImGui::IsKeyPressed(static_cast<int>(key), repeat);
}

}  // namespace viz::ui
