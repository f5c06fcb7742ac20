#include "viz/ui/format.hpp"

#include <array>
#include <cmath>
#include <cstdio>

namespace viz::ui {
namespace {

using namespace std::chrono_literals;

template <class... Values>
std::string printed(const char* how, Values... values) {
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), how,
                values...);  // NOLINT(cppcoreguidelines-pro-type-vararg)
  return text.data();
}

struct Parts {
  long long days, hours, minutes, seconds, nanoseconds;
  bool negative;
};

Parts parts_of(Time at) {
  auto ns = at.time_since_epoch().count();
  const bool negative = ns < 0;
  if (negative) ns = -ns;
  const long long s = ns / 1'000'000'000;
  return {s / 86400, s / 3600 % 24, s / 60 % 60, s % 60, ns % 1'000'000'000, negative};
}

}  // namespace

std::string clock_text(Time at) {
  const Parts p = parts_of(at);
  std::string text = p.negative ? "-" : "";
  if (p.days > 0) text += printed("%lldd ", p.days);
  return text + printed("%02lld:%02lld:%02lld.%03lld", p.hours, p.minutes, p.seconds,
                        p.nanoseconds / 1'000'000);
}

std::string axis_text(Time at, Duration step) {
  const Parts p = parts_of(at);
  std::string text = p.negative ? "-" : "";
  if (step >= 24h) return text + printed("%lldd", p.days);
  if (p.days > 0) text += printed("%lldd ", p.days);
  text += printed("%02lld:%02lld:%02lld", p.hours, p.minutes, p.seconds);
  if (step < 1us) return text + printed(".%09lld", p.nanoseconds);
  if (step < 1ms) return text + printed(".%06lld", p.nanoseconds / 1000);
  if (step < 1s) return text + printed(".%03lld", p.nanoseconds / 1'000'000);
  return text;
}

std::string span_text(Duration span) {
  const double s = std::abs(sim::seconds(span));
  const char* const sign = span.count() < 0 ? "-" : "";
  const auto three = [&](double value, const char* unit) {
    return sign + short_text(value) + unit;
  };
  if (span == Duration{}) return "0 s";
  if (s < 1e-6) return three(s * 1e9, " ns");
  if (s < 1e-3) return three(s * 1e6, " us");
  if (s < 1) return three(s * 1e3, " ms");
  if (s < 120) return three(s, " s");
  if (s < 7200) return three(s / 60, " min");
  if (s < 48 * 3600) return three(s / 3600, " h");
  return three(s / 86400, " d");
}

std::string short_text(double value) {
  const double size = std::abs(value);
  if (!std::isfinite(value)) return "-";
  if (size >= 99.95 || size == std::floor(size)) return printed("%.0f", value);
  if (size < 0.0995) return printed("%.2g", value);
  return printed(size >= 9.995 ? "%.1f" : "%.2f", value);
}

std::string count_text(double value) {
  const double size = std::abs(value);
  if (size < 999.5) return size == std::floor(size) ? printed("%.0f", value) : short_text(value);
  for (const auto& [unit, letter] : {std::pair{1e3, 'k'}, {1e6, 'M'}, {1e9, 'G'}, {1e12, 'T'}}) {
    if (size < unit * 99.95) return printed("%.1f%c", value / unit, letter);
    if (size < unit * 999.5) return printed("%.0f%c", value / unit, letter);
  }
  return printed("%.2e", value);
}

std::string percent_text(double share) {
  return printed("%.1f %%", share * 100);
}

std::string speed_text(double speed) {
  if (!std::isfinite(speed)) return "max";
  if (speed < 0.0995) return printed("%.3gx", speed);
  if (speed < 9.95) return printed("%.2gx", speed);
  return speed < 999.5 ? printed("%.0fx", speed) : count_text(speed) + "x";
}

Duration nice_step(Duration least) {
  for (Duration decade = 1ns; decade < 1s; decade *= 10) {
    for (const int times : {1, 2, 5}) {
      if (decade * times >= least) return decade * times;
    }
  }
  constexpr std::array<Duration, 18> steps{1s,    2s,    5s,    10s, 15s, 30s, 1min, 2min, 5min,
                                           10min, 15min, 30min, 1h,  2h,  3h,  6h,   12h,  24h};
  for (const Duration step : steps) {
    if (step >= least) return step;
  }
  Duration days = 24h;
  while (days < least && days < Duration::max() / 2) days *= 2;
  return days;
}

}  // namespace viz::ui
