// Distributions, written out, so that a seed gives the same numbers under every standard library.
//
// A Distribution draws non-negative doubles in whatever unit its parameters are in (seconds, core
// seconds, bytes). Mean and variance are exact (they may be infinite, for a heavy Pareto).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "sim/random.hpp"

namespace sim {

struct Constant {
  double value = 0;
};
struct Uniform {
  double low = 0, high = 0;  // 0 <= low <= high
};
struct Exponential {
  double mean = 0;
};
struct Erlang {
  int stages = 1;
  double mean = 0;  // of the whole, not of a stage
};
struct Hyperexponential {
  struct Branch {
    double weight, mean;
  };
  std::vector<Branch> branches;  // weights sum to 1
};
struct Gamma {
  double shape = 1, mean = 0;
};
struct Normal {  // truncated at 0: drawn again while negative; mean and deviation before truncation
  double mean = 0, deviation = 0;
};
struct Lognormal {
  double median = 0, sigma = 0;
};
struct Weibull {
  double shape = 1, scale = 0;
};
struct Pareto {
  double minimum = 0, alpha = 2;
};
struct Zipf {  // ranks 1 .. n, P(k) proportional to k^-exponent; a draw is the rank times `unit`
  std::size_t n = 1;
  double exponent = 1;
  double unit = 1;
};
struct Empirical {                                    // each value alike
  std::shared_ptr<const std::vector<double>> values;  // at least one
};

using DistributionSpec = std::variant<Constant, Uniform, Exponential, Erlang, Hyperexponential,
                                      Gamma, Normal, Lognormal, Weibull, Pareto, Zipf, Empirical>;

class Distribution {
 public:
  Distribution(DistributionSpec spec) : spec_(std::move(spec)) {}

  /// One draw, >= 0 and finite. No allocation. Cost: a few to some tens of nanoseconds.
  double operator()(RandomStream& stream) const;
  double mean() const;
  double variance() const;
  const DistributionSpec& spec() const { return spec_; }

 private:
  DistributionSpec spec_;
};

}  // namespace sim
