// What is known of a scenario of hosts before anybody plays it: how much there is, how much is
// asked for, and what it would draw with every host at full power all day.
#pragma once

#include <ostream>

#include <nlohmann/json.hpp>

#include "vm/scenario.hpp"

namespace cli {

// Both require scenario.consolidation.
void print_consolidation_check(std::ostream& out, const vm::Scenario& scenario);
nlohmann::ordered_json consolidation_check_json(const vm::Scenario& scenario);

}  // namespace cli
