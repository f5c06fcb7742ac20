// Consolidator: which VMs move to which hosts, so that overloaded hosts get air and underloaded
// ones can be switched off. Facts about all hosts and VMs go in, an ordered plan comes out; the
// simulated world (vm/model/hosts.hpp) or a real one carries it out.
//
// One optimisation:
//   1  hosts that the detector calls overloaded give up VMs, one by one as the selection says,
//      until it does not any more;
//   2  these VMs, the most demanding first, go where the placement says (where they cost the
//      fewest watts), never to a host of step 1; who finds no host stays;
//   3  hosts in ascending order of their utilisation try to give up all their VMs in the same way,
//      never to a host that was off, overloaded or tried; if one VM finds no host, all of them
//      stay. Who received VMs in this step is left alone.
//
// A host takes a VM when a core is as fast as the VM asks, enough is free, and the detector does
// not call it overloaded with it (an empty host is not asked). What the reference does and few
// would do on purpose is kept: watts before the move are those of the last measurement, so a host
// with plans looks dearer than it is, and one that is off looks as if it drew idle power; a VM that
// went to a host in step 2 may be sent on in step 3, in two moves. ConsolidationPolicy::quirks
// leaves these out one by one.
//
// Source: Beloglazov and Buyya (2012); CloudSim 3.0.3, whose plans these are to the last VM.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sim/random.hpp"
#include "vm/consolidation_policy.hpp"
#include "vm/host_facts.hpp"
#include "vm/host_loads.hpp"
#include "vm/placement_plain.hpp"
#include "vm/placement_power.hpp"

namespace vm {

struct VmMove {
  VmIndex vm = 0;
  HostIndex to = 0;
  bool operator==(const VmMove&) const = default;
};

class Consolidator {
 public:
  Consolidator(const ConsolidationPolicy& policy, const std::vector<HostPower>& kinds,
               std::size_t hosts);

  /// One optimisation. No VM may be under way.
  ///
  ///   returns  moves in the order of planning; a VM may have two. Valid until the next call.
  ///   cost     O(v log v) in living VMs, and for each VM that looks for a host the candidates of
  ///            a few drawers (PowerPlacement)
  std::span<const VmMove> plan(const ConsolidationFacts& facts, sim::RandomStream& random);

  /// Somebody judges otherwise from the next plan on; of a detector of kind `threshold`.
  void set_threshold(double threshold) { loads_.set_threshold(threshold); }

  /// Hosts that the last plan found overloaded.
  std::size_t overloaded_hosts() const { return overloaded_.size(); }

 private:
  void relieve_overloaded(sim::RandomStream& random);
  void unload(HostIndex host, sim::RandomStream& random);
  void empty_underloaded();
  bool try_empty(HostIndex host);

  std::optional<HostIndex> place(VmIndex vm, bool may_switch_on);
  std::optional<HostIndex> place_plainly(const Seeker& seeker);
  std::optional<HostIndex> place_on_fresh(const Seeker& seeker);
  void begin_placement();
  std::optional<PlacementChoice> cheapest_off(double demand);
  void commit(HostIndex host);
  void file(HostIndex host);
  void withdraw(HostIndex host);
  void sort_by_demand(std::vector<VmIndex>& vms);

  /// Sorted with what it is sorted by.
  struct Ranked {
    double by = 0;
    std::uint32_t position = 0;  // where it stood: the first of equals comes first
    std::uint32_t index = 0;     // of a VM or a host
    /// Without a jump, as the sort wants it.
    bool operator<(const Ranked& other) const {
      return (by < other.by) | ((by == other.by) & (position < other.position));
    }
  };

  VmSelection selection_;
  HostPlacement rule_;
  Quirks quirks_;
  std::vector<HostPower> kinds_;
  HostLoads loads_;
  PowerPlacement placement_;
  PlainPlacement plain_;

  // Of the plan being made:
  const ConsolidationFacts* facts_ = nullptr;
  std::vector<HostIndex> overloaded_;
  std::vector<std::uint8_t> left_alone_;  // by host: step 3 does not try to empty it
  std::vector<HostIndex> fresh_;          // off before this plan, in order of their first VM
  std::vector<HostIndex> lowest_off_;     // by kind: none below it is off and without plans
  std::vector<VmMove> moves_;
  std::vector<std::vector<VmIndex>> arriving_;  // by host: what step 2 sends there

  // Kept for their memory:
  std::vector<VmIndex> staying_, leaving_;
  std::vector<Leaver> leavers_;
  std::vector<Ranked> by_demand_, by_utilisation_;
  std::vector<Candidate> candidates_;
};

}  // namespace vm
