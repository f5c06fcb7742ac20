#include "vm/client.hpp"

#include <algorithm>
#include <cmath>

#include "sim/check.hpp"

namespace vm {
namespace {

constexpr std::int64_t token = 1'000'000;

}  // namespace

RetryPolicy::RetryPolicy(const Retry& retry)
    : retry_{retry},
      tokens_{budget_burst * token},
      deposit_{std::llround(retry.budget.value_or(0) * static_cast<double>(token))} {
  SIM_CHECK(retry.attempts >= 1);
  SIM_CHECK(deposit_ >= 0);
}

bool RetryPolicy::admits(Time now) {
  if (state_ == BreakerState::closed) return true;
  if (now < until_) return false;
  state_ = BreakerState::half_open;
  until_ = now + retry_.breaker->open;
  return true;
}

void RetryPolicy::on_first(Time) {
  tokens_ = std::min(tokens_ + deposit_, budget_burst * token);
}

void RetryPolicy::on_success(Time) {
  failures_ = 0;
  if (state_ == BreakerState::half_open) state_ = BreakerState::closed;
  // Open: a late answer to an attempt from before; it says nothing about now.
}

void RetryPolicy::on_failure(Time now) {
  if (!retry_.breaker || state_ == BreakerState::open) return;
  if (state_ == BreakerState::closed && ++failures_ < retry_.breaker->failures) return;
  state_ = BreakerState::open;
  failures_ = 0;
  until_ = now + retry_.breaker->open;
}

std::optional<Duration> RetryPolicy::retry_after(Time, std::uint32_t attempts_made,
                                                 double uniform) {
  SIM_CHECK(attempts_made >= 1 && uniform >= 0 && uniform <= 1);
  if (attempts_made >= retry_.attempts) return std::nullopt;
  if (retry_.budget) {
    if (tokens_ < token) return std::nullopt;
    tokens_ -= token;
  }
  const Backoff& backoff = retry_.backoff;
  double wait = std::min(backoff.base * std::pow(backoff.factor, attempts_made - 1), backoff.limit);
  if (backoff.jitter) wait *= uniform;
  return std::max(sim::from_seconds(wait), Duration{1});
}

}  // namespace vm
