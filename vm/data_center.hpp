// DataCenter: hosts that carry VMs, and how they are run: what a consolidation scenario resolves
// to.
//
// A host is a machine that carries VMs, a VM is a tenant that asks for a share of the MIPS it was
// promised, as a trace says. Numbers are those of the reference experiment unless said otherwise.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "vm/consolidation_policy.hpp"
#include "vm/host_facts.hpp"

namespace vm {

struct HostKind {
  std::string name;
  double cores = 2;
  double mips = 0;               // of one core
  double memory = 4096;          // megabytes
  double bandwidth = 1'000'000;  // any unit
  PowerCurve power;
  double disk = 0, network = 0;  // megabytes/s; 0: nobody asks how much

  double capacity() const { return cores * mips; }
  HostPower for_placement() const { return {mips, capacity(), power, no_limits}; }
};

struct VmKind {
  std::string name;
  double mips = 0;    // promised, on one core
  double memory = 0;  // megabytes
  double bandwidth = 100'000;
};

/// How hosts are run.
enum class Running : std::uint8_t {
  consolidated,  // VMs move, idle hosts are switched off
  dvfs,          // nobody moves; hosts draw what their load asks for
  full_power     // nobody moves; every host draws full power all day (the reference's NPA)
};

struct DataCenter {
  std::vector<HostKind> host_kinds;  // host i is of kind i mod their number
  std::uint32_t hosts = 0;
  std::vector<VmKind> vm_kinds;  // blocks of equal size, in this order
  std::uint32_t vms = 0;         // VM i is driven by trace i mod their number
  Running running = Running::consolidated;
  ConsolidationPolicy policy;
  double start = 0.1;             // seconds; the first measurement comes one interval later
  double end = 86'400;            // no measurement at or after
  double other_threshold = 0.98;  // of memory, disk and network, where the trace has them
  std::uint64_t seed = 1;         // of the random selection

  HostKindIndex host_kind(HostIndex host) const {
    return static_cast<HostKindIndex>(host % host_kinds.size());
  }
  /// What the kind gives to those who judge it; `measured`: is the use of memory, disk and network
  /// known? Where it is not, memory is what VMs were promised of it, if that is to count at all.
  HostPower power_of(HostKindIndex kind, bool measured) const {
    const HostKind& host = host_kinds[kind];
    HostPower power = host.for_placement();
    if (measured) {
      const std::array<double, 3> capacity{host.memory, host.disk, host.network};
      for (std::size_t r = 0; r < capacity.size(); ++r)
        if (capacity[r] > 0) power.limits[r] = other_threshold * capacity[r];
    } else if (!policy.quirks.memory_unlimited) {
      power.limits[0] = host.memory;
    }
    return power;
  }
  /// The last block is shorter where VMs do not divide evenly.
  std::size_t vm_kind(VmIndex vm) const {
    const std::size_t block = (vms + vm_kinds.size() - 1) / vm_kinds.size();
    return vm / block;
  }
};

/// Whether hosts are judged by a threshold, which somebody may move while they run.
inline bool has_threshold(const DataCenter& center) {
  return center.running == Running::consolidated &&
         center.policy.detector.kind == DetectorKind::threshold;
}

}  // namespace vm
