#include "real/sequence_set.hpp"

#include <optional>
#include <set>

#include <catch2/catch.hpp>

#include "sim/random.hpp"

TEST_CASE("sequence set: agrees with std::set, and its ranges neither meet nor touch") {
  const auto seed = GENERATE(range(0u, 50u));
  CAPTURE(seed);
  sim::RandomStream chance{seed, "test.sequences"};
  real::SequenceSet ranges;
  std::set<std::uint64_t> plain;
  for (int i = 0; i < 500; ++i) {
    // Few numbers, so that gaps are closed and repeats happen; now and then in order.
    const std::uint64_t n = i % 3 == 0 ? static_cast<std::uint64_t>(i) : chance.bits() % 600;
    REQUIRE(ranges.add(n) == plain.insert(n).second);
    REQUIRE(ranges.size() == plain.size());
  }
  for (std::uint64_t n = 0; n < 610; ++n) REQUIRE(ranges.contains(n) == plain.contains(n));
  std::set<std::uint64_t> unfolded;
  std::optional<std::uint64_t> before;
  for (const auto& [first, last] : ranges.ranges()) {
    REQUIRE(first <= last);
    if (before) REQUIRE(first > *before + 1);
    before = last;
    for (std::uint64_t n = first; n <= last; ++n) unfolded.insert(n);
  }
  CHECK(unfolded == plain);
}

TEST_CASE("sequence set: numbers at both ends of their range") {
  real::SequenceSet set;
  const std::uint64_t most = ~std::uint64_t{0};
  CHECK(set.add(most));
  CHECK(set.add(0));
  CHECK(set.add(most - 1));
  CHECK_FALSE(set.add(most));
  CHECK(set.contains(0));
  CHECK_FALSE(set.contains(1));
  CHECK(set.ranges().size() == 2);
}
