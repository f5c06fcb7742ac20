#include "real/fleet/uptime.hpp"

#include <algorithm>

namespace real {
namespace {

sim::Duration within(std::span<const vm::TimeSpan> spans, vm::TimeSpan of) {
  sim::Duration sum{};
  for (const vm::TimeSpan& span : spans) {
    const auto start = std::max(span.start, of.start), end = std::min(span.end, of.end);
    if (start < end) sum += end - start;
  }
  return sum;
}

}  // namespace

double Uptime::availability() const {
  return watched > sim::Duration{} ? 1 - sim::seconds(down) / sim::seconds(watched) : 1;
}

double Uptime::budget_left() const {
  if (afforded > sim::Duration{}) return 1 - sim::seconds(down) / sim::seconds(afforded);
  return down > sim::Duration{} ? -1 : 1;  // an objective of 100 % affords nothing
}

TimeSpans merged(TimeSpans spans) {
  std::ranges::sort(spans, {}, &vm::TimeSpan::start);
  TimeSpans apart;
  for (const vm::TimeSpan& span : spans) {
    if (!apart.empty() && span.start <= apart.back().end) {
      apart.back().end = std::max(apart.back().end, span.end);
    } else {
      apart.push_back(span);
    }
  }
  return apart;
}

TimeSpans without(const TimeSpans& spans, const TimeSpans& others) {
  TimeSpans left;
  for (vm::TimeSpan span : spans) {
    for (const vm::TimeSpan& other : others) {
      if (other.end <= span.start || other.start >= span.end) continue;
      if (other.start > span.start) left.push_back({span.start, other.start});
      span.start = std::min(other.end, span.end);
    }
    if (span.start < span.end) left.push_back(span);
  }
  return left;
}

Uptime uptime_of(std::span<const vm::TimeSpan> down, std::span<const vm::TimeSpan> unwatched,
                 sim::Time since, vm::TimeSpan span, double objective) {
  const vm::TimeSpan lived{std::max(since, span.start), span.end};
  Uptime uptime;
  uptime.afforded = sim::from_seconds((1 - objective) * sim::seconds(span.end - span.start));
  if (lived.start >= lived.end) return uptime;
  uptime.watched = lived.end - lived.start - within(unwatched, lived);
  uptime.down = within(down, lived);
  return uptime;
}

}  // namespace real
