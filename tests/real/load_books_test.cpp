#include "real/load_books.hpp"

#include <catch2/catch.hpp>

#include "real/holding.hpp"
#include "tests/scenarios.hpp"

namespace {

using namespace real;
using vm::TenantId;

vm::Scenario two_clients() {
  vm::Scenario s = tests::quiet_scenario();
  tests::add_cpu_kind(s, sim::Constant{0.001}, vm::Bytes{100});
  tests::add_clients(s, 2, vm::Poisson{tests::constant_rate(10)});
  s.durability.log = vm::Log::synced;
  return s;
}

/// Client 0 is told that its writes 0 to 9 are committed, and that 10 and 11 timed out.
void ten_acknowledged(LoadBooks& books) {
  for (int i = 0; i < 12; ++i) {
    const std::uint64_t sequence = books.issue(TenantId{0});
    books.attempted(TenantId{0});
    books.ended(TenantId{0}, i < 10 ? vm::Outcome::committed : vm::Outcome::timed_out);
    if (i < 10) books.acknowledge(TenantId{0}, sequence);
  }
}

/// What an honest owner that holds these would answer.
Audited owner_of(TenantId tenant, std::vector<Range> held) {
  Audited answer{.tenant = tenant, .served = true, .held = std::move(held)};
  vm::Digest digest;
  for (const Range& r : answer.held) {
    for (std::uint64_t s = r.first; s <= r.last; ++s) digest.add(tenant, s);
  }
  answer.count = digest.count;
  answer.sum = digest.sum;
  return answer;
}

LoadBooks::Closed close(LoadBooks& books, const Audited& first) {
  CHECK(books.try_audit(first));
  CHECK(books.try_audit(owner_of(TenantId{1}, {})));
  return books.close();
}

}  // namespace

TEST_CASE("load books: what was acknowledged is held, and the rest is harmless") {
  const vm::Scenario scenario = two_clients();
  LoadBooks books{scenario};
  ten_acknowledged(books);
  const auto closed = close(books, owner_of(TenantId{0}, {{0, 10}}));  // one that timed out as well
  CHECK(closed.balance);
  CHECK(closed.complaints.empty());
  REQUIRE(closed.groups.size() == 1);
  CHECK(closed.groups[0].issued == 12);
  CHECK(closed.groups[0].acknowledged == 10);
  CHECK(closed.groups[0].applied == 11);
  CHECK(closed.groups[0].unacknowledged == 1);
  CHECK(closed.groups[0].lost == 0);
  CHECK(closed.groups[0].duplicated == 0);
}

TEST_CASE("load books: a lost write is counted and named") {
  const vm::Scenario scenario = two_clients();
  LoadBooks books{scenario};
  ten_acknowledged(books);
  const auto closed = close(books, owner_of(TenantId{0}, {{0, 3}, {5, 7}, {9, 11}}));
  CHECK_FALSE(closed.balance);
  CHECK(closed.groups[0].lost == 2);
  CHECK(closed.groups[0].unacknowledged == 2);
  REQUIRE(closed.complaints.size() == 1);
  CHECK(closed.complaints[0] == "client 0: 2 acknowledged and not found: 4, 8");
}

TEST_CASE(
    "load books: where acknowledged means in memory, a loss is counted and not held against it") {
  vm::Scenario scenario = two_clients();
  scenario.durability.log = vm::Log::memory;
  LoadBooks books{scenario};
  ten_acknowledged(books);
  const auto closed = close(books, owner_of(TenantId{0}, {}));
  CHECK(closed.balance);
  CHECK(closed.groups[0].lost == 10);
}

TEST_CASE("load books: a write that was applied twice shows in the owner's count") {
  const vm::Scenario scenario = two_clients();
  LoadBooks books{scenario};
  ten_acknowledged(books);
  Audited answer = owner_of(TenantId{0}, {{0, 9}});
  ++answer.count;
  const auto closed = close(books, answer);
  CHECK_FALSE(closed.balance);
  CHECK(closed.groups[0].duplicated == 1);
  CHECK(closed.groups[0].lost == 0);
}

TEST_CASE("load books: one lost and another applied twice are one of each, not none") {
  const vm::Scenario scenario = two_clients();
  LoadBooks books{scenario};
  ten_acknowledged(books);
  Audited answer = owner_of(TenantId{0}, {{1, 9}});
  ++answer.count;  // as many as were acknowledged
  const auto closed = close(books, answer);
  CHECK(closed.groups[0].lost == 1);
  CHECK(closed.groups[0].duplicated == 1);
}

TEST_CASE("load books: a digest of other writes is found though the counts agree") {
  const vm::Scenario scenario = two_clients();
  LoadBooks books{scenario};
  ten_acknowledged(books);
  Audited answer = owner_of(TenantId{0}, {{0, 9}});
  answer.sum ^= 1;
  const auto closed = close(books, answer);
  CHECK_FALSE(closed.balance);
  CHECK(closed.complaints.at(0).find("digest") != std::string::npos);
}

TEST_CASE("load books: filler is not the client's, and what nobody sent is told") {
  const vm::Scenario scenario = two_clients();
  LoadBooks books{scenario};
  ten_acknowledged(books);
  Audited answer = owner_of(TenantId{0}, {{0, 9}});
  const std::uint64_t filler = filler_begin;
  SECTION("filler") {
    answer.held.push_back({filler, filler + 1000});
    CHECK(close(books, answer).balance);
  }
  SECTION("writes that came over HTTP") {
    const auto closed =
        close(books, owner_of(TenantId{0}, {{0, 9}, {people_begin + 3, people_begin + 5}}));
    CHECK(closed.balance);
    CHECK(closed.groups[0].applied == 10);
    CHECK(closed.groups[0].unacknowledged == 0);
  }
  SECTION("one of them applied twice") {
    Audited twice = owner_of(TenantId{0}, {{0, 9}, {people_begin, people_begin}});
    ++twice.count;
    CHECK(close(books, twice).groups[0].duplicated == 1);
  }
  SECTION("an invention, however long") {
    answer.held.push_back({500, filler - 1});
    const auto closed = close(books, answer);
    CHECK_FALSE(closed.balance);
    CHECK(closed.complaints.at(0).find("more writes than it counted") != std::string::npos);
    CHECK(closed.complaints.at(1).find("nobody sent") != std::string::npos);
  }
}

TEST_CASE("load books: nonsense and silence are complaints, not good books") {
  const vm::Scenario scenario = two_clients();
  LoadBooks books{scenario};
  ten_acknowledged(books);
  SECTION("ranges that do not ascend") {
    const auto closed =
        close(books, Audited{.tenant = TenantId{0}, .served = true, .held = {{5, 9}, {0, 4}}});
    CHECK_FALSE(closed.balance);
    CHECK(closed.groups[0].lost == 10);
  }
  SECTION("nobody serves the tenant") {
    CHECK_FALSE(books.try_audit(Audited{.tenant = TenantId{0}, .served = false}));
    CHECK_FALSE(books.audited(TenantId{0}));
    const auto closed = books.close();
    CHECK_FALSE(closed.balance);
    CHECK(closed.groups[0].lost == 10);
  }
  SECTION("a tenant that there is not") {
    CHECK_FALSE(books.try_audit(Audited{.tenant = TenantId{7}, .served = true}));
  }
}
