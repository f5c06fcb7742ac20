// brink fleet: agents on the machines of a fleet file, put there over SSH.
#include <array>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "cli/fleet_argument.hpp"
#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "real/fleet/deploy.hpp"
#include "vm/quantity.hpp"
#include "vm/spelling.hpp"

namespace cli {
namespace {

struct Wanted {
  std::vector<std::string> files;
  std::string patience = "10s";
  std::size_t connections = 16;
  bool no_watch = false;

  real::DeployOptions deploy() const {
    const auto span = vm::parse_duration(patience);
    if (!span) throw UsageError("--patience: " + span.error());
    if (*span < std::chrono::seconds{1} || *span > std::chrono::hours{1}) {
      throw UsageError("--patience: between 1 s and 1 h, and not " + patience);
    }
    if (connections < 1 || connections > 256) throw UsageError("--connections: from 1 to 256");
    real::DeployOptions options;
    options.patience = std::chrono::ceil<std::chrono::seconds>(*span);
    options.connections = connections;
    return options;
  }
};

constexpr const char* up_text =
    "usage: brink fleet up [OPTIONS] FILE\n\n"
    "Puts this program as an agent on every machine of a fleet file, starts it, and says per host\n"
    "what happened. Doing it again is harmless: it replaces what differs and leaves the rest.\n"
    "Then it watches, as brink fleet watch does, until it is ended.\n"
    "docs/FLEET.md describes the file.\n\n";
constexpr const char* up_example =
    "\nexample: brink fleet up fleet.toml\n"
    "exit: 0 done, 2 bad usage or fleet file, 3 a machine failed; the others were done\n";
constexpr const char* down_text =
    "usage: brink fleet down [OPTIONS] FILE\n\n"
    "Stops the agents of a fleet file and removes what was put on its machines. A collector, be it\n"
    "at work or started later, does not miss them until brink fleet up puts them there again.\n\n";
constexpr const char* down_example =
    "\nexample: brink fleet down fleet.toml\n"
    "exit: 0 done, 2 bad usage or fleet file, 3 a machine failed; the others were done\n";

using Work = bool (*)(const real::Fleet&, const real::DeployOptions&, const real::TellDeployed&);

/// Reads the arguments and does the work; nothing where only help was wanted.
int work_on(Arguments arguments, bool is_up, Work work) {
  namespace po = boost::program_options;
  Wanted wanted;
  Options options;
  options.add_rest("FILE", wanted.files);
  options.shown.add_options()("patience", po::value(&wanted.patience)->value_name("TIME"),
                              "for each answer of a machine; 10s")(
      "connections", po::value(&wanted.connections)->value_name("N"), "machines at once; 16");
  if (is_up) {
    options.shown.add_options()("no-watch", po::bool_switch(&wanted.no_watch),
                                "end when the agents are there; brink fleet watch FILE goes on");
  }
  if (!options.parse(arguments)) {
    std::cout << (is_up ? up_text : down_text) << options.shown
              << (is_up ? up_example : down_example);
    return exit_done;
  }
  if (wanted.files.size() != 1) throw UsageError("expected one fleet file; brink fleet --help");
  const real::DeployOptions how = wanted.deploy();
  const auto fleet = load_fleet(wanted.files.front());
  if (!fleet) return exit_usage;
  std::size_t failed = 0;
  const bool all_well = work(*fleet, how, [&](const real::Deployed& host) {
    failed += host.done ? 0 : 1;
    std::ostream& out = host.done ? std::cout : std::cerr;
    out << host.host << ": " << host.what << std::endl;
  });
  if (!all_well) {
    std::cerr << failed << " of " << fleet->hosts.size() << " hosts failed" << std::endl;
  }
  const int code = all_well ? exit_done : exit_outside;
  // A machine that failed does not keep us from watching the others; it will be told as silent.
  if (!is_up || wanted.no_watch) return code;
  const int watched = fleet_watch(wanted.files);
  return watched == exit_done ? code : watched;
}

int up(Arguments arguments) {
  return work_on(arguments, true, real::deploy_fleet);
}

int down(Arguments arguments) {
  return work_on(arguments, false, real::retire_fleet);
}

struct Step {
  std::string_view name, does;
  int (*play)(Arguments);
};

constexpr std::array steps{
    Step{"up", "put agents on all machines, or newer ones", up},
    Step{"watch", "take what the agents send, tell and mail what goes wrong", fleet_watch},
    Step{"status", "who is up, who was down for how long", fleet_status},
    Step{"down", "stop the agents and remove them", down},
};

void print_help(std::ostream& out) {
  out << "usage: brink fleet STEP [OPTIONS] FILE\n\n";
  for (const Step& step : steps) {
    std::string left = "  " + std::string{step.name};
    left.resize(10, ' ');
    out << left << step.does << '\n';
  }
  out << "\nFILE names the machines and how to reach them; docs/FLEET.md describes it.\n"
         "  brink fleet STEP --help   shows a step's options\n"
         "\nexample: brink fleet up fleet.toml\n";
}

}  // namespace

int fleet(Arguments arguments) {
  if (arguments.empty()) throw UsageError("expected up, watch, status or down; brink fleet --help");
  const std::string& name = arguments.front();
  if (name == "--help" || name == "-h") {
    print_help(std::cout);
    return exit_done;
  }
  std::vector<std::string_view> names;
  for (const Step& step : steps) {
    if (step.name == name) return step.play(arguments.subspan(1));
    names.push_back(step.name);
  }
  throw UsageError("a fleet has no step " + vm::in_quotes(name) + vm::suggestion(name, names));
}

}  // namespace cli
