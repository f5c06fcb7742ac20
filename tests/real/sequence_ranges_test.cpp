#include "real/sequence_ranges.hpp"

#include <set>

#include <catch2/catch.hpp>

#include "sim/random.hpp"

namespace {

using real::Range;
using real::SequenceRanges;

/// The plain way: every sequence by itself.
std::set<std::uint64_t> spelled_out(const std::vector<Range>& ranges) {
  std::set<std::uint64_t> all;
  for (const Range& r : ranges) {
    for (std::uint64_t s = r.first; s <= r.last; ++s) all.insert(s);
  }
  return all;
}

SequenceRanges random_set(sim::RandomStream& chance, std::uint64_t below, int adds) {
  SequenceRanges set;
  for (int i = 0; i < adds; ++i) set.add(chance.below(below));
  return set;
}

}  // namespace

TEST_CASE("sequence set: the same as std::set, whatever the order of adding") {
  const auto seed = GENERATE(range(0u, 50u));
  CAPTURE(seed);
  sim::RandomStream chance{seed, "sequences"};
  SequenceRanges set;
  std::set<std::uint64_t> plain;
  for (int i = 0; i < 300; ++i) {
    const std::uint64_t sequence = chance.below(200);
    REQUIRE(set.add(sequence) == plain.insert(sequence).second);
  }
  CHECK(set.count() == plain.size());
  CHECK(real::count_of(set.ranges()) == plain.size());
  CHECK(spelled_out(set.ranges()) == plain);
  CHECK(real::ascending(set.ranges()));
  for (std::size_t i = 1; i < set.ranges().size(); ++i) {
    CHECK(set.ranges()[i].first > set.ranges()[i - 1].last + 1);  // neighbours have grown together
  }
}

TEST_CASE("sequence set: in order and without gaps it is one range") {
  SequenceRanges set;
  for (std::uint64_t s = 0; s < 1'000'000; ++s) set.add(s);
  CHECK(set.ranges() == std::vector<Range>{{0, 999'999}});
}

TEST_CASE("sequence set: a difference is what std::set says it is") {
  const auto seed = GENERATE(range(0u, 100u));
  CAPTURE(seed);
  sim::RandomStream chance{seed, "differences"};
  const SequenceRanges all = random_set(chance, 120, 80);
  const SequenceRanges some = random_set(chance, 150, 60);
  std::set<std::uint64_t> expected = spelled_out(all.ranges());
  for (const std::uint64_t s : spelled_out(some.ranges())) expected.erase(s);
  const auto rest = real::difference(all.ranges(), some.ranges());
  CHECK(real::ascending(rest));
  CHECK(spelled_out(rest) == expected);
}

TEST_CASE("sequence set: ranges that do not ascend are recognised") {
  CHECK(real::ascending(std::vector<Range>{{0, 0}, {1, 5}}));
  CHECK_FALSE(real::ascending(std::vector<Range>{{3, 2}}));
  CHECK_FALSE(real::ascending(std::vector<Range>{{0, 4}, {4, 5}}));
}
