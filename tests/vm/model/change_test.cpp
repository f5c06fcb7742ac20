// Changes to a run that is being played, and that they are all it takes to play it again.
#include "vm/change.hpp"

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/random.hpp"
#include "tests/scenarios.hpp"
#include "vm/model/run.hpp"
#include "vm/scenario_toml.hpp"

using namespace std::chrono_literals;
using namespace sim::literals;
using vm::Change;
using vm::ChangeKind;
using vm::Duration;
using vm::MachineId;
using vm::Time;

namespace {

/// Everything that a run tells, as one text for comparing; and the changes it asks to remember.
struct Notes : vm::ObservationSink {
  void on(const vm::Batch& batch) override {
    for (const auto& row : batch.samples) {
      add("sample", row.at, row.machine.value);
      for (const double use : row.sample.utilisation.values) rows.back() += std::to_string(use);
    }
    for (const auto& row : batch.throughputs) add("issued", row.at, row.issued);
    for (const auto& row : batch.notices) {
      add("notice", row.at, row.notice.index());
      if (std::holds_alternative<vm::SlaFailureBegan>(row.notice)) failures.push_back(row.at);
    }
    for (const auto& row : batch.faults) {
      add(row.what, row.at, row.machine.value);
      faults.push_back(row.what);
    }
    for (const auto& row : batch.throughputs) issued += row.issued;
    for (const auto& row : batch.changes) toml += row.toml;
  }
  void add(const std::string& what, Time at, std::uint64_t number) {
    rows.push_back(what + ' ' + std::to_string(at.time_since_epoch().count()) + ' ' +
                   std::to_string(number));
  }
  /// Rows come in the order of their kind within a batch, and batches end where somebody steers.
  std::vector<std::string> sorted() const {
    auto all = rows;
    std::ranges::sort(all);
    return all;
  }
  std::vector<std::string> rows, faults;
  std::vector<Time> failures;
  std::string toml;
  std::uint64_t issued = 0;
};

/// Goes on in pieces of whole milliseconds of any length, and makes its changes when they are due.
struct Hand : vm::model::Steering {
  Time next(Time now, std::vector<Change>& changes) override {
    while (!planned.empty() && planned.front().at <= now) {
      changes.push_back(planned.front());
      planned.pop_front();
    }
    Time until = now + Duration{1ms} * static_cast<std::int64_t>(1 + chance.below(3000));
    if (!planned.empty()) until = std::min(until, planned.front().at);
    return until;
  }
  std::deque<Change> planned;
  sim::RandomStream chance{1, "pieces"};
};

/// Two machines that fail over by halves, under a load that one change makes too much.
constexpr const char* busy = R"(
[scenario]
name = "busy"
duration = "60 s"
seed = 5
[flavor.small]
cores = 1
memory = "1 GiB"
disk = "100 MB/s"
network = "1 Gbit/s"
boot = "2 s"
[[fleet]]
flavor = "small"
count = 2
spare = 1
[transaction.work]
steps = [{ cpu = { exponential = "2 ms" } }, { disk = "4 KiB" }]
write = "1 KiB"
[[clients]]
name = "open"
count = 40
arrivals = "poisson"
rate = "300 /s"
mix = { work = 1.0 }
timeout = "1 s"
retry = { attempts = 3 }
[[clients]]
name = "closed"
count = 30
think = { exponential = "500 ms" }
mix = { work = 1.0 }
[durability]
log = "synced"
[failover]
policy = "split"
)";

vm::Scenario scenario(const std::string& text) {
  auto loaded = vm::parse_scenario(text, "busy");
  if (!loaded) FAIL(to_string(loaded.issues().front()));
  return std::move(*loaded);
}

}  // namespace

TEST_CASE("change: a run that was steered is repeated exactly from what it asks to remember") {
  const vm::Scenario plain = scenario(busy);
  Hand hand;
  hand.planned = {
      {.at = Time{8s}, .value = 3},
      {.at = Time{8s}, .kind = ChangeKind::threshold, .value = 0.9},  // two at one instant
      {.at = Time{15250ms}, .kind = ChangeKind::slow, .machine = MachineId{0}, .value = 0.4},
      {.at = Time{20s}, .group = vm::GroupId{1}, .value = 0.25},
      {.at = Time{30001ms}, .kind = ChangeKind::crash, .machine = MachineId{1}, .lasts = 5s},
      {.at = Time{41s}, .kind = ChangeKind::slow, .machine = MachineId{0}, .value = 1},
      {.at = Time{50s}, .value = 0.5},
  };
  Notes steered, repeated, undisturbed;
  const auto first = vm::model::run(plain, {.sink = &steered, .steering = &hand});
  CHECK(first.books_balance);

  const vm::Scenario remembered = scenario(plain.text + steered.toml);
  REQUIRE(remembered.changes.size() == 7);
  const auto second = vm::model::run(remembered, {.sink = &repeated});
  CHECK(second.fingerprint == first.fingerprint);
  CHECK(second.events == first.events);
  CHECK(repeated.sorted() == steered.sorted());

  const auto third = vm::model::run(plain, {.sink = &undisturbed});
  CHECK(third.fingerprint != first.fingerprint);
  CHECK(undisturbed.issued < steered.issued);
}

