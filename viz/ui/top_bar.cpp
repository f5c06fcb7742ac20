#include <algorithm>
#include <array>
#include <bitset>
#include <cctype>
#include <cmath>
#include <limits>

#include "viz/ui/format.hpp"
#include "viz/ui/panels.hpp"

namespace viz::ui {
namespace {

constexpr double slowest = 1e-3, fastest = 1e6;

ImDrawList& list() {
  return *ImGui::GetWindowDrawList();
}

enum class Icon : std::uint8_t { previous_failure, slower, play, pause, faster, next_failure };

void triangle(ImVec2 middle, float size, bool right, Colour colour) {
  const float s = right ? size : -size;
  const ImVec2 tip{middle.x + s, middle.y}, up{middle.x - s * 0.7f, middle.y - size},
      down{middle.x - s * 0.7f, middle.y + size};
  right ? list().AddTriangleFilled(up, tip, down, colour)
        : list().AddTriangleFilled(up, down, tip, colour);
}

void draw_icon(const Frame& frame, Icon icon, ImVec2 m) {
  const Colour ink = frame.palette.text;
  const float s = frame.px(5);
  const auto dot = [&](float dx) {
    list().AddCircleFilled({m.x + dx, m.y}, frame.px(2.6f), frame.palette.failing, 12);
  };
  switch (icon) {
    case Icon::previous_failure:
      triangle({m.x + s * 0.5f, m.y}, s, false, ink);
      return dot(-s * 1.2f);
    case Icon::next_failure:
      triangle({m.x - s * 0.5f, m.y}, s, true, ink);
      return dot(s * 1.2f);
    case Icon::slower:
      triangle({m.x - s * 0.7f, m.y}, s, false, ink);
      return triangle({m.x + s * 0.8f, m.y}, s, false, ink);
    case Icon::faster:
      triangle({m.x - s * 0.8f, m.y}, s, true, ink);
      return triangle({m.x + s * 0.7f, m.y}, s, true, ink);
    case Icon::play:
      return triangle({m.x + s * 0.1f, m.y}, s * 1.25f, true, ink);
    case Icon::pause:
      draw_box({{m.x - s, m.y - s * 1.1f}, {m.x - s * 0.3f, m.y + s * 1.1f}}, ink);
      return draw_box({{m.x + s * 0.3f, m.y - s * 1.1f}, {m.x + s, m.y + s * 1.1f}}, ink);
  }
}

/// Nine cells, some busier than others, one of them failing.
void draw_emblem(const Frame& frame, ImVec2 at) {
  constexpr std::array<int, 9> levels{255, 40, 110, 70, 180, 90, 120, 60, 210};
  for (int i = 0; i < 9; ++i) {
    const float x = at.x + frame.px(8) * static_cast<float>(i % 3),
                y = at.y + frame.px(8) * static_cast<float>(i / 3);
    draw_box({{x, y}, {x + frame.px(6.5f), y + frame.px(6.5f)}},
             i == 0 ? frame.palette.failing
                    : frame.ramp[static_cast<std::size_t>(levels[static_cast<std::size_t>(i)])]);
  }
}

}  // namespace

std::optional<Time> next_failure(const model::RunView& run, bool forward) {
  if (run.events == nullptr) return std::nullopt;
  std::bitset<model::event_kinds> kinds;
  kinds.set(static_cast<std::size_t>(model::EventKind::failure));
  kinds.set(static_cast<std::size_t>(model::EventKind::crash));
  const auto found =
      forward ? run.events->next(run.clock.now, kinds) : run.events->previous(run.clock.now, kinds);
  if (!found) return std::nullopt;
  return (*run.events)[*found].at;
}

std::optional<model::MachineId> found_machine(const model::RunView& run, std::string_view typed) {
  for (std::uint32_t i = 0; i < run.info.names.size(); ++i) {
    if (run.info.names[i] == typed) return model::MachineId{i};
  }
  std::size_t digits = typed.size();
  while (digits > 0 && std::isdigit(static_cast<unsigned char>(typed[digits - 1])) != 0) --digits;
  const std::string_view number = typed.substr(digits);
  if (number.empty() || number.size() > 9) return std::nullopt;
  const unsigned long value = std::stoul(std::string{number});
  if (value >= run.machines.size()) return std::nullopt;
  return model::MachineId{static_cast<std::uint32_t>(value)};
}

void TopBar::draw(Frame& frame, const Rect& place) {
  const Palette& p = frame.palette;
  draw_box(place, p.panel);
  draw_box({{place.min.x, place.max.y - 1}, place.max}, p.line);
  const float y = place.min.y;
  draw_emblem(frame, {place.min.x + frame.px(12), y + frame.px(13)});
  const model::RunView& run = frame.run;
  const float left = place.min.x + frame.px(46);
  draw_text_within(frame.fonts.strong, {left, y + frame.px(9)}, frame.px(160), p.text,
                   run.info.title);
  const std::string size = count_text(run.figures.machines) + " machines, " + run.info.world;
  draw_text_within(frame.fonts.small, {left, y + frame.px(27)}, frame.px(160), p.dim, size);
  float x = draw_transport(frame, left + frame.px(168), y);
  x = draw_speed(frame, x + frame.px(10), y);
  x = draw_clock(frame, x + frame.px(20), y);
  draw_source(frame, x + frame.px(16), y);
  const float right = draw_figures(frame, place.max.x - frame.px(14), y);
  draw_find(frame, right - frame.px(22), y);
}

float TopBar::draw_transport(Frame& frame, float x, float y) {
  struct Button {
    const char* name;
    const char* says;
    Icon icon;
  };
  const model::ClockView& clock = frame.run.clock;
  const std::array<Button, 5> buttons{
      {{"transport.previous", "Previous failure (Shift+N)", Icon::previous_failure},
       {"transport.slower", "Half the speed (-)", Icon::slower},
       {"transport.play", clock.playing ? "Pause (Space)" : "Play (Space)",
        clock.playing ? Icon::pause : Icon::play},
       {"transport.faster", "Twice the speed (+)", Icon::faster},
       {"transport.next", "Next failure (N)", Icon::next_failure}}};
  for (const Button& button : buttons) {
    const bool large = button.icon == Icon::play || button.icon == Icon::pause;
    const float size = frame.px(large ? 36 : 32), top = y + frame.px(large ? 7 : 9);
    const Rect place{{x, top}, {x + size, top + size}};
    const Press press = press_area(frame, button.name, place);
    draw_box(place, press.hovered ? frame.palette.hover : frame.palette.raised, frame.px(5));
    draw_icon(frame, button.icon, place.middle());
    if (press.hovered) tooltip(frame, button.says);
    if (press.clicked) {
      switch (button.icon) {
        case Icon::play:
        case Icon::pause:
          frame.send(model::Play{!clock.playing});
          break;
        case Icon::slower:
          frame.send(model::SetSpeed{
              std::max(slowest, std::isfinite(clock.speed) ? clock.speed / 2 : fastest)});
          break;
        case Icon::faster:
          frame.send(model::SetSpeed{clock.speed * 2 > fastest
                                         ? std::numeric_limits<double>::infinity()
                                         : clock.speed * 2});
          break;
        case Icon::previous_failure:
        case Icon::next_failure:
          if (const auto at = next_failure(frame.run, button.icon == Icon::next_failure))
            frame.send(model::Seek{*at});
          break;
      }
    }
    x = place.max.x + frame.px(4);
  }
  return x;
}

float TopBar::draw_speed(Frame& frame, float x, float y) {
  const Palette& p = frame.palette;
  const Rect place{{x, y + frame.px(14)}, {x + frame.px(124), y + frame.px(36)}};
  const Press press = press_area(frame, "transport.speed", place);
  const double speed = frame.run.clock.speed;
  const double low = std::log10(slowest), high = std::log10(fastest);
  // The last pixels of the slider are "as fast as it goes".
  const double knob = frame.px(4), room = static_cast<double>(place.width()) - knob;
  if (press.held) {
    const double share =
        (static_cast<double>(ImGui::GetIO().MousePos.x - place.min.x) - knob / 2) / room;
    frame.send(model::SetSpeed{share >= 1
                                   ? std::numeric_limits<double>::infinity()
                                   : std::pow(10, low + (high - low) * std::max(0.0, share))});
  }
  const double share =
      std::isfinite(speed) ? std::clamp((std::log10(speed) - low) / (high - low), 0.0, 1.0) : 1.0;
  draw_box(place, press.hovered ? p.hover : p.raised, frame.px(4));
  const float at = place.min.x + static_cast<float>(room * share);
  draw_box({place.min, {at, place.max.y}}, faded(p.accent, 0.22), frame.px(4));
  draw_box(
      {{at, place.min.y + frame.px(2)}, {at + static_cast<float>(knob), place.max.y - frame.px(2)}},
      p.accent, frame.px(2));
  const Rect words{{place.min.x, place.min.y}, {place.max.x - frame.px(8), place.max.y}};
  draw_text_right(frame.fonts.mono, {words.max.x, words.min.y + frame.px(4)}, p.text,
                  speed_text(speed));
  return place.max.x;
}

float TopBar::draw_clock(const Frame& frame, float x, float y) {
  const std::string now = clock_text(frame.run.clock.now);
  draw_text(frame.fonts.clock, {x, y + frame.px(11)}, frame.palette.text, now);
  x += text_width(frame.fonts.clock, now) + frame.px(10);
  std::string whole = clock_text(frame.run.clock.last);
  whole.resize(whole.size() - 4);  // no thousandths
  draw_text(frame.fonts.mono_small, {x, y + frame.px(20)}, frame.palette.faint, "/ " + whole);
  return x + text_width(frame.fonts.mono_small, "/ " + whole);
}

void TopBar::draw_source(Frame& frame, float x, float y) {
  const Palette& p = frame.palette;
  const model::SourceView& source = frame.run.source;
  std::string word;
  Colour ground = p.raised, ink = p.dim;
  if (source.state == model::SourceState::cut_short) {
    word = "CUT SHORT";
    ink = p.failing;
  } else if (source.kind != model::SourceKind::replay &&
             source.state != model::SourceState::finished) {
    word = source.kind == model::SourceKind::live ? "LIVE" : "GROWING";
    if (frame.run.clock.following) {
      ground = mix(p.panel, p.good, 0.35);
      ink = p.good;
    }
  } else if (source.state == model::SourceState::loading) {
    word = "loading " + count_text(std::floor(static_cast<double>(source.loaded) * 100)) + " %";
  } else if (frame.other != nullptr) {
    word = "COMPARING";
  }
  if (word.empty()) return;
  const Rect pill = draw_pill(frame, frame.fonts.small, {x, y + frame.px(16)}, ground, ink, word);
  const Press press = press_area(frame, "transport.follow", pill);
  if (source.state == model::SourceState::cut_short) {
    if (press.hovered) tooltip(frame, "Whoever wrote this run was killed: it has no end");
    return;
  }
  if (press.clicked) frame.send(model::Follow{!frame.run.clock.following});
  if (press.hovered)
    tooltip(frame, frame.run.clock.following ? "Stays at the newest instant"
                                             : "Go to the newest instant and stay there");
}

float TopBar::draw_find(Frame& frame, float right, float y) {
  const float width = frame.px(136), left = right - width;
  if (left < frame.px(820)) return right;
  const Rect place{{left, y + frame.px(13)}, {right, y + frame.px(37)}};
  frame.probes.add("find", place);
  ImGui::SetCursorScreenPos(place.min);
  ImGui::SetNextItemWidth(width);
  ImGui::PushFont(frame.fonts.small);
  if (frame.state.focus_find) ImGui::SetKeyboardFocusHere();
  frame.state.focus_find = false;
  if (ImGui::InputTextWithHint("##find", "Find (Ctrl+F)", frame.state.find.data(),
                               frame.state.find.size(), ImGuiInputTextFlags_EnterReturnsTrue)) {
    const std::string_view typed = frame.state.find.data();
    const auto client = typed.starts_with("client") ? found_client(frame.run.info, typed)
                                                    : std::optional<model::TenantId>{};
    if (client) {
      frame.send(model::Select{{model::Selection::Kind::client, client->value}});
      frame.state.remark = "client " + std::to_string(client->value) + " is selected";
    } else if (typed.starts_with("client")) {
      frame.state.remark = "there is no \"" + std::string{typed} + "\"";
    } else if (const auto machine = found_machine(frame.run, typed)) {
      frame.send(model::Select{{model::Selection::Kind::machine, machine->value}});
      frame.state.remark = machine_name(frame, *machine) + " is selected";
    } else {
      frame.state.remark = std::string{"there is no machine \""} + frame.state.find.data() + "\"";
    }
    frame.state.find.fill(0);
  }
  if (ImGui::IsItemHovered() && !ImGui::IsItemActive())
    tooltip(frame, "A machine by its number or name, or \"client 17\"");
  ImGui::PopFont();
  return left;
}

float TopBar::draw_figures(const Frame& frame, float right, float y) {
  const Palette& p = frame.palette;
  const model::Figures& f = frame.run.figures;
  const auto figure = [&](const char* probe, const std::string& value, std::string_view label,
                          Colour ink) {
    const float width =
        std::max(text_width(frame.fonts.strong, value), text_width(frame.fonts.small, label));
    draw_text_right(frame.fonts.strong, {right, y + frame.px(8)}, ink, value);
    draw_text_right(frame.fonts.small, {right, y + frame.px(27)}, p.dim, label);
    frame.probes.add(probe, {{right - width, y}, {right, y + frame.px(46)}});
    right -= width + frame.px(22);
  };
  figure("figure.cost", short_text(f.cost_per_hour), "cost per hour", p.text);
  figure("figure.rate", count_text(std::round(f.rate)), "requests/s", p.text);
  figure("figure.cpu", percent_text(static_cast<double>(f.mean[vm::Resource::cpu])), "mean CPU",
         p.text);
  figure("figure.moving", count_text(f.migrations), "moving", f.migrations > 0 ? p.moving : p.text);
  figure("figure.failing", count_text(f.failing), "failing now",
         f.failing > 0 ? p.failing : p.text);
  return right;
}

}  // namespace viz::ui
