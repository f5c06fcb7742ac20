#include "cli/sweep_plan.hpp"

#include <catch2/catch.hpp>

#include "cli/verbs.hpp"

namespace {

using Words = std::vector<std::string>;

TEST_CASE("sweep: a key and its values") {
  const auto varied = cli::parse_vary("consolidation.detector=THR,LR");
  CHECK(varied.key == "consolidation.detector");
  CHECK(varied.values == Words{"THR", "LR"});
  CHECK(cli::parse_vary("scenario.duration=60s").values == Words{"60s"});
  CHECK(cli::parse_vary("expect.lost=== 0,<= 3").values == Words{"== 0", "<= 3"});
}

TEST_CASE("sweep: a comma inside quotes, brackets or braces belongs to the value") {
  const auto varied = cli::parse_vary(
      R"(clients.fans.rate=[["0 s", "1 /s"], ["9 s", "2 /s"]],"a,b",{ exponential = "1 s", x = 2 })");
  CHECK(varied.values == Words{R"([["0 s", "1 /s"], ["9 s", "2 /s"]])", R"("a,b")",
                               R"({ exponential = "1 s", x = 2 })"});
}

TEST_CASE("sweep: every value meets every other, the last key changes fastest") {
  const std::vector<cli::Varied> varied{{"a", {"1", "2"}}, {"b", {"x", "y", "z"}}};
  REQUIRE(cli::combinations(varied) == 6);
  CHECK(cli::combination(varied, 0) == Words{"1", "x"});
  CHECK(cli::combination(varied, 1) == Words{"1", "y"});
  CHECK(cli::combination(varied, 3) == Words{"2", "x"});
  CHECK(cli::combination(varied, 5) == Words{"2", "z"});
}

TEST_CASE("sweep: what is no KEY=A,B,C is bad usage") {
  for (const char* text : {"", "key", "=1,2", "key=", "key=1,,2", "key=1,"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(cli::parse_vary(text), cli::UsageError);
  }
  const std::vector<cli::Varied> many(8, {"k", Words(10, "1")});
  CHECK_THROWS_AS(cli::combinations(many), cli::UsageError);
}

}  // namespace
