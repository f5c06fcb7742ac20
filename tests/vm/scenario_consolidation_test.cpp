#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "vm/model/run.hpp"
#include "vm/scenario_toml.hpp"

namespace {

const std::string small = SOURCE_DIR "/scenarios/consolidation_small.toml";
const std::string planetlab = SOURCE_DIR "/scenarios/planetlab.toml";

vm::LoadedScenario load(const std::string& file, const std::vector<std::string>& settings = {}) {
  return vm::load_scenario(file, settings);
}

/// The only issue of a scenario that has one.
std::string issue(const std::string& file, const std::vector<std::string>& settings) {
  const auto loaded = load(file, settings);
  REQUIRE_FALSE(loaded);
  CAPTURE(to_string(loaded.issues()[0]));
  CHECK(loaded.issues().size() == 1);
  return to_string(loaded.issues()[0]);
}

/// Counts what a run of hosts tells.
struct Counting final : vm::ObservationSink {
  void on(const vm::Batch& batch) override {
    machines += batch.machines.size();
    states.insert(states.end(), batch.machine_states.begin(), batch.machine_states.end());
    samples += batch.samples.size();
    rows.insert(rows.end(), batch.consolidation.begin(), batch.consolidation.end());
  }
  std::size_t machines = 0, samples = 0;
  std::vector<vm::MachineStateRow> states;
  std::vector<vm::ConsolidationInterval> rows;
};

TEST_CASE("scenario: a consolidation is read into hosts, VMs and a policy") {
  const auto loaded = load(small);
  if (!loaded) FAIL(to_string(loaded.issues()[0]));
  REQUIRE(loaded->consolidation);
  const vm::Consolidation& c = *loaded->consolidation;
  CHECK(c.method == "LR-MMT 1.2");
  CHECK(c.center.hosts == 40);
  CHECK(c.center.vms == 60);
  CHECK(c.center.host_kinds.size() == 2);
  CHECK(c.center.host_kinds[1].mips == 2660);
  CHECK(c.center.host_kinds[1].memory == 4096);
  CHECK(c.center.host_kinds[0].power.full() == 117);
  CHECK(c.center.vm_kinds[2].memory == 613);
  CHECK(c.center.policy.detector.kind == vm::DetectorKind::regression);
  CHECK(c.center.policy.memory_per_second == 62.5);
  CHECK(c.center.end == 86'400);
  CHECK(c.traces->size() == 60);
  // Hosts are machines: a flavor and a fleet for each kind.
  REQUIRE(loaded->fleets.size() == 2);
  CHECK(loaded->fleets[1].name == "G5");
  CHECK(loaded->fleets[1].count == 20);
  CHECK(loaded->flavors[0].capacity.cores == 2);
}

TEST_CASE("scenario: detectors have the reference's parameters unless told otherwise") {
  const auto method = [](const std::vector<std::string>& settings) {
    const auto loaded = load(small, settings);
    REQUIRE(loaded);
    return loaded->consolidation->method;
  };
  CHECK(method({"consolidation.detector=IQR"}) == "IQR-MMT 1.5");
  CHECK(method({"consolidation.selection=MC", "consolidation.parameter=1.3"}) == "LR-MC 1.3");
  CHECK(method({"consolidation.detector=NPA"}) == "NPA");
  for (const auto& [detector, expected] :
       std::vector<std::pair<std::string, std::string>>{{"THR", "THR-MMT 0.8"},
                                                        {"IQR", "IQR-MMT 1.5"},
                                                        {"MAD", "MAD-MMT 2.5"},
                                                        {"LR", "LR-MMT 1.2"},
                                                        {"LRR", "LRR-MMT 1.2"},
                                                        {"DVFS", "DVFS"}}) {
    CHECK(method({"consolidation.detector=" + detector}) == expected);
  }
}

TEST_CASE("scenario: without a trace, it says where there is one") {
  const std::string trace = "consolidation.trace=/nowhere/20110303";
  const std::string said = issue(planetlab, {trace});
  CHECK_THAT(said, Catch::Contains("there is no folder '/nowhere/20110303'"));
  CHECK_THAT(said, Catch::Contains("github.com/beloglazov/planetlab-workload-traces"));
  CHECK_THAT(said, Catch::Contains("--set consolidation.trace=FOLDER"));
  CHECK_THAT(issue(planetlab, {"consolidation.trace=" SOURCE_DIR "/scenarioz"}),
             Catch::EndsWith("; did you mean 'scenarios'?"));
}

TEST_CASE("scenario: what is wrong with a consolidation is told by name") {
  CHECK_THAT(issue(small, {"consolidation.detector=TRH"}), Catch::Contains("did you mean 'THR'"));
  CHECK_THAT(issue(small, {"consolidation.selection=LRU"}), Catch::Contains("selection"));
  CHECK_THAT(issue(small, {"consolidation.hosts=0"}), Catch::Contains("1 to"));
  CHECK_THAT(issue(small, {"consolidation.paramter=2"}), Catch::Contains("parameter"));
  CHECK_THAT(issue(small, {"host.G4.power=[1, 2]"}), Catch::Contains("11 numbers, found 2"));
  CHECK_THAT(issue(small, {"host.G4.power=[9, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18]"}),
             Catch::Contains("falls"));
  CHECK_THAT(issue(small, {"scenario.duration=5 min"}), Catch::Contains("no measurement"));
  CHECK_THAT(issue(small, {"expect.energy_kw=< 5"}), Catch::Contains("energy_kwh"));
  CHECK_THAT(issue(SOURCE_DIR "/scenarios/overload.toml", {"expect.energy_kwh=< 5"}),
             Catch::Contains("no run has such a figure"));
}

TEST_CASE("scenario: a run of hosts tells machines, samples and a row an interval") {
  auto loaded = load(small, {"scenario.duration=6 h"});
  REQUIRE(loaded);
  Counting sink;
  const auto outcome = vm::model::run(*loaded, {.sink = &sink});
  REQUIRE(outcome.consolidation);
  CHECK(sink.machines == 40);
  // 300.1 s, 600.1 s ... before 21,600 s.
  REQUIRE(sink.rows.size() == 71);
  CHECK(outcome.events == 71);
  CHECK(sink.samples >= 71 * sink.rows.back().active_hosts);
  CHECK(outcome.consolidation->energy_kwh >= sink.rows.back().energy_kwh);
  std::uint64_t migrations = 0;
  for (const auto& row : sink.rows) migrations += row.migrations;
  CHECK(migrations == outcome.consolidation->migrations);
  std::int64_t on = 0;
  for (const auto& row : sink.states) on += row.state == vm::MachineState::up ? 1 : -1;
  CHECK(on == sink.rows.back().active_hosts);
  CHECK(outcome.machines.size() == 40);
  CHECK(outcome.books_balance);
  CHECK(vm::model::run(*loaded).fingerprint == outcome.fingerprint);  // watching changes nothing
}

TEST_CASE("scenario: a run of hosts stops when asked, at the next interval") {
  auto loaded = load(small);
  REQUIRE(loaded);
  const std::atomic<bool> stop = true;
  const auto outcome = vm::model::run(*loaded, {.stop = &stop});
  CHECK(outcome.interrupted);
  CHECK(outcome.events == 1);
  CHECK(outcome.end < sim::Time{std::chrono::minutes{10}});
}

TEST_CASE("scenario: quirks are all, none, or named; placements of ours go by name") {
  const auto policy = [](const std::vector<std::string>& settings) {
    const auto loaded = load(small, settings);
    if (!loaded) FAIL(to_string(loaded.issues()[0]));
    return loaded->consolidation->center.policy;
  };
  CHECK(policy({}).quirks.stale_watts);
  CHECK_FALSE(policy({"consolidation.quirks=false"}).quirks.free_edges);
  const auto one = policy({"consolidation.quirks.double_moves=false"});
  CHECK_FALSE(one.quirks.double_moves);
  CHECK(one.quirks.stale_watts);
  CHECK(policy({"consolidation.placement=fresh-machine"}).placement ==
        vm::HostPlacement::fresh_machine);
  CHECK_THAT(issue(small, {"consolidation.quirks.stale=false"}), Catch::Contains("stale_watts"));
  CHECK_THAT(issue(small, {"consolidation.placement=first"}), Catch::Contains("first-fit"));
}

}  // namespace
