// ConsolidationOutcome: what a data center's day came to, in the reference experiment's measures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/summary.hpp"
#include "vm/entities.hpp"

namespace vm {

/// What one optimisation saw and did.
struct ConsolidationInterval {
  Time at;
  double energy_kwh = 0;           // so far
  std::uint32_t vms = 0;           // that still live
  std::uint32_t active_hosts = 0;  // with VMs
  std::uint32_t overloaded_hosts = 0;
  std::uint32_t hosts_above = 0;  // more than 98 % of any resource asked for or used
  std::uint32_t migrations = 0;   // planned now
};

struct ConsolidationOutcome {
  double energy_kwh = 0;
  std::uint64_t migrations = 0;  // planned; a VM sent on before it arrived counts twice
  std::uint64_t vm_moves = 0;    // VMs that arrived somewhere

  // Work in million instructions, summed over VMs and the whole time that was measured.
  double requested = 0, received = 0;
  double missed_in_migration = 0;  // requested and not received while under way
  double active_s = 0;             // host seconds with a VM
  double violated_s = 0;           // of those, with less given than asked for
  std::uint64_t shortfalls = 0;    // measurements in which a VM got less than it asked for
  double shortfall_sum = 0;        // of the missing shares

  std::uint64_t threshold_failures = 0;  // hosts that went above 98 %, each time

  sim::Welford before_shutdown;  // seconds a host was on; its count is that of the shutdowns
  sim::Welford migration;        // seconds that a VM was under way

  std::uint32_t unplaced = 0;      // VMs for which no host had room at the start
  std::uint32_t idle_removed = 0;  // VMs that asked for nothing at all and were taken for ended
  std::uint64_t fingerprint = 0;

  /// SLA time per active host: the share of active time in which a host gave too little.
  double slatah() const { return active_s > 0 ? violated_s / active_s : 0; }
  /// Performance degradation by migration: the share of requested work lost to it.
  double pdm() const { return requested > 0 ? missed_in_migration / requested : 0; }
  double slav() const { return slatah() * pdm(); }
  double esv() const { return energy_kwh * slav(); }
  double overall_sla_violation() const {
    return requested > 0 ? (requested - received) / requested : 0;
  }
  double average_sla_violation() const {
    return shortfalls > 0 ? shortfall_sum / static_cast<double>(shortfalls) : 0;
  }
  std::uint64_t host_shutdowns() const { return before_shutdown.count(); }
};

/// One measure under the name that summary.json, expectations and sweeps give it.
struct ConsolidationFigure {
  std::string name;
  double value = 0;
  bool whole = false;  // a count
};

/// All measures, in the order in which they are told.
std::vector<ConsolidationFigure> figures_of(const ConsolidationOutcome& outcome);

/// Names of figures_of that no other kind of run has: "energy_kwh", "slatah", ...
std::vector<std::string> consolidation_figure_names();

}  // namespace vm
