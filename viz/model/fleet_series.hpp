// FleetSeries: the fleet as a whole, interval by interval: of each resource the mean over the
// machines that were sampled, and the worst of them.
//
// Samples of one interval of the clock become one value, at the time of the last of them: in a
// simulation all machines are sampled at one instant, in reality each at its own.
#pragma once

#include "viz/model/run_view.hpp"
#include "viz/model/series.hpp"
#include "vm/observation.hpp"

namespace viz::model {

class FleetSeries {
 public:
  /// `gaps`: false for a selection of instants, which stand for what lies between them.
  FleetSeries(Duration interval, const PerResource<double>& limit, bool gaps = true);

  void append(const vm::SampleRow& row);
  /// The run has come to `now`: closes an interval that is over. Time::max() closes any.
  void advance(Time now);

  const PerResource<Series>& mean() const { return mean_; }
  const PerResource<Series>& worst() const { return worst_; }

 private:
  void close();

  Duration interval_;
  PerResource<Series> mean_, worst_;
  PerResource<double> sum_{};
  PerResource<float> highest_{};
  std::uint32_t machines_ = 0;  // samples in the open interval
  Time last_;                   // of them
  std::int64_t number_ = -1;    // of the open interval
};

}  // namespace viz::model