TEST_CASE("change: playing in pieces is playing") {
  const vm::Scenario s = scenario(busy);
  Hand hand;
  Notes pieces, whole;
  const auto in_pieces = vm::model::run(s, {.sink = &pieces, .steering = &hand});
  const auto at_once = vm::model::run(s, {.sink = &whole});
  CHECK(in_pieces.fingerprint == at_once.fingerprint);
  CHECK(pieces.sorted() == whole.sorted());
}

TEST_CASE("change: twice the load is twice the transactions from then on") {
  vm::Scenario s = tests::quiet_scenario();
  tests::add_cpu_kind(s, sim::Constant{0.001});
  tests::add_clients(s, 1, vm::Deterministic{tests::constant_rate(100)});
  s.changes = {{.at = Time{20s}, .value = 2}, {.at = Time{40s}, .value = 0.5}};
  Notes notes;
  vm::model::run(s, {.sink = &notes});
  // 20 s at 100, 20 s at 200, 20 s at 50 a second; the one that had been drawn comes as drawn.
  CHECK(notes.issued == Approx(2000 + 4000 + 1000).margin(2));
  CHECK(notes.faults == std::vector<std::string>{"change: load x 2", "change: load x 0.5"});
}

TEST_CASE("change: clients that think, arrive by trace, or in bursts follow the load as well") {
  vm::Scenario s = tests::quiet_scenario();
  tests::add_cpu_kind(s, sim::Constant{0.0001});
  vm::CountTrace trace;
  for (int i = 0; i < 6; ++i) trace.intervals.push_back({Time{i * 10s}, 1000});
  trace.end = Time{60s};
  const auto arrivals =
      GENERATE_COPY(vm::Arrivals{vm::ClosedLoop{sim::Distribution{sim::Constant{0.01}}}},
                    vm::Arrivals{trace}, vm::Arrivals{vm::Mmpp{{{50, 0.01}, {150, 0.01}}}});
  tests::add_clients(s, 1, arrivals);
  s.changes = {{.at = Time{30s}, .value = 4}};
  Notes notes;
  vm::model::run(s, {.sink = &notes});
  // 100 a second, and 400 from half-time on: 3000 + 12000. The trace is exact, the closed loop
  // loses its service time (1 %, and 4 % when it thinks a quarter), the bursts are chance: some
  // 1.5 standard deviations of a Poisson number are 1 %, of these a little more.
  CHECK(notes.issued == Approx(15000).epsilon(0.05));
}

TEST_CASE("change: a lower threshold makes a failure of what was none") {
  vm::Scenario s = tests::quiet_scenario();
  tests::add_cpu_kind(s, sim::Constant{0.006});
  tests::add_clients(s, 1, vm::Deterministic{tests::constant_rate(100)});  // 60 % of a core
  Notes before, after;
  vm::model::run(s, {.sink = &before});
  CHECK(before.failures.empty());
  s.changes = {{.at = Time{20s}, .kind = ChangeKind::threshold, .value = 0.5}};
  vm::model::run(s, {.sink = &after});
  // The window is full of 60 % already: the first sample after the change is over the limit.
  REQUIRE(after.failures == std::vector<Time>{Time{21s}});
}

TEST_CASE("change: what no machine is there for strikes nobody") {
  vm::Scenario s = tests::quiet_scenario();
  s.changes = {{.at = Time{1s}, .kind = ChangeKind::crash, .machine = MachineId{7}},
               {.at = Time{2s}, .kind = ChangeKind::slow, .machine = MachineId{7}, .value = 0.5}};
  Notes notes;
  vm::model::run(s, {.sink = &notes});
  CHECK(notes.faults == std::vector<std::string>{"crash: no machine to strike",
                                                 "change: slow to 50 %: no machine to strike"});
}

