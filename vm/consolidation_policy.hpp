// ConsolidationPolicy: how hosts are judged and who leaves them.
#pragma once

#include "vm/detector.hpp"
#include "vm/vm_selection.hpp"

namespace vm {

struct ConsolidationPolicy {
  Detector detector;
  VmSelection selection = VmSelection::least_migration_time;
  double memory_per_second = 62.5;  // megabytes: how fast a VM moves
  double interval = 300;            // seconds between optimisations
};

constexpr bool needs_history(const ConsolidationPolicy& policy) {
  return needs_history(policy.detector.kind) ||
         policy.selection == VmSelection::highest_correlation;
}

}  // namespace vm
