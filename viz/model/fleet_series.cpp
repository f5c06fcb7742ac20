#include "viz/model/fleet_series.hpp"

#include <algorithm>

namespace viz::model {

FleetSeries::FleetSeries(Duration interval, const PerResource<double>& limit, bool gaps)
    : interval_(std::max(interval, Duration{1})) {
  for (const Resource r : vm::all_resources)
    mean_[r] = worst_[r] = Series{limit[r], gaps ? interval_ : Duration::max()};
}

void FleetSeries::append(const vm::SampleRow& row) {
  // An interval ends with its last nanosecond: the sample at 3 s tells of (2 s, 3 s].
  const std::int64_t number = (row.at.time_since_epoch().count() - 1) / interval_.count();
  if (number != number_) close();
  number_ = number;
  last_ = row.at;
  ++machines_;
  for (const Resource r : vm::all_resources) {
    const double use = row.sample.utilisation[r];
    sum_[r] += use;
    highest_[r] = std::max(highest_[r], static_cast<float>(use));
  }
}

void FleetSeries::advance(Time now) {
  if (now.time_since_epoch() / interval_ > number_) close();
}

void FleetSeries::close() {
  if (machines_ == 0) return;
  for (const Resource r : vm::all_resources) {
    mean_[r].append(last_, static_cast<float>(sum_[r] / machines_));
    worst_[r].append(last_, highest_[r]);
    sum_[r] = 0;
    highest_[r] = 0;
  }
  machines_ = 0;
}

}  // namespace viz::model
