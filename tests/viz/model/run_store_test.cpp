// RunStore: rows in, the view at an instant out. A run of ten seconds that can be reckoned by hand.
#include "viz/model/run_store.hpp"

#include <catch2/catch.hpp>

#include "viz/model/event_log.hpp"

namespace {

using namespace std::chrono_literals;
using namespace viz::model;

constexpr MachineId one{0}, two{1}, three{2};

/// Two machines and a spare that cost 3600 an hour each, so one a second; clients 0 to 3 of "fans"
/// live on machine 0 and 1 in turn.
RunStart start() {
  RunStart s;
  s.info.duration = 10s;
  s.info.sample = 1s;
  s.info.flavors = {{"small", {1, {}, {}, {}}, 3600}};
  s.info.fleets = {{"web", {0}, 2, 1, "split"}};
  s.info.groups = {{"fans", 4, 0}};
  s.owners = {one, two, one, two};
  s.tenant_group.assign(4, GroupId{0});
  return s;
}

vm::SampleRow sample(int second, MachineId machine, double cpu, std::uint32_t tenants) {
  return {Time{second * 1s}, machine, vm::MachineState::up, {{{cpu, 0.25, 0, 0}}, 7, tenants}};
}

/// Machine 0 fails from 3 s (noticed at 5 s) to 8 s; tenant 2 moves from it to machine 2 from 5 s
/// to 6 s. Machine 1 crashes at 4 s and is back at 7 s. Machine 0 is given back at 9 s.
vm::Batch story() {
  vm::Batch b;
  b.now = Time{10s};
  for (const MachineId m : {one, two}) {
    b.machines.push_back({Time{}, m, {0}, {0}, false});
    b.machine_states.push_back({Time{}, m, vm::MachineState::up});
  }
  b.machines.push_back({Time{5s}, three, {0}, {0}, true});
  b.machine_states.push_back({Time{4s}, two, vm::MachineState::down});
  b.machine_states.push_back({Time{5s}, three, vm::MachineState::booting});
  b.machine_states.push_back({Time{5500ms}, three, vm::MachineState::up});
  b.machine_states.push_back({Time{7s}, two, vm::MachineState::up});
  b.machine_states.push_back({Time{9s}, one, vm::MachineState::down, true});
  for (int t = 1; t <= 10; ++t) {
    if (t < 9) b.samples.push_back(sample(t, one, t < 3 ? 0.5 : 1.0, t < 6 ? 2 : 1));
    if (t < 4 || t > 7) b.samples.push_back(sample(t, two, 0.25, 2));
    if (t >= 6) b.samples.push_back(sample(t, three, 0.125, 1));
    b.throughputs.push_back({Time{t * 1s}, {0}, 10, 8, 1, 0, 0, 2, 1});
    const std::uint64_t answered = t == 2 ? 0 : 8;  // nobody at 2 s
    b.latencies.push_back({Time{t * 1s}, {0}, answered, 5, 4.0 * t, 5, 10.0 * t, 20, 30});
  }
  b.notices = {
      {Time{5s}, vm::SlaFailureBegan{0, vm::Cause::cpu, one, Time{3s}, 0.99, 0.98}},
      {Time{5s}, vm::FailoverTriggered{{0}, one, 0, vm::Cause::cpu}},
      {Time{6s}, vm::MigrationEnded{{0}, {2}, one, three, Time{5s}, 2, {1000}, 4ms, false}},
      {Time{6s},
       vm::FailoverEnded{{0}, one, three, vm::FailoverResult::completed, 1, 0, {1000}, 4ms, 0}},
      {Time{8s}, vm::SlaFailureEnded{0, 1.0}},
  };
  b.faults = {{Time{4s}, two, "crash"}};
  return b;
}

struct Shown {
  Shown() : store(start()) { store.absorb(story()); }
  const RunView& at(Duration when, Selection selection = {}) {
    store.show(Time{when}, selection, view);
    return view;
  }
  RunStore store;
  RunView view;
};

}  // namespace

