// brink real, as a person starts it, and what is left when it has been disturbed: real processes on
// this host, so these take as long as the runs that they play.
#include <set>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <pty.h>

#include "tests/cli/brink_process.hpp"
#include "tests/kill/processes.hpp"

namespace {

using namespace brink_process;

constexpr std::string_view crowd = R"(# Question: does it work?
[scenario]
name = "crowd"
duration = "4 s"
seed = 1

[flavor.small]
cores = 0.2
memory = "128 MiB"
disk = "20 MB/s"
network = "100 Mbit/s"

[[fleet]]
flavor = "small"
count = 2
spare = 1

[transaction.put]
steps = [{ cpu = { exponential = "1 ms" } }, { network = "1 KiB" }]
write = "200 B"

[[clients]]
name = "people"
count = 10
arrivals = "poisson"
rate = "50 /s"
mix = { put = 1.0 }
timeout = "2 s"
retry = { attempts = 3, backoff = { exponential = "50 ms" } }

[durability]
log = "synced"

[sla]
sample = "200 ms"
window = "1 s"

[failover]
policy = "split"
detect = "1 s"

[expect]
lost = "== 0"
duplicated = "== 0"
)";

/// Processes of this user whose command line has `words`, by number.
std::set<int> processes(const std::string& words) {
  std::set<int> found;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator("/proc", gone)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::string line = whole_file(entry.path() / "cmdline");
    std::replace(line.begin(), line.end(), '\0', ' ');
    if (line.find(words) != std::string::npos) found.insert(std::stoi(name));
  }
  return found;
}

/// Every process of a run has the run's own temporary folder, this one, in its words.
struct Place {
  Desk desk;
  Words environment{"TMPDIR=" + desk.folder().string()};
  std::string of_us = desk.folder().string() + "/brink-";

  Place() { desk.put("crowd.toml", crowd); }
  std::unique_ptr<Process> start() const {
    return desk.start({"real", "crowd.toml"}, {.environment = environment});
  }
  std::set<int> until_there(const std::string& verb, std::size_t count) const {
    for (int i = 0; i < 3000; ++i) {
      std::set<int> found;
      const auto of_verb = processes("brink " + verb + " ");
      for (const int process : processes(of_us)) {
        if (of_verb.contains(process)) found.insert(process);
      }
      if (found.size() == count) return found;
      std::this_thread::sleep_for(10ms);
    }
    FAIL("there are not " << count << " of " << verb);
    return {};
  }
  /// Until the control loop has been told something.
  void until_played() const {
    for (int i = 0; i < 3000; ++i) {
      if (!whole_file(desk / "results/crowd-1/journal.jsonl").empty()) return;
      std::this_thread::sleep_for(10ms);
    }
    FAIL("nothing is played");
  }
  void check_nothing_left() const {
    CHECK(processes(of_us).empty());
    for (const std::string& name : desk.list(".")) CHECK(name.find("brink-") != 0);
  }
  /// Nobody is left who could tidy up for a run that was killed, but one.
  bool until_nothing_is_left(const std::vector<pid_t>& nodes) const {
    const auto clean = [&] {
      const Words names = desk.list(".");
      return processes(of_us).empty() && kill_table::groups_of(nodes).empty() &&
             std::none_of(names.begin(), names.end(),
                          [](const std::string& name) { return name.find("brink-") == 0; });
    };
    for (int i = 0; i < 1000; ++i) {
      if (clean()) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }
  nlohmann::json summary() const {
    return nlohmann::json::parse(whole_file(desk / "results/crowd-1/summary.json"));
  }
};

}  // namespace

TEST_CASE("real: a scenario is played, kept, and its journal gives the same orders again",
          "[e2e]") {
  const Place place;
  const Said said = place.start()->wait();
  CAPTURE(said.out, said.err);
  CHECK(said.code == 0);
  const auto summary = place.summary();
  CHECK(summary["world"] == "real");
  CHECK(summary["transactions"]["committed"] > 100);
  CHECK(summary["transactions"]["lost"] == 0);
  CHECK(summary["transactions"]["duplicated"] == 0);
  place.check_nothing_left();
  const Said replayed = place.desk.brink({"replay", "results/crowd-1"});
  CHECK(replayed.code == 0);
  CHECK(replayed.out.find("all the same") != std::string::npos);
}

