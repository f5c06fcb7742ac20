// brink check: reads scenarios as strictly as a run does, and says what theory predicts of them.
#include <iostream>
#include <string>
#include <vector>

#include "cli/consolidation_check.hpp"
#include "cli/options.hpp"
#include "cli/real_places.hpp"
#include "cli/scenario_arguments.hpp"
#include "cli/terminal.hpp"
#include "cli/theory_json.hpp"
#include "cli/theory_text.hpp"
#include "cli/verbs.hpp"
#include "vm/theory.hpp"

namespace cli {

int check(Arguments arguments) {
  namespace po = boost::program_options;
  bool json = false;
  ScenarioArguments scenarios;
  Options options;
  scenarios.add_to(options);
  options.shown.add_options()("json", po::bool_switch(&json),
                              "print an array with an object for each scenario, and nothing else");
  if (!options.parse(arguments)) {
    std::cout << "usage: brink check [OPTIONS] FILE...\n\n"
                 "Validates each scenario and says what theory predicts: the load of every\n"
                 "resource, response times, the rate at which each is full, how many machines\n"
                 "would have been enough. Nothing is played and nothing is written.\n\n"
              << options.shown
              << "\nexample: brink check scenarios/overload.toml --set "
                 "clients.shoppers.rate=\"900 /s\"\n"
                 "exit: 0 the files are valid (overloaded or not), 2 bad usage or bad input\n";
    return exit_done;
  }
  const auto loaded = scenarios.load();
  if (!loaded) return exit_usage;
  if (json) {
    auto all = nlohmann::ordered_json::array();
    for (const vm::Scenario& scenario : *loaded) {
      all.push_back(scenario.consolidation ? consolidation_check_json(scenario)
                                           : to_json(scenario, vm::predict(scenario)));
    }
    std::cout << all.dump(2) << std::endl;
    return exit_done;
  }
  const char* gap = "";
  for (const vm::Scenario& scenario : *loaded) {
    std::cout << gap;
    if (scenario.consolidation) {
      print_consolidation_check(std::cout, scenario);
    } else {
      print_theory(std::cout, scenario, vm::predict(scenario), wants_colour(stdout));
      print_places(std::cout, scenario);
    }
    gap = "\n";
  }
  std::cout.flush();
  return exit_done;
}

}  // namespace cli
