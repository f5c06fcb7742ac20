// The whole day: scenarios/worldcup98.toml request by request, unrecorded and recorded in turn.
//
//   day_bench SCENARIO [TRACE] [--set ...]   e.g. day_bench scenarios/worldcup98.toml
#include <sys/resource.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/bench.hpp"
#include "record/recorder.hpp"
#include "record/run_directory.hpp"
#include "vm/model/run.hpp"
#include "vm/scenario_toml.hpp"

namespace {

double cpu_of_this_thread() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

struct Row {
  double wall_s, cpu_s;
  std::uint64_t issued = 0, events = 0, fingerprint = 0;
};

Row play(const vm::Scenario& scenario, vm::ObservationSink* sink, vm::RunOutcome& outcome) {
  const double cpu = cpu_of_this_thread();
  Row row{};
  row.wall_s = bench::seconds_of([&] { outcome = vm::model::run(scenario, {.sink = sink}); });
  row.cpu_s = cpu_of_this_thread() - cpu;
  for (const auto& group : outcome.groups) row.issued += group.books.issued;
  row.events = outcome.events;
  row.fingerprint = outcome.fingerprint;
  return row;
}

void print(const char* what, const Row& row) {
  const auto issued = static_cast<double>(row.issued);
  std::printf("%-10s %6.1f s wall  %6.1f s CPU of its core  %.2f M transactions/s  %4.0f ns each  "
              "%.1f events each  fingerprint %016llx\n",
              what, row.wall_s, row.cpu_s, issued / row.wall_s / 1e6, row.wall_s / issued * 1e9,
              static_cast<double>(row.events) / issued,
              static_cast<unsigned long long>(row.fingerprint));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: day_bench SCENARIO [KEY=VALUE...]\n");
    return 2;
  }
  const std::vector<std::string> settings{argv + 2, argv + argc};
  const auto scenario = vm::load_scenario(argv[1], settings);
  if (!scenario) {
    for (const auto& issue : scenario.issues()) std::puts(to_string(issue).c_str());
    return 2;
  }
  vm::RunOutcome outcome;
  print("alone", play(*scenario, nullptr, outcome));
  const auto out = std::filesystem::temp_directory_path() / "brink-day-bench";
  {
    const auto directory = record::create_run_directory(out, scenario->name, scenario->seed);
    record::Recorder recorder{directory, *scenario, "simulated"};
    const Row row = play(*scenario, &recorder, outcome);
    print("recorded", row);
    const double closing = bench::seconds_of([&] { recorder.finish(outcome, row.wall_s, row.cpu_s); });
    std::printf("%-10s %6.2f s to close the files, peak memory %.0f MB\n", "", closing,
                peak_megabytes());
  }
  std::filesystem::remove_all(out);
}
