#include "real/sequence_ranges.hpp"

#include <set>

#include <catch2/catch.hpp>

#include "sim/random.hpp"

namespace {

using real::Range;
using real::SequenceSet;

/// The plain way: every sequence by itself.
std::set<std::uint64_t> spelled_out(const std::vector<Range>& ranges) {
  std::set<std::uint64_t> all;
  for (const Range& r : ranges) {
    for (std::uint64_t s = r.first; s <= r.last; ++s) all.insert(s);
  }
  return all;
}

SequenceSet random_set(sim::RandomStream& chance, std::uint64_t below, int adds) {
  SequenceSet set;
  for (int i = 0; i < adds; ++i) set.add(chance.below(below));
  return set;
}

}  // namespace

TEST_CASE("sequence set: the same as std::set, whatever the order of adding") {
  const auto seed = GENERATE(range(0u, 50u));
  CAPTURE(seed);
  sim::RandomStream chance{seed, "sequences"};
  SequenceSet set;
  std::set<std::uint64_t> plain;
  for (int i = 0; i < 300; ++i) {
    const std::uint64_t sequence = chance.below(200);
    REQUIRE(set.add(sequence) == plain.insert(sequence).second);
  }
  const std::vector<Range> ranges = real::ranges_of(set);
  CHECK(set.size() == plain.size());
  CHECK(real::count_of(ranges) == plain.size());
  CHECK(spelled_out(ranges) == plain);
  CHECK(real::ascending(ranges));
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    CHECK(ranges[i].first > ranges[i - 1].last + 1);  // neighbours have grown together
  }
}

TEST_CASE("sequence set: in order and without gaps it is one range") {
  SequenceSet set;
  for (std::uint64_t s = 0; s < 1'000'000; ++s) set.add(s);
  CHECK(real::ranges_of(set) == std::vector<Range>{{0, 999'999}});
}

TEST_CASE("sequence ranges: a difference is what std::set says it is") {
  const auto seed = GENERATE(range(0u, 100u));
  CAPTURE(seed);
  sim::RandomStream chance{seed, "differences"};
  const auto all = real::ranges_of(random_set(chance, 120, 80));
  const auto some = real::ranges_of(random_set(chance, 150, 60));
  std::set<std::uint64_t> expected = spelled_out(all);
  for (const std::uint64_t s : spelled_out(some)) expected.erase(s);
  const auto rest = real::difference(all, some);
  CHECK(real::ascending(rest));
  CHECK(spelled_out(rest) == expected);
}

TEST_CASE("sequence ranges: ranges that do not ascend are recognised") {
  CHECK(real::ascending(std::vector<Range>{{0, 0}, {1, 5}}));
  CHECK_FALSE(real::ascending(std::vector<Range>{{3, 2}}));
  CHECK_FALSE(real::ascending(std::vector<Range>{{0, 4}, {4, 5}}));
}
