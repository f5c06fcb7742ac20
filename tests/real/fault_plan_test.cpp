#include "real/fault_plan.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace real;
using namespace std::chrono_literals;

struct Bench {
  vm::Scenario scenario;
  asio::io_context io;
  std::vector<vm::MachineId> up{{0}, {2}, {5}};
  std::vector<vm::MachineId> struck, healed;
  std::vector<std::string> told;

  Bench() { scenario.duration = 400ms; }
  FaultPlan::Handlers handlers() {
    return {.machines_up = [this] { return up; },
            .strike = [this](const FaultPlan::Stroke& s) { struck.push_back(s.machine); },
            .heal = [this](const FaultPlan::Stroke& s) { healed.push_back(s.machine); },
            .tell = [this](vm::MachineId, std::string what) { told.push_back(what); }};
  }
  void play() {
    FaultPlan plan{io, scenario, handlers()};
    plan.begin(std::chrono::steady_clock::now());
    io.run_for(600ms);
  }
};

}  // namespace

TEST_CASE("fault plan: a fault strikes its machine, heals, and strikes nobody where it is not up") {
  Bench bench;
  vm::Fault slow;
  slow.kind = vm::FaultKind::slow;
  slow.at = vm::Time{20ms};
  slow.machine = 2;
  slow.lasts = 50ms;
  vm::Fault crash;
  crash.at = vm::Time{30ms};
  crash.machine = 1;
  bench.scenario.faults = {slow, crash};
  bench.play();
  CHECK(bench.struck == std::vector<vm::MachineId>{{2}});
  CHECK(bench.healed == std::vector<vm::MachineId>{{2}});
  CHECK(bench.told == std::vector<std::string>{"slow to 50 %", "crash: no machine to strike"});
}

TEST_CASE("fault plan: drawn instants and victims are those of the simulated world's streams") {
  Bench bench;
  bench.scenario.seed = 7;
  vm::Fault crash;
  crash.every = sim::Distribution{sim::Exponential{0.05}};
  bench.scenario.faults = {crash};
  bench.play();
  // The world draws the next gap at the start of a stroke, then its victim.
  sim::RandomStream chance{7, "fault", 0};
  std::vector<vm::MachineId> expected;
  double at = (*crash.every)(chance);
  while (at <= 0.4) {
    at += (*crash.every)(chance);
    expected.push_back(bench.up[chance.below(bench.up.size())]);
  }
  CHECK(expected.size() > 2);
  CHECK(bench.struck == expected);
}

TEST_CASE("fault plan: a trap springs once, at its step and on its side") {
  Bench bench;
  vm::Fault trap;
  trap.at = vm::Time{10ms};
  trap.during = vm::MigrationStep::verifying;
  trap.side = vm::Side::target;
  bench.scenario.faults = {trap};
  FaultPlan plan{bench.io, bench.scenario, bench.handlers()};
  CHECK_FALSE(plan.spring(vm::MigrationStep::verifying, {0}, {2}));  // not set yet
  plan.begin(std::chrono::steady_clock::now());
  bench.io.run_for(100ms);
  CHECK_FALSE(plan.spring(vm::MigrationStep::copying, {0}, {2}));
  const auto sprung = plan.spring(vm::MigrationStep::verifying, {0}, {2});
  REQUIRE(sprung);
  CHECK(sprung->machine == vm::MachineId{2});
  CHECK_FALSE(plan.spring(vm::MigrationStep::verifying, {0}, {2}));
}
