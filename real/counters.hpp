// Counters: what two readings of a counter that only grows say about the time between them.
//
// Such counters misbehave in known ways, and none of them may look like an overload:
//
//   wraps       some are 32 bits wide inside the kernel (milliseconds of disks, bytes of some
//   network
//               drivers): one that falls from the upper half of 32 bits into the lower half went
//               round
//   starts anew a device or process that came back counts from 0: nothing is known of the interval
//   steps back  iowait and idle may fall a little, when a CPU's clock is corrected: taken as 0
//   plugs       a CPU that is on in only one of the two readings is left out of the interval
//
// So a difference is never negative and never one that a fall made up.
#pragma once

#include <cstdint>

#include "real/procfs.hpp"

namespace real {

/// What was counted from `before` to `after`; 0 where the counter started anew.
constexpr std::uint64_t counted(std::uint64_t before, std::uint64_t after) {
  constexpr std::uint64_t whole = std::uint64_t{1} << 32, half = whole / 2;
  if (after >= before) return after - before;
  if (before >= half && before < whole && after < half) return whole - before + after;
  return 0;
}

/// As counted(), for counters of 64 bits that may step back: 0 then.
constexpr std::uint64_t grown(std::uint64_t before, std::uint64_t after) {
  return after > before ? after - before : 0;
}

/// Shares of the CPU time between two readings, over the CPUs that are in both; together 1.
struct CpuShares {
  double busy = 0;   // user, nice, system and interrupts
  double idle = 1;   // waiting for disks included: such a CPU could work
  double steal = 0;  // wanted, but the hypervisor gave it to others

  /// Of the CPU time that was to be had: what was stolen could not be used, so it counts as used,
  /// as a simulated machine slowed down by others is busy all the same.
  double used() const { return busy + steal; }
};

/// Idle where no CPU is in both, or no tick passed.
///
///   cost  O(CPUs), asks for no memory
CpuShares cpu_shares(const StatReading& before, const StatReading& after);

}  // namespace real
