// brink sweep by the real binary.
#include "tests/cli/brink_process.hpp"

namespace {

using namespace brink_process;
using Catch::Contains;

const Words base{"sweep", scenario_file("consolidation_small"), "--quiet"};

Words with(Words more) {
  Words words = base;
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

}  // namespace

TEST_CASE("sweep: one row for each combination, the same for any number of threads") {
  const Desk desk;
  const Words vary{"--vary", "consolidation.detector=THR,LR", "--vary",
                   "consolidation.selection=MMT,MU"};
  std::string first;
  for (const char* threads : {"1", "3"}) {
    Words words = with(vary);
    words.insert(words.end(), {"--threads", threads, "--out", threads});
    const Said said = desk.brink(words);
    INFO(said.err);
    CHECK(said.code == 0);
    CHECK_THAT(said.out, Contains("4 runs") && Contains("energy_kwh"));
    const std::string table = whole_file(desk / threads / "consolidation_small-sweep.csv");
    CHECK(lines(table) == 5);
    CHECK_THAT(table, Contains("consolidation.detector,consolidation.selection,seed,energy_kwh"));
    CHECK_THAT(table, Contains("LR,MU,7,"));
    if (first.empty()) first = table;
    CHECK(table == first);
  }
}

TEST_CASE("sweep: several seeds give means with their confidence") {
  const Desk desk;
  const Said said = desk.brink(
      with({"--vary", "consolidation.selection=RS", "--seeds", "4", "--figure", "energy_kwh"}));
  INFO(said.err);
  CHECK(said.code == 0);
  CHECK_THAT(said.out, Contains("4 seeds each") && Contains("±"));
}

TEST_CASE("sweep: one mistake in one combination, and nothing is played") {
  const Desk desk;
  const Said said = desk.brink(with({"--vary", "consolidation.detector=THR,TRH"}));
  CHECK(said.code == 2);
  CHECK_THAT(said.err, Contains("did you mean 'THR'"));
  CHECK_FALSE(fs::exists(desk / "results"));
}

TEST_CASE("sweep: bad usage is told") {
  const Desk desk;
  CHECK_THAT(desk.brink(base).err, Contains("at least one --vary"));
  CHECK_THAT(desk.brink({"sweep", "--vary", "a=1"}).err, Contains("one FILE"));
  CHECK_THAT(desk.brink(with({"--vary", "x"})).err, Contains("KEY=A,B,C"));
  const Said figure =
      desk.brink(with({"--vary", "consolidation.detector=THR", "--figure", "energy_kw"}));
  CHECK(figure.code == 2);
  CHECK_THAT(figure.err, Contains("did you mean 'energy_kwh'"));
}

TEST_CASE("sweep: an unmet expectation is in the table and in the exit code") {
  const Desk desk;
  const Said said = desk.brink(with({"--vary", "consolidation.detector=LR,DVFS"}));
  CHECK(said.code == 1);
  CHECK_THAT(said.out, Contains("not met"));
}
