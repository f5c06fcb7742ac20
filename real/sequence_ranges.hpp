// Ranges of sequences: what owners and the load tell each other about sets of writes, and what one
// side has and the other has not.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "real/messages.hpp"
#include "real/sequence_set.hpp"

namespace real {

/// Ascending, with a gap between any two.
std::vector<Range> ranges_of(const SequenceSet& set);

/// Whether each range has its ends in order and begins after the end of the one before.
bool ascending(std::span<const Range> ranges);

/// What `all` has and `some` has not. Requires both ascending. O(ranges of both).
std::vector<Range> difference(std::span<const Range> all, std::span<const Range> some);

/// How many sequences. Requires ascending ranges.
std::uint64_t count_of(std::span<const Range> ranges);

}  // namespace real
