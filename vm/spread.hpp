// Spread: how the transactions of the groups fall on machines, and what their writes pile up there.
//
// Computed from the layout that a run starts with: every client issues its share (alike, or by
// Zipf's law) and its tenant lives on one machine. Nothing moves: that is for the run to find out.
#pragma once

#include <cstdint>
#include <vector>

#include "vm/placement.hpp"
#include "vm/scenario.hpp"

namespace vm {

bool is_closed(const ClientGroup& group);

/// Share of a group's transactions that each of its clients issues: alike, or Zipf by rank. A
/// closed loop's clients are alike. Sums to 1.
std::vector<double> issue_shares(const ClientGroup& group);

/// How one group is spread over the machines.
struct Spread {
  std::vector<double> share;           // of its transactions, by MachineId
  std::vector<std::uint32_t> clients;  // that live there, by MachineId
};

/// Of each group, in order. O(tenants + groups x machines).
std::vector<Spread> spread_of(const Scenario& scenario, const Layout& layout);

/// Transactions/s of each group that come to one machine, of `rates` by group.
std::vector<double> rates_on(const std::vector<Spread>& spreads, const std::vector<double>& rates,
                             MachineId machine);

/// Bytes of the tenants and replicas on one machine after `span` seconds at constant rates by
/// group, if every write commits; bounded by each group's `keep`. O(tenants).
double state_after(const Scenario& scenario, const Layout& layout, const std::vector<double>& rates,
                   MachineId machine, double span);

}  // namespace vm
