// When the world outside does not play along: folders, disks, pipes, signals.
#include <nlohmann/json.hpp>
#include <sys/mount.h>
#include <sys/stat.h>

#include "record/reader.hpp"
#include "tests/cli/brink_process.hpp"

namespace {

using namespace brink_process;
using Catch::Contains;

/// Long enough to be interrupted: half an hour of wall time. It says something soon.
Words endless(const std::string& sample = "1 s") {
  return {"run",   "small.toml",
          "--set", "scenario.duration=300 d",
          "--set", "clients.users.rate=400 /s",
          "--set", "sla.sample=" + sample,
          "--set", "sla.window=" + sample};
}

/// Waits until the run's record holds transactions that committed: a reader of the file sees them.
void wait_for_rows(const Desk& desk) {
  for (int i = 0; i < 3000; ++i) {
    std::this_thread::sleep_for(10ms);
    const auto run = record::Reader::open(desk / "results/small-1");
    if (!run) continue;  // not made yet, or being made
    const auto rows =
        record::prepare(run->database(), "SELECT 1 FROM throughput WHERE committed > 0 LIMIT 1");
    if (record::next_row(rows.get())) return;
  }
  FAIL("nothing was recorded within thirty seconds");
}

/// A disk of 1 MiB over a folder, where the system lets us.
class SmallDisk {
 public:
  explicit SmallDisk(const fs::path& at, unsigned long flags = 0) : at_(at) {
    mounted_ = !at.empty() && mount("brink_test", at.c_str(), "tmpfs", flags, "size=1m") == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount2(at_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool mounted() const { return mounted_; }

 private:
  fs::path at_;
  bool mounted_ = false;
};

}  // namespace

TEST_CASE("trouble: a results folder that cannot be made is exit 3, and named") {
  const Desk desk;
  const std::string out = GENERATE("small.toml/results", "/proc/brink", "/dev/null");
  const Said said = desk.brink({"run", "small.toml", "--out", out});
  INFO(said.err);
  CHECK(said.code == 3);
  CHECK(said.out.empty());
  CHECK(lines(said.err) == 1);
  CHECK_THAT(said.err, Catch::StartsWith("brink: " + out) && Contains(": N"));
}

TEST_CASE("trouble: a results folder without permission is exit 3, and named") {
  const Desk desk;
  fs::create_directory(desk / "results");
  fs::permissions(desk / "results", fs::perms::owner_read | fs::perms::owner_exec);
  // Root may write there nevertheless, but to nothing that is mounted read-only.
  const bool root = access((desk / "results").c_str(), W_OK) == 0;
  const SmallDisk disk{root ? desk / "results" : fs::path{}, MS_RDONLY};
  if (root && !disk.mounted()) {
    WARN("skipped: this user may write everywhere and mount nothing");
    return;
  }
  const Said said = desk.brink({"run", "small.toml"});
  INFO(said.err);
  CHECK(said.code == 3);
  CHECK(said.err == std::string{"brink: results/small-1: "} +
                        (root ? "Read-only file system\n" : "Permission denied\n"));
}

TEST_CASE("trouble: a full disk stops the run, is exit 3, and what was kept is said") {
  const Desk desk;
  fs::create_directory(desk / "results");
  const SmallDisk disk{desk / "results"};
  if (!disk.mounted()) {
    WARN("skipped: this user may not mount a small disk");
    return;
  }
  Words words = endless();  // half an hour of wall time, if it did not stop
  words.insert(words.end(), {"--transactions", "--quiet", "other.toml"});
  desk.put("other.toml", edited("\"small\"", "\"other\""));
  const Said said = desk.brink(words);
  INFO(said.err);
  CHECK(said.code == 3);
  CHECK_THAT(said.err, Contains("results/small-1/run.sqlite: database or disk is full; kept ") &&
                           Contains(" rows, up to ") && Contains("brink: other: not played\n"));
  CHECK(lines(said.err) == 2);
  CHECK_THAT(desk.brink({"report", "results/small-1"}).out,
             Contains("UNFINISHED: recording ended at "));
}

TEST_CASE("trouble: standard output that is closed or full is exit 3, and the run is kept") {
  const Desk desk;
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  close(ends[0]);  // as `| head -1` does, for certain before the first line
  const Said piped = desk.start({"run", scenario_file("overload")}, {.out = ends[1]})->wait();
  close(ends[1]);
  CHECK(piped.code == 3);
  CHECK(piped.err == "brink: cannot write to standard output\n");
  CHECK(desk.brink({"report", "results/overload-42"}).code == 0);

  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  const Words words = GENERATE(Words{"run", "small.toml", "--json"}, Words{"check", "small.toml"},
                               Words{"report", "results/overload-42"}, Words{"run", "--help"});
  const Said said = desk.start(words, {.out = full})->wait();
  close(full);
  CHECK(said.code == 3);
  CHECK_THAT(said.err, Contains("brink: cannot write to standard output\n"));
}

TEST_CASE("trouble: Ctrl-C closes the files, says how far it came, and is no success") {
  const Desk desk;
  const int signal = GENERATE(SIGINT, SIGTERM);
  const auto process = desk.start(endless());
  wait_for_rows(desk);
  process->send(signal);
  const Said said = process->wait();
  INFO(said.err);
  CHECK(said.code == 3);
  CHECK_THAT(said.err, Contains("brink: results/small-1: interrupted at ") &&
                           Contains(" of 300 d; all up to there is kept\n"));
  CHECK_THAT(said.out, Contains("INTERRUPTED at ") && Contains("BOOKS         lost 0"));
  const Words files = desk.list("results/small-1");
  CHECK(std::count(files.begin(), files.end(), "summary.json") == 1);
  CHECK(std::count(files.begin(), files.end(), "run.sqlite-wal") == 0);
  CHECK_THAT(desk.brink({"report", "results/small-1"}).out, Contains("INTERRUPTED at "));
}

TEST_CASE("trouble: Ctrl-C ends the run under way and plays no other") {
  const Desk desk;
  desk.put("other.toml", edited("\"small\"", "\"other\""));
  Words words = endless();
  words.push_back("other.toml");
  const auto process = desk.start(words);
  wait_for_rows(desk);
  process->send(SIGINT);
  const Said said = process->wait();
  CHECK(said.code == 3);
  CHECK_THAT(said.err, Contains("brink: other: not played\n"));
  CHECK(desk.list("results") == Words{"small-1"});
}

TEST_CASE("trouble: a second Ctrl-C ends it at once") {
#ifdef __SANITIZE_THREAD__
  WARN("the thread sanitizer keeps signals back until the next call into the system: not tested");
  return;
#endif
  const Desk desk;
  // It stops at the next sample, and that is 150 days away: the first signal cannot end it soon.
  const auto process = desk.start(endless("150 d"));
  while (process->out().empty()) std::this_thread::sleep_for(2ms);
  std::this_thread::sleep_for(50ms);  // the first line is printed before the run begins
  process->send(SIGINT);
  std::this_thread::sleep_for(50ms);
  process->send(SIGINT);
  const Said said = process->wait();
  CHECK(said.code == 130);  // 128 + SIGINT, as shells say it
  CHECK_THAT(desk.brink({"report", "results/small-1"}).out, Contains("UNFINISHED"));
}

TEST_CASE("trouble: what was killed can be reported, and is unfinished") {
  const Desk desk;
  const auto process = desk.start(endless());
  wait_for_rows(desk);
  process->send(SIGKILL);
  CHECK(process->wait().code == -SIGKILL);
  const Said said = desk.brink({"report", "results/small-1"});
  CHECK(said.code == 1);
  CHECK_THAT(said.out, Contains("UNFINISHED: recording ended at "));
  const auto summary =
      nlohmann::json::parse(desk.brink({"report", "results/small-1", "--json"}).out);
  CHECK(summary["finished"] == false);
  CHECK(summary["transactions"]["committed"] > 0);
}
