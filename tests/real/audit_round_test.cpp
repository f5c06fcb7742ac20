#include "real/audit_round.hpp"

#include <set>

#include <catch2/catch.hpp>

namespace {

using namespace std::chrono_literals;
using real::AuditRound;
using vm::TenantId;
using vm::Time;

std::vector<TenantId> ask_all(AuditRound& round, Time now) {
  std::vector<TenantId> asked;
  while (const auto tenant = round.next(now)) asked.push_back(*tenant);
  return asked;
}

}  // namespace

TEST_CASE("audit round: every tenant is asked once, a few dozen at a time") {
  AuditRound round{200, 30s, Time{}};
  std::set<TenantId> all;
  int rounds = 0;
  for (Time now{}; !round.over(now); now += 1ms, ++rounds) {
    const auto asked = ask_all(round, now);
    CHECK(asked.size() <= 64);
    for (const TenantId tenant : asked) {
      CHECK(all.insert(tenant).second);
      round.answered(now, tenant, true);
    }
  }
  CHECK(all.size() == 200);
  CHECK(rounds == 4);  // 200 / 64, rounded up
}

TEST_CASE("audit round: who is not served is asked again after a rest") {
  AuditRound round{1, 30s, Time{}};
  REQUIRE(round.next(Time{}) == TenantId{0});
  round.answered(Time{}, TenantId{0}, false);
  CHECK_FALSE(round.next(Time{100ms}));
  CHECK(round.next_due(true) == Time{200ms});
  CHECK(round.next(Time{200ms}) == TenantId{0});
  round.answered(Time{200ms}, TenantId{0}, true);
  CHECK(round.over(Time{200ms}));
}

TEST_CASE("audit round: it ends when nobody has answered for as long as its patience") {
  AuditRound round{2, 1s, Time{}};
  CHECK(ask_all(round, Time{}).size() == 2);
  round.answered(Time{500ms}, TenantId{1}, true);
  CHECK_FALSE(round.over(Time{1499ms}));
  CHECK(round.next_due(true) == Time{1500ms});
  CHECK(round.next_due(false) == Time{1500ms});
  CHECK(round.over(Time{1500ms}));
}

TEST_CASE("audit round: lost questions are asked again") {
  AuditRound round{3, 30s, Time{}};
  REQUIRE(ask_all(round, Time{}).size() == 3);
  SECTION("when the link breaks") {
    round.answered(Time{}, TenantId{1}, true);
    round.link_broken();
    CHECK(ask_all(round, Time{1ms}) == std::vector{TenantId{0}, TenantId{2}});
  }
  SECTION("when the answer never comes") {
    CHECK(round.next_due(true) == Time{5s});
    CHECK(ask_all(round, Time{5s}).size() == 3);
  }
}

TEST_CASE("audit round: answers to nobody's question change nothing") {
  AuditRound round{1, 1s, Time{}};
  round.answered(Time{900ms}, TenantId{0}, true);   // not asked yet
  round.answered(Time{900ms}, TenantId{77}, true);  // no such tenant
  CHECK(round.over(Time{1s}));
  CHECK(round.next(Time{}) == TenantId{0});
}
