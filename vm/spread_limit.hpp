// SpreadLimit: is the spread of a history above a limit? Told by counting, without sorting it.
//
// Of n samples the q-th is at most t if q of them are; that takes one pass without a jump. With t
// as a guess at the first quartile, or at the median, a second count in the same pass says on which
// side of the limit the spread is. Where it does not say so, it says on which side of t the true
// one is, and the guess is improved.
#pragma once

#include <array>
#include <cstddef>

#include "vm/detector.hpp"

namespace vm {

/// Samples, in any order, and after them numbers that compare with nothing (NaN).
using CountedSamples = std::array<double, 32>;
static_assert(history_length <= std::tuple_size_v<CountedSamples>);

/// What was added to each sample of a history.
struct Addition {
  double least = 0, mean = 0, most = 0;
};

enum class SpreadSide : std::uint8_t { below, above, doubtful };

/// On which side of `limit` the spread of the `n` first of `samples` is; doubtful where it is
/// within `doubt` of it, or where a few guesses do not tell. `kind`: quartiles or deviation; n: as
/// spread() takes it. `before`: the spread of what they were before the addition. Cost: 64
/// comparisons a guess, mostly one or two guesses.
SpreadSide side_of_limit(DetectorKind kind, const CountedSamples& samples, std::size_t n,
                         const HistorySpread& before, const Addition& added, double limit,
                         double doubt);

}  // namespace vm
