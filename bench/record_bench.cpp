// What recording costs: rows per second that the writer takes, and the CPU time of a row, for the
// rows that a long run is made of (a sample per machine and second, two rows per group and second).
//
//   record_bench [seconds of the run, default 86400] [machines, default 20] [groups, default 1]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <sys/resource.h>
#include <unistd.h>

#include "record/recorder.hpp"
#include "record/run_directory.hpp"

namespace {

struct Cost {
  double wall_s, cpu_s;
};

Cost now() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  const auto wall = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration<double>(wall).count(),
          seconds(usage.ru_utime) + seconds(usage.ru_stime)};
}

void print(const char* what, Cost from, Cost to, double rows) {
  std::printf("%-22s %8.2f s wall %8.2f s CPU %12.0f rows/s %8.0f ns CPU/row\n", what,
              to.wall_s - from.wall_s, to.cpu_s - from.cpu_s, rows / (to.wall_s - from.wall_s),
              (to.cpu_s - from.cpu_s) * 1e9 / rows);
}

std::uint32_t argument(int argc, char** argv, int index, std::uint32_t otherwise) {
  return argc > index ? static_cast<std::uint32_t>(std::strtoul(argv[index], nullptr, 10))
                      : otherwise;
}

/// One second of the run; the figures differ from row to row as real ones do.
void fill(vm::Batch& batch, vm::Time at, std::uint32_t machines, std::uint32_t groups) {
  static double noise = 0.1;
  for (std::uint32_t m = 0; m < machines; ++m) {
    noise = noise * 3.9 * (1 - noise);  // logistic map: cheap and never the same
    batch.samples.push_back(
        {at, {m}, vm::MachineState::up, {{{noise, noise / 2, noise / 3, noise / 5}}, 12, 50}});
  }
  for (std::uint32_t g = 0; g < groups; ++g) {
    batch.latencies.push_back({at, {g}, 900, noise, noise * 2, noise * 3, noise * 4, noise * 5, 9});
    batch.throughputs.push_back({at, {g}, 900, 890, 3, 4, 3, 20, 17});
  }
  batch.now = at;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace std::chrono_literals;
  const auto seconds = argument(argc, argv, 1, 86'400);
  const auto machines = argument(argc, argv, 2, 20);
  const auto groups = argument(argc, argv, 3, 1);
  const auto out = std::filesystem::temp_directory_path() / "brink_record_bench";
  const auto directory =
      record::create_run_directory(out, "bench", static_cast<std::uint64_t>(::getpid()));

  vm::Scenario scenario;
  scenario.name = "bench";
  scenario.clients.resize(groups);
  vm::RunOutcome outcome;
  outcome.world = "simulated";
  outcome.end = vm::Time{seconds * 1s};
  const double rows = static_cast<double>(seconds) * (machines + 2.0 * groups);

  const Cost start = now();
  Cost given{};
  {
    record::Recorder recorder{directory, scenario, "simulated"};
    vm::Batch batch;
    for (std::uint32_t s = 1; s <= seconds; ++s) {
      fill(batch, vm::Time{s * 1s}, machines, groups);
      if (batch.rows() < 4096 && s != seconds) continue;
      recorder.on(batch);
      batch.clear();
    }
    given = now();
    recorder.finish(outcome, 1, 1);
    if (const auto failed = recorder.failed()) std::fprintf(stderr, "%s\n", failed->c_str());
  }
  const Cost end = now();
  print("while it runs", start, given, rows);
  print("at the end, CSV too", given, end, rows);
  print("together", start, end, rows);
  std::printf(
      "%.0f rows, %.1f bytes of run.sqlite a row\n", rows,
      static_cast<double>(std::filesystem::file_size(directory / record::database_name)) / rows);
  std::filesystem::remove_all(out);
}
