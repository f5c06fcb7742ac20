#include "record/recorder.hpp"

#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "record/reader.hpp"
#include "tests/record/small_run.hpp"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using small_run::at;
using small_run::TemporaryDirectory;

std::string read(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream{file, std::ios::binary}.rdbuf();
  return text.str();
}

std::optional<record::Summary> record_small_run(const fs::path& directory) {
  record::Recorder recorder{directory, small_run::scenario(), "simulated"};
  recorder.on(small_run::first_batch());
  recorder.on(small_run::second_batch());
  auto summary = recorder.finish(small_run::outcome(), 0.5, 0.4);
  CHECK_FALSE(recorder.failed());
  return summary;
}

std::int64_t ask(const record::Reader& reader, const char* sql) {
  const auto statement = record::prepare(reader.database(), sql);
  REQUIRE(record::next_row(statement.get()));
  return record::integer(statement, 0);
}

}  // namespace

TEST_CASE("recorder: what was asked of a run comes back") {
  const TemporaryDirectory directory;
  record_small_run(directory.path);
  const auto reader = record::Reader::open(directory.path);
  REQUIRE(reader);
  const auto s = reader->summary();
  REQUIRE(s);
  CHECK(s->scenario == "small");
  CHECK(s->question == "is it all kept?");
  CHECK(s->world == "simulated");
  CHECK(s->seed == "18446744073709551615");
  CHECK(s->policies == std::vector<std::string>{"split"});
  CHECK(s->finished);
  CHECK(s->end == at(10s));
  CHECK(s->duration == 10s);
  CHECK(s->warmup == 1s);
  CHECK(s->fingerprint == "00c0ffee12345678");
  CHECK(s->wall_s == 0.5);
  CHECK(s->cpu_s == 0.4);
  CHECK(s->events == 4711);
  CHECK(read(directory.path / "scenario.toml") == small_run::scenario().text);
}

TEST_CASE("recorder: counts, books and percentiles of each group come back, and add up") {
  const TemporaryDirectory directory;
  const auto s = record_small_run(directory.path);
  REQUIRE(s);
  REQUIRE(s->groups.size() == 2);
  const auto& fans = s->groups[0];
  CHECK(fans.name == "fans");
  CHECK(fans.clients == 2);
  CHECK(fans.counts.issued == 110);
  CHECK(fans.counts.committed == 70);
  CHECK(fans.counts.refused == 4);
  CHECK(fans.counts.timed_out == 13);
  CHECK(fans.counts.failed == 2);
  CHECK(fans.counts.in_flight == 21);
  CHECK(fans.counts.retries == 5);
  CHECK(fans.counts.committed_share() == Approx(70.0 / 89));
  CHECK(fans.last.committed_share() == Approx(0.75));  // after 9 s: 30 committed, 10 timed out
  CHECK_FALSE(s->groups[1].last.committed_share());    // nothing ended after 9 s

  // 1 .. 100 ms, once each, to within a bucket of 1 %; mean and maximum exact.
  REQUIRE(fans.latency);
  CHECK(fans.latency->mean_ms == Approx(50.5));
  CHECK(fans.latency->max_ms == 100);
  CHECK(*fans.latency->p50_ms == Approx(50).epsilon(0.01));
  CHECK(*fans.latency->p99_ms == Approx(99).epsilon(0.01));
  CHECK(*s->groups[1].latency->p50_ms == Approx(500).epsilon(0.01));
  // Merged: of 102, the 101st and 102nd are 500 ms, and so is the 99.9th percentile.
  CHECK(*s->latency->p90_ms == Approx(92).epsilon(0.01));
  CHECK(*s->latency->p999_ms == Approx(500).epsilon(0.01));
  CHECK(s->latency->mean_ms == Approx((5050.0 + 1000) / 102));

  CHECK(s->counts.issued == 120);
  CHECK(s->counts.committed == 80);
  REQUIRE(s->writes);
  CHECK(s->writes->acknowledged == 70);
  CHECK(s->writes->applied == 72);
  CHECK(s->writes->unacknowledged == 2);
  CHECK(s->writes->lost == 0);
  CHECK(s->books_balance == true);
}

