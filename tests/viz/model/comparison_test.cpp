#include "viz/model/comparison.hpp"

#include <catch2/catch.hpp>

#include "viz/model/replay_session.hpp"

namespace {

using namespace std::chrono_literals;
using namespace viz::model;

/// A machine at one utilisation for so long, sampled every second.
std::unique_ptr<Session> run_at(double cpu, int seconds) {
  RunStart start;
  start.info.duration = seconds * 1s;
  start.info.sample = 1s;
  start.info.fleets = {{"web", {0}, 1, 0, "none"}};
  start.info.flavors = {{"small", {}, 0}};
  auto session = std::make_unique<ReplaySession>(start, [=](LoaderPort& port) {
    vm::Batch b;
    b.now = Time{seconds * 1s};
    b.machines = {{Time{}, {0}, {0}, {0}, false}};
    b.machine_states = {{Time{}, {0}, vm::MachineState::up}};
    for (int t = 1; t <= seconds; ++t)
      b.samples.push_back({Time{t * 1s}, {0}, vm::MachineState::up, {{{cpu, 0, 0, 0}}, 0, 0}});
    if (cpu > 0.98) {
      b.notices = {{Time{5s}, vm::SlaFailureBegan{0, vm::Cause::cpu, {0}, Time{}, cpu, 0.98}}};
    }
    port.rows(std::move(b));
  });
  session->load_all();
  return session;
}

}  // namespace

TEST_CASE("comparison: two runs are shown at one instant, the longer one to its end") {
  Comparison both{run_at(0.5, 10), run_at(1.0, 20)};
  both.load_all();
  both.frame(0);
  both.on(Play{});
  const RunPair early = both.frame(5);
  CHECK(early.first.clock.now == Time{5s});
  CHECK(early.second.clock.now == Time{5s});
  CHECK(early.first.machines.at(0).use[Resource::cpu] == 0.5F);
  CHECK(early.second.machines.at(0).use[Resource::cpu] == 1.0F);
  CHECK(early.second.machines.at(0).failing);
  const RunPair late = both.frame(10);
  CHECK(late.first.clock.now == Time{15s});
  CHECK(late.second.clock.now == Time{15s});
  both.on(Select{{Selection::Kind::machine, 0}});
  const RunPair selected = both.frame(0);
  CHECK(selected.first.selected.mean[Resource::cpu] != nullptr);
  CHECK(selected.second.selected.mean[Resource::cpu] != nullptr);
}

TEST_CASE("comparison: the clock goes over to the longer run without a jump") {
  for (const bool longer_first : {true, false}) {
    Comparison both{run_at(0.5, longer_first ? 20 : 10), run_at(0.5, longer_first ? 10 : 20)};
    both.on(Seek{Time{}});
    both.frame(0);
    both.on(SetSpeed{2});
    both.on(Play{});
    CHECK(both.frame(2).first.clock.now == Time{4s});
    CHECK(both.frame(6).second.clock.now == Time{16s});
  }
}

TEST_CASE("comparison: figures of a range, side by side") {
  Comparison both{run_at(0.5, 10), run_at(1.0, 10)};
  const auto figures = compare(both.frame(0), Time{}, Time{10s});
  const auto figure = [&](const std::string& name) {
    const auto found = std::ranges::find(figures, name, &ComparedFigure::name);
    REQUIRE(found != figures.end());
    return *found;
  };
  CHECK(figure("cpu, mean of machines").first == 50.0);
  CHECK(figure("cpu, mean of machines").second == 100.0);
  CHECK(figure("cpu, time of the worst at the limit").first == 0.0);
  CHECK(figure("cpu, time of the worst at the limit").second == 100.0);
  CHECK(figure("SLA failures").first == 0.0);
  CHECK(figure("SLA failures").second == 1.0);
  CHECK_FALSE(figure("latency p99, mean").first);  // nobody asked
}
