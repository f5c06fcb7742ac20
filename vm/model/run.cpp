#include "vm/model/run.hpp"

#include <string>

#include "vm/model/run_hosts.hpp"
#include "vm/model/world.hpp"

namespace vm::model {

RunOutcome run(const Scenario& scenario, const RunOptions& options) {
  sim::set_check_context(scenario.name + ", seed " + std::to_string(scenario.seed));
  if (scenario.consolidation) return run_hosts(scenario, options);
  World world{scenario, options};
  return world.play();
}

}  // namespace vm::model
