// Lanes: what the timeline draws below one another, and how a lane becomes pixels.
//
// A lane has a name, a scale and some lines. Lines are drawn from minima and maxima of each pixel's
// stretch of time, so a single sample above the limit is seen from any distance; where samples are
// farther apart than pixels the very steps are drawn, with a dot for each sample.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "viz/ui/canvas.hpp"
#include "viz/ui/frame.hpp"

namespace viz::ui {

enum class Stroke : std::uint8_t { line, filled, hull };  // hull: faint, what lies above the others

struct Line {
  std::string name;  // in tooltips and CSV: "mean", "p99"
  const model::Series* series = nullptr;
  Colour colour = 0;
  Stroke stroke = Stroke::line;
};

struct Lane {
  std::string name, unit;  // "CPU", "%"
  Colour colour = 0;
  std::vector<Line> lines = {};  // the last one is drawn on top; the first one has the number
  double factor = 1;             // from a series' value to the number shown
  double low = 0, high = 1;      // of the scale, in the series' values
  bool logarithmic = false;
  std::optional<double> limit = std::nullopt;  // a dashed line; above it a line is orange

  /// Height of `value` in the lane: 0 at the foot, 1 at the top; may lie outside.
  double height_of(double value) const;
  std::string number(double value) const;  // with its unit
};

/// The lanes of the selected machine, or of the fleet, and those of the whole scenario. Scales that
/// are not fixed fit what is seen in `view`.
std::vector<Lane> lanes_of(const Frame& frame, const Span& view);

/// Paints one lane over `box` of `image`, as `view` shows it.
void paint_lane(const Frame& frame, Image& image, const Box& box, const Lane& lane,
                const Span& view);

/// Paints how many events of which weight there are, three pixels at a time: failing at the top of
/// each column, then what moves, then the rest.
void paint_events(const Frame& frame, Image& image, const Box& box, const Span& view);

/// Faint bands over `box` where the machine in question (or anything) was failing.
void paint_bands(const Frame& frame, Image& image, const Box& box, const Span& view);

/// Instants and pixels. `width` pixels stand for `view`.
double pixel_of(const Span& view, double width, Time at);
Time time_at(const Span& view, double width, double pixel);

/// What the lanes show as CSV (RFC 4180): a row a pixel column, lowest and highest of each line.
std::string lanes_csv(const std::vector<Lane>& lanes, const Span& view, int columns);

/// The machine whose lines the timeline shows; none: the fleet's.
std::optional<model::MachineId> timeline_machine(const Frame& frame);

}  // namespace viz::ui
