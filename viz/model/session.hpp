// Session: one run, opened in one way or another, under one clock; what a window shows.
//
// A window calls frame() once for each picture and hands the view to its panels; their commands
// come back through on(). Everything else (a simulation's thread, a loader's thread) is behind it
// and never waited for.
//
// Two sessions can share one clock: the second one is shown at the first one's time (compare).
#pragma once

#include "viz/model/run_view.hpp"

namespace viz::model {

class Session {
 public:
  virtual ~Session() = default;

  /// The view after `wall_seconds` more have passed on the wall clock. Costs no more than a few
  /// milliseconds, however much is waiting to be taken in. 0 gives the same instant again.
  virtual const RunView& frame(double wall_seconds) = 0;
  /// The view at a given instant, whatever the clock says: for comparisons and pictures.
  virtual const RunView& frame_at(Time at) = 0;
  virtual void on(const Command& command) = 0;

  /// Waits until everything that can be loaded is (a picture without a window needs it).
  /// A run that is still being written is loaded as far as it had come.
  virtual void load_all() = 0;
};

}  // namespace viz::model
