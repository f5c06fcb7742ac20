// Session: one run, opened in one way or another, under one clock; what a window shows.
//
// A window calls frame() once for each picture and hands the view to its panels; their commands
// come back through on(). Everything else (a simulation's thread, a loader's thread) is behind it
// and never waited for. One thread calls; that of the window.
//
// Two sessions can share one clock: the second one is shown at the first one's time (compare).
#pragma once

#include <memory>

#include "viz/model/run_view.hpp"

namespace viz::model {

class Session {
 public:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  virtual ~Session() = default;

  /// The view after `wall_seconds` more have passed on the wall clock. Takes in what has come
  /// meanwhile, for a few milliseconds at most. 0 gives the same instant again.
  virtual const RunView& frame(double wall_seconds) = 0;
  /// The view at `at`, whatever the clock says (and leaves it there): comparisons, pictures.
  virtual const RunView& frame_at(Time at) = 0;
  /// What does not fit this source (a crash in a finished run) is ignored.
  virtual void on(const Command& command) = 0;

  /// Waits until all that can be loaded is: for a picture without a window. Of a live run that is
  /// all of it, to its end.
  virtual void load_all() = 0;
};

}  // namespace viz::model
