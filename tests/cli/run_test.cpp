// brink run as a whole: what goes where, and which exit code.
#include <regex>
#include <sstream>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "tests/cli/brink_process.hpp"

namespace {

using namespace brink_process;
using Catch::Contains;
using Catch::StartsWith;
using nlohmann::json;

/// Every key that DESIGN.md promises, as JSON pointers.
constexpr const char* promised[] = {"/scenario",
                                    "/seed",
                                    "/world",
                                    "/fingerprint",
                                    "/duration_s",
                                    "/wall_s",
                                    "/cpu_s",
                                    "/transactions/issued",
                                    "/transactions/committed",
                                    "/transactions/refused",
                                    "/transactions/timed_out",
                                    "/transactions/failed",
                                    "/transactions/in_flight",
                                    "/transactions/acknowledged",
                                    "/transactions/lost",
                                    "/transactions/duplicated",
                                    "/transactions/per_wall_second",
                                    "/latency_ms/mean",
                                    "/latency_ms/p50",
                                    "/latency_ms/p90",
                                    "/latency_ms/p99",
                                    "/latency_ms/p999",
                                    "/latency_ms/max",
                                    "/sla_failures",
                                    "/failovers",
                                    "/migrations/count",
                                    "/migrations/aborted",
                                    "/migrations/bytes",
                                    "/migrations/pause_ms_p50",
                                    "/migrations/pause_ms_max",
                                    "/cost",
                                    "/expectations/0/name",
                                    "/expectations/0/want",
                                    "/expectations/0/got",
                                    "/expectations/0/met"};

/// Whether `text` has a line that fits the expression. Line by line: std::regex goes a step deeper
/// into the stack for each character.
bool has_line(const std::string& text, const std::string& expression) {
  const std::regex wanted{expression};
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_match(line, wanted)) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("run: leaves a directory with everything in it") {
  const Desk desk;
  const Said said = desk.brink({"run", "small.toml"});
  CHECK(said.code == 0);
  CHECK(said.err.empty());
  CHECK_THAT(said.out, StartsWith("small, seed 1 -> results/small-1\n") &&
                           Contains("BOOKS         lost 0, duplicated 0\n") &&
                           Contains("EXPECTED      all of it met\n") &&
                           Catch::EndsWith("brink report results/small-1  shows this again\n"));
  CHECK(desk.list("results/small-1") == Words{"failovers.csv", "faults.csv", "latency.csv",
                                              "machines.csv", "migrations.csv", "run.sqlite",
                                              "samples.csv", "scenario.toml", "sla_failures.csv",
                                              "summary.json", "throughput.csv"});
}

TEST_CASE("run: what happens is told as it happens, in order") {
  const Desk desk;
  const Said said = desk.brink({"run", scenario_file("overload")});
  CHECK(said.code == 0);
  CHECK(said.out.find('\x1b') == std::string::npos);  // a file is no terminal
  const std::string at = "   0:0[0-9]:[0-9]{2}\\.[0-9]{3}  ";
  CAPTURE(said.out);
  CHECK(has_line(said.out, at + "SLA failure   machine 1: cpu at [0-9.]+ %, over 98 % for 5 s"));
  CHECK(has_line(said.out, at + "Trigger process failover: triggered "
                                "\\(failover 0 of machine 1, cpu\\)"));
  CHECK(has_line(said.out, at + "  migration     tenant [0-9]+ +1 -> 2 +[0-9.]+ KiB +[0-9]+ "
                                "rounds  paused +[0-9.]+ [um]s"));
  CHECK(has_line(said.out, at + "failover 0    completed: [0-9]+ moved to machine 2, .*"));
  const auto broken = said.out.find("SLA failure   machine 1");
  const auto triggered = said.out.find("Trigger process failover");
  const auto moved = said.out.find("  migration ");
  const auto completed = said.out.find("failover 0    completed");
  CHECK((broken < triggered && triggered < moved && moved < completed));
  CHECK(completed < said.out.find("met again"));
}

TEST_CASE("run: --quiet prints what brink report prints, and nothing else") {
  const Desk desk;
  const Said said = desk.brink({"run", scenario_file("overload"), "--quiet"});
  CHECK(said.code == 0);
  CHECK(said.err.empty());
  CHECK_THAT(said.out, StartsWith("\noverload      seed 42, simulated"));
  CHECK(desk.brink({"report", "results/overload-42"}).out == said.out);
  CHECK(desk.brink({"report", "results/overload-42/run.sqlite"}).out == said.out);
}

TEST_CASE("run: --json prints one object with the promised names, and nothing else") {
  const Desk desk;
  const Said said = desk.brink({"run", scenario_file("overload"), "--json"});
  CHECK(said.code == 0);
  const json object = json::parse(said.out);  // throws at anything before or behind it
  for (const char* name : promised) {
    INFO(name);
    CHECK(object.contains(json::json_pointer(name)));
  }
  CHECK(object["scenario"] == "overload");
  CHECK(object["seed"] == 42);
  CHECK(object["world"] == "simulated");
  CHECK(object["duration_s"] == 180);
  CHECK(said.out == whole_file(desk / "results/overload-42/summary.json"));
  CHECK(desk.brink({"report", "results/overload-42", "--json"}).out == said.out);
  CHECK_THAT(said.err, Contains("Trigger process failover: triggered"));
  CHECK(desk.brink({"run", "small.toml", "--json", "--quiet"}).err.empty());
}

TEST_CASE("run: an expectation that is not met is exit code 1, and said") {
  const Desk desk;
  const Said said = desk.brink({"run", "small.toml", "--set", "expect.issued=< 5"});
  CHECK(said.code == 1);
  CHECK_THAT(said.out, Contains("EXPECTED      1 of 3 NOT MET") && Contains("NOT MET  issued"));
  CHECK(desk.brink({"report", "results/small-1"}).code == 1);
}

TEST_CASE("run: --seed is another run, and the same seed the same") {
  const Desk desk;
  const auto fingerprint = [&](const Words& more) {
    Words words{"run", "small.toml", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return json::parse(desk.brink(words).out)["fingerprint"].get<std::string>();
  };
  const std::string first = fingerprint({"--seed", "7"});
  CHECK(first == fingerprint({"--seed=7"}));
  CHECK(first == fingerprint({"--set", "scenario.seed=7"}));
  CHECK(first != fingerprint({"--seed", "8"}));
  CHECK(desk.list("results") == Words{"small-7", "small-7-2", "small-7-3", "small-8"});
}

TEST_CASE("run: several files are played one after the other, and the worst decides") {
  const Desk desk;
  desk.put("other.toml", edited("\"small\"", "\"other\"") + "[expect]\nissued = \"== 0\"\n");
  const Said said = desk.brink({"run", "small.toml", "other.toml", "small.toml", "--out", "a/b"});
  CHECK(said.code == 1);
  CHECK_THAT(said.out, Contains("small, seed 1 -> a/b/small-1\n") &&
                           Contains("other, seed 1 -> a/b/other-1\n") &&
                           Contains("small, seed 1 -> a/b/small-1-2\n"));
  CHECK(desk.list("a/b") == Words{"other-1", "small-1", "small-1-2"});
  CHECK(desk.list("results").empty());
}

TEST_CASE("run: --transactions also writes every transaction") {
  const Desk desk;
  const Said said = desk.brink({"run", "small.toml", "--transactions", "--json"});
  CHECK(said.code == 0);
  const json summary = json::parse(said.out);
  const std::string rows = whole_file(desk / "results/small-1/transactions.csv");
  const auto ended = summary["transactions"]["issued"].get<long>() -
                     summary["transactions"]["in_flight"].get<long>();
  CHECK(lines(rows) == ended + 1);  // and the names of the columns
}

TEST_CASE("run: a scenario is read from a pipe as well") {
  const Desk desk;
  REQUIRE(mkfifo((desk / "pipe.toml").c_str(), 0600) == 0);
  const auto process = desk.start({"check", "pipe.toml"});
  std::ofstream(desk / "pipe.toml") << small_text;  // waits until it is read
  const Said said = process->wait();
  CHECK(said.code == 0);
  CHECK_THAT(said.out, StartsWith("small: 1 min, 1 client\n"));
}
