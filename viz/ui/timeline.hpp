// Timeline: charts of the run below one axis, and the place where time is zoomed, measured, chosen.
//
// Wheel zooms about the pointer (Ctrl finely, Shift coarsely), right drag pans, middle drag zooms
// to what was dragged over, left drag measures a range, a click goes there, a double click shows
// the whole run.
#pragma once

#include "viz/ui/lanes.hpp"

namespace viz::ui {

class Timeline {
 public:
  explicit Timeline(Textures& textures) : canvas_(textures) {}

  void draw(Frame& frame, const Rect& place);
  std::uint64_t paintings() const { return canvas_.paintings(); }
  /// Width of the charts in pixels, as last drawn.
  int columns() const { return columns_; }

 private:
  void draw_heading(const Frame& frame, const std::vector<Lane>& lanes, const Rect& place);
  void draw_axis(const Frame& frame, const Rect& plot);
  void draw_gutter(const Frame& frame, const std::vector<Lane>& lanes, const Rect& gutter);
  void draw_cursors(const Frame& frame, const Rect& plot);
  void draw_range(const Frame& frame, const std::vector<Lane>& lanes, const Rect& plot);
  void interact(Frame& frame, const Rect& plot);
  void draw_tooltip(const Frame& frame, const std::vector<Lane>& lanes, const Rect& plot, Time at);

  Canvas canvas_;
  int columns_ = 0;
  std::optional<float> drag_from_;  // pixel where the left button went down in the charts
  std::optional<float> zoom_from_;  // the middle one
};

/// Zooms a view by `factor` (below 1: in) so that what is at `anchor` stays; kept within `limits`.
Span zoomed(const Span& view, Time anchor, double factor, const Span& limits);
/// Moves a view by `by`, kept within `limits`.
Span moved(const Span& view, Duration by, const Span& limits);
/// From the start of the run to as far as it will go; never empty.
Span whole_run(const model::ClockView& clock);

}  // namespace viz::ui
