// One client of a recorded run.
#include "record/client_rows.hpp"

#include <catch2/catch.hpp>

#include "record/recorder.hpp"
#include "record/run_directory.hpp"
#include "tests/record/small_run.hpp"

namespace {

using small_run::at;
using small_run::open;
using namespace std::chrono_literals;

vm::RunOutcome outcome_with_clients() {
  vm::RunOutcome outcome = small_run::outcome();
  for (std::uint32_t i = 0; i < 4; ++i) {
    vm::ClientOutcome client;
    client.client = vm::TenantId{i};
    client.books = {.issued = 100 + i,
                    .ended = {90, 4, 3, 2},
                    .in_flight = 1 + i,
                    .attempts = 120,
                    .acknowledged = 80,
                    .applied = 82,
                    .unacknowledged = 2,
                    .lost = i,
                    .duplicated = 10 * i};
    client.latency.add(10ms);
    client.latency.add(30ms);
    outcome.clients.push_back(client);
  }
  return outcome;
}

}  // namespace

TEST_CASE("client_rows: each client's books are there once the run has ended") {
  const small_run::TemporaryDirectory directory;
  record::Recorder recorder{directory.path, small_run::scenario(), "simulated"};
  {
    const record::Reader reader = open(directory.path);
    CHECK_FALSE(record::ClientRows{reader}.books({2}));
  }
  recorder.finish(outcome_with_clients(), 1, 1);
  const record::Reader reader = open(directory.path);
  const record::ClientRows rows{reader};
  const auto client = rows.books({2});
  REQUIRE(client);
  CHECK(client->books.issued == 102);
  CHECK(client->books.ended == std::array<std::uint64_t, 4>{90, 4, 3, 2});
  CHECK(client->books.in_flight == 3);
  CHECK(client->books.balanced());
  CHECK(client->books.attempts == 120);
  CHECK(client->books.applied == 82);
  CHECK(client->books.lost == 2);
  CHECK(client->books.duplicated == 20);
  CHECK(client->latency.count == 2);
  CHECK(client->latency.sum == 40ms);
  CHECK(client->latency.max == 30ms);
  CHECK_FALSE(rows.books({4}));
}

TEST_CASE("client_rows: transactions of one client, portion by portion, as they come") {
  const small_run::TemporaryDirectory directory;
  record::Recorder recorder{directory.path, small_run::scenario(), "simulated"};
  recorder.on(small_run::second_batch());
  vm::Batch more;
  more.now = at(11s);
  for (std::uint64_t i = 0; i < 10; ++i) {
    const vm::TenantId client{i % 2 == 0 ? 3u : 1u};
    more.transactions.push_back(
        {at(10s), at(10s + 1ms * i), client, 100 + i, 0, vm::Outcome::refused, 1, vm::no_machine});
  }
  recorder.on(more);
  recorder.finish(small_run::outcome(), 1, 1);
  const record::Reader reader = open(directory.path);
  const record::ClientRows rows{reader};
  CHECK(rows.keeps_transactions());
  std::vector<vm::TransactionRow> found;
  std::int64_t last = 0;
  int portions = 1;
  while (rows.read({3}, last, 5, found)) ++portions;
  CHECK(portions == 3);  // 12 rows, five at a time
  REQUIRE(found.size() == 6);
  CHECK(found[0].sequence == 17);
  CHECK(found[0].issued == at(1s));
  CHECK(found[0].ended == at(1010ms));
  CHECK(found[0].outcome == vm::Outcome::committed);
  CHECK(found[0].attempts == 2);
  CHECK(found[0].machine == vm::MachineId{0});
  CHECK(found[5].sequence == 108);
  CHECK(found[5].machine == vm::no_machine);
  CHECK_FALSE(rows.read({3}, last, 5, found));
  CHECK(found.size() == 6);
}

TEST_CASE("client_rows: a run of an older Brink has no books of its clients") {
  const small_run::TemporaryDirectory directory;
  {
    record::Recorder recorder{directory.path, small_run::scenario(), "simulated"};
    recorder.finish(outcome_with_clients(), 1, 1);
  }
  record::execute(
      record::open(directory.path / record::database_name, record::Access::create).get(),
      "DROP TABLE client_books");
  const record::Reader reader = open(directory.path);
  CHECK_FALSE(record::ClientRows{reader}.books({0}));
  CHECK_FALSE(record::ClientRows{reader}.keeps_transactions());
}
