// The vocabulary of every layer: instants, spans of time, bytes, rates, identities.
//
// Time is an integer count of nanoseconds since the start of the run, so equal means equal and a
// run repeats exactly. `Clock` has no now(): whoever needs the time is told it, and so the same
// code runs under simulated and under real time. An `Id` only fits its own kind of thing.
#pragma once

#include <chrono>
#include <cmath>
#include <compare>
#include <cstdint>

namespace sim {

struct Clock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::duration<rep, period>;
  using time_point = std::chrono::time_point<Clock>;
  static constexpr bool is_steady = true;
};

using Duration = Clock::duration;
using Time = Clock::time_point;

/// Later than anything that is ever scheduled: 292 years.
inline constexpr Time never = Time::max();

constexpr double seconds(Duration span) {
  return static_cast<double>(span.count()) * 1e-9;
}
constexpr double seconds(Time at) {
  return seconds(at.time_since_epoch());
}
constexpr double milliseconds(Duration span) {
  return static_cast<double>(span.count()) * 1e-6;
}

/// `at` + `by`, or the end of time where that lies beyond it. Requires by >= 0.
constexpr Time later(Time at, Duration by) {
  return by <= never - at ? at + by : never;
}

/// Spans beyond 292 years are held to that: they are later than any run's end.
inline constexpr double most_span_seconds = 9.2e9;

/// Nearest whole nanosecond, halves away from zero.
inline Duration from_seconds(double s) {
  const double held = s < -most_span_seconds ? -most_span_seconds
                      : s > most_span_seconds ? most_span_seconds
                                              : s;
  return Duration{std::llround(held * 1e9)};
}

/// The first whole nanosecond that is not before `s`: an event may come late by one, never early.
/// Requires s >= 0. By truncation, since std::ceil is a call on a baseline x86-64.
constexpr Duration from_seconds_up(double s) {
  const double ns = (s > most_span_seconds ? most_span_seconds : s) * 1e9;
  const auto whole = static_cast<std::int64_t>(ns);
  return Duration{whole + (static_cast<double>(whole) < ns ? 1 : 0)};
}

struct Bytes {
  std::int64_t count = 0;
  auto operator<=>(const Bytes&) const = default;
  constexpr Bytes& operator+=(Bytes other) {
    count += other.count;
    return *this;
  }
  constexpr Bytes& operator-=(Bytes other) {
    count -= other.count;
    return *this;
  }
  friend constexpr Bytes operator+(Bytes a, Bytes b) { return {a.count + b.count}; }
  friend constexpr Bytes operator-(Bytes a, Bytes b) { return {a.count - b.count}; }
};

inline namespace literals {
constexpr Bytes operator""_KiB(unsigned long long n) {
  return {static_cast<std::int64_t>(n) << 10};
}
constexpr Bytes operator""_MiB(unsigned long long n) {
  return {static_cast<std::int64_t>(n) << 20};
}
}  // namespace literals

struct BytesPerSecond {
  double value = 0;
  auto operator<=>(const BytesPerSecond&) const = default;
};

/// How long `size` takes at `rate`, rounded up to a whole nanosecond. Requires rate > 0.
inline Duration operator/(Bytes size, BytesPerSecond rate) {
  return from_seconds_up(static_cast<double>(size.count) / rate.value);
}

/// An index that only fits its own kind of thing: a TenantId for a MachineId does not compile.
template <class Of>
struct Id {
  std::uint32_t value = 0;
  auto operator<=>(const Id&) const = default;
};

}  // namespace sim
