// now(): the steady clock of this host as a vm::Time, counted from the clock's own beginning. For
// measuring spans within one process; instants of a run are the gateway's.
#pragma once

#include <chrono>

#include "sim/units.hpp"

namespace real {

inline sim::Time now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return sim::Time{std::chrono::duration_cast<std::chrono::nanoseconds>(since)};
}

}  // namespace real
