// Batch: what an agent tells its collector, packed: consecutive samples of its host, oldest first.
//
// A sample is numbered within its agent's life (its session), so that one that is sent twice is
// stored once and one that was dropped is missed. It says how old it is and not when it was taken:
// the collector's clock decides, and an agent's only measures. An empty batch says "I am here".
//
// Shares are in ten-thousandths, 0 to 10,000: a limit of 98 % is met exactly.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "real/wire.hpp"
#include "sim/result.hpp"
#include "vm/entities.hpp"

namespace real {

using Shares = std::array<std::uint16_t, vm::resource_count>;
inline constexpr std::uint16_t whole_share = 10'000;

/// To the nearest ten-thousandth; what is outside 0..1 or no number is held to it.
Shares to_shares(const vm::PerResource<double>& utilisation);
vm::PerResource<double> to_utilisation(const Shares& shares);

struct AgedSample {
  std::uint32_t age_ms = 0;  // when the batch was sealed
  Shares shares{};
  REAL_FIELDS(&AgedSample::age_ms, &AgedSample::shares)
};

struct Batch {
  std::uint64_t session = 0;   // ns since 1970 when the agent started: names one life of it
  std::uint64_t uptime_s = 0;  // of the host: tells its restart from its agent's
  std::uint64_t first = 0;     // number of the first sample in this session, from 0
  std::vector<AgedSample> samples{};
  REAL_FIELDS(&Batch::session, &Batch::uptime_s, &Batch::first, &Batch::samples)
};

/// More do not go into one batch: 12 KB.
inline constexpr std::size_t most_samples = 1000;

std::string pack(const Batch& batch);

/// What pack() made. Ages never grow along the batch, no share is above the whole, and the numbers
/// of the samples do not wrap; else why not.
sim::Result<Batch> unpack_batch(std::string_view plain);

}  // namespace real