TEST_CASE("recorder: failures, failovers and migrations come back whole or open") {
  const TemporaryDirectory directory;
  const auto s = record_small_run(directory.path);
  REQUIRE(s);
  REQUIRE(s->sla_failures.size() == 2);
  const auto& cpu = s->sla_failures[0];
  CHECK(cpu.cause == "cpu");
  CHECK(cpu.machine == vm::MachineId{0});
  CHECK(cpu.start == at(3s));
  CHECK(cpu.end == at(7s));
  CHECK(cpu.worst == 1);
  const auto& latency = s->sla_failures[1];
  CHECK(latency.machine == vm::no_machine);
  CHECK_FALSE(latency.end);
  CHECK_FALSE(latency.worst);
  CHECK(latency.length(s->end) == 2500ms);  // from 7.5 s to the end at 10 s

  REQUIRE(s->failovers.size() == 1);
  const auto& failover = s->failovers[0];
  CHECK(failover.triggered == at(4s));
  REQUIRE(failover.end);
  CHECK(failover.end->at == at(6s));
  CHECK(failover.to == vm::MachineId{1});
  CHECK(failover.end->result == "partial");
  CHECK(failover.end->moved == 1);
  CHECK(failover.end->pause_max == 12500us);

  CHECK(s->migrations.count == 2);
  CHECK(s->migrations.aborted == 1);
  CHECK(s->migrations.bytes.count == 1500);
  CHECK(s->migrations.pause_max == 12500us);  // the aborted one's 90 ms do not count

  REQUIRE(s->faults.size() == 1);
  CHECK(s->faults[0].at == at(1s + 1ns));
  CHECK(s->faults[0].what == "slow to 50 %");
  REQUIRE(s->withheld.size() == 1);
  CHECK(s->withheld[0].reason == "cool-down");
}

TEST_CASE("recorder: machines come back with what they used and cost") {
  const TemporaryDirectory directory;
  const auto s = record_small_run(directory.path);
  REQUIRE(s);
  REQUIRE(s->machines.size() == 2);
  CHECK(s->machines[0].fleet == "web, \"main\"");
  CHECK(s->machines[0].flavor == "tiny");
  CHECK_FALSE(s->machines[0].spare);
  CHECK(s->machines[0].mean[vm::Resource::cpu] == 0.8);
  CHECK(s->machines[0].max[vm::Resource::cpu] == 1);
  CHECK(s->machines[1].spare);
  CHECK(s->machines[1].state == "down");
  CHECK(s->machines[1].released == at(5s));
  CHECK(s->cost == Approx(0.0015));
}

TEST_CASE("recorder: expectations are judged, and kept in the file") {
  const TemporaryDirectory directory;
  const auto s = record_small_run(directory.path);
  REQUIRE(s);
  REQUIRE(s->verdicts.size() == 4);  // lost and duplicated are implied
  CHECK(s->verdicts[0].name == "lost");
  CHECK(s->verdicts[2].name == "pause_ms_max");
  CHECK(s->verdicts[2].got == 12.5);
  CHECK(s->verdicts[3].got == 110);
  CHECK(s->met());
  const auto reader = record::Reader::open(directory.path);
  REQUIRE(reader);
  CHECK(ask(*reader, "SELECT sum(met) FROM expectations") == 4);
  CHECK(ask(*reader, "SELECT got FROM expectations WHERE name = 'clients.fans.issued'") == 110);
}

TEST_CASE("recorder: books that do not balance fail the run, whatever else is met") {
  const TemporaryDirectory directory;
  record::Recorder recorder{directory.path, small_run::scenario(), "simulated"};
  recorder.on(small_run::first_batch());
  recorder.on(small_run::second_batch());
  auto outcome = small_run::outcome();
  outcome.books_balance = false;
  outcome.complaints = {"client 3: digest differs", "client 1: 2 writes too many"};
  const auto s = recorder.finish(outcome, 0.5, 0.4);
  REQUIRE(s);
  for (const auto& verdict : s->verdicts) CHECK(verdict.met);
  CHECK_FALSE(s->met());
  CHECK(s->complaints == outcome.complaints);
}

TEST_CASE("recorder: the same run gives the same CSV bytes, however its rows were batched") {
  const TemporaryDirectory one, other;
  record_small_run(one.path);
  {
    auto batch = small_run::first_batch();
    const auto second = small_run::second_batch();
    batch.now = second.now;
    batch.notices = second.notices;
    batch.transactions = second.transactions;
    for (const auto& row : second.throughputs) batch.throughputs.push_back(row);
    record::Recorder recorder{other.path, small_run::scenario(), "simulated"};
    recorder.on(batch);
    recorder.finish(small_run::outcome(), 17, 23);  // other times on the wall
  }
  int compared = 0;
  for (const auto& entry : fs::directory_iterator{one.path}) {
    if (entry.path().extension() != ".csv") continue;
    INFO(entry.path());
    CHECK(read(entry.path()) == read(other.path / entry.path().filename()));
    ++compared;
  }
  CHECK(compared == 9);
}

TEST_CASE("recorder: a finished run is one database file, and nothing half-written") {
  const TemporaryDirectory directory;
  record_small_run(directory.path);
  CHECK(fs::exists(directory.path / "run.sqlite"));
  CHECK_FALSE(fs::exists(directory.path / "run.sqlite-wal"));
  for (const auto& entry : fs::directory_iterator{directory.path}) {
    CHECK(entry.path().extension() != ".part");
  }
}
