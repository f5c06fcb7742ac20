#include "vm/quantity.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <system_error>

#include "vm/spelling.hpp"

namespace vm {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr std::array<Unit, 9> time_units{{{"ns", 1e-9},
                                          {"us", 1e-6},
                                          {"\u00b5s", 1e-6},  // micro sign
                                          {"\u03bcs", 1e-6},  // Greek mu, which looks the same
                                          {"ms", 1e-3},
                                          {"s", 1},
                                          {"min", 60},
                                          {"h", 3600},
                                          {"d", 86400}}};
constexpr std::array<Unit, 10> byte_units{{{"B", 1},
                                           {"KB", 1e3},
                                           {"kB", 1e3},
                                           {"MB", 1e6},
                                           {"GB", 1e9},
                                           {"TB", 1e12},
                                           {"KiB", 0x1p10},
                                           {"MiB", 0x1p20},
                                           {"GiB", 0x1p30},
                                           {"TiB", 0x1p40}}};
constexpr std::array<Unit, 5> bit_units{
    {{"bit", 0.125}, {"kbit", 125}, {"Mbit", 125e3}, {"Gbit", 125e6}, {"Tbit", 125e9}}};
constexpr std::array<Unit, 4> per_units{{{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}}};

/// What a kind of quantity is called, how it looks, and its units for a message.
struct Kind {
  std::string_view name;
  std::string_view example;
  std::string_view units;
  double most;
  std::string_view most_text;
};
constexpr Kind duration_kind{"a duration", "3 min", "ns, us, ms, s, min, h, d", most_seconds,
                             "100 years"};
constexpr Kind bytes_kind{"a size", "256 MiB", "B, KB, MB, GB, TB, KiB, MiB, GiB, TiB", most_bytes,
                          "1 EiB"};
constexpr Kind byte_rate_kind{"bytes or bits per time", "100 Mbit/s",
                              "those of bytes (MB, MiB ...) or bits (Mbit ...) with /s",
                              most_bytes_per_second, "1e15 B/s"};
constexpr Kind rate_kind{"a rate", "150 /s", "/s, /min, /h, /d", most_rate, "1e12 /s"};
constexpr Kind percent_kind{"a percentage", "98 %", "%", 1e4, "1000000 %"};

sim::Error wrong(const Kind& kind, const std::string& why) {
  return {"expected " + std::string(kind.name) + " such as \"" + std::string(kind.example) +
          "\": " + why};
}

bool is_space(char c) {
  return c == ' ' || c == '\t';
}

std::string_view without_spaces_before(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}

std::string_view trimmed(std::string_view text) {
  text = without_spaces_before(text);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<double> factor_of(std::string_view unit, std::span<const Unit> units) {
  for (const Unit& known : units) {
    if (known.name == unit) return known.factor;
  }
  return std::nullopt;
}

struct Number {
  double value;
  std::string_view rest;  // what follows it, without spaces before
};

/// Takes the number off the front of `text`; a sign, "inf" and "nan" are told apart from letters.
sim::Result<Number> take_number(std::string_view text) {
  text = without_spaces_before(text);
  Number number{0, {}};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number.value);
  if (error == std::errc::result_out_of_range) return sim::Error{"the number is out of range"};
  if (error != std::errc{}) {
    return sim::Error{text.empty() ? "nothing is there" : in_quotes(text) + " is no number"};
  }
  if (!std::isfinite(number.value)) return sim::Error{in_quotes(text) + " is not finite"};
  number.rest = without_spaces_before(text.substr(static_cast<std::size_t>(end - text.data())));
  return number;
}

std::string unknown_unit(const Kind& kind, std::string_view unit) {
  return in_quotes(unit) + " is no unit of it; units are " + std::string(kind.units);
}

sim::Result<double> in_range(const Kind& kind, std::string_view text, double value) {
  if (std::signbit(value) && value != 0) return wrong(kind, in_quotes(text) + " is negative");
  if (!(value <= kind.most)) {
    return wrong(kind, in_quotes(text) + " is more than " + std::string(kind.most_text));
  }
  return std::fabs(value);  // -0 is 0
}

/// What a unit is worth, as a fraction: dividing by 60 or 100 is exact where a reciprocal is not.
struct Worth {
  double times;
  double over;
};

/// One number and one unit; `worth_of` tells what the unit is worth.
template <class WorthOf>
sim::Result<double> parse_single(const Kind& kind, std::string_view text, WorthOf worth_of) {
  const auto number = take_number(text);
  if (!number) return wrong(kind, number.error());
  const std::string_view unit = trimmed(number->rest);
  if (unit.empty()) return wrong(kind, "the unit is missing");
  const std::optional<Worth> worth = worth_of(unit);
  if (!worth) return wrong(kind, unknown_unit(kind, unit));
  return in_range(kind, trimmed(text), number->value * worth->times / worth->over);
}

/// "/s" and its like: events per one of these times.
std::optional<Worth> per_time(std::string_view unit) {
  if (unit.empty() || unit.front() != '/') return std::nullopt;
  const auto span = factor_of(trimmed(unit.substr(1)), per_units);
  return span ? std::optional(Worth{1, *span}) : std::nullopt;
}

std::optional<Worth> bytes_per_time(std::string_view unit) {
  const std::size_t slash = std::min(unit.find('/'), unit.size());
  const std::string_view amount = trimmed(unit.substr(0, slash));
  auto size = factor_of(amount, byte_units);
  if (!size) size = factor_of(amount, bit_units);
  const auto time = per_time(unit.substr(slash));
  return size && time ? std::optional(Worth{*size, time->over}) : std::nullopt;
}

/// Decimals that matter, at most `decimals`, no zeros behind: 1.50 is "1.5".
std::string decimal(double value, int decimals) {
  std::array<char, 400> buffer{};  // the largest double has 309 digits before the point
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::fixed, decimals)
                       .ptr;
  std::string text(buffer.data(), end);
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

/// Three figures, or all that stand before the point.
std::string figures(double value) {
  const double size = std::fabs(value);
  return decimal(value, size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

/// In the largest of `units` (ascending) in which three figures show at least 1.
std::string scaled(double value, std::span<const Unit> units) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < units.size(); ++i) {
    if (value / units[i].factor >= 0.9995) best = i;
  }
  return figures(value / units[best].factor) + ' ' + std::string(units[best].name);
}

/// "2 h 5 min": `count` of the small unit, of which `per` make a large one.
std::string two_parts(std::int64_t count, std::int64_t per, std::string_view large,
                      std::string_view small) {
  std::string text = std::to_string(count / per) + ' ' + std::string(large);
  if (count % per != 0) text += ' ' + std::to_string(count % per) + ' ' + std::string(small);
  return text;
}

}  // namespace

