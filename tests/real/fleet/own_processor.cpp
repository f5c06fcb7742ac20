#include "tests/real/fleet/own_processor.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "real/posix.hpp"
#include "real/procfs.hpp"

namespace fleet_test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto interval = 100ms;
constexpr double ms_per_tick = 1e3 / real::ticks_per_second;

std::string content(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// All processes that come from `pid`, by what /proc says now; some may be gone already.
void add_descendants(pid_t pid, std::vector<pid_t>& all) {
  std::error_code gone;
  for (const auto& thread :
       fs::directory_iterator("/proc/" + std::to_string(pid) + "/task", gone)) {
    std::ifstream children{thread.path() / "children"};
    for (pid_t child = 0; children >> child;) {
      all.push_back(child);
      add_descendants(child, all);
    }
  }
}

}  // namespace

std::string OwnProcessor::text(std::uint64_t busy, std::uint64_t idle) {
  char numbers[64];
  std::snprintf(numbers, sizeof numbers, " %012llu 0 0 %012llu 0 0 0 0 0 0\n",
                static_cast<unsigned long long>(busy), static_cast<unsigned long long>(idle));
  return "cpu " + std::string{numbers} + "cpu0" + numbers +
         "ctxt 1\nbtime 1700000000\nprocesses 1\nprocs_running 1\nprocs_blocked 0\n";
}

OwnProcessor::OwnProcessor(fs::path file, pid_t keeper)
    : thread_([this, file = std::move(file), keeper] { work(file, keeper); }) {}

OwnProcessor::~OwnProcessor() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  ended_.notify_one();
  thread_.join();
}

void OwnProcessor::work(const fs::path& file, pid_t keeper) {
  const real::Descriptor out{::open(file.c_str(), O_WRONLY | O_CLOEXEC)};
  std::map<pid_t, std::uint64_t> seen;  // ticks of each process
  double busy = 0, idle = 1;
  auto before = std::chrono::steady_clock::now();
  for (std::unique_lock lock{mutex_};
       !ended_.wait_for(lock, interval, [this] { return ending_; });) {
    std::vector<pid_t> all;
    add_descendants(keeper, all);
    std::uint64_t used = 0;
    for (const pid_t pid : all) {
      const auto stat = real::parse_process_stat(content("/proc/" + std::to_string(pid) + "/stat"));
      if (!stat) continue;
      const std::uint64_t ticks = stat->user_ticks + stat->system_ticks;
      std::uint64_t& last = seen[pid];
      used += ticks - std::min(ticks, last);
      last = ticks;
    }
    const auto now = std::chrono::steady_clock::now();
    const double had = std::chrono::duration<double, std::milli>(now - before).count() * share;
    before = now;
    const double took = std::min(had, static_cast<double>(used) * ms_per_tick);
    busy += took;
    idle += had - took;
    const std::string said =
        text(static_cast<std::uint64_t>(busy), static_cast<std::uint64_t>(idle));
    (void)(::pwrite(out.get(), said.data(), said.size(), 0) > 0);
  }
}

}  // namespace fleet_test
