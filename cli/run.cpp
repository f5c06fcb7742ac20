// brink run: plays scenarios in simulated time and keeps what they did.
#include "vm/model/run.hpp"

#include <chrono>
#include <cstdio>
#include <iostream>

#include "cli/interrupt.hpp"
#include "cli/playing.hpp"
#include "cli/scenario_arguments.hpp"
#include "cli/verbs.hpp"
#include "record/run_directory.hpp"

namespace cli {
namespace {

int play(const vm::Scenario& scenario, const Playing& playing, std::atomic<bool>& stop) {
  const auto directory = record::create_run_directory(playing.out, scenario.name, scenario.seed);
  record::Recorder recorder{directory, scenario, "simulated"};
  Progress progress{scenario, playing.progress_style()};
  Watcher watcher{recorder, progress, stop};
  playing.announce(scenario, directory);
  const auto started = std::chrono::steady_clock::now();
  const double cpu_started = cpu_seconds();
  const vm::RunOutcome outcome = vm::model::run(
      scenario, {.sink = &watcher, .transactions = playing.transactions, .stop = &stop});
  const double wall =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  progress.clear_bar();
  const auto summary = recorder.finish(outcome, wall, cpu_seconds() - cpu_started);
  if (summary) playing.show(*summary, directory);
  return verdict(recorder, scenario, outcome, summary);
}

void print_help(const Options& options) {
  std::cout << "usage: brink run [OPTIONS] FILE...\n\n"
               "Plays each scenario in simulated time: SLA failures and failovers as they happen,\n"
               "a summary, and a run directory with SQLite and CSV.\n\n"
            << options.shown
            << "\nexample: brink run scenarios/overload.toml --seed 7 --set "
               "clients.shoppers.rate=\"900 /s\"\n"
               "exit: 0 all expectations met, 1 not, 2 bad input, 3 something outside failed or\n"
               "interrupted it\n";
}

}  // namespace

int run(Arguments arguments) {
  Playing playing;
  ScenarioArguments scenarios;
  Options options;
  scenarios.add_to(options);
  playing.add_to(options);
  if (!options.parse(arguments)) {
    print_help(options);
    return exit_done;
  }
  if (playing.json && scenarios.files.size() > 1) {
    throw UsageError("--json takes one FILE at a time");
  }
  const auto loaded = scenarios.load();
  if (!loaded) return exit_usage;
  std::atomic<bool>& stop = watch_for_interrupt();
  int worst = exit_done;
  for (const vm::Scenario& scenario : *loaded) {
    if (stop) {
      std::fprintf(stderr, "brink: %s: not played\n", scenario.name.c_str());
      continue;
    }
    worst = std::max(worst, play(scenario, playing, stop));
  }
  return worst;
}

}  // namespace cli
