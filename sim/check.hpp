// SIM_CHECK: a promise our own code makes to itself. On in every build, since a simulation that
// goes on after a broken promise prints wrong numbers with a straight face.
//
// `set_check_context` names the run (scenario and seed) so that the report can be played again.
#pragma once

#include <string>

namespace sim {

[[noreturn]] void fail_check(const char* condition, const char* file, int line);

/// What the report of a broken promise says about the run, for example "overload, seed 42".
void set_check_context(std::string text);

}  // namespace sim

#define SIM_CHECK(condition) \
  ((condition) ? void() : ::sim::fail_check(#condition, __FILE__, __LINE__))
