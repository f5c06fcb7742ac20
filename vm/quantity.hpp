// Quantity: numbers that carry their unit, as people write and read them.
//
// A quantity is a number and a unit, with or without a space: "3 min", "60s", "256 MiB",
// "100 Mbit/s", "150 /s", "98 %". A duration may have several parts, from large to small:
// "1 h 30 min". Numbers are decimal ("1.5", "2e6"), never negative, never infinite. The parsers
// below say in their error what is wrong and show an example; the formatters write the shortest
// text that a person likes to read (three figures), and the parsers read it back.
//
//   time      ns us ms s min h d               (us also with the Greek letter; d: 86,400 s)
//   bytes     B KB MB GB TB (1000) and KiB MiB GiB TiB (1024)
//   rate      /s /min /h /d
//   transfer  bytes or bit kbit Mbit Gbit Tbit, then one of /s /min /h /d
//   share     %
#pragma once

#include <string>
#include <string_view>

#include "sim/result.hpp"
#include "sim/units.hpp"

namespace vm {

/// Most that a file may ask for; far beyond sense, well within what the types hold.
inline constexpr double most_seconds = 100 * 365.25 * 86400;  // 100 years
inline constexpr double most_bytes = 0x1p60;                  // 1 EiB
inline constexpr double most_bytes_per_second = 1e15;
inline constexpr double most_rate = 1e12;  // 1/s

/// Seconds, not rounded: "2 ms" is 0.002. At most 100 years.
sim::Result<double> parse_seconds(std::string_view text);
/// The same to the nearest nanosecond.
sim::Result<sim::Duration> parse_duration(std::string_view text);
/// Bytes, not rounded, for the parameters of a distribution. At most 1 EiB.
sim::Result<double> parse_size(std::string_view text);
/// The same to the nearest whole byte.
sim::Result<sim::Bytes> parse_bytes(std::string_view text);
/// At most 1e15 bytes per second.
sim::Result<sim::BytesPerSecond> parse_byte_rate(std::string_view text);
/// Events per second. At most 1e12.
sim::Result<double> parse_rate(std::string_view text);
/// The share: "98 %" is 0.98. At most 1e6 %.
sim::Result<double> parse_percent(std::string_view text);

/// A plain finite decimal number and nothing else ("-1.5e3"); a sign is allowed.
sim::Result<double> parse_number(std::string_view text);

/// "20 ms", "1.25 s", "1 min 40 s", "2 h 5 min", "3 d 4 h"; "0 s" for none.
std::string format_duration(sim::Duration span);
/// "512 B", "1.5 KiB", "256 MiB".
std::string format_bytes(sim::Bytes size);
/// "20 MB/s", "12.5 MB/s".
std::string format_byte_rate(sim::BytesPerSecond rate);
/// "150 /s"; below one a second "30 /min", "2 /h".
std::string format_rate(double per_second);
/// "98 %", "99.95 %" (two decimals at most).
std::string format_percent(double share);

}  // namespace vm