TEST_CASE("run_store: the machines at an instant, forwards, backwards and to and fro") {
  Shown shown;
  for (const auto when : {4500ms, 9500ms, 0ms, 4500ms, 6500ms, 4500ms}) {
    const RunView& v = shown.at(when);
    REQUIRE(v.machines.size() == 3);
    const auto life = [&](MachineId m) { return v.machines[m.value].life; };
    CAPTURE(when.count());
    if (when == 4500ms) {
      CHECK(life(one) == Life::up);
      CHECK(life(two) == Life::down);
      CHECK(life(three) == Life::not_yet);
      CHECK(v.machines[0].use[Resource::cpu] == 1.0F);
      CHECK(v.machines[0].worst_resource() == Resource::cpu);
      CHECK(v.machines[0].tenants == 2);
      CHECK(v.machines[1].use[Resource::cpu] == 0);  // whatever it did before it crashed
      CHECK(v.machines[0].failing);                  // as is known since, and drawn from its start
    } else if (when == 6500ms) {
      CHECK(life(three) == Life::up);
      CHECK(v.machines[2].spare);
      CHECK(v.machines[2].use[Resource::cpu] == 0.125F);
      CHECK(v.machines[0].tenants == 1);
    } else if (when == 9500ms) {
      CHECK(life(one) == Life::released);
      CHECK(v.machines[0].use[Resource::cpu] == 0);
      CHECK_FALSE(v.machines[0].failing);
      CHECK(v.machines[1].use[Resource::cpu] == 0.25F);
    } else {
      CHECK(life(one) == Life::up);
      CHECK(life(three) == Life::not_yet);
    }
  }
}

TEST_CASE("run_store: a machine that boots does not fail, though the evidence began before") {
  vm::Batch batch = story();
  batch.notices = {
      {Time{7s}, vm::SlaFailureBegan{0, vm::Cause::cpu, three, Time{5200ms}, 0.99, 0.98}}};
  RunStore store{start()};
  store.absorb(batch);
  RunView view;
  store.show(Time{5300ms}, {}, view);
  CHECK(view.machines[2].life == Life::booting);
  CHECK_FALSE(view.machines[2].failing);
  store.show(Time{5600ms}, {}, view);
  CHECK(view.machines[2].failing);
}

TEST_CASE("run_store: the figures of an instant") {
  Shown shown;
  const Figures early = shown.at(4500ms).figures;
  CHECK(early.machines == 2);
  CHECK(early.up == 1);
  CHECK(early.down == 1);
  CHECK(early.failing == 1);
  CHECK(early.failures == 1);
  CHECK(early.mean[Resource::cpu] == 1.0F);  // of the one that is up
  CHECK(early.rate == 10);
  CHECK(early.cost_per_hour == 7200);
  CHECK(early.cost == Approx(9.0));  // two machines for four and a half seconds
  const Figures late = shown.at(10s).figures;
  CHECK(late.machines == 2);
  CHECK(late.failing == 0);
  CHECK(late.mean[Resource::cpu] == (0.25F + 0.125F) / 2);
  // 9 s of machine 0, 10 s of machine 1, 5 s of machine 2.
  CHECK(late.cost == Approx(24.0));
}

TEST_CASE("run_store: a failing machine is counted once, from the beginning of the evidence") {
  Shown shown;
  const Series& failing = *shown.at(0s).failing;
  CHECK(failing.at(Time{2s}) == 0.0F);
  CHECK(failing.at(Time{3500ms}) == 1.0F);
  CHECK(failing.at(Time{9s}) == 0.0F);
  const auto figures = failing.figures(Time{}, Time{10s});
  REQUIRE(figures);
  CHECK(figures->mean == Approx(0.5));  // 3 s to 8 s

  // A second failure of the same machine, while the first one lasts, and one of everything.
  vm::Batch more;
  more.now = Time{10s};
  more.notices = {
      {Time{6s}, vm::SlaFailureBegan{1, vm::Cause::memory, one, Time{6s}, 1, 0.98}},
      {Time{6s}, vm::SlaFailureBegan{2, vm::Cause::latency, vm::no_machine, Time{6s}, 1, 0.5}},
      {Time{9s}, vm::SlaFailureEnded{1, 1.0}},
  };
  shown.store.absorb(more);
  const auto longer = shown.at(7s).failing->figures(Time{}, Time{10s});
  REQUIRE(longer);
  CHECK(longer->mean == Approx(0.6));
  CHECK(shown.view.figures.failing == 1);
  CHECK(shown.view.figures.failures == 3);
}

