// PowerCurve: the watts that a machine draws at a CPU utilisation, between measured points.
//
// SPECpower_ssj2008 measures a server at 0, 10, ... 100 % of its throughput; between two of these
// points the curve is a straight line. A machine that is switched off draws nothing: that is said
// where energy is counted, not here.
#pragma once

#include <array>
#include <cstddef>

#include "sim/check.hpp"

namespace vm {

class PowerCurve {
 public:
  static constexpr std::size_t points = 11;

  PowerCurve() = default;
  /// Watts at 0 %, 10 %, ... 100 %.
  explicit PowerCurve(const std::array<double, points>& watts) : watts_(watts) {
    for (std::size_t i = 0; i + 1 < points; ++i) rise_[i] = (watts[i + 1] - watts[i]) / 10;
  }

  /// Watts at `utilisation`, held to 0 to 1.
  ///
  ///   source  CloudSim's PowerModelSpecPower, with the same order of operations. Its special case
  ///           for exact multiples of 0.1 gives what the line gives, so it needs none here.
  double at(double utilisation) const {
    if (!(utilisation > 0)) return watts_[0];
    if (utilisation >= 1) return watts_[points - 1];
    const double tenths = utilisation * 10;
    const auto below = static_cast<int>(tenths);
    const auto i = static_cast<std::size_t>(below);
    if (tenths == below) return watts_[i];
    return watts_[i] + rise_[i] * (utilisation - below / 10.0) * 100;
  }

  /// The same without rounding, for 0 <= utilisation < 1: the line that at() follows, computed with
  /// eleven bits more.
  long double line(long double utilisation) const {
    const std::size_t i = tenth(static_cast<double>(utilisation));
    const auto from = static_cast<long double>(static_cast<double>(i) / 10.0);
    return static_cast<long double>(watts_[i]) +
           static_cast<long double>(rise_[i]) * (utilisation - from) * 100;
  }
  /// The tenth of the capacity that 0 <= utilisation < 1 lies in, as at() finds it.
  static std::size_t tenth(double utilisation) {
    return static_cast<std::size_t>(utilisation * 10);
  }
  /// Watts per tenth of a tenth of the capacity, within a tenth.
  double rise(std::size_t tenth) const { return rise_[tenth]; }

  double idle() const { return watts_.front(); }
  double full() const { return watts_.back(); }
  /// At `tenth` tenths of the capacity; full power beyond ten.
  double at_tenth(std::size_t tenth) const { return watts_[tenth < points ? tenth : points - 1]; }
  bool operator==(const PowerCurve&) const = default;

 private:
  std::array<double, points> watts_{};
  std::array<double, points> rise_{};  // a tenth of the way to the next point; the last is 0
};

}  // namespace vm
