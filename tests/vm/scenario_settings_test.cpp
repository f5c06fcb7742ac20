#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/vm/scenario_text.hpp"
#include "vm/scenario_toml.hpp"

namespace {

using namespace std::chrono_literals;
using namespace scenario_text;
namespace fs = std::filesystem;

TEST_CASE("scenario: a setting reaches any key, by name, by index, or past the only element") {
  const std::string two_groups = edited("", "[[clients]]\nname = \"fans\"\nrate = \"1 /s\"\n");
  const auto rate_of = [](const vm::ClientGroup& group) {
    return std::get<vm::Poisson>(group.arrivals).rate.points[0].rate;
  };
  CHECK(parsed(two_groups, {"scenario.duration=60s"}).duration == 60s);
  CHECK(parsed(two_groups, {"scenario.seed=7"}).seed == 7);
  CHECK(rate_of(parsed(two_groups, {"clients.fans.rate=\"900 /s\""}).clients[1]) == 900);
  CHECK(rate_of(parsed(two_groups, {"clients.fans.rate=900 /s"}).clients[1]) == 900);
  CHECK(rate_of(parsed(two_groups, {"clients.1.rate=900 /s"}).clients[1]) == 900);
  CHECK(parsed(two_groups, {"fleet.count=5"}).fleets[0].count == 5);
  CHECK(parsed(two_groups, {"fleet.0.count=5"}).fleets[0].count == 5);
  CHECK(parsed(two_groups, {"fleet.fleet.count=5"}).fleets[0].count == 5);
  CHECK(parsed(two_groups, {"flavor.small.cores=4"}).flavors[0].capacity.cores == 4);
  CHECK(parsed(two_groups, {"clients.users.retry.attempts=4"}).clients[0].retry.attempts == 4);
  CHECK(parsed(two_groups, {"fleet.failover.policy=split"}).fleets[0].failover.policy ==
        vm::FailoverPolicy::split);
  CHECK(parsed(two_groups, {"sla.latency.p99.9=1 s"}).sla.latency[0].quantile == 0.999);
  CHECK(parsed(two_groups, {"sla.latency.\"p99.9\"=1 s"}).sla.latency[0].quantile == 0.999);
  CHECK(parsed(two_groups, {"expect.clients.fans.lost=== 0"}).expectations[0].name ==
        "clients.fans.lost");
  const auto steps = parsed(two_groups, {"transaction.get.steps.0={disk=\"1 KiB\"}"});
  CHECK(steps.transactions[0].steps[0].resource == vm::Resource::disk);
  const auto demand = parsed(two_groups, {"transaction.get.steps.0.cpu=7 ms"});
  CHECK(spec_of<sim::Constant>(demand.transactions[0].steps[0].demand).value == Approx(0.007));
  // The later of two wins.
  CHECK(parsed(two_groups, {"scenario.seed=7", "scenario.seed=8"}).seed == 8);
}

TEST_CASE("scenario: a wrong setting is reported under its own text") {
  const auto told = [](const std::string& setting) {
    return to_string(issues_of(std::string(small_text), {setting})[0]);
  };
  CHECK(told("clients.userz.rate=9 /s") ==
        "--set clients.userz.rate=9 /s: there is no 'userz' in 'clients'; did you mean 'users'?");
  CHECK(told("clients.users.raet=9 /s") ==
        "--set clients.users.raet=9 /s: unknown key 'raet' in [[clients]]; did you mean 'rate'?");
  CHECK(told("clients.users.rate=9") ==
        "--set clients.users.rate=9: 'rate': expected a rate such as \"150 /s\": the unit is "
        "missing");
  CHECK_THAT(told("fleet.3.count=1"), Catch::Contains("has 1 elements, counted from 0"));
  CHECK_THAT(told("flavor.smal.cores=1"), Catch::Contains("did you mean 'small'?"));
  CHECK_THAT(told("failovr.policy=split"), Catch::Contains("did you mean 'failover'?"));
  CHECK_THAT(told("scenario.name.x=1"), Catch::Contains("holds one value and no further keys"));
  CHECK_THAT(told("scenario.duration"), Catch::Contains("expected KEY=VALUE"));
  CHECK_THAT(told("=5"), Catch::Contains("expected a key"));
  CHECK_THAT(told("a..b=5"), Catch::Contains("expected a key"));
  CHECK_THAT(told("scenario.name=\xff"), Catch::Contains("the value is not UTF-8 text"));
  CHECK_THAT(told("scenario.seed=tree"), Catch::Contains("expected a whole number"));
}

TEST_CASE("scenario: a setting takes the place of what it excludes") {
  const ScratchFolder folder;
  const auto day = folder.file("day.csv", "t_s,requests\n0,5\n60,7\n");
  const auto with_trace = parsed(std::string(small_text), {"clients.users.trace=" + day.string()});
  CHECK(std::holds_alternative<vm::CountTrace>(with_trace.clients[0].arrivals));
  CHECK(with_trace.text.find("rate") == std::string::npos);
  CHECK(with_trace.text.find(day.string()) != std::string::npos);

  const auto closed = parsed(std::string(small_text), {"clients.users.think=1 s"});
  CHECK(std::holds_alternative<vm::ClosedLoop>(closed.clients[0].arrivals));
  const std::string even = edited("rate =", "arrivals = \"deterministic\"\nrate =");
  CHECK(std::holds_alternative<vm::Deterministic>(
      parsed(even, {"clients.users.rate=5 /s"}).clients[0].arrivals));
  CHECK(std::holds_alternative<vm::CountTrace>(
      parsed(even, {"clients.users.trace=" + day.string()}).clients[0].arrivals));
  const std::string fault = edited("", "[[fault]]\nkind = \"crash\"\nat = \"1 s\"\n");
  CHECK_FALSE(parsed(fault, {"fault.every=10 s"}).faults[0].at);
}

TEST_CASE("scenario: the seed of the command line wins, and the resolved text keeps it") {
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{7}, ~std::uint64_t{0}}) {
    const auto loaded = vm::parse_scenario(small_text, "test.toml", {}, {}, seed);
    REQUIRE(loaded);
    CHECK(loaded->seed == seed);
    const auto again = vm::parse_scenario(loaded->text, "resolved");
    REQUIRE(again);
    CHECK(again->seed == seed);
  }
}

}  // namespace
