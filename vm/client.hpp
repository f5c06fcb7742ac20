// RetryPolicy: what a group of clients does about an attempt that did not succeed.
//
// Three brakes, each optional, shared by the group as they would be by the processes of one fleet
// of front ends:
//
//   attempts   so many per transaction, with a backoff before each retry that grows by a factor up
//              to a limit; with full jitter the wait is uniform in (0, backoff]
//   budget     a token bucket: each first attempt puts in `budget` of a token, each retry takes a
//              whole one. It starts full and holds 10, so that few retries are free and many never
//              are: retries <= 10 + budget x first attempts, at every instant
//   breaker    closed ──`failures` in a row──> open ──`open` later──> half open ──success──> closed
//                                                ^──────────failure──────┘
//              half open lets one probe through; if it is never answered, another after `open`
//
// Who owns the client asks admits() before sending each attempt, tells what became of it, and asks
// retry_after() when it did not succeed. What the breaker holds back was not sent: it is no
// failure for on_failure(), but it counts among the attempts made, so it may be retried too.
// Results carry no identity: while half open, the first result of any attempt decides.
//
// No clock and no dice inside: both worlds use it.
//
// Source: Beyer et al., Site Reliability Engineering (2016), ch. 21 (retry ratio of 10 % per
// client) and 22; Nygard, Release It! (2007), section 5.2 (circuit breaker); full jitter: Brooker,
// Exponential backoff and jitter (AWS Architecture Blog, 2015).
#pragma once

#include <cstdint>
#include <optional>

#include "vm/scenario.hpp"

namespace vm {

class RetryPolicy {
 public:
  /// Tokens that the budget's bucket holds at most, and at the start.
  static constexpr std::int64_t budget_burst = 10;

  enum class BreakerState : std::uint8_t { closed, open, half_open };

  explicit RetryPolicy(const Retry& retry);

  /// May an attempt be sent now? Half open, the first to ask is the probe: ask only to send.
  bool admits(Time now);

  /// A transaction is issued: call once for each, before its first attempt, sent or held back.
  void on_first(Time now);

  /// An attempt that was sent succeeded, or did not (refused, timed out, machine lost).
  void on_success(Time now);
  void on_failure(Time now);

  /// How long to wait before the next attempt; nullopt: give up. Takes a token.
  ///
  ///   attempts_made  so far by this transaction, >= 1
  ///   uniform        in [0, 1]: where in the jitter, unused without one
  ///   returns        more than 0 ns; at most the backoff, to the nearest nanosecond
  std::optional<Duration> retry_after(Time now, std::uint32_t attempts_made, double uniform);

  BreakerState breaker_state() const { return state_; }

 private:
  Retry retry_;
  std::int64_t tokens_;   // in millionths: a tenth of a token ten times over is exactly one
  std::int64_t deposit_;  // of a first attempt
  BreakerState state_ = BreakerState::closed;
  std::uint32_t failures_ = 0;  // in a row, while closed
  Time until_{};                // open: when it turns half open; half open: when to probe again
};

}  // namespace vm
