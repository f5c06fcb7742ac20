// TheoryJson: what theory says of a scenario, for programs. Names carry their unit; what grows
// without bound, or has no law, is null.
#pragma once

#include <nlohmann/json.hpp>

#include "vm/theory.hpp"

namespace cli {

nlohmann::ordered_json to_json(const vm::Scenario& scenario, const vm::Theory& theory);

}  // namespace cli
