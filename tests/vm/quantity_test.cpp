#include "vm/quantity.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/random.hpp"

namespace {

using namespace std::chrono_literals;

struct Wrong {
  std::string text;
  std::string says;  // a part of the message
};

TEST_CASE("quantity: a duration is a number and a unit, in one part or several") {
  CHECK(*vm::parse_duration("3 min") == 180s);
  CHECK(*vm::parse_duration("60s") == 60s);
  CHECK(*vm::parse_duration("20 ms") == 20ms);
  CHECK(*vm::parse_duration("1.5 h") == 90min);
  CHECK(*vm::parse_duration(" 1 d ") == 24h);
  CHECK(*vm::parse_duration("7 us") == 7us);
  CHECK(*vm::parse_duration("7 \u00b5s") == 7us);
  CHECK(*vm::parse_duration("7 \u03bcs") == 7us);
  CHECK(*vm::parse_duration("9 ns") == 9ns);
  CHECK(*vm::parse_duration("1 h 30 min") == 90min);
  CHECK(*vm::parse_duration("1h30min5s") == 5405s);
  CHECK(*vm::parse_duration("0 s") == 0s);
  CHECK(*vm::parse_duration("-0 s") == 0s);
  CHECK(*vm::parse_duration("2e3 ms") == 2s);
  CHECK(*vm::parse_duration("36525 d") == 24h * 36525);  // 100 years of 365.25 days: the limit
  CHECK(*vm::parse_seconds("2 ms") == Approx(0.002).epsilon(1e-15));
}

TEST_CASE("quantity: sizes, rates, transfer rates and percentages in every unit") {
  CHECK(vm::parse_bytes("4096 B")->count == 4096);
  CHECK(vm::parse_bytes("1 KB")->count == 1000);
  CHECK(vm::parse_bytes("1kB")->count == 1000);
  CHECK(vm::parse_bytes("1.5 KiB")->count == 1536);
  CHECK(vm::parse_bytes("256 MiB")->count == 268'435'456);
  CHECK(vm::parse_bytes("3 GiB")->count == 3'221'225'472);
  CHECK(vm::parse_bytes("2 TiB")->count == 2'199'023'255'552);
  CHECK(vm::parse_bytes("5 MB")->count == 5'000'000);
  CHECK(vm::parse_bytes("5 GB")->count == 5'000'000'000);
  CHECK(vm::parse_bytes("5 TB")->count == 5'000'000'000'000);

  CHECK(vm::parse_byte_rate("20 MB/s")->value == 20e6);
  CHECK(vm::parse_byte_rate("100 Mbit/s")->value == 12.5e6);  // eight bits to a byte
  CHECK(vm::parse_byte_rate("1Gbit/s")->value == 125e6);
  CHECK(vm::parse_byte_rate("8 kbit / s")->value == 1000);
  CHECK(vm::parse_byte_rate("8 bit/s")->value == 1);
  CHECK(vm::parse_byte_rate("60 MiB/min")->value == 1'048'576);

  CHECK(*vm::parse_rate("150 /s") == 150);
  CHECK(*vm::parse_rate("9000 /min") == 150);
  CHECK(*vm::parse_rate("9000/ min") == 150);
  CHECK(*vm::parse_rate("3600/h") == 1);
  CHECK(*vm::parse_rate("86400 /d") == 1);

  CHECK(*vm::parse_percent("98 %") == 0.98);
  CHECK(*vm::parse_percent("99.9%") == Approx(0.999).epsilon(1e-15));
  CHECK(*vm::parse_percent("0 %") == 0);

  CHECK(*vm::parse_number("-1.5e3") == -1500);
}

TEST_CASE("quantity: a wrong one says what was expected, with an example, and why it is wrong") {
  const auto wrong = GENERATE(values<Wrong>({
      {"3", "expected a duration such as \"3 min\": the unit is missing"},
      {"", "nothing is there"},
      {"fast", "'fast' is no number"},
      {"3 minutes", "'minutes' is no unit of it; units are ns, us, ms, s, min, h, d"},
      {"-3 s", "'-3 s' is negative"},
      {"inf s", "is not finite"},
      {"nan s", "is not finite"},
      {"1e400 s", "the number is out of range"},
      {"101e9 s", "'101e9 s' is more than 100 years"},
      {"3 MiB", "'MiB' is no unit of it"},
      {"30 min 1 h", "parts go from large to small"},
      {"1 s 1 s", "parts go from large to small"},
      {"1 h 30", "the unit is missing"},
      {"1 h -30 min", "is negative"},
      {"3 s\x1b[m", "'s\\x1b[m'"},  // what a terminal would obey is shown instead
  }));
  CAPTURE(wrong.text);
  const auto parsed = vm::parse_duration(wrong.text);
  REQUIRE_FALSE(parsed);
  CHECK_THAT(parsed.error(), Catch::Contains(wrong.says));
}

TEST_CASE("quantity: each kind refuses what belongs to another") {
  CHECK_THAT(vm::parse_bytes("256").error(), Catch::Contains("a size such as \"256 MiB\""));
  CHECK_THAT(vm::parse_bytes("256 mib").error(), Catch::Contains("units are B, KB"));
  CHECK_THAT(vm::parse_bytes("9999999 TiB").error(), Catch::Contains("more than 1 EiB"));
  CHECK_THAT(vm::parse_byte_rate("20 MB").error(), Catch::Contains("\"100 Mbit/s\""));
  CHECK_THAT(vm::parse_byte_rate("20 /s").error(), Catch::Contains("is no unit"));
  CHECK_THAT(vm::parse_rate("150").error(), Catch::Contains("a rate such as \"150 /s\""));
  CHECK_THAT(vm::parse_rate("150 s").error(), Catch::Contains("units are /s, /min, /h, /d"));
  CHECK_THAT(vm::parse_rate("1e13 /s").error(), Catch::Contains("more than 1e12 /s"));
  CHECK_THAT(vm::parse_percent("0.98").error(), Catch::Contains("the unit is missing"));
  CHECK_THAT(vm::parse_percent("-1 %").error(), Catch::Contains("negative"));
  CHECK_THAT(vm::parse_number("20 ms").error(), Catch::Contains("a plain number"));
}

TEST_CASE("quantity: people read three figures in the unit that suits") {
  CHECK(vm::format_duration(0s) == "0 s");
  CHECK(vm::format_duration(7ns) == "7 ns");
  CHECK(vm::format_duration(20ms) == "20 ms");
  CHECK(vm::format_duration(1234us) == "1.23 ms");
  CHECK(vm::format_duration(12340us) == "12.3 ms");
  CHECK(vm::format_duration(999'600us) == "1 s");  // not "1000 ms"
  CHECK(vm::format_duration(59'940ms) == "59.9 s");
  CHECK(vm::format_duration(59'960ms) == "1 min");  // not "60 s"
  CHECK(vm::format_duration(100s) == "1 min 40 s");
  CHECK(vm::format_duration(3599'600ms) == "1 h");
  CHECK(vm::format_duration(125min) == "2 h 5 min");
  CHECK(vm::format_duration(76h) == "3 d 4 h");
  CHECK(vm::format_duration(-20ms) == "-20 ms");
  CHECK(vm::format_duration(sim::Duration::min()).starts_with("-106752 d"));  // 2^63 ns

  CHECK(vm::format_bytes({0}) == "0 B");
  CHECK(vm::format_bytes({1000}) == "1000 B");
  CHECK(vm::format_bytes({1536}) == "1.5 KiB");
  CHECK(vm::format_bytes({268'435'456}) == "256 MiB");
  CHECK(vm::format_bytes({1'048'500}) == "1 MiB");  // 1023.9 KiB
  CHECK(vm::format_bytes({-1536}) == "-1.5 KiB");
  CHECK(vm::format_byte_rate({12.5e6}) == "12.5 MB/s");
  CHECK(vm::format_rate(150) == "150 /s");
  CHECK(vm::format_rate(0.5) == "30 /min");
  CHECK(vm::format_rate(2.0 / 3600) == "2 /h");
  CHECK(vm::format_rate(0) == "0 /s");
  CHECK(vm::format_percent(0.98) == "98 %");
  CHECK(vm::format_percent(0.9995) == "99.95 %");
}

// Three figures are off by at most half of the third: 0.5 %. Beyond a minute the smaller of two
// parts is whole, which is at most half a minute in an hour or half an hour in a day: 2.1 %.
TEST_CASE("quantity: what is written can be read, within what three figures hold") {
  sim::RandomStream stream(7, "quantity.round_trip");
  for (int i = 0; i < 20'000; ++i) {
    const sim::Duration span{static_cast<std::int64_t>(std::exp2(61 * stream.uniform()))};
    const std::string text = vm::format_duration(span);
    CAPTURE(text, span.count());
    const auto read = vm::parse_seconds(text);
    REQUIRE(read);
    REQUIRE(*read == Approx(sim::seconds(span)).epsilon(span < 1min ? 0.0051 : 0.0211));

    const sim::Bytes size{static_cast<std::int64_t>(std::exp2(59 * stream.uniform()))};
    REQUIRE(vm::parse_size(vm::format_bytes(size)).operator bool());
    REQUIRE(*vm::parse_size(vm::format_bytes(size)) ==
            Approx(static_cast<double>(size.count)).epsilon(0.0051));

    const double rate = std::exp2(30 * stream.uniform());
    REQUIRE(*vm::parse_rate(vm::format_rate(rate)) == Approx(rate).epsilon(0.0051));
  }
}

TEST_CASE("quantity: no bytes crash a parser") {
  const std::string alphabet = "0123456789.-+eE /%smhdBKMGibitu\xc2\xb5\xce\xbc\t\n\0inf";
  sim::RandomStream stream(11, "quantity.garbage");
  int understood = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string text;
    for (auto n = stream.below(8); n > 0; --n) text += alphabet[stream.below(alphabet.size())];
    const auto seconds = vm::parse_seconds(text);
    if (seconds) {
      ++understood;
      REQUIRE((*seconds >= 0 && *seconds <= vm::most_seconds));
    } else {
      REQUIRE_FALSE(seconds.error().empty());
    }
    (void)vm::parse_size(text);
    (void)vm::parse_byte_rate(text);
    (void)vm::parse_rate(text);
    (void)vm::parse_percent(text);
  }
  CHECK(understood > 100);  // the alphabet does make durations
}

}  // namespace
