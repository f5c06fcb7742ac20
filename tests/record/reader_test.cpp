#include "record/reader.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "record/recorder.hpp"
#include "sim/random.hpp"
#include "tests/record/small_run.hpp"

namespace {

namespace fs = std::filesystem;
using small_run::TemporaryDirectory;

void record_small_run(const fs::path& directory) {
  record::Recorder recorder{directory, small_run::scenario(), "simulated"};
  recorder.on(small_run::first_batch());
  recorder.on(small_run::second_batch());
  REQUIRE(recorder.finish(small_run::outcome(), 0.5, 0.4));
}

/// What is wrong with `run`: when it is opened, or else when it is read; empty when nothing is.
std::string complaint(const fs::path& run) {
  const auto reader = record::Reader::open(run);
  if (!reader) return reader.error();
  const auto summary = reader->summary();
  return summary ? "" : summary.error();
}

void execute(const fs::path& run, const char* sql) {
  const auto db = record::open(run / "run.sqlite", record::Access::create);
  record::execute(db.get(), sql);
}

}  // namespace

TEST_CASE("reader: a run is named by its directory or by its database") {
  const TemporaryDirectory directory;
  record_small_run(directory.path);
  CHECK(complaint(directory.path).empty());
  CHECK(complaint(directory.path / "run.sqlite").empty());
}

TEST_CASE("reader: what is no run is named, in one line that says why") {
  const TemporaryDirectory directory;
  const auto file = directory.path / "run.sqlite";
  SECTION("missing") {
    CHECK(complaint("/nonexistent/run") == "/nonexistent/run: no such run");
  }
  SECTION("a directory of something else") {
    CHECK_THAT(complaint(directory.path), Catch::EndsWith("no run.sqlite in it"));
  }
  SECTION("a directory in the database's place") {
    fs::create_directory(file);
    CHECK_THAT(complaint(directory.path), Catch::EndsWith("run.sqlite: not a file"));
  }
  SECTION("empty") {
    std::ofstream{file};
    CHECK_THAT(complaint(file), Catch::EndsWith("empty, not a run of Brink"));
  }
  SECTION("text") {
    std::ofstream{file} << std::string(5000, 'x');
    CHECK_THAT(complaint(file), Catch::EndsWith("not a run of Brink"));
  }
  SECTION("somebody else's database") {
    execute(directory.path, "CREATE TABLE meta(key, value)");
    CHECK_THAT(complaint(file), Catch::EndsWith("not a run of Brink"));
  }
  SECTION("of a newer Brink") {
    record_small_run(directory.path);
    execute(directory.path, "PRAGMA user_version = 7");
    CHECK_THAT(complaint(file), Catch::EndsWith("newer Brink: schema 7, this one reads up to 1"));
  }
  SECTION("with a table missing") {
    record_small_run(directory.path);
    execute(directory.path, "DROP TABLE throughput");
    CHECK_THAT(complaint(file), Catch::Contains("throughput"));
  }
  SECTION("with books of nobody") {
    record_small_run(directory.path);
    execute(directory.path, "DELETE FROM client_groups");
    CHECK_THAT(complaint(file), Catch::EndsWith("books of an unknown client group"));
  }
  SECTION("with a histogram that cannot be") {
    record_small_run(directory.path);
    execute(directory.path, "UPDATE histogram_buckets SET bucket = bucket + 1000000");
    CHECK_THAT(complaint(file), Catch::Contains("histogram"));
  }
}

TEST_CASE("reader: a database cut short anywhere is refused, never half believed") {
  const TemporaryDirectory directory;
  record_small_run(directory.path);
  const auto whole = directory.path / "run.sqlite", cut = directory.path / "cut.sqlite";
  const auto size = fs::file_size(whole);
  sim::RandomStream chance{1, "cut"};
  for (int i = 0; i < 40; ++i) {
    fs::copy_file(whole, cut, fs::copy_options::overwrite_existing);
    const auto length = 1 + chance.below(size - 1);
    fs::resize_file(cut, length);
    INFO(length << " of " << size << " bytes");
    CHECK_THAT(complaint(cut),
               Catch::EndsWith("damaged or cut short") || Catch::EndsWith("not a run of Brink"));
  }
}

TEST_CASE("reader: bytes changed anywhere give a summary or an error, never a crash", "[swarm]") {
  const TemporaryDirectory directory;
  record_small_run(directory.path);
  const auto whole = directory.path / "run.sqlite", broken = directory.path / "broken.sqlite";
  const auto size = fs::file_size(whole);
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    sim::RandomStream chance{seed, "damage"};
    fs::copy_file(whole, broken, fs::copy_options::overwrite_existing);
    {
      std::fstream file{broken, std::ios::in | std::ios::out | std::ios::binary};
      for (int i = 0; i < 30; ++i) {
        // Beyond the header, so that what is tested is more than its magic number.
        file.seekp(static_cast<std::streamoff>(100 + chance.below(size - 100)));
        file.put(static_cast<char>(chance.below(256)));
      }
    }
    CHECK(complaint(broken).find('\n') == std::string::npos);
  }
}

TEST_CASE("reader: reading changes nothing") {
  const TemporaryDirectory directory;
  record_small_run(directory.path);
  const auto before = fs::last_write_time(directory.path / "run.sqlite");
  CHECK(complaint(directory.path).empty());
  CHECK(fs::last_write_time(directory.path / "run.sqlite") == before);
  CHECK_FALSE(fs::exists(directory.path / "run.sqlite-wal"));
}
