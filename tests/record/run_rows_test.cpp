// A recorded run told again: the same rows as were recorded, whole or as they come.
#include "record/run_rows.hpp"

#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "record/recorder.hpp"
#include "record/run_directory.hpp"
#include "tests/record/small_run.hpp"

namespace {

using small_run::at;
using small_run::open;
using namespace std::chrono_literals;

/// Waits until the recorder's writer has committed `rows` samples: at most a few of its quarters of
/// a second.
void wait_for_samples(const record::RunRows& rows, std::int64_t count) {
  for (int i = 0; i < 500 && rows.sample_count() < count; ++i) std::this_thread::sleep_for(20ms);
  REQUIRE(rows.sample_count() == count);
}

}  // namespace

TEST_CASE("run_rows: the head says what was asked") {
  const small_run::TemporaryDirectory directory;
  record::Recorder recorder{directory.path, small_run::scenario(), "simulated"};
  const record::Reader reader = open(directory.path);
  const record::RunRows rows{reader};
  const record::RunHead head = rows.head();
  CHECK(head.scenario == "small");
  CHECK(head.seed == "18446744073709551615");
  CHECK(head.duration == 10s);
  CHECK(head.warmup == 1s);
  CHECK(head.sample == 1s);
  CHECK(head.threshold[vm::Resource::disk] == 0.98);
  REQUIRE(head.fleets.size() == 1);
  CHECK(head.fleets[0].name == "web, \"main\"");
  CHECK(head.fleets[0].policy == "split");
  REQUIRE(head.groups.size() == 2);
  CHECK(head.groups[1].first_client == 2);
  CHECK(head.flavors.at(0).price == 0.36);
  CHECK_FALSE(rows.finished());
}

TEST_CASE("run_rows: a run that grows is told piece by piece, and nothing twice") {
  const small_run::TemporaryDirectory directory;
  record::Recorder recorder{directory.path, small_run::scenario(), "simulated"};
  const record::Reader reader = open(directory.path);
  record::RunRows rows{reader};
  vm::Batch nothing;
  rows.read_news(nothing);
  CHECK(nothing.rows() == 0);

  recorder.on(small_run::first_batch());
  wait_for_samples(rows, 3);
  vm::Batch first;
  rows.read_news(first);
  CHECK(first.now == at(2s));
  REQUIRE(first.machines.size() == 2);
  CHECK(first.machines[1].spare);
  CHECK(first.machine_states.size() == 2);
  REQUIRE(first.latencies.size() == 2);
  CHECK(first.latencies[1].p999_ms == 31);
  REQUIRE(first.throughputs.size() == 2);
  CHECK(first.throughputs[0].timed_out == 3);
  CHECK(first.faults.at(0).what == "slow to 50 %");
  CHECK(first.notices.empty());
  vm::Batch samples;
  CHECK(rows.read_samples(samples, 2));        // and there may be more
  CHECK_FALSE(rows.read_samples(samples, 2));  // there was one
  REQUIRE(samples.samples.size() == 3);
  CHECK(samples.samples[2].sample.utilisation[vm::Resource::cpu] == 1);
  CHECK(samples.samples[2].sample.transactions == 7);
  CHECK(samples.now == at(2s) - 1ns);
  CHECK(rows.samples_read() == 1);

  recorder.on(small_run::second_batch());
  recorder.finish(small_run::outcome(), 1, 1);
  CHECK(rows.finished());
  vm::Batch second;
  rows.read_news(second);
  CHECK(second.machines.empty());
  CHECK(second.faults.empty());
  CHECK(second.throughputs.size() == 2);
  // As many as were told, in the order of their time, ends included.
  REQUIRE(second.notices.size() == 8);
  CHECK(std::ranges::is_sorted(second.notices, {}, &vm::NoticeRow::at));
  const auto& ended = std::get<vm::FailoverEnded>(second.notices[4].notice);
  CHECK(ended.result == vm::FailoverResult::partial);
  CHECK(ended.pause_max == 12500us);
  const auto& moved = std::get<vm::MigrationEnded>(second.notices[2].notice);
  CHECK(moved.start == at(4100ms));
  CHECK(moved.bytes == vm::Bytes{1000});
  const auto& began = std::get<vm::SlaFailureBegan>(second.notices[6].notice);
  CHECK(began.machine == vm::no_machine);
  CHECK(std::get<vm::FailoverWithheld>(second.notices[7].notice).reason == "cool-down");
  vm::Batch again;
  rows.read_news(again);
  CHECK(again.rows() == 0);
}

TEST_CASE("run_rows: a machine that was given back is told from one that is down") {
  const small_run::TemporaryDirectory directory;
  record::Recorder recorder{directory.path, small_run::scenario(), "simulated"};
  vm::Batch batch = small_run::first_batch();
  batch.machine_states = {{at(1s), {0}, vm::MachineState::down},
                          {at(2s), {1}, vm::MachineState::down, true}};
  recorder.on(batch);
  recorder.finish(small_run::outcome(), 1, 1);
  const record::Reader reader = open(directory.path);
  record::RunRows rows{reader};
  vm::Batch told;
  rows.read_news(told);
  REQUIRE(told.machine_states.size() == 2);
  CHECK_FALSE(told.machine_states[0].released);
  CHECK(told.machine_states[1].released);
}

TEST_CASE("run_rows: a selection has whole instants, spread over the run") {
  const small_run::TemporaryDirectory directory;
  record::Recorder recorder{directory.path, small_run::scenario(), "simulated"};
  constexpr int instants = 3000, machines = 7;
  vm::Batch batch;
  for (int i = 1; i <= instants; ++i) {
    for (std::uint32_t m = 0; m < machines; ++m)
      batch.samples.push_back({at(i * 1s), {m}, vm::MachineState::up, {}});
  }
  recorder.on(batch);
  recorder.finish(small_run::outcome(), 1, 1);
  const record::Reader reader = open(directory.path);
  const auto rows = record::RunRows{reader}.select_samples(700);
  // 100 instants of 7 machines.
  REQUIRE(rows.size() == 700);
  vm::Duration widest{};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    REQUIRE(rows[i].machine.value == i % machines);
    REQUIRE(rows[i].at == rows[i - i % machines].at);
    if (i >= machines) widest = std::max(widest, rows[i].at - rows[i - machines].at);
  }
  CHECK(rows.front().at == at(1s));
  CHECK(rows.back().at > at(2900s));
  CHECK(widest <= 32s);  // 30 s, and what rounding to whole instants adds
}

TEST_CASE("recorder: changes that somebody made stand in the scenario that the run keeps") {
  const small_run::TemporaryDirectory directory;
  record::Recorder recorder{directory.path, small_run::scenario(), "simulated"};
  vm::Batch batch;
  batch.changes = {{{.at = at(1s), .value = 2}, "\n[[change]]\none\n"}};
  recorder.on(batch);
  batch.changes[0].toml = "\n[[change]]\ntwo\n";
  recorder.on(batch);
  recorder.finish(small_run::outcome(), 1, 1);
  const std::string wanted = small_run::scenario().text + "\n[[change]]\none\n\n[[change]]\ntwo\n";
  std::ostringstream kept;
  kept << std::ifstream{directory.path / record::scenario_name}.rdbuf();
  CHECK(kept.str() == wanted);
  const record::Reader reader = open(directory.path);
  CHECK(record::RunRows{reader}.head().toml == wanted);
}
