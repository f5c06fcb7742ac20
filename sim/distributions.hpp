// Distributions, written out, so that a seed gives the same numbers under every standard library.
//
// A Distribution draws non-negative doubles in whatever unit its parameters are in (seconds, core
// seconds, bytes). Mean and variance are exact (they may be infinite, for a heavy Pareto).
#pragma once

#include <cstddef>
#include <memory>
#include <variant>
#include <vector>

#include "sim/random.hpp"

namespace sim {

struct Constant {
  double value = 0;  // >= 0
};
struct Uniform {
  double low = 0, high = 0;  // 0 <= low <= high
};
struct Exponential {
  double mean = 0;  // >= 0
};
struct Erlang {
  int stages = 1;   // >= 1
  double mean = 0;  // >= 0, of the whole, not of a stage
};
struct Hyperexponential {
  struct Branch {
    double weight, mean;  // both >= 0
  };
  std::vector<Branch> branches;  // at least one; weights sum to 1
};
struct Gamma {
  double shape = 1, mean = 0;  // shape > 0, mean >= 0
};
struct Normal {  // truncated at 0: drawn again while negative; mean and deviation before truncation
  double mean = 0, deviation = 0;  // deviation >= 0; with 0, mean >= 0 as well
};
struct Lognormal {
  double median = 0, sigma = 0;  // both >= 0
};
struct Weibull {
  double shape = 1, scale = 0;  // shape > 0, scale >= 0
};
struct Pareto {
  double minimum = 0, alpha = 2;  // minimum >= 0, alpha > 0
};
struct Zipf {           // ranks 1 .. n, P(k) proportional to k^-exponent; a draw is rank x unit
  std::size_t n = 1;    // 1 to 2^52
  double exponent = 1;  // >= 0
  double unit = 1;      // >= 0
};
struct Empirical {                                    // each value alike
  std::shared_ptr<const std::vector<double>> values;  // at least one, each >= 0
};

using DistributionSpec = std::variant<Constant, Uniform, Exponential, Erlang, Hyperexponential,
                                      Gamma, Normal, Lognormal, Weibull, Pareto, Zipf, Empirical>;

/// One draw with mean 1 from the exponential distribution, >= 0. Cost: about 5 ns.
double exponential_unit(RandomStream& stream);

/// One draw from the normal distribution with mean 0 and deviation 1. Cost: about 20 ns.
double normal_unit(RandomStream& stream);

/// What rejection-inversion needs to know of a Zipf distribution: the integral of its hat up to the
/// first and the last rank, and how far from a rank every point is accepted.
struct ZipfBounds {
  double first = 0, last = 0, accept = 0;
};

class Distribution {
 public:
  /// Requires parameters in the ranges that the structs above name, all of them finite.
  Distribution(DistributionSpec spec);

  /// One draw, >= 0 and finite. No allocation. Cost: a few to some tens of nanoseconds.
  double operator()(RandomStream& stream) const {
    if (const auto* const it = std::get_if<Exponential>(&spec_)) [[likely]]
      return it->mean * exponential_unit(stream);
    return draw(stream);
  }

  /// Exact, up to rounding; infinite where the integral is. Cost: O(size) for Empirical.
  double mean() const;
  double variance() const;
  const DistributionSpec& spec() const { return spec_; }

 private:
  double draw(RandomStream& stream) const;

  DistributionSpec spec_;
  ZipfBounds zipf_;
};

}  // namespace sim