TEST_CASE("real: gateway, agent and a machine are killed, one after the other; nothing is lost",
          "[e2e]") {
  const Place place;
  const auto run = place.start();
  const int gateway = *place.until_there("gateway", 1).begin();
  const auto nodes = place.until_there("node", 3);
  const int agent = *place.until_there("agent", 1).begin();
  place.until_played();
  ::kill(gateway, SIGKILL);
  std::this_thread::sleep_for(500ms);
  ::kill(agent, SIGKILL);
  ::kill(*nodes.begin(), SIGKILL);
  const Said said = run->wait();
  CAPTURE(said.out, said.err);
  CHECK(said.code == 0);
  CHECK(said.err.find("gateway ended (killed by signal 9), started again") != std::string::npos);
  CHECK(said.out.find("Trigger process failover: triggered") != std::string::npos);
  const auto summary = place.summary();
  CHECK(summary["failovers"] == 1);
  CHECK(summary["transactions"]["lost"] == 0);
  CHECK(summary["transactions"]["duplicated"] == 0);
  place.check_nothing_left();
  CHECK(place.desk.brink({"replay", "results/crowd-1"}).code == 0);
}

TEST_CASE("real: Ctrl-C and a closed terminal end it in good order", "[e2e]") {
  const int signal = GENERATE(SIGINT, SIGTERM, SIGHUP);
  CAPTURE(signal);
  const Place place;
  const auto run = place.start();
  place.until_played();
  run->send(signal);
  const Said said = run->wait();
  CAPTURE(said.out, said.err);
  CHECK(said.code == 3);
  CHECK(said.err.find("interrupted at") != std::string::npos);
  CHECK(place.summary()["transactions"]["lost"] == 0);
  place.check_nothing_left();
}

TEST_CASE("real: killed, it leaves nothing behind but a run that can be read", "[e2e]") {
  const Place place;
  const auto run = place.start();
  const auto nodes = place.until_there("node", 3);
  place.until_played();
  std::this_thread::sleep_for(1s);
  CHECK(place.until_there("janitor", 1).size() == 1);
  run->send(SIGKILL);
  CHECK(run->wait().code == -SIGKILL);
  CHECK(place.until_nothing_is_left({nodes.begin(), nodes.end()}));
  const Said told = place.desk.brink({"report", "results/crowd-1"});
  CAPTURE(told.out, told.err);
  CHECK(told.out.find("crowd") != std::string::npos);
  CHECK(place.desk.brink({"replay", "results/crowd-1"}).code == 0);
}

TEST_CASE("real: when the terminal is closed it ends in good order, and Ctrl-C typed there too",
          "[e2e]") {
  const bool typed = GENERATE(true, false);
  CAPTURE(typed);
  const Place place;
  int terminal = -1;
  const pid_t pid = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  REQUIRE(pid >= 0);
  if (pid == 0) {
    (void)!::chdir(place.desk.folder().c_str());
    ::setenv("TMPDIR", place.desk.folder().c_str(), 1);
    ::execl(BRINK, BRINK, "real", "crowd.toml", nullptr);
    ::_exit(127);
  }
  const auto nodes = place.until_there("node", 3);
  place.until_played();
  // Nobody reads what is written there; it is little enough for the terminal's buffer.
  if (typed) {
    CHECK(::write(terminal, "\x03", 1) == 1);
  } else {
    ::close(terminal);
  }
  int status = 0;
  for (int i = 0; i < 3000 && ::waitpid(pid, &status, WNOHANG) == 0; ++i) {
    std::this_thread::sleep_for(10ms);
  }
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 3);
  if (typed) ::close(terminal);
  CHECK(place.until_nothing_is_left({nodes.begin(), nodes.end()}));
  CHECK(place.summary()["transactions"]["lost"] == 0);
}
