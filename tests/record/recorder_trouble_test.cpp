// What the recorder does when the process is killed, the disk is full, or somebody reads along.
#include <thread>

#include <catch2/catch.hpp>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "record/reader.hpp"
#include "record/recorder.hpp"
#include "tests/record/small_run.hpp"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using small_run::at;
using small_run::TemporaryDirectory;

/// A batch of `n` samples that ends at `now`.
vm::Batch samples(std::size_t n, vm::Time now) {
  vm::Batch batch;
  batch.now = now;
  vm::SampleRow row;
  row.at = now;
  row.sample.utilisation = {{0.123456789, 0.23456789, 0.3456789, 0.456789}};
  batch.samples.assign(n, row);
  return batch;
}

std::int64_t ask(const record::Reader& reader, const char* sql) {
  const auto statement = record::prepare(reader.database(), sql);
  REQUIRE(record::next_row(statement.get()));
  return record::integer(statement, 0);
}

/// A disk of one megabyte, where mounting one is permitted.
struct SmallDisk {
  SmallDisk() : mounted(::mount("tmpfs", path.c_str(), "tmpfs", 0, "size=1m") == 0) {
    if (!mounted) WARN("skipped: mounting a small disk is not permitted here");
  }
  ~SmallDisk() {
    if (mounted) ::umount2(path.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  TemporaryDirectory directory;
  const fs::path& path = directory.path;
  bool mounted;
};

}  // namespace

TEST_CASE("recorder: a run that never finished is read as far as it came") {
  const TemporaryDirectory directory;
  {
    record::Recorder recorder{directory.path, small_run::scenario(), "simulated"};
    recorder.on(small_run::first_batch());
  }
  const auto reader = record::Reader::open(directory.path);
  REQUIRE(reader);
  const auto s = reader->summary();
  REQUIRE(s);
  CHECK_FALSE(s->finished);
  CHECK(s->end == at(2s));
  CHECK(s->duration == 10s);
  CHECK(s->counts.issued == 60);
  CHECK(s->counts.committed == 50);
  CHECK(s->counts.in_flight == 1);
  CHECK_FALSE(s->writes);
  CHECK_FALSE(s->books_balance);
  REQUIRE(s->latency);
  CHECK(s->latency->mean_ms == Approx((40 * 10 + 10 * 20) / 50.0));
  CHECK(s->latency->max_ms == 32);
  CHECK_FALSE(s->latency->p99_ms);  // percentiles of intervals do not add up
  REQUIRE(s->machines.size() == 2);
  CHECK(s->machines[0].mean[vm::Resource::cpu] == Approx(0.75));  // of 0.5 and 1
  CHECK(s->machines[0].max[vm::Resource::cpu] == 1);
  CHECK(s->machines[0].cost == Approx(0.0002));  // 2 s so far
  CHECK_FALSE(s->met());                         // nobody knows what was lost
}

TEST_CASE("recorder: a process that is killed leaves a run that can be read") {
  const TemporaryDirectory directory;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    try {
      record::Recorder recorder{directory.path, small_run::scenario(), "simulated"};
      recorder.on(small_run::first_batch());
      for (int i = 3;; ++i) {
        recorder.on(samples(100, at(i * 1s)));
        std::this_thread::sleep_for(1ms);
      }
    } catch (...) {
    }
    ::_exit(1);
  }
  std::this_thread::sleep_for(600ms);  // at least one commit, with 250 ms between them
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  const auto reader = record::Reader::open(directory.path);
  REQUIRE(reader);
  const auto s = reader->summary();
  REQUIRE(s);
  CHECK_FALSE(s->finished);
  CHECK(s->counts.issued == 60);
  const auto batches = s->end.time_since_epoch() / 1s - 2;
  CHECK(batches > 0);
  // Whole batches up to the last commit, and no row of one that was under way.
  CHECK(ask(*reader, "SELECT count(*) FROM samples") == 3 + 100 * batches);
}

