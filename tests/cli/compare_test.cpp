#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "cli/comparison.hpp"
#include "cli/verbs.hpp"
#include "record/reader.hpp"
#include "record/recorder.hpp"
#include "tests/record/small_run.hpp"
#include "tests/scenarios.hpp"
#include "vm/model/run.hpp"

namespace {

namespace fs = std::filesystem;
using Catch::Contains;
using small_run::TemporaryDirectory;

struct Said {
  int code;
  std::string text;
};

Said compare(const std::vector<std::string>& arguments) {
  std::ostringstream out;
  struct Redirect {
    std::streambuf* before;
    ~Redirect() { std::cout.rdbuf(before); }
  } const redirect{std::cout.rdbuf(out.rdbuf())};
  const int code = cli::compare(arguments);
  return {code, out.str()};
}

/// Ten seconds of one machine and writes, recorded to `directory`.
record::Summary play(const fs::path& directory, std::uint64_t seed, double rate = 100) {
  vm::Scenario s = tests::quiet_scenario();
  s.duration = std::chrono::seconds{10};
  s.seed = seed;
  tests::add_cpu_kind(s, sim::Exponential{0.005}, vm::Bytes{100});
  tests::add_clients(s, 5, vm::Poisson{tests::constant_rate(rate)});
  record::Recorder recorder{directory, s, "simulated"};
  const auto outcome = vm::model::run(s, {.sink = &recorder});
  const auto summary = recorder.finish(outcome, 0.5, 0.25);
  REQUIRE(summary);
  return *summary;
}

std::map<std::string, nlohmann::json> figures_of(const Said& said) {
  std::map<std::string, nlohmann::json> figures;
  const auto object = nlohmann::json::parse(said.text);
  for (const auto& figure : object["figures"]) {
    figures[figure["name"]] = figure;
  }
  return figures;
}

}  // namespace

TEST_CASE("compare: every figure of both runs, and what lies between them") {
  const TemporaryDirectory one, two;
  const auto a = play(one.path, 1), b = play(two.path, 2, 150);
  const Said said = compare({one.path.string(), two.path.string(), "--json"});
  CHECK(said.code == cli::exit_done);
  const auto figures = figures_of(said);
  for (const char* name : {"issued", "committed", "latency_ms_p99", "cost", "cpu_mean",
                           "clients.group0.p50_ms", "lost", "sla_failures"}) {
    INFO(name);
    REQUIRE(figures.count(name) == 1);
    const auto& f = figures.at(name);
    CHECK(f["first"] == *record::figure(a, name));
    CHECK(f["second"] == *record::figure(b, name));
    CHECK(f["difference"].get<double>() ==
          Approx(*record::figure(b, name) - *record::figure(a, name)).margin(1e-12));
  }
  const double issued = static_cast<double>(a.counts.issued);
  CHECK(figures.at("issued")["percent"].get<double>() ==
        Approx((static_cast<double>(b.counts.issued) / issued - 1) * 100));
  CHECK(figures.at("wall_s")["first"] == 0.5);
  CHECK(figures.count("p99_ms") == 0);  // another name for latency_ms_p99
  const auto object = nlohmann::json::parse(said.text);
  CHECK(object["books_equal"] == false);
  CHECK(object["first"]["world"] == "simulated");
  CHECK(object["first"]["capacity"] == "exact processor sharing");
  REQUIRE(object["notes"].size() == 1);
  CHECK_THAT(object["notes"][0].get<std::string>(), Contains("Two seeds, 1 and 2"));
}

TEST_CASE("compare: a run is equal to itself, book by book") {
  const TemporaryDirectory one, two;
  play(one.path, 1);
  play(two.path, 1);
  const Said said = compare({one.path.string(), two.path.string()});
  CHECK_THAT(said.text, Contains("0 of them different") && Contains("equal: both balance"));
  for (const auto& [name, figure] :
       figures_of(compare({one.path.string(), two.path.string(), "--json"}))) {
    INFO(name);
    CHECK(figure["difference"] == 0);
    CHECK(figure["percent"] == 0);
  }
}

TEST_CASE("compare: the table shows values, signs and per cent") {
  const TemporaryDirectory one, two;
  play(one.path, 1);
  play(two.path, 1, 200);  // about twice the transactions
  const Said said = compare({one.path.string(), two.path.string()});
  std::istringstream lines{said.text};
  std::string issued;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("  issued ")) issued = line;
  }
  CHECK_THAT(issued, Contains("+") && Contains("%"));
  CHECK_THAT(said.text, Contains(one.path.string()) && Contains("clients.group0.p99_ms"));
}

TEST_CASE("compare: what explains differences is said") {
  record::Summary a, b;
  a.finished = b.finished = true;
  a.seed = b.seed = "1";
  a.books_balance = b.books_balance = true;
  CHECK(cli::comparison_notes(a, b).empty());
  SECTION("worlds, and how capacity was kept") {
    a.world = "simulated";
    a.capacity = "exact processor sharing";
    b.world = "real";
    b.capacity = "cgroup quota, 10 ms period";
    const auto notes = cli::comparison_notes(a, b);
    REQUIRE(notes.size() == 2);
    CHECK_THAT(notes[0], Contains("simulated and real"));
    CHECK_THAT(notes[1], Contains("cgroup quota") && Contains("A quota is not processor sharing"));
  }
  SECTION("a run that was killed") {
    b.finished = false;
    b.books_balance.reset();
    CHECK_THAT(cli::comparison_notes(a, b).at(0), Contains("second run did not finish"));
    CHECK(cli::compare_books(a, b) == cli::BooksCompared::unknown);
  }
  SECTION("books that do not balance are not equal, whatever they say") {
    b.books_balance = false;
    CHECK(cli::compare_books(a, b) == cli::BooksCompared::different);
  }
}

TEST_CASE("compare: differences and per cent of what is nothing, or unknown") {
  using cli::ComparedFigure;
  const ComparedFigure from_nothing{"failovers", cli::Unit::count, 0, 3};
  CHECK(cli::difference_of(from_nothing) == "+3");
  CHECK(cli::percent_of(from_nothing) == "-");
  const ComparedFigure unknown{"latency_ms_p99", cli::Unit::milliseconds, {}, 3};
  CHECK(cli::text_of(unknown.unit, unknown.first) == "-");
  CHECK(cli::difference_of(unknown) == "-");
  const ComparedFigure less{"latency_ms_p99", cli::Unit::milliseconds, 40, 30};
  CHECK(cli::difference_of(less) == "-10 ms");
  CHECK(cli::percent_of(less) == "-25 %");
}

TEST_CASE("compare: what is no run is bad usage, with its name") {
  const TemporaryDirectory one, empty;
  play(one.path, 1);
  const std::string run = one.path.string();
  CHECK_THROWS_WITH(compare({run}), Contains("two RUNs, got 1"));
  CHECK_THROWS_WITH(compare({run, run, run}), Contains("got 3"));
  CHECK_THROWS_AS(compare({run, "/nonexistent"}), cli::UsageError);
  CHECK_THROWS_WITH(compare({run, "/nonexistent"}), Contains("/nonexistent: no such run"));
  CHECK_THROWS_WITH(compare({empty.path.string(), run}), Contains(empty.path.string()));
  std::ofstream{empty.path / "run.sqlite"} << "this is no database, however long it may be";
  CHECK_THROWS_AS(compare({empty.path.string(), run}), cli::UsageError);
}

TEST_CASE("compare: --help shows an example") {
  const Said said = compare({"--help"});
  CHECK(said.code == cli::exit_done);
  CHECK_THAT(said.text, Contains("example: brink compare results/overload-42"));
}
