#include "sim/summary.hpp"

#include <cmath>

#include <boost/math/distributions/students_t.hpp>

#include "sim/check.hpp"

namespace sim {

void Welford::merge(const Welford& other) {
  if (other.count_ == 0) return;
  const auto mine = static_cast<double>(count_), theirs = static_cast<double>(other.count_);
  const double apart = other.mean_ - mean_;
  count_ += other.count_;
  mean_ += apart * theirs / (mine + theirs);
  squares_ += other.squares_ + apart * apart * mine * theirs / (mine + theirs);
}

double Welford::deviation() const {
  return std::sqrt(variance());
}

Interval Welford::interval(double level) const {
  SIM_CHECK(level > 0 && level < 1);
  Interval found;
  found.mean = mean_;
  if (count_ < 2) return found;
  const boost::math::students_t student{static_cast<double>(count_ - 1)};
  const double t = quantile(complement(student, (1 - level) / 2));
  found.half_width = t * deviation() / std::sqrt(static_cast<double>(count_));
  return found;
}

BatchMeans::BatchMeans(std::size_t batches) : batches_(batches) {
  SIM_CHECK(batches >= 2);
  means_.reserve(2 * batches);
}

void BatchMeans::add(double x) {
  all_.add(x);
  open_.add(x);
  if (open_.count() < length_) return;
  means_.push_back(open_.mean());
  open_ = {};
  if (means_.size() < 2 * batches_) return;
  for (std::size_t i = 0; i < batches_; ++i) means_[i] = (means_[2 * i] + means_[2 * i + 1]) / 2;
  means_.resize(batches_);
  length_ *= 2;
}

Interval BatchMeans::interval(double level) const {
  Welford of_batches;
  for (const double mean : means_) of_batches.add(mean);
  return of_batches.interval(level);
}

std::size_t warmup_length(std::span<const double> series) {
  constexpr std::size_t group = 5;
  const std::size_t groups = series.size() / group;
  if (groups < 2) return 0;
  // From the end backwards, so that one pass gives the variance of every remainder.
  Welford rest;
  std::size_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t g = groups; g-- > 0;) {
    double sum = 0;
    for (std::size_t i = 0; i < group; ++i) sum += series[g * group + i];
    rest.add(sum / group);
    if (g > groups / 2) continue;
    const auto n = static_cast<double>(rest.count());
    const double error = rest.variance() * (n - 1) / (n * n);
    if (error <= least) {  // of equal ones the shorter cut
      least = error;
      best = g;
    }
  }
  return best * group;
}

}  // namespace sim
