// summary.json: a Summary for programs. Its names are a contract (docs/RESULTS.md); new ones may
// come, none may change. What a run does not know (the percentiles of a killed run) is null.
#pragma once

#include <string>

#include "record/summary.hpp"

namespace record {

/// One JSON object, indented by two, with a line end.
std::string summary_json(const Summary& summary);

}  // namespace record
