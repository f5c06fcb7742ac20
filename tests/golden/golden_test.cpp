// Is this still the same run? The fingerprint and a hash of each CSV file of each scenario, kept in
// tests/golden/runs.txt. They are the same under every preset (dev, release, asan, clang), so the
// tests of each preset prove it for all.
//
// After a change that is meant to change runs: BRINK_GOLDEN=write scripts/test -R golden
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "record/recorder.hpp"
#include "record/run_directory.hpp"
#include "vm/model/run.hpp"
#include "vm/scenario_toml.hpp"

namespace fs = std::filesystem;

namespace {

const fs::path golden_file = fs::path{SOURCE_DIR} / "tests/golden/runs.txt";

std::string hex(std::uint64_t value) {
  std::ostringstream text;
  text << std::hex << value;
  return text.str();
}

std::string hash_of(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (char c = 0; in.get(c);) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hex(hash);
}

/// "fingerprint" and every CSV file by name.
std::map<std::string, std::string> play(const std::string& name, const std::string& duration) {
  const std::vector<std::string> settings{"scenario.duration=" + duration};
  const auto scenario =
      vm::load_scenario(fs::path{SOURCE_DIR} / "scenarios" / (name + ".toml"), settings);
  if (!scenario) FAIL(to_string(scenario.issues().front()));
  const fs::path out = fs::temp_directory_path() / ("brink-golden-" + std::to_string(getpid()));
  const auto directory = record::create_run_directory(out, scenario->name, scenario->seed);
  record::Recorder recorder{directory, *scenario, "simulated"};
  const auto outcome = vm::model::run(*scenario, {.sink = &recorder, .transactions = true});
  recorder.finish(outcome, 0, 0);
  std::map<std::string, std::string> found{{"fingerprint", hex(outcome.fingerprint)}};
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().extension() == ".csv") {
      found[entry.path().filename().string()] = hash_of(entry.path());
    }
  }
  fs::remove_all(out);
  return found;
}

}  // namespace

TEST_CASE("golden: each scenario is still the same run, byte for byte", "[golden]") {
  const std::map<std::string, std::string> played{
      {"overload", "2 min"},    {"retry_storm", "100 s"},       {"slow_leak", "3 min"},
      {"crash", "2 min"},       {"policies", "2 min"},          {"noisy_neighbour", "2 min"},
      {"cold_boot", "3 min"},   {"closed_loop", "5 min"},       {"theory", "10 min"},
      {"worldcup98", "20 min"}, {"consolidation_small", "24 h"}};
  std::map<std::string, std::string> found;
  for (const auto& [name, duration] : played) {
    for (const auto& [what, value] : play(name, '"' + duration + '"')) {
      found[name + " " + what] = value;
    }
  }
  const char* mode = std::getenv("BRINK_GOLDEN");
  if (mode != nullptr && std::string{mode} == "write") {
    std::ofstream out{golden_file};
    for (const auto& [key, value] : found) out << key << ' ' << value << '\n';
    WARN("wrote " << golden_file);
    return;
  }
  std::ifstream in{golden_file};
  std::map<std::string, std::string> expected;
  for (std::string name, what, value; in >> name >> what >> value;) {
    expected[name + " " + what] = value;
  }
  CHECK(expected.size() == found.size());
  for (const auto& [key, value] : found) {
    INFO(key);
    CHECK(expected[key] == value);
  }
}
