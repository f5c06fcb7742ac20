// Uptime: how available a host was over a span of time, and what is left of its error budget.
//
// Time in which nobody watched is neither up nor down: it is left out. What an objective of 99.9 %
// affords is a thousandth of the whole span; each second down spends one of it.
//
//   source  Beyer et al., Site Reliability Engineering (2016), chapter 3
#pragma once

#include <span>
#include <vector>

#include "vm/incidents.hpp"

namespace real {

struct Uptime {
  sim::Duration watched{};   // of the span, since the host was first heard of
  sim::Duration down{};      // of that
  sim::Duration afforded{};  // down time that the objective leaves room for in the whole span

  /// 0 to 1; 1 where nothing was watched.
  double availability() const;
  /// 1: all of it; 0: none; below 0: overspent.
  double budget_left() const;
};

using TimeSpans = std::vector<vm::TimeSpan>;

/// The same time in spans that do not overlap, in order.
TimeSpans merged(TimeSpans spans);
/// What of `spans` is in none of `others`, which do not overlap and are in order.
TimeSpans without(const TimeSpans& spans, const TimeSpans& others);

/// down, unwatched  spans that do not overlap, in any order; those outside the span do not count
/// since            when the host was first heard of
Uptime uptime_of(std::span<const vm::TimeSpan> down, std::span<const vm::TimeSpan> unwatched,
                 sim::Time since, vm::TimeSpan span, double objective);

}  // namespace real
