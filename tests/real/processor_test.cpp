#include "real/processor.hpp"

#include <chrono>
#include <fstream>
#include <map>

#include <catch2/catch.hpp>

#include "tests/real/folder.hpp"

namespace {

using namespace real;
using namespace std::chrono_literals;

double process_cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Burning {
  explicit Burning(double cores, bool rated = true)
      : share({.name = "brink-test-" + std::to_string(::getpid()),
               .cores = cores,
               .rated_only = rated}),
        processor(io, share, vm::Scheduling::processor_sharing,
                  [this](std::uint32_t job) { ended.push_back(job); }) {}

  bool until(std::size_t jobs) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (ended.size() < jobs && std::chrono::steady_clock::now() < end) {
      io.restart();
      io.run_one_for(10ms);
    }
    return ended.size() == jobs;
  }

  asio::io_context io;
  CpuShare share;
  std::vector<std::uint32_t> ended;
  Processor processor;
};

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in{file};
  std::string text;
  std::getline(in, text);
  return text;
}

void write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream{file} << text;
}

}  // namespace

TEST_CASE("processor: burns what was asked for, by the CPU's clock") {
  Burning burning{2};
  const double before = process_cpu_seconds();
  for (std::uint32_t job = 0; job < 20; ++job) burning.processor.add(job, 5e-3);
  REQUIRE(burning.until(20));
  const double used = process_cpu_seconds() - before;
  // 20 x 5 ms; a job ends up to 2 us of spinning late, and the loop looks at its own timer.
  CHECK(used >= 0.1);
  CHECK(used < 0.13);
  CHECK(burning.processor.jobs() == 0);
}

TEST_CASE("processor: jobs share: the short one is not behind the long one") {
  Burning burning{1};
  burning.processor.add(1, 200e-3);
  burning.processor.add(2, 1e-3);
  burning.processor.add(3, 0);
  REQUIRE(burning.until(3));
  CHECK(burning.ended == std::vector<std::uint32_t>{3, 2, 1});
}

TEST_CASE("processor: a cancelled job is never told, and its number is free at once") {
  Burning burning{1};
  burning.processor.add(1, 100);
  burning.processor.add(2, 5e-3);
  burning.processor.cancel(1);
  burning.processor.add(1, 1e-3);
  const double before = process_cpu_seconds();
  REQUIRE(burning.until(2));
  CHECK(process_cpu_seconds() - before < 0.1);
  burning.processor.cancel(1);  // it has ended: nothing happens
  CHECK(burning.ended.size() == 2);
}

TEST_CASE("processor: rated, it keeps to its cores, and to less when it is slowed down") {
  Burning burning{0.25};
  const auto begin = std::chrono::steady_clock::now();
  burning.processor.add(1, 50e-3);
  REQUIRE(burning.until(1));
  // 50 ms of work at a quarter of a core are 200 ms, of which 10 ms may have been saved up before
  // and the last slice is not waited for. On a busy host it takes longer, never less.
  CHECK(std::chrono::steady_clock::now() - begin > 180ms);
  burning.processor.slow_down(0.2);
  const auto again = std::chrono::steady_clock::now();
  burning.processor.add(1, 10e-3);
  REQUIRE(burning.until(2));
  CHECK(std::chrono::steady_clock::now() - again > 180ms);
}

TEST_CASE("capacity: under a quota of this host, if it gives one, the same holds") {
  Burning burning{0.25, false};
  INFO(burning.share.describe());
  const auto begin = std::chrono::steady_clock::now();
  burning.processor.add(1, 50e-3);
  REQUIRE(burning.until(1));
  CHECK(std::chrono::steady_clock::now() - begin > 150ms);
}

TEST_CASE("capacity: groups of both versions are made below the process's own, and removed") {
  // A /proc/self and a hierarchy of our own making: files instead of the kernel's.
  const real_test::Folder folder;
  const auto root = folder.path() / "cgroup", own = root / "service";
  std::filesystem::create_directories(own);
  const bool v2 = GENERATE(false, true);
  write(folder.path() / "mounts",
        "none " + root.string() + (v2 ? " cgroup2 rw" : " cgroup rw,cpu") + " 0 0\n");
  write(folder.path() / "cgroup.txt", "");
  std::filesystem::create_directories(folder.path() / "proc");
  std::filesystem::rename(folder.path() / "mounts", folder.path() / "proc" / "mounts");
  write(folder.path() / "proc" / "cgroup",
        v2 ? "0::/service\n" : "3:memory:/other\n2:cpu,cpuacct:/service\n");
  {
    CpuShare share{{.name = "brink-1-0", .cores = 0.25, .proc = folder.path() / "proc"}};
    CHECK(share.kind() == (v2 ? CpuShare::Kind::cgroup_v2 : CpuShare::Kind::cgroup_v1));
    const auto group = own / "brink-1-0";
    if (v2) {
      CHECK(text_of(group / "cgroup.type") == "threaded");
      CHECK(text_of(group / "cpu.max") == "2500 10000");
      CHECK(share.usage_file() == (group / "cpu.stat").string());
    } else {
      CHECK(text_of(group / "cpu.cfs_period_us") == "10000");
      CHECK(text_of(group / "cpu.cfs_quota_us") == "2500");
    }
    share.change(0.05);  // the least quota is 1 ms, so the period grows to 20 ms
    if (v2) CHECK(text_of(group / "cpu.max") == "1000 20000");
    share.enter();
    CHECK_FALSE(text_of(group / (v2 ? "cgroup.threads" : "tasks")).empty());
    std::filesystem::remove_all(group);
  }
  CHECK_FALSE(std::filesystem::exists(own / "brink-1-0"));
}

TEST_CASE("capacity: a host without groups that may be made is rated") {
  const real_test::Folder folder;
  write(folder.path() / "mounts", "none /nowhere cgroup rw,cpu 0 0\n");
  const CpuShare share{{.name = "brink-1-0", .cores = 0.5, .proc = folder.path()}};
  CHECK(share.kind() == CpuShare::Kind::rated);
  CHECK(share.describe() == "rated, 0.5 cores");
  CHECK(share.usage_file().empty());
}

TEST_CASE("capacity: what a host cannot give is said") {
  CHECK(beyond_this_host({.cores = 0.25, .memory = {1 << 20}}).empty());
  CHECK(beyond_this_host({.cores = 1e6, .memory = {1}}).find("cores") != std::string::npos);
  CHECK(beyond_this_host({.cores = 1, .memory = {std::int64_t{1} << 60}}).find("memory") !=
        std::string::npos);
}
