// Availability and error budgets, against figures worked out by hand.
#include "real/fleet/uptime.hpp"

#include <vector>

#include <catch2/catch.hpp>

using namespace real;
using namespace std::chrono_literals;

namespace {

sim::Time at(sim::Duration since) {
  return sim::Time{} + since;
}

const vm::TimeSpan month{at(0h), at(720h)};
const std::vector<vm::TimeSpan> none;

}  // namespace

TEST_CASE("uptime: a month at 99.9 % affords 43 minutes 12 seconds") {
  const std::vector<vm::TimeSpan> down{{at(1h), at(1h + 21min + 36s)}};
  const Uptime uptime = uptime_of(down, none, at(0h), month, 0.999);
  CHECK(sim::seconds(uptime.afforded) == Approx(43 * 60 + 12));
  CHECK(uptime.down == 21min + 36s);
  CHECK(uptime.availability() == Approx(0.9995));
  CHECK(uptime.budget_left() == Approx(0.5));
}

TEST_CASE("uptime: only what lies in the span, and was watched, counts") {
  const std::vector<vm::TimeSpan> down{{at(-2h), at(1h)}, {at(719h), at(900h)}, {at(-9h), at(-8h)}};
  const std::vector<vm::TimeSpan> unwatched{{at(100h), at(310h)}, {at(-4h), at(-3h)}};
  const Uptime uptime = uptime_of(down, unwatched, at(-10h), month, 0.999);
  CHECK(uptime.down == 2h);
  CHECK(uptime.watched == 510h);
  CHECK(uptime.availability() == Approx(508.0 / 510));
  CHECK(uptime.budget_left() == Approx(1 - 2 / 0.72));  // overspent
  // A host that came in the middle of it.
  CHECK(uptime_of(down, unwatched, at(620h), month, 0.999).watched == 100h);
  CHECK(uptime_of(down, unwatched, at(620h), month, 0.999).down == 1h);
}

TEST_CASE("uptime: who was never watched is not blamed, and 100 % affords nothing") {
  const Uptime never = uptime_of(none, none, at(720h), month, 0.999);
  CHECK(never.availability() == 1);
  CHECK(never.budget_left() == 1);
  CHECK(uptime_of(none, none, at(0h), month, 1).budget_left() == 1);
  const std::vector<vm::TimeSpan> second{{at(1h), at(1h + 1s)}};
  CHECK(uptime_of(second, none, at(0h), month, 1).budget_left() == -1);
}

TEST_CASE("uptime: spans that overlap are counted once, and what is left out is in no other") {
  const auto hours = [](const TimeSpans& spans) {
    std::vector<int> all;
    for (const vm::TimeSpan& span : spans) {
      all.push_back(static_cast<int>((span.start - at(0h)) / 1h));
      all.push_back(static_cast<int>((span.end - at(0h)) / 1h));
    }
    return all;
  };
  using Hours = std::vector<int>;
  const TimeSpans away = merged(
      {{at(7h), at(8h)}, {at(1h), at(4h)}, {at(2h), at(3h)}, {at(4h), at(5h)}, {at(9h), at(9h)}});
  CHECK(hours(away) == Hours{1, 5, 7, 8, 9, 9});
  CHECK(hours(without({{at(0h), at(10h)}}, away)) == Hours{0, 1, 5, 7, 8, 9, 9, 10});
  CHECK(hours(without({{at(2h), at(3h)}, {at(4h), at(6h)}, {at(8h), at(9h)}}, away)) ==
        Hours{5, 6, 8, 9});
  CHECK(merged({}).empty());
  CHECK(hours(without({{at(1h), at(2h)}}, {})) == Hours{1, 2});
}
