// Replications: the same model under many seeds, until the mean is known well enough.
//
// Each run is independent of all others, so their results obey Student's t, whatever happens inside
// a run. Runs may be spread over threads; what comes back is the same for any number of them: the
// results stand in the order of their seeds, and the rule that says "enough" reads them in that
// order and ignores what was run beyond it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "sim/summary.hpp"

namespace sim {

struct Precision {
  double level = 0.95;     // of confidence, in (0, 1)
  double relative = 0.05;  // enough when half width <= relative * |mean|; 0: always run `most`
  std::size_t least = 5;   // runs; at least 2
  std::size_t most = 100;  // runs; at least `least`
  unsigned threads = 1;    // at least 1
};

struct Replications {
  std::vector<double> results;  // of first_seed, first_seed + 1, ...
  Interval interval;            // of their mean
  bool precise = false;         // false: `most` runs were not enough
};

/// Runs `run(seed)` for seeds from `first_seed` on until `precision` is reached.
///
///   run      called from several threads at once when precision.threads > 1
///   throws   what the run with the lowest seed threw, after all that were started have ended
Replications replicate(const std::function<double(std::uint64_t seed)>& run,
                       std::uint64_t first_seed, const Precision& precision);

}  // namespace sim
