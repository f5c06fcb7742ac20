// brink real: plays scenarios with real processes and keeps what they did.
#include <algorithm>
#include <cstdio>
#include <iostream>

#include "cli/http_option.hpp"
#include "cli/playing.hpp"
#include "cli/real_places.hpp"
#include "cli/real_run.hpp"
#include "cli/scenario_arguments.hpp"
#include "cli/verbs.hpp"
#include "record/run_directory.hpp"

namespace cli {
namespace {

/// Where people and tools may knock as well; docs/API.md.
struct People {
  std::string http, users = "users";
  HttpSafety safety;
};

/// A scenario and the hosts on which its machines will be; none: this one.
struct Cast {
  const vm::Scenario& scenario;
  std::vector<real::Stage::Place> places;
};

std::filesystem::path brink_itself() {
  return std::filesystem::read_symlink("/proc/self/exe");
}

int play(const Cast& cast, const Playing& playing, const People& people, std::atomic<bool>& stop) {
  const vm::Scenario& scenario = cast.scenario;
  const auto directory = record::create_run_directory(playing.out, scenario.name, scenario.seed);
  record::Recorder recorder{directory, scenario, "real"};
  Progress progress{scenario, playing.progress_style()};
  Watcher watcher{recorder, progress, stop};
  playing.announce(scenario, directory);
  const double cpu_started = cpu_seconds();
  RealRun::Options options{.scenario = scenario,
                           .directory = directory,
                           .binary = brink_itself(),
                           .transactions = playing.transactions,
                           .http = people.http,
                           .users = people.users,
                           .http_words = people.safety.words(),
                           .places = cast.places};
  if (!playing.quiet) {
    options.report = [](const std::string& what) {
      std::fprintf(stderr, "brink: %s\n", what.c_str());
    };
  }
  RealRun run{std::move(options), watcher, stop};
  const vm::RunOutcome outcome = run.play();
  const double wall = run.wall();
  progress.clear_bar();
  const auto summary = recorder.finish(outcome, wall, cpu_seconds() - cpu_started);
  if (!run.failure().empty()) {
    std::fprintf(stderr, "brink: %s: %s\n", directory.c_str(), run.failure().c_str());
    return exit_outside;
  }
  if (summary) playing.show(*summary, directory);
  return verdict(recorder, scenario, outcome, summary);
}

void print_help(const Options& options) {
  std::cout
      << "usage: brink real [OPTIONS] FILE...\n\n"
         "Plays each scenario with real processes on this host: a gateway, an agent, and a\n"
         "node for each machine; clients send at the scenario's instants. What each client\n"
         "was told is looked up in the nodes' stores at the end.\n\n"
         "With a [real] section in the scenario the machines are on the hosts of a fleet\n"
         "file instead, reached over SSH: brink is sent there, nothing of a run stays there,\n"
         "and gateway and clients are here. docs/SCENARIOS.md.\n\n"
      << options.shown
      << "\nexample: brink real scenarios/overload.toml --set "
         "failover.policy=\"fresh-machine\"\n"
         "exit: 0 all expectations met, 1 not, 2 bad input, 3 something outside failed or\n"
         "interrupted it\n";
}

}  // namespace

int real_world(Arguments arguments) {
  Playing playing;
  ScenarioArguments scenarios;
  Options options;
  People people;
  scenarios.add_to(options);
  playing.add_to(options);
  namespace po = boost::program_options;
  options.shown.add_options()  //
      ("http", po::value(&people.http)->value_name("ADDRESS:PORT"),
       "let people and tools send transactions too, during the run; docs/API.md")(
          "users", po::value(&people.users)->value_name("DIR"),
          "their accounts, and the key of their tokens; default: users");
  people.safety.add_options(options.shown);
  if (!options.parse(arguments)) {
    print_help(options);
    return exit_done;
  }
  if (!people.http.empty()) {
    auto http = http_at(people.http, "--http");
    people.safety.apply(http);
  }
  if (playing.json && scenarios.files.size() > 1) {
    throw UsageError("--json takes one FILE at a time");
  }
  const auto loaded = scenarios.load();
  if (!loaded) return exit_usage;
  std::vector<Cast> casts;
  for (const vm::Scenario& scenario : *loaded) {
    casts.push_back({scenario, places_of(scenario, brink_itself())});
  }
  std::atomic<bool> stop{false};
  int worst = exit_done;
  for (const Cast& cast : casts) {
    if (stop) {
      std::fprintf(stderr, "brink: %s: not played\n", cast.scenario.name.c_str());
      continue;
    }
    worst = std::max(worst, play(cast, playing, people, stop));
  }
  return worst;
}

}  // namespace cli
