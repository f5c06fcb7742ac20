// PlaybackClock: where in the run the window is looking, and how fast that moves.
//
// Following sticks to the newest instant that is known; any seek ends it, and arriving at the end
// while a run grows starts it again. A run that is over stops the clock at its end.
#pragma once

#include "viz/model/run_view.hpp"

namespace viz::model {

class PlaybackClock {
 public:
  static constexpr double slowest = 1e-3, fastest = 1e6;  // beyond: as fast as it goes

  /// `wall_seconds` more have passed; the run is known up to `end` and may still grow, or not.
  void advance(double wall_seconds, Time end, bool grows);

  void seek(Time at);
  void play(bool on);
  void set_speed(double speed);
  void follow(bool on);

  Time now() const { return now_; }
  bool playing() const { return playing_; }
  bool following() const { return following_; }
  double speed() const { return speed_; }
  /// `last`: how far the run is to go.
  ClockView view(Time last) const;

 private:
  Time now_{}, end_{};
  double speed_ = 1;
  double fraction_ = 0;  // of a nanosecond: at 0.001x a frame is no whole number of them
  bool playing_ = false, following_ = false;
};

}  // namespace viz::model
