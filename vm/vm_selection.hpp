// VmSelection: which VM leaves an overloaded host next.
//
//   least_migration_time   the one with the least memory, since moving takes as long as it is big
//   random                 any, with equal probability
//   highest_correlation    the one whose past the others predict best (largest R squared of its
//                          history regressed on theirs): it peaks when they do
//   least_utilisation      the one that uses the least of what it was promised
//
// The first in the host's order wins among equals.
//
// Source: Beloglazov and Buyya (2012), section 5.4; the correlation after Abdi (2007), computed by
// Householder QR in the order of CloudSim 3.0.3, because near-equal R squared decide.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "sim/random.hpp"

namespace vm {

enum class VmSelection : std::uint8_t {
  least_migration_time,
  random,
  highest_correlation,
  least_utilisation
};

/// A VM that may leave.
struct Leaver {
  double memory = 0;                // any unit
  double utilisation = 0;           // of what it was promised
  std::span<const double> history;  // of its utilisation, newest first
};

/// The position in `leavers` of the one to go.
///
///   leavers  at least one
///   random   used by VmSelection::random only
///   cost     O(n); highest_correlation O(m n^3) for n leavers with m samples, and allocates
std::size_t select_vm(VmSelection selection, std::span<const Leaver> leavers,
                      sim::RandomStream& random);

}  // namespace vm