TEST_CASE("run_store: clients have the rates of their interval and the sums since the start") {
  Shown shown;
  const GroupView group = shown.at(3500ms).groups.at(0);
  CHECK(group.issued_per_s == 10);
  CHECK(group.refused_per_s == 1);
  CHECK(group.issued == 30);
  CHECK(group.retries == 6);
  CHECK(group.in_flight == 1);
  CHECK(group.p50_ms == 12.0);
  CHECK(group.p99_ms == 30.0);
  CHECK_FALSE(shown.at(2s).groups.at(0).p99_ms);  // nobody was answered
  CHECK(shown.at(500ms).groups.at(0).issued == 0);
  CHECK(shown.view.latency.p99->size() == 9);
  CHECK(shown.view.throughput.issued->size() == 10);
}

TEST_CASE("run_store: flows go where the tenants live, and say when that place fails") {
  Shown shown;
  const auto& flows = shown.at(4s).flows;
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].tenants == 4);
  CHECK(flows[0].rate == 10);
  CHECK(flows[0].fails);
  CHECK_FALSE(shown.at(2s).flows.at(0).fails);
}

TEST_CASE("run_store: a migration moves, is over, and fades") {
  Shown shown;
  CHECK(shown.at(4900ms).under_way.empty());
  CHECK(shown.at(5250ms).under_way.at(0).progress == Approx(0.25));
  CHECK(shown.view.figures.migrations == 1);
  CHECK(shown.at(6250ms).under_way.at(0).strength == Approx(0.5));  // of half a second
  CHECK(shown.view.figures.migrations == 0);
  CHECK(shown.at(6500ms).under_way.empty());
}

TEST_CASE("run_store: a live migration has its arrow before it has ended, and one record after") {
  RunStore store{start()};
  RunView view;
  vm::Batch b;
  b.now = Time{2s};
  b.rounds = {{Time{1s}, {2}, one, two, 0, {800}, Time{2s}}};
  store.absorb(b);
  store.show(Time{1500ms}, {}, view);
  REQUIRE(view.under_way.size() == 1);
  // Half of the first round, which is counted as four fifths of the way.
  CHECK(view.under_way[0].progress == Approx(0.4));
  b = {};
  b.now = Time{3s};
  b.rounds = {{Time{2s}, {2}, one, two, 1, {100}, Time{2500ms}}};
  store.absorb(b);
  store.show(Time{2500ms}, {}, view);
  CHECK(view.under_way.at(0).progress == Approx(0.96));
  b = {};
  b.now = Time{4s};
  b.notices = {{Time{3s}, vm::MigrationEnded{{0}, {2}, one, two, Time{1s}, 2, {900}, 1ms, false}}};
  store.absorb(b);
  store.show(Time{4s}, {}, view);
  REQUIRE(view.migrations->size() == 1);
  CHECK(view.migrations->front().bytes == vm::Bytes{900});
  CHECK(view.migrations->front().end == Time{3s});
}

TEST_CASE("run_store: the fleet's lanes and one machine's are what was sampled") {
  Shown shown;
  const RunView& v = shown.at(5s, {Selection::Kind::machine, 1});
  const Series& mean = *v.fleet.mean[Resource::cpu];
  const Series& worst = *v.fleet.worst[Resource::cpu];
  REQUIRE(mean.size() == 10);
  CHECK(mean.value(0) == (0.5F + 0.25F) / 2);
  CHECK(mean.value(5) == (1.0F + 0.125F) / 2);  // 6 s: machine 1 is down
  CHECK(worst.value(5) == 1.0F);
  // At or above 98 %: 3 s to 8 s, whose samples tell of (2 s, 8 s].
  CHECK(worst.figures(Time{}, Time{10s})->above == Approx(0.6));
  const Series& selected = *v.selected.mean[Resource::cpu];
  CHECK(selected.size() == 6);
  CHECK_FALSE(selected.at(Time{5500ms}));  // down
  CHECK(selected.at(Time{7500ms}) == 0.25F);
  CHECK_FALSE(v.selected.loading);
  CHECK(shown.at(5s).selected.mean[Resource::cpu] == nullptr);
}

