#include "vm/ledger.hpp"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/random.hpp"

using vm::Digest;
using vm::Ledger;
using vm::Outcome;
using vm::TenantId;

TEST_CASE("ledger: what is held is what was acknowledged and what nobody was told of") {
  Ledger ledger{2};
  std::vector<Digest> held(2);
  for (std::uint64_t sequence = 0; sequence < 10; ++sequence) {
    ledger.issued(TenantId{1});
    held[1].add(TenantId{1}, sequence);
    if (sequence < 7) {
      ledger.acknowledged(TenantId{1}, sequence);
      ledger.ended(TenantId{1}, Outcome::committed);
    } else {
      ledger.unacknowledged(TenantId{1}, sequence);
      ledger.ended(TenantId{1}, Outcome::timed_out);
    }
  }
  const auto audit = ledger.close(held);
  CHECK(audit.balance);
  CHECK(audit.complaints.empty());
  CHECK(ledger.of(TenantId{1}).acknowledged == 7);
  CHECK(ledger.of(TenantId{1}).applied == 10);
  CHECK(ledger.of(TenantId{1}).unacknowledged == 3);
  CHECK(ledger.of(TenantId{1}).lost == 0);
  CHECK(ledger.of(TenantId{0}).issued == 0);
}

TEST_CASE("ledger: an acknowledged write that the owner does not hold is lost") {
  Ledger ledger{1};
  Digest held;
  for (std::uint64_t sequence = 0; sequence < 5; ++sequence) {
    ledger.issued(TenantId{0});
    ledger.ended(TenantId{0}, Outcome::committed);
    ledger.acknowledged(TenantId{0}, sequence);
    if (sequence != 2 && sequence != 3) held.add(TenantId{0}, sequence);
  }
  const auto audit = ledger.close(std::vector{held});
  CHECK_FALSE(audit.balance);
  CHECK(ledger.of(TenantId{0}).lost == 2);
  CHECK(ledger.of(TenantId{0}).duplicated == 0);
}

TEST_CASE("ledger: a write applied twice is duplicated, even when another is missing") {
  Ledger ledger{1};
  Digest held;
  for (std::uint64_t sequence = 0; sequence < 5; ++sequence) {
    ledger.issued(TenantId{0});
    ledger.ended(TenantId{0}, Outcome::committed);
    ledger.acknowledged(TenantId{0}, sequence);
    held.add(TenantId{0}, sequence == 4 ? 0 : sequence);  // 0 twice, 4 not at all
  }
  const auto audit = ledger.close(std::vector{held});
  CHECK_FALSE(audit.balance);
  CHECK(ledger.of(TenantId{0}).lost == 1);
  CHECK(ledger.of(TenantId{0}).duplicated == 1);
}

TEST_CASE("ledger: transactions that vanish without an end are complained of") {
  Ledger ledger{3};
  ledger.issued(TenantId{2});
  const auto audit = ledger.close(std::vector<Digest>(3));
  CHECK_FALSE(audit.balance);
  REQUIRE(audit.complaints.size() == 1);
  CHECK(audit.complaints[0].find("client 2") == 0);
}

TEST_CASE("ledger: a wiped state loses what was acknowledged before, and nothing after") {
  Ledger ledger{1};
  for (std::uint64_t sequence = 0; sequence < 4; ++sequence) {
    ledger.issued(TenantId{0});
    ledger.ended(TenantId{0}, Outcome::committed);
    ledger.acknowledged(TenantId{0}, sequence);
  }
  CHECK(ledger.wiped(TenantId{0}) == 4);
  Digest held;  // of the new state
  ledger.issued(TenantId{0});
  ledger.ended(TenantId{0}, Outcome::committed);
  ledger.acknowledged(TenantId{0}, 4);
  held.add(TenantId{0}, 4);
  CHECK(ledger.close(std::vector{held}).balance);
  CHECK(ledger.of(TenantId{0}).lost == 4);
  CHECK(ledger.of(TenantId{0}).acknowledged == 5);
}

TEST_CASE("ledger: it agrees with books that remember every single write") {
  // Model: multisets of (client, sequence). 200 random histories with random damage.
  const auto seed = GENERATE(range(0u, 200u));
  CAPTURE(seed);
  sim::RandomStream chance{seed, "ledger"};
  const std::uint32_t clients = 1 + static_cast<std::uint32_t>(chance.below(4));
  Ledger ledger{clients};
  std::vector<Digest> held(clients);
  std::vector<std::multiset<std::uint64_t>> applied(clients);
  std::vector<std::set<std::uint64_t>> expected(clients);
  const bool damage = chance.uniform() < 0.5;
  for (std::uint64_t i = 0; i < 300; ++i) {
    const auto client = static_cast<std::uint32_t>(chance.below(clients));
    ledger.issued(TenantId{client});
    const bool told = chance.uniform() < 0.8;
    ledger.ended(TenantId{client}, told ? Outcome::committed : Outcome::timed_out);
    const auto copies = damage && chance.uniform() < 0.01 ? chance.below(2) * 2 : 1;
    for (std::uint64_t k = 0; k < copies; ++k) {
      held[client].add(TenantId{client}, i);
      applied[client].insert(i);
    }
    expected[client].insert(i);
    if (told) ledger.acknowledged(TenantId{client}, i);
    if (!told) ledger.unacknowledged(TenantId{client}, i);
  }
  bool same = true;
  for (std::uint32_t c = 0; c < clients; ++c) {
    same &= applied[c] == std::multiset<std::uint64_t>(expected[c].begin(), expected[c].end());
  }
  CHECK(ledger.close(held).balance == same);
}
