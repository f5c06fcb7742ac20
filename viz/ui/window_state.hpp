// WindowState: what the person at the window has chosen; nothing of it belongs to the run.
//
// Panels read and change it. What stays from one day to the next (sizes, colours, which parts are
// shown) is written by `settings.hpp`; the rest dies with the window.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "viz/model/event_log.hpp"
#include "viz/model/run_view.hpp"

namespace viz::ui {

using sim::Duration;
using sim::Time;

enum class Colouring : std::uint8_t { cpu, memory, disk, network, worst };
enum class Grouping : std::uint8_t { fleet, flavor };

struct Span {
  Time from, to;
  Duration length() const { return to - from; }
  bool operator==(const Span&) const = default;
};

struct MapState {
  Colouring colouring = Colouring::worst;
  Grouping grouping = Grouping::fleet;
  bool flows = true, migrations = true, failing_only = false;
  double zoom = 1;              // 1: all of it, up to 400
  double pan_x = 0, pan_y = 0;  // of the map's left top corner, in pixels of the zoomed map
};

struct TimelineState {
  Span view;                  // that the charts show
  bool whole = true;          // `view` is the whole run, and grows with it
  bool keep_up = false;       // `view` moves with the playhead when that leaves it
  std::optional<Span> range;  // that was dragged, to be measured
  bool fleet = false;         // the fleet's lines though a machine is selected
};

/// A chart that has the window to itself: the lane of this name.
using OnlyLane = std::optional<std::string>;

struct EventsState {
  model::Filter filter;
  std::array<char, 64> text{};  // as typed
  bool only_selected = false;
  bool follow = true;  // the table keeps the playhead in view
};

struct Sizes {  // of the parts that a splitter moves, in unscaled pixels
  float inspector = 318, events = 520, bottom = 352;
};

struct WindowState {
  MapState map;
  TimelineState timeline;
  EventsState events;
  Sizes sizes;
  bool light = false;
  bool help = false;
  OnlyLane only_lane;
  std::vector<Time> bookmarks;
  std::array<char, 32> find{};
  std::array<char, 16> client{};  // a number as typed in the inspector
  bool focus_find = false;        // the next frame puts the keyboard there
  std::string remark;             // for the status bar: "wrote timeline.csv"
};

}  // namespace viz::ui
