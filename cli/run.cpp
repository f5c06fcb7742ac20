// brink run: plays scenarios in simulated time and keeps what they did.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/scenario_arguments.hpp"
#include "cli/summary_text.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "record/recorder.hpp"
#include "record/run_directory.hpp"
#include "vm/model/run.hpp"

namespace cli {
namespace {

struct Options {
  std::filesystem::path out = "results";
  bool quiet = false;
  bool json = false;
  bool transactions = false;
};

/// Tells two sinks, in this order.
class Tee : public vm::ObservationSink {
 public:
  Tee(vm::ObservationSink& first, vm::ObservationSink& second) : first_(first), second_(second) {}
  void on(const vm::Batch& batch) override {
    first_.on(batch);
    second_.on(batch);
  }

 private:
  vm::ObservationSink& first_;
  vm::ObservationSink& second_;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto s = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return s(usage.ru_utime) + s(usage.ru_stime);
}

Progress::Style progress_style(const Options& options) {
  // With --json standard output is for the object alone.
  std::FILE* events = options.json ? stderr : stdout;
  return {.events = events,
          .bar = is_terminal(stderr),
          .colour = wants_colour(events),
          .quiet = options.quiet};
}

void show(const record::Summary& summary, const Options& options) {
  if (options.json) {
    std::cout << record::to_json(summary) << std::endl;
  } else {
    print_summary(std::cout, summary, {.colour = wants_colour(stdout), .width = columns(stdout)});
    std::cout.flush();
  }
}

int play(const vm::Scenario& scenario, const Options& options, const std::atomic<bool>& stop) {
  const auto directory = record::create_run_directory(options.out, scenario.name, scenario.seed);
  record::Recorder recorder{directory, scenario, "simulated"};
  Progress progress{scenario, progress_style(options)};
  Tee tee{recorder, progress};
  if (!options.quiet && !options.json) {
    std::printf("%s, seed %llu -> %s\n", scenario.name.c_str(),
                static_cast<unsigned long long>(scenario.seed), directory.c_str());
    std::fflush(stdout);
  }
  const auto started = std::chrono::steady_clock::now();
  const double cpu_started = cpu_seconds();
  const vm::RunOutcome outcome = vm::model::run(
      scenario, {.sink = &tee, .transactions = options.transactions, .stop = &stop});
  const double wall =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  progress.clear_bar();
  const auto summary = recorder.finish(outcome, wall, cpu_seconds() - cpu_started);
  if (const auto failure = recorder.failed()) {
    std::fprintf(stderr, "brink: %s\n", failure->c_str());
    return exit_outside;
  }
  if (!summary) {
    std::fprintf(stderr, "brink: %s cannot be read back\n", directory.c_str());
    return exit_outside;
  }
  show(*summary, options);
  return summary->met() ? exit_done : exit_unmet;
}

}  // namespace

int run(Arguments arguments) {
  namespace po = boost::program_options;
  Options options;
  ScenarioArguments scenarios;
  po::options_description described{"options"};
  po::positional_options_description positional;
  scenarios.add_to(described, positional);
  described.add_options()("out", po::value(&options.out)->value_name("DIR"),
                          "where run directories go (default: results)")(
      "transactions", po::bool_switch(&options.transactions),
      "also record every transaction (large)")(
      "quiet", po::bool_switch(&options.quiet), "no progress, no events: the summary alone")(
      "json", po::bool_switch(&options.json), "print summary.json and nothing else")(
      "help", "show this help");
  po::variables_map values;
  po::store(po::command_line_parser(std::vector<std::string>{arguments.begin(), arguments.end()})
                .options(described)
                .positional(positional)
                .run(),
            values);
  if (values.count("help") != 0) {
    std::cout << "usage: brink run [OPTIONS] FILE...\n\n"
                 "Plays each scenario in simulated time: SLA failures and failovers as they happen,\n"
                 "a summary, and a run directory with SQLite and CSV.\n\n"
              << described
              << "\nexample: brink run scenarios/overload.toml --seed 7 --set "
                 "clients.shoppers.rate=\"900 /s\"\n"
                 "exit: 0 all expectations met, 1 not, 2 bad input, 3 something outside failed\n";
    return exit_done;
  }
  po::notify(values);
  const auto loaded = scenarios.load();
  if (!loaded) return exit_usage;
  const std::atomic<bool>& stop = watch_for_interrupt();
  int worst = exit_done;
  for (const vm::Scenario& scenario : *loaded) {
    if (stop) break;
    worst = std::max(worst, play(scenario, options, stop));
  }
  return worst;
}

}  // namespace cli
