#include "vm/client.hpp"

#include <cmath>

#include <catch2/catch.hpp>

#include "sim/random.hpp"

using namespace std::chrono_literals;
using sim::Duration;
using sim::Time;
using vm::RetryPolicy;
using State = vm::RetryPolicy::BreakerState;

namespace {

vm::Retry attempts(std::uint32_t n) {
  vm::Retry retry;
  retry.attempts = n;
  return retry;
}

vm::Retry with_breaker(std::uint32_t failures, Duration open) {
  vm::Retry retry = attempts(3);
  retry.breaker = vm::Breaker{.failures = failures, .open = open};
  return retry;
}

/// The breaker told the slow way: from the whole history, each time it is asked.
class BreakerModel {
 public:
  BreakerModel(std::uint32_t failures, Duration open) : failures_{failures}, open_{open} {}

  bool admits(Time now) {
    if (!opened_) return true;
    if (now < *opened_ + open_ || (probe_ && now < *probe_ + open_)) return false;
    probe_ = now;
    return true;
  }
  void result(Time now, bool success) {
    if (opened_ && !probe_) return;  // open: too late to count
    if (success) {
      opened_.reset();
      probe_.reset();
      row_ = 0;
    } else if (probe_ || ++row_ == failures_) {
      opened_ = now;
      probe_.reset();
      row_ = 0;
    }
  }

 private:
  std::uint32_t failures_, row_ = 0;
  Duration open_;
  std::optional<Time> opened_, probe_;
};

}  // namespace

TEST_CASE("retries: there are as many as the attempts allow, the first included") {
  RetryPolicy policy{attempts(3)};
  CHECK(policy.retry_after(Time{}, 1, 0.5));
  CHECK(policy.retry_after(Time{}, 2, 0.5));
  CHECK_FALSE(policy.retry_after(Time{}, 3, 0.5));
  CHECK_FALSE(RetryPolicy{attempts(1)}.retry_after(Time{}, 1, 0.5));
}

TEST_CASE("retries: without jitter the wait doubles up to its limit") {
  vm::Retry retry = attempts(100);
  retry.backoff = {.base = 0.1, .factor = 2, .limit = 1, .jitter = false};
  RetryPolicy policy{retry};
  const Duration expected[] = {100ms, 200ms, 400ms, 800ms, 1s, 1s};
  for (std::uint32_t made = 1; made <= 6; ++made)
    CHECK(policy.retry_after(Time{}, made, 0) == expected[made - 1]);
  CHECK(policy.retry_after(Time{}, 99, 0) == 1s);
}

