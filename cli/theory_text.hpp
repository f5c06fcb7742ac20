// TheoryText: what theory says of a scenario, for people: aligned columns of at most 92 characters.
#pragma once

#include <ostream>

#include "vm/theory.hpp"

namespace cli {

/// Prints `theory` of `scenario`; `colour`: overload in red.
void print_theory(std::ostream& out, const vm::Scenario& scenario, const vm::Theory& theory,
                  bool colour);

}  // namespace cli
