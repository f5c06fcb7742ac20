// The scenarios that come with Brink, played by the real binary: their expectations are their
// answers, so whatever breaks one breaks what the file says in its first lines.
#include <cstdlib>

#include <nlohmann/json.hpp>

#include "tests/cli/brink_process.hpp"

namespace {

using namespace brink_process;
using nlohmann::json;

struct Played {
  int code;
  json summary;
};

Played play(const Desk& desk, const std::string& scenario, const Words& settings = {}) {
  Words words{"run", scenario_file(scenario), "--json", "--quiet"};
  for (const std::string& setting : settings) {
    words.push_back("--set");
    words.push_back(setting);
  }
  const Said said = desk.brink(words);
  INFO(said.err);
  REQUIRE(said.code <= 1);
  Played played{said.code, json::parse(said.out)};
  for (const json& e : played.summary["expectations"]) {
    if (e["met"] != true) UNSCOPED_INFO("not met: " << e.dump());
  }
  return played;
}

}  // namespace

TEST_CASE("scenarios: every file's expectations are met") {
  const Desk desk;
  int files = 0;
  for (const auto& entry : fs::directory_iterator(SOURCE_DIR "/scenarios")) {
    const std::string name = entry.path().stem().string();
    CAPTURE(name);
    if (name == "worldcup98") continue;  // below
    // These need traces that do not come with them; below.
    if (name == "planetlab" || name == "bitbrains") continue;
    Words settings;
    // An hour of it is a second of wall time, and its bounds still hold for other seeds.
    if (name == "theory") settings = {"scenario.duration=1 h"};
    CHECK(play(desk, name, settings).code == 0);
    CHECK(desk.brink({"check", entry.path().string()}).code == 0);
    ++files;
  }
  CHECK(files >= 9);
}

TEST_CASE("scenarios: every file opens with its question and what is expected") {
  for (const auto& entry : fs::directory_iterator(SOURCE_DIR "/scenarios")) {
    CAPTURE(entry.path());
    const std::string text = whole_file(entry.path());
    CHECK_THAT(text, Catch::StartsWith("# Question: "));
    CHECK_THAT(text, Catch::Contains("\n# Expect:   "));
  }
}

TEST_CASE("scenarios: the World Cup evening in eight minutes is split up and served") {
  const Desk desk;
  // From the file's 2,333 requests a second at 19:45 to its peak of 3,484. Four machines are full
  // at 4 x 2 cores / 3 ms = 2,667 a second, so every one of them must give half of its fans away.
  const Played played =
      play(desk, "worldcup98",
           {"scenario.duration=8 min", "scenario.warmup=10 s", "flavor.web.boot=20 s",
            R"(clients.fans.rate=[["0 s", "2333 /s"], ["2 min", "2333 /s"], ["3 min", "3484 /s"]])",
            "failover.cooldown=60 s", "expect.failovers=>= 4",
            "expect.clients.fans.committed_share_last=== 1"});
  CHECK(played.code == 0);
}

TEST_CASE("scenarios: every request of the World Cup trace is issued") {
  const char* folder = std::getenv("BRINK_TRACES");
  const fs::path trace = fs::path{folder == nullptr ? "" : folder} / "worldcup98_1998-06-30.csv";
  if (folder == nullptr || !fs::exists(trace)) {
    WARN("skipped: BRINK_TRACES names no folder with worldcup98_1998-06-30.csv");
    return;
  }
  // The file's first hour, summed up here.
  std::ifstream rows{trace};
  std::string row;
  std::getline(rows, row);
  long requests = 0;
  for (int minute = 0; minute < 60 && std::getline(rows, row); ++minute) {
    requests += std::stol(row.substr(row.find(',') + 1));
  }
  const Desk desk;
  const Played played = play(
      desk, "worldcup98",
      {"scenario.duration=1 h", "clients.fans.trace=" + trace.string(), "expect.failovers=== 0"});
  CHECK(played.code == 0);
  CHECK(played.summary["transactions"]["issued"] == requests);
}

TEST_CASE("scenarios: planetlab says where its traces are, and plays them where they lie") {
  const Desk desk;
  const Said without =
      desk.brink({"run", scenario_file("planetlab"), "--set", "consolidation.trace=nowhere"});
  CHECK(without.code == 2);
  CHECK_THAT(without.err, Catch::Contains("github.com/beloglazov/planetlab-workload-traces"));
  const char* folder = std::getenv("BRINK_TRACES");
  const fs::path day = fs::path{folder == nullptr ? "" : folder} / "planetlab/20110303";
  if (folder == nullptr || !fs::exists(day)) {
    WARN("skipped: BRINK_TRACES names no folder with planetlab/20110303");
    return;
  }
  const Played played = play(desk, "planetlab", {"consolidation.trace=" + day.string()});
  CHECK(played.code == 0);
  // CloudSim 3.0.3, THR-MMT 0.8.
  const json& c = played.summary["consolidation"];
  CHECK(c["energy_kwh"].get<double>() == Approx(192.6230702104301).epsilon(1e-14));
  CHECK(c["migrations"] == 26711);
  CHECK(c["host_shutdowns"] == 5885);
  CHECK(c["vm_moves"] == 23535);
}

TEST_CASE("scenarios: bitbrains drives memory, disk and network of the hosts as well") {
  const char* folder = std::getenv("BRINK_TRACES");
  const fs::path file = fs::path{folder == nullptr ? "" : folder} / "bitbrains_one_vm.csv";
  if (folder == nullptr || !fs::exists(file)) {
    WARN("skipped: BRINK_TRACES names no folder with bitbrains_one_vm.csv");
    return;
  }
  const Desk desk;
  const Played played = play(desk, "bitbrains", {"consolidation.trace=" + file.string()});
  CHECK(played.code == 0);
  const json& c = played.summary["consolidation"];
  CHECK(c["threshold_failures"] > 0);
  CHECK(c["vms_unplaced"] == 0);
}

TEST_CASE("scenarios: crash loses what a log in memory must, and counts it") {
  const Desk desk;
  // Machine 1 of three has had 600 / 3 = 200 acknowledged writes a second for 60 s: 12,000, with a
  // standard deviation of about 110 for Poisson arrivals.
  const Played memory = play(desk, "crash", {"durability.log=memory"});
  CHECK(memory.code == 1);
  const auto lost = memory.summary["transactions"]["lost"].get<double>();
  CHECK(lost == Approx(12000).margin(5 * 110));
  CHECK(memory.summary["transactions"]["duplicated"] == 0);
  CHECK(play(desk, "crash", {"durability.log=memory", "durability.replicas=2"}).code == 0);
}

TEST_CASE("scenarios: without its failover, what a scenario heals stays broken") {
  const Desk desk;
  const std::string name = GENERATE("overload", "slow_leak", "noisy_neighbour", "cold_boot");
  CAPTURE(name);
  CHECK(play(desk, name, {"failover.policy=none"}).code == 1);
}

TEST_CASE("scenarios: with a budget, the naive clients of the retry storm recover as well") {
  const Desk desk;
  const Words settings{R"(clients.naive.retry.budget="10 %")",
                       "expect.clients.naive.committed_share_last=>= 99 %"};
  CHECK(play(desk, "retry_storm", settings).code == 0);
}