TEST_CASE("retries: full jitter spreads the wait over the whole backoff, never to nothing") {
  vm::Retry retry = attempts(4'000'000'000);
  retry.backoff = {.base = 0.1, .factor = 3, .limit = 30, .jitter = true};
  RetryPolicy policy{retry};
  CHECK(policy.retry_after(Time{}, 1, 1) == 100ms);
  CHECK(policy.retry_after(Time{}, 1, 0.25) == 25ms);
  CHECK(policy.retry_after(Time{}, 2, 0.5) == 150ms);
  CHECK(policy.retry_after(Time{}, 1, 0) == 1ns);
  CHECK(policy.retry_after(Time{}, 3'999'999'999, 1) == 30s);  // 3^(4e9) is infinite, the wait not
}

TEST_CASE("retries: a budget holds them to its share of first attempts and a burst of ten") {
  const auto seed = GENERATE(range(0u, 50u));
  CAPTURE(seed);
  sim::RandomStream random{seed, "budget"};
  const double share = 0.1 * static_cast<double>(1 + random.below(5));
  vm::Retry retry = attempts(1000);
  retry.budget = share;
  RetryPolicy policy{retry};

  std::uint64_t firsts = 0, retries = 0;
  double tokens = 10;  // the bucket in plain words
  for (int i = 0; i < 5000; ++i) {
    if (random.uniform() < 0.5) {
      policy.on_first(Time{});
      ++firsts;
      tokens = std::min(10.0, tokens + share);
    } else {
      const bool expected = tokens > 1 - 1e-6;  // the model's tenths do not add up exactly
      REQUIRE(policy.retry_after(Time{}, 1, 0.5).has_value() == expected);
      if (expected) {
        ++retries;
        tokens -= 1;
      }
    }
    REQUIRE(static_cast<double>(retries) <= 10 + share * static_cast<double>(firsts) + 1e-6);
  }
  CHECK(retries > 0);
}

TEST_CASE("retries: ten first attempts at a tenth pay for exactly one") {
  vm::Retry retry = attempts(5);
  retry.budget = 0.1;
  RetryPolicy policy{retry};
  for (int i = 0; i < 10; ++i) REQUIRE(policy.retry_after(Time{}, 1, 1));
  REQUIRE_FALSE(policy.retry_after(Time{}, 1, 1));
  for (int i = 0; i < 9; ++i) policy.on_first(Time{});
  CHECK_FALSE(policy.retry_after(Time{}, 1, 1));
  policy.on_first(Time{});
  CHECK(policy.retry_after(Time{}, 1, 1));
  CHECK_FALSE(policy.retry_after(Time{}, 1, 1));
}

TEST_CASE("retries: who has used up the attempts takes no token") {
  vm::Retry retry = attempts(2);
  retry.budget = 0;
  RetryPolicy policy{retry};
  for (int i = 0; i < 100; ++i) CHECK_FALSE(policy.retry_after(Time{}, 2, 1));
  for (int i = 0; i < 10; ++i) CHECK(policy.retry_after(Time{}, 1, 1));
  CHECK_FALSE(policy.retry_after(Time{}, 1, 1));
}

TEST_CASE("breaker: opens after failures in a row, lets one probe through, closes on success") {
  RetryPolicy policy{with_breaker(3, 5s)};
  Time now{};
  policy.on_failure(now);
  policy.on_failure(now);
  policy.on_success(now);  // not in a row
  policy.on_failure(now);
  policy.on_failure(now);
  CHECK(policy.admits(now));
  policy.on_failure(now);
  CHECK(policy.breaker_state() == State::open);
  CHECK_FALSE(policy.admits(now));
  CHECK_FALSE(policy.admits(now + 5s - 1ns));

  now += 5s;
  CHECK(policy.admits(now));  // the probe
  CHECK(policy.breaker_state() == State::half_open);
  CHECK_FALSE(policy.admits(now));
  policy.on_failure(now + 1s);
  CHECK(policy.breaker_state() == State::open);
  CHECK_FALSE(policy.admits(now + 6s - 1ns));  // counted from the probe's failure
  CHECK(policy.admits(now + 6s));
  policy.on_success(now + 7s);
  CHECK(policy.breaker_state() == State::closed);
  CHECK(policy.admits(now + 7s));
}

TEST_CASE("breaker: late answers do not move an open one, a lost probe is followed by another") {
  RetryPolicy policy{with_breaker(1, 5s)};
  policy.on_failure(Time{});
  policy.on_success(Time{1s});
  policy.on_failure(Time{4s});
  CHECK(policy.breaker_state() == State::open);
  CHECK(policy.admits(Time{5s}));
  CHECK_FALSE(policy.admits(Time{10s - 1ns}));
  CHECK(policy.admits(Time{10s}));
}

TEST_CASE("breaker: none configured admits everything") {
  RetryPolicy policy{attempts(2)};
  for (int i = 0; i < 1000; ++i) policy.on_failure(Time{});
  CHECK(policy.admits(Time{}));
}

TEST_CASE("breaker: agrees with a simpler one on any course of events") {
  const auto seed = GENERATE(range(0u, 200u));
  CAPTURE(seed);
  sim::RandomStream random{seed, "breaker"};
  const auto failures = static_cast<std::uint32_t>(1 + random.below(4));
  const double failing = random.uniform();
  RetryPolicy policy{with_breaker(failures, 100ms)};
  BreakerModel model{failures, 100ms};
  Time now{};
  for (int i = 0; i < 500; ++i) {
    now += Duration{static_cast<std::int64_t>(random.below(60'000'000))};
    if (random.uniform() < 0.5) {
      REQUIRE(policy.admits(now) == model.admits(now));
    } else if (random.uniform() < failing) {
      policy.on_failure(now);
      model.result(now, false);
    } else {
      policy.on_success(now);
      model.result(now, true);
    }
  }
}
