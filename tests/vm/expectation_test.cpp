#include "vm/expectation.hpp"

#include <limits>
#include <map>

#include <catch2/catch.hpp>

namespace {

using vm::Comparison;

const std::vector<std::string> groups{"fans", "press.box"};

vm::FigureLookup figures(std::map<std::string, double, std::less<>> values) {
  return [values = std::move(values)](std::string_view name) -> std::optional<double> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

}  // namespace

TEST_CASE("expectation: each comparison holds below, at and above its value as it says") {
  struct Row {
    Comparison comparison;
    bool below, at, above;
  };
  const auto row = GENERATE(values<Row>({{Comparison::equal, false, true, false},
                                         {Comparison::not_equal, true, false, true},
                                         {Comparison::less, true, false, false},
                                         {Comparison::less_equal, true, true, false},
                                         {Comparison::greater, false, false, true},
                                         {Comparison::greater_equal, false, true, true}}));
  CHECK(vm::holds(19.9, row.comparison, 20) == row.below);
  CHECK(vm::holds(20.0, row.comparison, 20) == row.at);
  CHECK(vm::holds(20.1, row.comparison, 20) == row.above);
  CHECK_FALSE(vm::holds(std::numeric_limits<double>::quiet_NaN(), row.comparison, 20));
}

TEST_CASE("expectation: verdicts come in the scenario's order, with what was got") {
  const std::vector<vm::Expectation> wanted{{"failovers", Comparison::greater_equal, 1, ">= 1"},
                                            {"pause_ms_max", Comparison::less_equal, 20, "<= 20"}};
  const auto verdicts = vm::evaluate(wanted, figures({{"failovers", 2}, {"pause_ms_max", 20.5}}));
  REQUIRE(verdicts.size() == 2);
  CHECK(verdicts[0].name == "failovers");
  CHECK(verdicts[0].want == ">= 1");
  CHECK(verdicts[0].got == 2);
  CHECK(verdicts[0].met);
  CHECK(verdicts[1].got == 20.5);
  CHECK_FALSE(verdicts[1].met);
}

TEST_CASE("expectation: a figure without a value meets nothing, not even an inequality") {
  const std::vector<vm::Expectation> wanted{{"p99_ms", Comparison::not_equal, 7, "!= 7"}};
  const auto verdicts = vm::evaluate(wanted, figures({}));
  CHECK_FALSE(verdicts.at(0).got);
  CHECK_FALSE(verdicts.at(0).met);
}

TEST_CASE(
    "expectation: nothing lost or duplicated is implied, unless the scenario says otherwise") {
  const auto none = vm::with_implied({});
  REQUIRE(none.size() == 2);
  CHECK(none[0].name == "lost");
  CHECK(none[0].want == "== 0");
  CHECK(none[1].name == "duplicated");

  const auto some = vm::with_implied({{"lost", Comparison::greater, 0, "> 0"}});
  REQUIRE(some.size() == 2);
  CHECK(some[0].name == "duplicated");
  CHECK(some[1].name == "lost");
  CHECK(some[1].want == "> 0");
}

TEST_CASE("expectation: names are those of the run and of each client group") {
  CHECK(vm::is_expectation_name("lost", groups));
  CHECK(vm::is_expectation_name("p99_ms", groups));
  CHECK(vm::is_expectation_name("clients.fans.p99_ms", groups));
  CHECK(vm::is_expectation_name("clients.press.box.committed_share_last", groups));
  CHECK_FALSE(vm::is_expectation_name("clients.crowd.p99_ms", groups));
  CHECK_FALSE(vm::is_expectation_name("clients.fans.failovers", groups));
  CHECK_FALSE(vm::is_expectation_name("pause_ms", groups));
  CHECK_FALSE(vm::is_expectation_name("", groups));
}