sim::Result<double> parse_seconds(std::string_view text) {
  double total = 0;
  double unit_before = INFINITY;
  std::string_view rest = trimmed(text);
  do {
    const auto number = take_number(rest);
    if (!number) return wrong(duration_kind, number.error());
    const auto ends_unit = [](char c) { return is_space(c) || (c >= '0' && c <= '9'); };
    const auto end = std::ranges::find_if(number->rest, ends_unit);
    const auto length = static_cast<std::size_t>(end - number->rest.begin());
    const std::string_view unit = number->rest.substr(0, length);
    if (unit.empty()) return wrong(duration_kind, "the unit is missing");
    const auto factor = factor_of(unit, time_units);
    if (!factor) return wrong(duration_kind, unknown_unit(duration_kind, unit));
    if (*factor >= unit_before) return wrong(duration_kind, "parts go from large to small");
    if (number->value < 0) return wrong(duration_kind, in_quotes(trimmed(text)) + " is negative");
    total += number->value * *factor;
    unit_before = *factor;
    rest = without_spaces_before(number->rest.substr(length));
  } while (!rest.empty());
  return in_range(duration_kind, trimmed(text), total);
}

sim::Result<sim::Duration> parse_duration(std::string_view text) {
  const auto seconds = parse_seconds(text);
  if (!seconds) return sim::Error{seconds.error()};
  return sim::from_seconds(*seconds);
}

sim::Result<double> parse_size(std::string_view text) {
  return parse_single(bytes_kind, text, [](std::string_view unit) {
    const auto factor = factor_of(unit, byte_units);
    return factor ? std::optional(Worth{*factor, 1}) : std::nullopt;
  });
}

sim::Result<sim::Bytes> parse_bytes(std::string_view text) {
  const auto size = parse_size(text);
  if (!size) return sim::Error{size.error()};
  return sim::Bytes{std::llround(*size)};
}

sim::Result<sim::BytesPerSecond> parse_byte_rate(std::string_view text) {
  const auto rate = parse_single(byte_rate_kind, text, bytes_per_time);
  if (!rate) return sim::Error{rate.error()};
  return sim::BytesPerSecond{*rate};
}

sim::Result<double> parse_rate(std::string_view text) {
  return parse_single(rate_kind, text, per_time);
}

sim::Result<double> parse_percent(std::string_view text) {
  return parse_single(percent_kind, text, [](std::string_view unit) {
    return unit == "%" ? std::optional(Worth{1, 100}) : std::nullopt;
  });
}

sim::Result<double> parse_number(std::string_view text) {
  const auto number = take_number(text);
  if (!number) return sim::Error{"expected a number such as 1.5: " + number.error()};
  if (!trimmed(number->rest).empty()) {
    return sim::Error{"expected a plain number such as 1.5, not " + in_quotes(trimmed(text))};
  }
  return number->value;
}

std::string format_duration(sim::Duration span) {
  using namespace std::chrono_literals;
  if (span == sim::Duration::min()) span += 1ns;  // its magnitude does not fit by one
  if (span < 0ns) return '-' + format_duration(-span);
  if (span == 0ns) return "0 s";
  constexpr std::array<Unit, 4> small{{{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}}};
  if (span < 59950ms) return scaled(sim::seconds(span), small);
  const auto rounded = [span](std::int64_t unit_s) {
    const std::int64_t unit = unit_s * 1'000'000'000;
    return span.count() / unit + (span.count() % unit >= unit / 2 ? 1 : 0);
  };
  if (rounded(1) < 3600) return two_parts(rounded(1), 60, "min", "s");
  if (rounded(60) < 1440) return two_parts(rounded(60), 60, "h", "min");
  return two_parts(rounded(3600), 24, "d", "h");
}

std::string format_bytes(sim::Bytes size) {
  constexpr std::array<Unit, 5> units{
      {{"B", 1}, {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40}}};
  const auto count = static_cast<double>(size.count);
  return count < 0 ? '-' + scaled(-count, units) : scaled(count, units);
}

std::string format_byte_rate(sim::BytesPerSecond rate) {
  constexpr std::array<Unit, 5> units{
      {{"B/s", 1}, {"KB/s", 1e3}, {"MB/s", 1e6}, {"GB/s", 1e9}, {"TB/s", 1e12}}};
  return scaled(rate.value, units);
}

std::string format_rate(double per_second) {
  if (per_second == 0 || per_second >= 0.995) return figures(per_second) + " /s";
  if (per_second * 60 >= 0.995) return figures(per_second * 60) + " /min";
  return figures(per_second * 3600) + " /h";
}

std::string format_percent(double share) {
  return decimal(share * 100, 2) + " %";
}

}  // namespace vm
