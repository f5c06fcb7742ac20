// Facts of a consolidation: how every host and VM was last measured, told to who decides.
//
// Demands and capacities are in MIPS, or any one unit. A world keeps these vectors up to date and
// lends them; nothing is copied.
#pragma once

#include <array>
#include <bit>
#include <concepts>
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
};

/// The facts of all VMs, by number, as a world keeps them: alone, or each in one piece with what
/// else it knows of the VM.
class VmFactsView {
 public:
  template <std::derived_from<VmFacts> Vm>
  VmFactsView(const std::vector<Vm>& vms)
      : first_(reinterpret_cast<const std::byte*>(static_cast<const VmFacts*>(vms.data()))),
        stride_(sizeof(Vm)) {}
  const VmFacts& operator[](VmIndex vm) const {
    return *reinterpret_cast<const VmFacts*>(first_ + vm * stride_);
  }

 private:
  const std::byte* first_;
  std::size_t stride_;  // bytes
};

/// What each VM used of what it was promised at the last instants of measurement, newest first.
class UsageHistory {
 public:
  /// Keeps nothing when `vms` is 0. `length`: samples that are kept, at most history_length.
  explicit UsageHistory(std::size_t vms, std::size_t length = history_length)
      : vms_(vms),
        most_(length),
        width_(length + length / 3),
        samples_(vms * width_),
        nonzero_(vms),
        head_(width_) {}

  bool kept() const { return vms_ > 0; }
  /// All VMs are recorded together: begin an instant, then record those that still live.
  void begin_instant();
  void record(VmIndex vm, double utilisation) {
    samples_[vm * width_ + head_] = utilisation;
    nonzero_[vm] = nonzero_[vm] << 1 | static_cast<std::uint32_t>(utilisation != 0);
  }
  /// Empty where nothing is kept.
  std::span<const double> of(VmIndex vm) const {
    if (!kept()) return {};
    return std::span<const double>{samples_}.subspan(vm * width_ + head_, length_);
  }
  /// known_length() of the last history_length samples, kept or not.
  std::uint32_t known(VmIndex vm) const {
    static_assert(history_length < 32);
    return std::bit_width(nonzero_[vm] & ((std::uint32_t{1} << history_length) - 1));
  }

 private:
  std::size_t vms_;
  std::size_t most_;   // samples
  std::size_t width_;  // newest first and contiguous: the head walks down, and at the bottom all is
                       // moved up again
  std::vector<double> samples_;
  std::vector<std::uint32_t> nonzero_;  // by VM: a bit for each sample, the newest lowest
  std::size_t head_;
  std::size_t length_ = 0;
};

struct ConsolidationFacts {
  std::span<const HostFacts> hosts;
  std::span<const HostIndex> active;  // hosts with VMs, ascending
  VmFactsView vms;
  const UsageHistory& history;
  std::span<const OtherUse> others{};  // asked for now, by VM; empty where nothing limits them
};

}  // namespace vm
