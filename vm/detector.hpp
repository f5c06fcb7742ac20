// Detector: is a machine overloaded, judged by what its tenants ask for now and asked for before?
//
//   threshold   load > parameter
//   quartiles   load > 1 - parameter * (interquartile range of the history): the more it varies,
//               the more room it is left
//   deviation   the same with the median absolute deviation
//   regression  a straight line through the last ten samples, `ahead` samples further on, times
//               `parameter`, reaches 1; the present load does not matter
//   robust      the same, with less regard for samples off the line
//
// Where regressions are `weighted` they are local regressions as published: old samples count less
// (tricube), and robust also takes off those far from the line (bisquare). The reference computes
// these weights and never applies them, so without `weighted` both are plain least squares.
//
// A history too short for the rule falls back on a threshold of 0.7. Loads are shares of the
// machine's capacity and may exceed 1. Histories stand newest first.
//
// Source: Beloglazov and Buyya, Optimal online deterministic algorithms and adaptive heuristics
// for energy and performance efficient dynamic consolidation of virtual machines in cloud data
// centers (2012), section 5, with the arithmetic of CloudSim 3.0.3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace vm {

enum class DetectorKind : std::uint8_t { threshold, quartiles, deviation, regression, robust };

struct Detector {
  DetectorKind kind = DetectorKind::threshold;
  double parameter = 0.8;  // a share for threshold, a factor for the others, > 0
  bool weighted = false;   // regressions
};

/// A history, newest first. It may be cut to the ten newest samples where a regression judges it.
struct LoadHistory {
  std::span<const double> samples;
  std::size_t known = 0;  // samples without the oldest zeros, before any were cut off
};

/// Samples of a history that are kept, and those that a rule needs.
inline constexpr std::size_t history_length = 30;
inline constexpr std::size_t spread_needs = 12;
inline constexpr std::size_t regression_needs = 10;
inline constexpr double fallback_threshold = 0.7;

constexpr bool is_regression(DetectorKind kind) {
  return kind == DetectorKind::regression || kind == DetectorKind::robust;
}
constexpr bool needs_history(DetectorKind kind) {
  return kind != DetectorKind::threshold;
}

/// A history without its oldest zeros: how many samples remain, 0 where all are zero.
std::size_t known_length(std::span<const double> history);

/// Q3 - Q1, each the sample at the rounded position. Requires 2 to history_length samples.
double interquartile_range(std::span<const double> samples);

/// Median of the distances from the median. Requires 1 to history_length samples.
double median_absolute_deviation(std::span<const double> samples);

/// The places of Q1 and Q3 among n ascending samples, from 1 on.
struct Quartiles {
  std::size_t first, third;
};
constexpr Quartiles quartile_places(std::size_t n) {
  // A quarter and three quarters of n + 1, rounded half up.
  return {(n + 3) / 4, (3 * n + 5) / 4};
}

/// The one of these two that `kind` uses, quartiles or deviation, and what it is measured from.
struct HistorySpread {
  double from = 0;   // Q1, median
  double width = 0;  // interquartile range, median absolute deviation
};
HistorySpread spread(DetectorKind kind, std::span<const double> samples);

/// The least-squares line through the ten newest samples, `ahead` samples after the newest.
/// Requires at least ten.
double forecast(std::span<const double> history, double ahead);

/// How much each of the ten newest samples counts in the forecast, which is their weighted sum but
/// for rounding. `age` is 0 for the newest.
double forecast_weight(std::size_t age, double ahead);

/// Local regression: each sample counts (1 - (age / 9)^3)^3, so the oldest of ten does not.
///
///   robust  twice more, each residual e counts (1 - (e / 6 s)^2)^2 as well, s their median
///   distance source  Cleveland, Robust locally weighted regression and smoothing scatterplots
///   (1979)
double weighted_forecast(std::span<const double> history, double ahead, bool robust);
/// As forecast_weight(), for one that is not robust.
double local_weight(std::size_t age, double ahead);

/// Does `detector` call it an overload? `ahead`: samples that its moves will take, rounded up.
bool overloaded(const Detector& detector, double load, const LoadHistory& history, double ahead);
/// The same of a whole history.
bool overloaded(const Detector& detector, double load, std::span<const double> history,
                double ahead);

}  // namespace vm
