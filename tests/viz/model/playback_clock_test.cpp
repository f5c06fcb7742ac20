#include "viz/model/playback_clock.hpp"

#include <limits>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using viz::model::PlaybackClock;
using viz::model::Time;

TEST_CASE("playback_clock: plays at its speed and stops at the end of what is over") {
  PlaybackClock clock;
  clock.advance(0, Time{10s}, false);
  clock.advance(1, Time{10s}, false);
  CHECK(clock.now() == Time{});  // not playing
  clock.play(true);
  clock.set_speed(4);
  clock.advance(0.5, Time{10s}, false);
  CHECK(clock.now() == Time{2s});
  clock.advance(60, Time{10s}, false);
  CHECK(clock.now() == Time{10s});
  CHECK_FALSE(clock.playing());
  clock.play(true);  // at the end: once more
  CHECK(clock.now() == Time{});
}

TEST_CASE("playback_clock: no time is lost at a thousandth of the speed") {
  PlaybackClock clock;
  clock.advance(0, Time{1s}, false);
  clock.play(true);
  clock.set_speed(1e-3);
  // A frame of a seventeenth of a second is 58,823.529... ns of the run.
  for (int frame = 0; frame < 17 * 100; ++frame) clock.advance(1.0 / 17, Time{1s}, false);
  CHECK(sim::seconds(clock.now()) == Approx(0.1).margin(2e-9));
}

TEST_CASE("playback_clock: following sticks to the newest until somebody looks elsewhere") {
  PlaybackClock clock;
  clock.follow(true);
  clock.advance(0.01, Time{5s}, true);
  CHECK(clock.now() == Time{5s});
  clock.advance(0.01, Time{9s}, true);
  CHECK(clock.now() == Time{9s});
  clock.seek(Time{3s});
  CHECK_FALSE(clock.following());
  clock.advance(1, Time{12s}, true);
  CHECK(clock.now() == Time{4s});  // it goes on playing from there
  clock.advance(60, Time{12s}, true);
  CHECK(clock.now() == Time{12s});
  CHECK(clock.following());  // and has caught up
  clock.advance(0, Time{12s}, false);
  CHECK_FALSE(clock.playing());
}

TEST_CASE("playback_clock: as fast as it goes is to the end at once, and nowhere in no time") {
  PlaybackClock clock;
  clock.advance(0, Time{10s}, false);
  clock.set_speed(std::numeric_limits<double>::infinity());
  clock.play(true);
  clock.advance(0, Time{10s}, false);
  CHECK(clock.now() == Time{});
  clock.advance(0.001, Time{10s}, false);
  CHECK(clock.now() == Time{10s});
}

TEST_CASE("playback_clock: seeks stay within what is known") {
  PlaybackClock clock;
  clock.advance(0, Time{10s}, false);
  clock.seek(Time{11s});
  CHECK(clock.now() == Time{10s});
  clock.seek(Time{-1s});
  CHECK(clock.now() == Time{});
}