TEST_CASE("change: its text reads back as the same change, whatever the value") {
  sim::RandomStream chance{3, "changes"};
  for (int i = 0; i < 300; ++i) {
    Change change;
    change.at = Time{Duration{static_cast<std::int64_t>(chance.below(59'999'000'000))}};
    change.kind = static_cast<ChangeKind>(chance.below(4));
    change.value = 1;
    switch (change.kind) {
      case ChangeKind::load:
        change.value = chance.uniform() * 10;
        if (chance.below(2) == 0) change.group = vm::GroupId{1};
        break;
      case ChangeKind::crash:
        change.machine = MachineId{static_cast<std::uint32_t>(chance.below(1000))};
        if (chance.below(2) == 0)
          change.lasts = Duration{1 + static_cast<std::int64_t>(chance.below(5'000'000'000))};
        break;
      case ChangeKind::slow:
        change.machine = MachineId{static_cast<std::uint32_t>(chance.below(1000))};
        change.value = chance.uniform();
        break;
      case ChangeKind::threshold:
        change.value = chance.uniform();
        break;
    }
    change = vm::settled(change);
    REQUIRE(change == vm::settled(change));
    const vm::Scenario read = scenario(busy + to_toml(change, "closed"));
    REQUIRE(read.changes.size() == 1);
    CAPTURE(to_toml(change, "closed"));
    REQUIRE(read.changes.front() == change);
    // And once more, from what a run keeps of it.
    REQUIRE(scenario(read.text).changes == read.changes);
  }
}

TEST_CASE("change: mistakes in a file are told like any others") {
  const auto issues = [](const std::string& text) {
    const auto loaded = vm::parse_scenario(busy + text, "f");
    REQUIRE_FALSE(loaded);
    std::string all;
    for (const auto& issue : loaded.issues()) all += issue.message + '\n';
    return all;
  };
  using Catch::Contains;
  CHECK_THAT(issues("[[change]]\nkind = \"load\"\nfactor = 2.0\n"), Contains("at"));
  CHECK_THAT(issues("[[change]]\nat = \"2 min\"\nkind = \"load\"\nfactor = 2.0\n"),
             Contains("not within the run's 'duration'"));
  CHECK_THAT(issues("[[change]]\nat = \"1 s\"\nkind = \"loud\"\n"), Contains("load"));
  CHECK_THAT(issues("[[change]]\nat = \"1 s\"\nkind = \"slow\"\nmachine = 1\nto = \"110 %\"\n"),
             Contains("100 %"));
  CHECK_THAT(issues("[[change]]\nat = \"1 s\"\nkind = \"crash\"\nmachine = 1\nto = \"1 %\"\n"),
             Contains("to"));
}

namespace {

/// Two VMs that ask for 2500 MIPS all day, on one host of 5320: 94 % of it, and nowhere else to go.
vm::Scenario full_host() {
  auto loaded = vm::parse_scenario(R"(
[scenario]
name = "full"
duration = "1 h"
[host.G5]
cores = 2
mips = 2660
memory = "4096 MB"
power = [93.7, 97, 101, 105, 110, 116, 121, 125, 129, 133, 135]
[vm.large]
mips = 2500
memory = "870 MB"
[consolidation]
hosts = 1
trace = { generated = 2 }
detector = "THR"
)",
                                   "full");
  if (!loaded) FAIL(to_string(loaded.issues().front()));
  vm::UsageTraces traces;
  traces.length = 289;
  traces.names = {"0", "1"};
  traces.values.assign(2 * traces.length, 1.0);
  loaded->consolidation->traces = std::make_shared<const vm::UsageTraces>(std::move(traces));
  return std::move(*loaded);
}

struct Judged : Notes {
  void on(const vm::Batch& batch) override {
    Notes::on(batch);
    for (const auto& row : batch.consolidation) overloaded.push_back(row.overloaded_hosts);
  }
  std::vector<std::uint32_t> overloaded;
};

}  // namespace

TEST_CASE("change: hosts are judged by another threshold from the next optimisation on") {
  // 94 % is above 80 %, not above 95 %, and above 90 % again. Intervals end at 300.1 s, 600.1 s ...
  Hand hand;
  for (const auto& [at, threshold] :
       {std::pair{Duration{600100ms}, 0.95}, std::pair{Duration{1800100ms}, 0.9}}) {
    hand.planned.push_back({.at = Time{at}, .kind = ChangeKind::threshold, .value = threshold});
  }
  Judged notes;
  const auto steered = vm::model::run(full_host(), {.sink = &notes, .steering = &hand});
  CHECK(notes.overloaded == std::vector<std::uint32_t>{1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1});
  CHECK(notes.faults ==
        std::vector<std::string>{"change: threshold 95 %", "change: threshold 90 %"});

  vm::Scenario remembered = full_host();
  const auto changes = vm::parse_scenario(full_host().text + notes.toml, "full");
  REQUIRE(changes);
  REQUIRE(changes->changes.size() == 2);
  remembered.changes = changes->changes;
  Judged again;
  const auto repeated = vm::model::run(remembered, {.sink = &again});
  CHECK(again.overloaded == notes.overloaded);
  CHECK(again.faults == notes.faults);
  CHECK(repeated.fingerprint == steered.fingerprint);
}

TEST_CASE("change: nothing but a threshold that there is can be changed in a consolidation") {
  const auto issue = [](std::string change, const std::string& detector) {
    std::string text = full_host().text;
    text.replace(text.find("\"THR\""), 5, '"' + detector + '"');
    const auto loaded = vm::parse_scenario(text + "[[change]]\nat = \"10 min\"\n" + change, "full");
    return loaded ? std::string{} : to_string(loaded.issues().front());
  };
  const std::string threshold = "kind = \"threshold\"\nto = \"90 %\"\n";
  CHECK(issue(threshold, "THR").empty());
  CHECK_THAT(issue(threshold, "LR"), Catch::Contains("only detector \"THR\" has a threshold"));
  CHECK_THAT(issue(threshold, "DVFS"), Catch::Contains("only detector"));
  CHECK_THAT(issue("kind = \"crash\"\nmachine = 0\n", "THR"),
             Catch::Contains("only the threshold can be changed"));
}