TEST_CASE("recorder: a full disk stops the recording, keeps what was committed and says so") {
  const TemporaryDirectory directory;
  const vm::Bytes limit{2 << 20};
  record::Recorder recorder{
      directory.path, small_run::scenario(), "simulated", {.queue = 2, .size_limit = limit}};
  recorder.on(small_run::first_batch());
  std::this_thread::sleep_for(400ms);                                    // committed
  for (int i = 3; i < 300; ++i) recorder.on(samples(1000, at(i * 1s)));  // 15 MB and more
  const auto s = recorder.finish(small_run::outcome(), 1, 1);
  const auto failed = recorder.failed();
  REQUIRE(failed);
  CHECK_THAT(*failed, Catch::Contains("run.sqlite") && Catch::Contains("full") &&
                          Catch::Contains("kept ") && Catch::Contains("s of the run"));
  REQUIRE(s);
  CHECK_FALSE(s->finished);
  CHECK(s->counts.issued == 60);
  CHECK(fs::file_size(directory.path / "run.sqlite") <= static_cast<std::size_t>(limit.count));
}

TEST_CASE("recorder: a real full disk is survived like a limit", "[e2e]") {
  const SmallDisk disk;
  if (!disk.mounted) return;
  {
    record::Recorder recorder{disk.path, small_run::scenario(), "simulated"};
    recorder.on(small_run::first_batch());
    std::this_thread::sleep_for(400ms);
    for (int i = 3; i < 100; ++i) recorder.on(samples(1000, at(i * 1s)));
    const auto s = recorder.finish(small_run::outcome(), 1, 1);
    REQUIRE(recorder.failed());
    CHECK_THAT(*recorder.failed(), Catch::Contains("full"));
    REQUIRE(s);
    CHECK(s->counts.issued == 60);
  }
  // And again from outside, while the disk is as full as it was.
  const auto reader = record::Reader::open(disk.path);
  REQUIRE(reader);
  const auto s = reader->summary();
  REQUIRE(s);
  CHECK_FALSE(s->finished);
  CHECK(s->counts.issued == 60);
}

TEST_CASE("recorder: a disk too small for the CSV files keeps the whole run in the database",
          "[e2e]") {
  const SmallDisk disk;
  if (!disk.mounted) return;
  // 8,000 samples: 60 bytes each in the database, more than 90 each in samples.csv.
  record::Recorder recorder{disk.path, small_run::scenario(), "simulated"};
  recorder.on(samples(8000, at(1s)));
  const auto s = recorder.finish(small_run::outcome(), 1, 1);
  REQUIRE(recorder.failed());
  CHECK_THAT(*recorder.failed(), Catch::Contains("samples.csv") && Catch::Contains("No space") &&
                                     Catch::Contains("kept 8000 rows"));
  REQUIRE(s);
  CHECK(s->finished);
  CHECK_FALSE(fs::exists(disk.path / "samples.csv"));
  CHECK_FALSE(fs::exists(disk.path / "samples.csv.part"));
}

TEST_CASE("recorder: a directory that cannot be written to is named") {
  CHECK_THROWS_WITH((record::Recorder{"/nonexistent/run", small_run::scenario(), "simulated"}),
                    Catch::Contains("/nonexistent/run"));
}

TEST_CASE("recorder: someone can read while it writes, and always sees whole batches") {
  const TemporaryDirectory directory;
  record::Recorder recorder{directory.path, small_run::scenario(), "simulated"};
  std::thread run{[&] {
    for (int i = 1; i <= 300; ++i) {
      recorder.on(samples(100, at(i * 1s)));
      std::this_thread::sleep_for(2ms);
    }
  }};
  const auto reader = record::Reader::open(directory.path);
  REQUIRE(reader);
  std::int64_t seen = 0;
  for (int i = 0; i < 60; ++i) {
    const auto rows = ask(*reader, "SELECT count(*) FROM samples");
    CHECK(rows % 100 == 0);
    CHECK(rows >= seen);
    seen = rows;
    REQUIRE(reader->summary());
    std::this_thread::sleep_for(10ms);
  }
  run.join();
  CHECK(seen > 0);
  REQUIRE(recorder.finish(small_run::outcome(), 1, 1));
  CHECK_FALSE(recorder.failed());
  CHECK(ask(*reader, "SELECT count(*) FROM samples") == 30'000);
  CHECK(reader->summary()->finished);
}

TEST_CASE("recorder: commits come several times a second without any further batch") {
  const TemporaryDirectory directory;
  record::Recorder recorder{directory.path, small_run::scenario(), "simulated"};
  recorder.on(small_run::first_batch());
  const auto reader = record::Reader::open(directory.path);
  REQUIRE(reader);
  const auto deadline = std::chrono::steady_clock::now() + 5s;
  while (ask(*reader, "SELECT count(*) FROM samples") == 0) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(10ms);
  }
  CHECK(ask(*reader, "SELECT count(*) FROM samples") == 3);
}
