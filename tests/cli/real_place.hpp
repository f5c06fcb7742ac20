// A place in which `brink real` is played as a person starts it: its scenario, who is there while
// it plays, and what is left afterwards.
#pragma once

#include <set>

#include <nlohmann/json.hpp>

#include "tests/cli/brink_process.hpp"
#include "tests/kill/processes.hpp"

namespace real_place {

using namespace brink_process;

inline constexpr std::string_view crowd = R"(# Question: does it work?
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
inline std::set<int> processes(const std::string& words) {
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
  std::unique_ptr<Process> start(const Words& options = {}) const {
    Words words{"real", "crowd.toml"};
    words.insert(words.end(), options.begin(), options.end());
    return desk.start(std::move(words), {.environment = environment});
  }
  /// Through another program, which is to become it in the end: `words`, and the rest follows.
  std::unique_ptr<Process> start_through(Words words, const Words& settings = {},
                                         const fs::path& temporary = {}) const {
    words.insert(words.end(), {BRINK, "real", "crowd.toml"});
    for (const std::string& setting : settings) words.insert(words.end(), {"--set", setting});
    const fs::path there = temporary.empty() ? desk.folder() : temporary;
    return std::make_unique<Process>(
        words, Process::Start{.folder = desk.folder(), .environment = {"TMPDIR=" + there.string()}},
        desk.folder());
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
  bool until_nothing_is_left(const std::vector<kill_table::Part>& nodes) const {
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
  /// Everybody who is there now.
  std::vector<kill_table::Part> parts() const { return kill_table::parts_of(of_us); }
  nlohmann::json summary() const {
    return nlohmann::json::parse(whole_file(desk / "results/crowd-1/summary.json"));
  }
};

}  // namespace real_place
