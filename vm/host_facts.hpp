// Facts of a consolidation: how every host and VM was last measured, told to who decides.
//
// Demands and capacities are in MIPS, or any one unit. A world keeps these vectors up to date and
// lends them; nothing is copied.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "vm/detector.hpp"
#include "vm/power.hpp"

namespace vm {

using HostIndex = std::uint32_t;
using VmIndex = std::uint32_t;
using HostKindIndex = std::uint32_t;

/// Memory, disk and network, each in any one unit: what is there beside the CPU.
using OtherUse = std::array<double, 3>;
inline constexpr OtherUse no_limits{std::numeric_limits<double>::infinity(),
                                    std::numeric_limits<double>::infinity(),
                                    std::numeric_limits<double>::infinity()};

/// What a kind of host can give and what it draws.
struct HostPower {
  double core = 0;              // of one core; a VM that asks for more does not fit
  double capacity = 0;          // of all cores, > 0
  PowerCurve power;             // must not fall
  OtherUse limits = no_limits;  // its VMs ask for more: overloaded
};

struct HostFacts {
  std::vector<VmIndex> vms;  // in order of arrival
  HostKindIndex kind = 0;
  double allocated = 0;    // what its VMs get
  double free = 0;         // what is left to promise
  double utilisation = 0;  // allocated / capacity, at most 1; 0: switched off
  double watts = 0;        // at that utilisation; idle power when switched off
  bool idling = false;     // on, though its VMs ask for nothing

  bool off() const { return utilisation == 0 && !idling; }
};

struct VmFacts {
  double demand = 0;    // what it asks for now
  double promised = 0;  // most that it can ask for, > 0
  double memory = 0;    // megabytes: what a move copies
  OtherUse others{};    // asked for now
};

/// What each VM used of what it was promised at the last instants of measurement, newest first.
class UsageHistory {
 public:
  /// Keeps nothing when `vms` is 0.
  explicit UsageHistory(std::size_t vms) : vms_(vms), samples_(vms * width), head_(width) {}

  bool kept() const { return vms_ > 0; }
  /// All VMs are recorded together: begin an instant, then record those that still live.
  void begin_instant();
  void record(VmIndex vm, double utilisation) { samples_[vm * width + head_] = utilisation; }
  /// Empty where nothing is kept.
  std::span<const double> of(VmIndex vm) const {
    if (!kept()) return {};
    return std::span<const double>{samples_}.subspan(vm * width + head_, length_);
  }

 private:
  // Newest first and contiguous: the head walks down, and at the bottom all is moved up again.
  static constexpr std::size_t width = history_length + 10;

  std::size_t vms_;
  std::vector<double> samples_;
  std::size_t head_;
  std::size_t length_ = 0;
};

struct ConsolidationFacts {
  std::span<const HostFacts> hosts;
  std::span<const HostIndex> active;  // hosts with VMs, ascending
  std::span<const VmFacts> vms;
  const UsageHistory& history;
};

}  // namespace vm
