// ArrivalProcess: when the transactions of an open-loop group come, one instant after the other.
//
// Four kinds, one question: "the last one came at `now`, when is the next?"
//
//   Poisson        a unit-rate Poisson process read through the inverse of the integrated rate:
//                  exact for every curve of straight lines, jumps and silences included
//   Deterministic  the same walk along the integral, in steps of exactly 1: the first arrival is
//                  where the integral of the rate reaches 1, the next where it reaches 2, ...
//   Mmpp           two competing exponential clocks, the next arrival and the end of the stay;
//                  starts in its stationary state, so there is nothing to warm up
//   CountTrace     n requests of an interval are n sorted uniform instants in it (a Poisson process
//                  given its count), made in order one by one, so nothing is stored or lost
//
// Instants carry their fraction of a nanosecond along inside and are rounded only on the way out,
// so a rate of a billion a second keeps its mean. Random arrivals are rounded down, which keeps
// them within the interval they belong to; even spacing is rounded to the nearest.
//
// A closed loop has no arrivals of its own: its clients wait for answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/random.hpp"
#include "vm/scenario.hpp"

namespace vm {

/// A walk along the integral of a rate over time.
class RateWalk {
 public:
  /// How an instant between two nanoseconds is told, and what slips over the end of a stretch.
  enum class Rounding : std::uint8_t { down, nearest };

  RateWalk(const RateCurve& curve, Rounding rounding);

  /// The instant at which the integral has grown by `amount` since the last call; sim::never when
  /// it never does. Requires amount >= 0. Amortised O(1).
  Time advance(double amount);

 private:
  struct Stretch {  // of one straight line; nanoseconds and arrivals per nanosecond
    Time start;
    double length = 0;  // infinite for the last
    double rate = 0;    // at its start
    double slope = 0;
    double gap = 0;   // 1 / rate, 0 where rate is 0
    double area = 0;  // integral over the whole stretch
  };
  double offset_in(const Stretch& stretch) const;

  std::vector<Stretch> stretches_;
  std::size_t current_ = 0;
  double passed_ = 0;  // of the integral, since the start of the current stretch
  double slack_;       // an arrival this close to the end of a stretch still belongs to it
  double half_;        // added before rounding down
};

class ArrivalProcess {
 public:
  /// Draws from the streams (seed, `stream` + ".arrivals"). Requires no ClosedLoop, at least one
  /// point, state or interval, rates >= 0 and stays > 0, as vm/scenario.hpp promises.
  ArrivalProcess(const Arrivals& arrivals, std::uint64_t seed, std::string_view stream);

  /// The instant of the next arrival, at or after `now`; sim::never when there is none.
  ///
  ///   now     what the last call returned; Time{} at the first
  ///   cost    5 to 40 ns, no allocation; a silence of n points, stays or intervals costs O(n)
  ///   source  Devroye, Non-Uniform Random Variate Generation (1986), VI.1.3 (inversion of the
  ///           integrated rate), V.3.1 (uniform order statistics one after the other)
  Time next(Time now);

  /// From the next arrival that is asked for on, all rates are `factor` times what they were at the
  /// start; those of a CountTrace in whole requests. Requires factor > 0.
  void scale(double factor);

 private:
  struct Random {
    RateWalk walk;
    double pace = 1;  // of the integral that one arrival is worth; 1 / factor
    Time next(sim::RandomStream& stream);
    void scale(double factor) { pace = 1 / factor; }
  };
  struct Even {
    RateWalk walk;
    double pace = 1;
    Time next(sim::RandomStream& stream);
    void scale(double factor) { pace = 1 / factor; }
  };
  class Modulated {
   public:
    Modulated(const Mmpp& mmpp, sim::RandomStream stays);
    Time next(sim::RandomStream& stream);
    void scale(double factor) { pace_ = 1 / factor; }

   private:
    struct State {
      double rate, gap, mean_stay;  // per nanosecond, nanoseconds
    };
    void draw_stay();

    std::vector<State> states_;
    sim::RandomStream stays_;  // apart, so the path of states is the same whatever the rates
    std::size_t current_ = 0;
    double pace_ = 1;
    bool silent_ = false;  // every rate is 0
    Time base_{};          // the stay and the position are counted from here, in nanoseconds
    double offset_ = 0;
    double stay_end_ = 0;
  };
  class Counted {
   public:
    explicit Counted(const CountTrace& trace);
    Time next(sim::RandomStream& stream);
    void scale(double factor);

   private:
    void enter(std::size_t interval);

    std::vector<CountTrace::Interval> intervals_;
    Time end_;
    double factor_ = 1;
    std::size_t current_ = 0;
    std::uint64_t left_ = 0;  // requests of the current interval still to come
    double length_ = 0;       // of it, nanoseconds
    double offset_ = 0;       // of the last arrival in it
  };
  using Process = std::variant<Random, Even, Modulated, Counted>;
  static Process make(const Arrivals& arrivals, std::uint64_t seed, std::string_view purpose);

  sim::RandomStream stream_;
  Process process_;
  Time last_{};
};

/// Arrivals per second between two instants, on average.
///
///   arrivals  no ClosedLoop; of an Mmpp the long-run rate, whatever the instants
///   from, to  from < to
///   returns   the exact integral of the rate, or the share of the counts, over to - from
///   cost      O(points)
double mean_rate(const Arrivals& arrivals, Time from, Time to);

/// The highest rate between two instants, 1/s: of an Mmpp its busiest state's, of a CountTrace its
/// busiest interval's. Requires no ClosedLoop and from < to. O(points).
double max_rate(const Arrivals& arrivals, Time from, Time to);

}  // namespace vm
