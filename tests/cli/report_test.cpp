#include <fstream>
#include <iostream>
#include <sstream>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "cli/summary_text.hpp"
#include "cli/verbs.hpp"
#include "record/recorder.hpp"
#include "tests/record/small_run.hpp"

namespace {

namespace fs = std::filesystem;
using small_run::TemporaryDirectory;

/// What a verb writes to standard output, and its exit code.
struct Said {
  int code;
  std::string text;
};

Said report(const std::vector<std::string>& arguments) {
  std::ostringstream out;
  struct Redirect {
    std::streambuf* before;
    ~Redirect() { std::cout.rdbuf(before); }
  } const redirect{std::cout.rdbuf(out.rdbuf())};
  const int code = cli::report(arguments);
  return {code, out.str()};
}

record::Summary record_small_run(const fs::path& directory, bool balanced = true) {
  record::Recorder recorder{directory, small_run::scenario(), "simulated"};
  recorder.on(small_run::first_batch());
  recorder.on(small_run::second_batch());
  auto outcome = small_run::outcome();
  outcome.books_balance = balanced;
  const auto summary = recorder.finish(outcome, 0.5, 0.4);
  REQUIRE(summary);
  return *summary;
}

}  // namespace

TEST_CASE("report: says what the run said when it ended, from the database alone") {
  const TemporaryDirectory directory, elsewhere;
  const auto summary = record_small_run(directory.path);
  std::ostringstream printed;
  cli::print_summary(printed, summary, {.colour = false, .width = 100});
  const auto alone = elsewhere.path / "copy.sqlite";
  fs::copy_file(directory.path / "run.sqlite", alone);

  const Said said = report({alone.string()});
  CHECK(said.code == cli::exit_done);
  CHECK(said.text == printed.str());
  CHECK(report({directory.path.string()}).text == printed.str());
}

TEST_CASE("report: --json prints summary.json and nothing else") {
  const TemporaryDirectory directory;
  record_small_run(directory.path);
  std::ostringstream file;
  file << std::ifstream{directory.path / "summary.json"}.rdbuf();
  const Said said = report({"--json", directory.path.string()});
  CHECK(said.text == file.str());
  CHECK(nlohmann::json::parse(said.text)["scenario"] == "small");
}

TEST_CASE("report: --csv makes the folder and writes every file again") {
  const TemporaryDirectory directory;
  record_small_run(directory.path);
  const auto again = directory.path / "new" / "csv";
  CHECK(report({directory.path.string(), "--csv", again.string()}).code == cli::exit_done);
  CHECK(fs::file_size(again / "samples.csv") == fs::file_size(directory.path / "samples.csv"));
}

TEST_CASE("report: a run that failed its expectations still does") {
  const TemporaryDirectory directory;
  record_small_run(directory.path, false);
  CHECK(report({directory.path.string()}).code == cli::exit_unmet);
}

TEST_CASE("report: what cannot be reported is bad usage, with the reason") {
  const TemporaryDirectory directory;
  CHECK_THROWS_AS(report({}), cli::UsageError);
  CHECK_THROWS_AS(report({directory.path.string()}), cli::UsageError);
  CHECK_THROWS_WITH(report({"/nonexistent"}), "/nonexistent: no such run");
  record_small_run(directory.path);
  CHECK_THROWS_AS(report({directory.path.string(), directory.path.string(), "--json"}),
                  cli::UsageError);
}

TEST_CASE("report: a CSV folder that cannot be made is a failure outside, not bad usage") {
  const TemporaryDirectory directory;
  record_small_run(directory.path);
  CHECK_THROWS_AS(report({directory.path.string(), "--csv", "/proc/nowhere"}),
                  fs::filesystem_error);
}

TEST_CASE("report: --help shows an example") {
  const Said said = report({"--help"});
  CHECK(said.code == cli::exit_done);
  CHECK_THAT(said.text, Catch::Contains("example: brink report results/overload-42"));
}
