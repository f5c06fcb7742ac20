// brink run: plays scenarios in simulated time and keeps what they did.
#include "vm/model/run.hpp"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>

#include <sys/resource.h>

#include "cli/interrupt.hpp"
#include "cli/options.hpp"
#include "cli/progress.hpp"
#include "cli/scenario_arguments.hpp"
#include "cli/summary_text.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "record/recorder.hpp"
#include "record/run_directory.hpp"
#include "vm/quantity.hpp"

namespace cli {
namespace {

struct Wanted {
  std::filesystem::path out = "results";
  bool quiet = false;
  bool json = false;
  bool transactions = false;
};

/// Keeps a run and shows it. When it can no longer be kept, it stops: what nobody can look at
/// afterwards is not worth hours of anybody's time.
class Watcher : public vm::ObservationSink {
 public:
  Watcher(record::Recorder& recorder, Progress& progress, std::atomic<bool>& stop)
      : recorder_(recorder), progress_(progress), stop_(stop) {}
  void on(const vm::Batch& batch) override {
    recorder_.on(batch);
    progress_.on(batch);
    if (recorder_.failed()) stop_ = true;
  }

 private:
  record::Recorder& recorder_;
  Progress& progress_;
  std::atomic<bool>& stop_;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto s = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return s(usage.ru_utime) + s(usage.ru_stime);
}

Progress::Style progress_style(const Wanted& wanted) {
  // With --json standard output is for the object alone.
  std::FILE* events = wanted.json ? stderr : stdout;
  return {.events = events,
          .bar = is_terminal(stderr),
          .colour = wants_colour(events),
          .quiet = wanted.quiet};
}

void show(const record::Summary& summary, const Wanted& wanted) {
  if (wanted.json) {
    std::cout << record::to_json(summary) << std::endl;
  } else {
    print_summary(std::cout, summary, {.colour = wants_colour(stdout), .width = columns(stdout)});
    std::cout.flush();
  }
}

/// The exit code of a run that is over, with a word to stderr where it is exit_outside.
int verdict(const record::Recorder& recorder, const vm::Scenario& scenario,
            const vm::RunOutcome& outcome, const std::optional<record::Summary>& summary) {
  const auto outside = [](const std::string& what) {
    std::fprintf(stderr, "brink: %s\n", what.c_str());
    return exit_outside;
  };
  if (const auto failure = recorder.failed()) return outside(*failure);
  const std::string name = recorder.directory().string();
  if (!summary) return outside(name + ": cannot be read back");
  // Expectations that hold by half-time prove nothing, so this is no success.
  if (outcome.interrupted) {
    return outside(name + ": interrupted at " +
                   vm::format_duration(outcome.end.time_since_epoch()) + " of " +
                   vm::format_duration(scenario.duration) + "; all up to there is kept");
  }
  return summary->met() ? exit_done : exit_unmet;
}

int play(const vm::Scenario& scenario, const Wanted& wanted, std::atomic<bool>& stop) {
  const auto directory = record::create_run_directory(wanted.out, scenario.name, scenario.seed);
  record::Recorder recorder{directory, scenario, "simulated"};
  Progress progress{scenario, progress_style(wanted)};
  Watcher watcher{recorder, progress, stop};
  const bool chatty = !wanted.quiet && !wanted.json;
  if (chatty) {
    std::printf("%s, seed %llu -> %s\n", scenario.name.c_str(),
                static_cast<unsigned long long>(scenario.seed), directory.c_str());
    std::fflush(stdout);
  }
  const auto started = std::chrono::steady_clock::now();
  const double cpu_started = cpu_seconds();
  const vm::RunOutcome outcome = vm::model::run(
      scenario, {.sink = &watcher, .transactions = wanted.transactions, .stop = &stop});
  const double wall =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  progress.clear_bar();
  const auto summary = recorder.finish(outcome, wall, cpu_seconds() - cpu_started);
  if (summary) show(*summary, wanted);
  // Again, since by now the first line may be far up.
  if (summary && chatty) std::printf("brink report %s  shows this again\n", directory.c_str());
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
  namespace po = boost::program_options;
  Wanted wanted;
  ScenarioArguments scenarios;
  Options options;
  scenarios.add_to(options);
  options.shown.add_options()("out", po::value(&wanted.out)->value_name("DIR"),
                              "where run directories go (default: results)")(
      "transactions", po::bool_switch(&wanted.transactions),
      "also record every transaction (large)")("quiet", po::bool_switch(&wanted.quiet),
                                               "no progress, no events: the summary alone")(
      "json", po::bool_switch(&wanted.json),
      "print summary.json and nothing else; events go to stderr");
  if (!options.parse(arguments)) {
    print_help(options);
    return exit_done;
  }
  if (wanted.json && scenarios.files.size() > 1) {
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
    worst = std::max(worst, play(scenario, wanted, stop));
  }
  return worst;
}

}  // namespace cli
