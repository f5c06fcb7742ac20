#include "viz/model/playback_clock.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace viz::model {

void PlaybackClock::advance(double wall_seconds, Time end, bool grows) {
  end_ = std::max(end_, end);
  if (following_) {
    now_ = end_;
    if (!grows) following_ = playing_ = false;
    return;
  }
  if (!playing_ || !(wall_seconds > 0)) return;
  const double ns = wall_seconds * speed_ * 1e9 + fraction_;
  const auto left = static_cast<double>((end_ - now_).count());
  if (ns < left) {
    now_ += Duration{static_cast<std::int64_t>(ns)};
    fraction_ = ns - std::floor(ns);
    return;
  }
  now_ = end_;
  fraction_ = 0;
  following_ = grows;
  playing_ = grows;
}

void PlaybackClock::seek(Time at) {
  now_ = std::clamp(at, Time{}, std::max(end_, Time{}));
  following_ = false;
  fraction_ = 0;
}

void PlaybackClock::play(bool on) {
  playing_ = on;
  if (!on) following_ = false;
  // At the end there is nothing left to play: once more, then.
  if (on && !following_ && now_ >= end_) now_ = Time{};
}

void PlaybackClock::set_speed(double speed) {
  if (std::isnan(speed)) return;
  speed_ = std::isinf(speed) ? std::numeric_limits<double>::infinity()
                             : std::clamp(speed, slowest, fastest);
}

void PlaybackClock::follow(bool on) {
  following_ = on;
  if (on) {
    playing_ = true;
    now_ = end_;
  }
}

ClockView PlaybackClock::view(Time last) const {
  return {now_, end_, std::max(last, end_), playing_, following_, speed_};
}

}  // namespace viz::model
