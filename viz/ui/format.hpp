// Format: numbers and times as the window writes them: short, with their unit, never jumping about.
#pragma once

#include <string>

#include "sim/units.hpp"

namespace viz::ui {

using sim::Duration;
using sim::Time;

/// "01:23:45.678": the clock. Days stand in front: "2d 01:23:45.678".
std::string clock_text(Time at);

/// An instant on an axis whose ticks lie `step` apart: no more digits than tell them apart.
std::string axis_text(Time at, Duration step);

/// "850 ms", "12.3 s", "4.5 min", "3.2 h", "1.5 d": three digits.
std::string span_text(Duration span);

/// "950", "1.2k", "34.5k", "6.7M": three digits at most before the letter.
std::string count_text(double value);

/// "56.7 %" of 0.567.
std::string percent_text(double share);

/// "12.3", "0.45", "1250": three digits or all in front of the point.
std::string short_text(double value);

/// "1,000,000x", "3.6x", "max": a speed.
std::string speed_text(double speed);

/// The smallest pleasant step of time that is not below `least`: 1, 2, 5 ns ... 1, 2, 5, 10, 30 s,
/// minutes and hours likewise, then days.
Duration nice_step(Duration least);

}  // namespace viz::ui