TEST_CASE("run_store: what happened is listed, with the words for it") {
  Shown shown;
  const RunView& v = shown.at(10s);
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < v.events->size(); ++i) {
    const Event& e = (*v.events)[i];
    lines.push_back(std::string{to_string(e.kind)} + ": " + v.events->text(e, v));
  }
  CHECK(lines == std::vector<std::string>{
                     "crash: crash",
                     "SLA failure: cpu at 99 %, over 98 %",
                     "failover: Trigger process failover: triggered (cpu)",
                     "boot: up",
                     "migration: client 2 to machine 2, 1000 B in 2 rounds, paused 4 ms",
                     "failover over: completed: 1 moved to machine 2, 1000 B, longest pause 4 ms",
                     "boot: up",
                     "recovery: cpu met again after 5 s, worst 100 %",
                     "release: released",
                 });
  CHECK(concerns((*v.events)[4], three, v));
  CHECK_FALSE(concerns((*v.events)[4], two, v));
}

TEST_CASE("run_store: a selection is shown until the whole has come past it") {
  RunStore store{start()};
  vm::Batch machines;
  machines.now = Time{10s};
  machines.machines = {{Time{}, one, {0}, {0}, false}};
  machines.machine_states = {{Time{}, one, vm::MachineState::up}};
  store.absorb(machines);
  store.absorb_selection({sample(1, one, 0.125, 2), sample(9, one, 0.75, 2)});
  RunView view;
  const auto cpu = [&](Duration at) {
    store.show(Time{at}, {Selection::Kind::machine, 0}, view);
    return view.machines[0].use[Resource::cpu];
  };
  CHECK(cpu(9500ms) == 0.75F);
  CHECK(cpu(5s) == 0.125F);
  CHECK(view.fleet.loading);
  CHECK(view.fleet.mean[Resource::cpu]->size() == 2);
  CHECK(view.selected.mean[Resource::cpu]->size() == 2);
  vm::Batch some;
  for (int t = 1; t <= 6; ++t) some.samples.push_back(sample(t, one, 0.5, 2));
  some.now = Time{6s} - 1ns;
  store.absorb(some);
  CHECK(cpu(5s) == 0.5F);  // the whole has come here
  CHECK(cpu(9500ms) == 0.75F);
  store.complete();
  CHECK(cpu(9500ms) == 0.5F);
  CHECK_FALSE(view.fleet.loading);
  CHECK(view.fleet.mean[Resource::cpu]->size() == 6);
  CHECK(view.selected.mean[Resource::cpu]->size() == 6);
}

TEST_CASE("run_store: a record that lacks beginnings is shown without them") {
  RunStore store{start()};
  vm::Batch b;
  b.now = Time{10s};
  b.machine_states = {{Time{1s}, three, vm::MachineState::up}};
  b.samples = {sample(1, three, 0.5, 0)};
  b.notices = {{Time{2s}, vm::SlaFailureEnded{7, 1.0}},
               {Time{2s}, vm::FailoverEnded{{3}, one, two, {}, 0, 0, {}, {}, 0}}};
  b.throughputs = {{Time{2s}, {9}, 10, 8, 1, 0, 0, 2, 1}};
  b.latencies = {{Time{2s}, {9}, 8, 1, 1, 1, 1, 1, 1}};
  store.absorb(b);
  RunView view;
  store.show(Time{5s}, {Selection::Kind::machine, 99}, view);
  CHECK(view.machines.empty());
  CHECK(view.events->size() == 1);  // the boot, of whatever it was
  CHECK(view.failures->empty());
}
