// ConsolidationPolicy: how hosts are judged, who leaves them and where to; and which of the
// reference's oddities are kept.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vm/detector.hpp"
#include "vm/vm_selection.hpp"

namespace vm {

/// Where a VM goes that leaves an overloaded host, or one that is to be emptied.
///
///   power_aware_best_fit  where power grows least, on or off
///   least_loaded          the host that is on with the smallest share asked for; off ones last
///   first_fit             the lowest number that is on; off ones last
///   fresh_machine         from an overloaded host to one that was off, and to the same one as long
///                         as it takes more; who empties a host packs by power
enum class HostPlacement : std::uint8_t {
  power_aware_best_fit,
  least_loaded,
  first_fit,
  fresh_machine
};

/// What the reference does and few would do on purpose. Each can be left out.
struct Quirks {
  bool idle_vms_end = true;    // a VM that asks for exactly nothing when measured is gone for good
  bool idle_hosts_off = true;  // a host whose VMs ask for nothing draws nothing
  bool stale_watts = true;     // placement compares with watts before the plan; idle power if off
  bool double_moves = true;    // step 3 may send on what step 2 has just sent there
  bool free_edges = true;      // the first interval and what follows the last one cost nothing
  bool arrivals_violate = true;  // a host with VMs under way to or from it breaks its SLA
  bool memory_unlimited = true;  // after the start memory limits nothing
  bool dead_weights = true;      // regressions never apply their weights: robust is plain

  static constexpr Quirks none() {
    return {false, false, false, false, false, false, false, false};
  }
};

struct ConsolidationPolicy {
  Detector detector;
  VmSelection selection = VmSelection::least_migration_time;
  double memory_per_second = 62.5;  // megabytes: how fast a VM moves
  double interval = 300;            // seconds between optimisations
  HostPlacement placement = HostPlacement::power_aware_best_fit;
  Quirks quirks{};
};

constexpr bool needs_history(const ConsolidationPolicy& policy) {
  return needs_history(policy.detector.kind) ||
         policy.selection == VmSelection::highest_correlation;
}

/// Samples of it that anybody looks at.
constexpr std::size_t history_needed(const ConsolidationPolicy& policy) {
  const bool newest =
      is_regression(policy.detector.kind) && policy.selection != VmSelection::highest_correlation;
  return newest ? regression_needs : history_length;
}

}  // namespace vm
