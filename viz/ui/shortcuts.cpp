// Keys of the window. Letters come by their place on the keyboard, signs as what was typed, since
// "+" is another key on every keyboard.
#include <algorithm>
#include <cmath>
#include <limits>

#include "viz/ui/format.hpp"
#include "viz/ui/input.hpp"
#include "viz/ui/window.hpp"

namespace viz::ui {
namespace {

constexpr double slowest = 1e-3, fastest = 1e6;

bool typed(char sign) {
  const auto& queue = ImGui::GetIO().InputQueueCharacters;
  return std::find(queue.begin(), queue.end(), static_cast<ImWchar>(sign)) != queue.end();
}

void move_time(Frame& frame) {
  const model::ClockView& clock = frame.run.clock;
  const bool shift = ImGui::GetIO().KeyShift;
  const auto go = [&](Time to) { frame.send(model::Seek{std::clamp(to, Time{}, clock.last)}); };
  if (pressed(Key::space)) frame.send(model::Play{!clock.playing});
  if (typed('+') || typed('=')) {
    frame.send(model::SetSpeed{clock.speed * 2 > fastest ? std::numeric_limits<double>::infinity()
                                                         : clock.speed * 2});
  }
  if (typed('-'))
    frame.send(
        model::SetSpeed{std::max(slowest, std::isfinite(clock.speed) ? clock.speed / 2 : fastest)});
  if (typed('.')) frame.send(model::StepEvent{true});
  for (const bool right : {false, true}) {
    if (!pressed(right ? Key::right : Key::left, true)) continue;
    if (shift)
      frame.send(model::StepEvent{right});
    else
      go(clock.now + frame.state.timeline.view.length() / (right ? 100 : -100));
  }
  if (pressed(Key::n)) {
    if (const auto at = next_failure(frame.run, !shift))
      go(*at);
    else
      frame.state.remark = shift ? "no failure before this" : "no failure after this";
  }
  if (pressed(Key::home)) go(Time{});
  if (pressed(Key::end)) go(clock.end);
  if (pressed(Key::b)) frame.state.bookmarks.push_back(clock.now);
}

void move_timeline(Frame& frame) {
  TimelineState& state = frame.state.timeline;
  const Span limits = whole_run(frame.run.clock);
  const Time now = frame.run.clock.now;
  const Time anchor = now >= state.view.from && now <= state.view.to
                          ? now
                          : state.view.from + state.view.length() / 2;
  const auto show = [&](const Span& view) {
    state.view = view;
    state.whole = view == limits;
  };
  if (pressed(Key::a, true)) show(moved(state.view, -state.view.length() / 8, limits));
  if (pressed(Key::d, true)) show(moved(state.view, state.view.length() / 8, limits));
  if (pressed(Key::w, true)) show(zoomed(state.view, anchor, 1 / 1.3, limits));
  if (pressed(Key::s, true)) show(zoomed(state.view, anchor, 1.3, limits));
  if (pressed(Key::t)) state.fleet = !state.fleet;
  if (!pressed(Key::f)) return;
  if (ImGui::GetIO().KeyShift && state.range)
    show(zoomed(*state.range, state.range->from, 1, limits));
  else
    state.whole = true;
}

void change_map(Frame& frame) {
  MapState& map = frame.state.map;
  for (int i = 0; i < 5; ++i) {
    if (pressed(static_cast<Key>(static_cast<int>(Key::one) + i)))
      map.colouring = static_cast<Colouring>(i);
  }
  if (pressed(Key::m))
    map.colouring = static_cast<Colouring>((static_cast<int>(map.colouring) + 1) % 5);
  if (pressed(Key::x)) map.failing_only = !map.failing_only;
  if (pressed(Key::c)) map.flows = !map.flows;
  if (pressed(Key::v)) map.migrations = !map.migrations;
  if (pressed(Key::g))
    map.grouping = map.grouping == Grouping::fleet ? Grouping::flavor : Grouping::fleet;
  if (pressed(Key::z)) {
    map.zoom = 1;
    map.pan_x = map.pan_y = 0;
  }
}

/// From client to client; from a group to its first one.
void step_client(Frame& frame) {
  using Kind = model::Selection::Kind;
  const model::RunInfo& info = frame.run.info;
  const model::Selection& selected = frame.run.selection;
  for (const bool forward : {false, true}) {
    if (!pressed(forward ? Key::page_down : Key::page_up, true)) continue;
    std::uint32_t to = 0;
    if (selected.kind == Kind::group && selected.index < info.groups.size())
      to = info.groups[selected.index].first_client;
    if (selected.kind == Kind::client) {
      if (!forward && selected.index == 0) continue;
      to = forward ? selected.index + 1 : selected.index - 1;
    }
    if (to < info.clients()) frame.send(model::Select{{Kind::client, to}});
  }
}

}  // namespace

void apply_shortcuts(Frame& frame, Wishes& wishes, int chart_columns) {
  const ImGuiIO& io = ImGui::GetIO();
  WindowState& state = frame.state;
  if (io.KeyCtrl) {
    if (pressed(Key::f)) state.focus_find = true;
    if (pressed(Key::q)) wishes.quit = true;
    return;
  }
  if (pressed(Key::f12)) wishes.picture = true;
  if (pressed(Key::f1)) state.help = !state.help;
  if (io.WantTextInput) return;
  if (typed('?')) state.help = !state.help;
  if (pressed(Key::escape)) {
    if (state.help)
      state.help = false;
    else if (state.timeline.range)
      state.timeline.range.reset();
    else
      frame.send(model::Select{});
  }
  if (pressed(Key::k)) state.light = !state.light;
  if (pressed(Key::l)) state.events.follow = !state.events.follow;
  if (pressed(Key::e) && chart_columns > 0) {
    const Span view = state.timeline.view;
    wishes.csv = lanes_csv(lanes_of(frame, view), view, chart_columns);
  }
  move_time(frame);
  move_timeline(frame);
  change_map(frame);
  step_client(frame);
}

}  // namespace viz::ui
