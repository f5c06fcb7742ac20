#include "vm/spelling.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "sim/random.hpp"

namespace {

/// The definition, without a table: the last letters match, or one of four edits made them.
std::size_t distance_by_definition(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.size() + b.size();
  const auto head = [](std::string_view s, std::size_t n) { return s.substr(0, s.size() - n); };
  std::size_t best = distance_by_definition(head(a, 1), head(b, 1)) + (a.back() != b.back());
  best = std::min(best, distance_by_definition(head(a, 1), b) + 1);
  best = std::min(best, distance_by_definition(a, head(b, 1)) + 1);
  const bool swapped =
      a.size() > 1 && b.size() > 1 && a.back() == b[b.size() - 2] && a[a.size() - 2] == b.back();
  return swapped ? std::min(best, distance_by_definition(head(a, 2), head(b, 2)) + 1) : best;
}

TEST_CASE("spelling: the distance is what its definition says") {
  CHECK(vm::edit_distance("timeout", "tiemout") == 1);  // a swap
  CHECK(vm::edit_distance("", "abc") == 3);
  sim::RandomStream stream(5, "spelling");
  for (int i = 0; i < 2'000; ++i) {
    std::string a, b;
    for (auto n = stream.below(6); n > 0; --n) a += "abc"[stream.below(3)];
    for (auto n = stream.below(6); n > 0; --n) b += "abc"[stream.below(3)];
    CAPTURE(a, b);
    REQUIRE(vm::edit_distance(a, b) == distance_by_definition(a, b));
  }
}

TEST_CASE("spelling: the nearest name is offered only when it may have been meant") {
  constexpr std::array<std::string_view, 4> names{"timeout", "retry", "fresh-machine", "at"};
  CHECK(vm::nearest("tiemout", names) == "timeout");
  CHECK(vm::nearest("TimeOut", names) == "timeout");
  CHECK(vm::nearest("fresh_machine", names) == "fresh-machine");
  CHECK(vm::nearest("retyr", names) == "retry");
  CHECK(vm::nearest("colour", names).empty());
  CHECK(vm::nearest("xy", names).empty());
  CHECK(vm::nearest(std::string(1'000'000, 'a'), names).empty());
  CHECK(vm::suggestion("tiemout", names) == "; did you mean 'timeout'?");
  CHECK(vm::suggestion("colour", names) == "; valid: 'timeout', 'retry', 'fresh-machine', 'at'");
  CHECK(vm::suggestion("colour", {}).empty());
}

TEST_CASE("spelling: what a stranger wrote is shown short and harmless") {
  CHECK(vm::in_quotes("plain") == "'plain'");
  CHECK(vm::in_quotes("a\x1b[31m\n") == "'a\\x1b[31m\\x0a'");
  CHECK(vm::in_quotes(std::string(100, 'x')) == "'" + std::string(60, 'x') + "...'");
  // 59 bytes, then a character of two: it is left out whole.
  CHECK(vm::in_quotes(std::string(59, 'x') + "\u00b5\u00b5") ==
        "'" + std::string(59, 'x') + "...'");
}

}  // namespace
