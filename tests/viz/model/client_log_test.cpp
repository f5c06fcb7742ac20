// One client's transactions: what they come to at any instant, against counting them one by one and
// against what the simulation itself says of its clients.
#include "viz/model/client_log.hpp"

#include <catch2/catch.hpp>

#include "sim/random.hpp"
#include "tests/scenarios.hpp"
#include "vm/model/run.hpp"

namespace {

using namespace std::chrono_literals;
using namespace viz::model;
using vm::Outcome;

/// Transactions in the order of their ends, as a run tells them.
std::vector<vm::TransactionRow> invented(std::size_t count) {
  sim::RandomStream random{7, "client_log", 0};
  std::vector<vm::TransactionRow> rows;
  Time ended{};
  for (std::size_t i = 0; i < count; ++i) {
    ended += Duration{static_cast<std::int64_t>(random.below(20'000'000))};
    const Duration took{static_cast<std::int64_t>(random.below(50'000'000))};
    vm::TransactionRow row;
    row.ended = ended;
    row.issued = Time{std::max(Duration{}, ended.time_since_epoch() - took)};
    row.sequence = i;
    row.kind = static_cast<std::uint32_t>(random.below(2));
    row.outcome = static_cast<Outcome>(random.below(4));
    row.attempts = 1 + static_cast<std::uint32_t>(random.below(3));
    rows.push_back(row);
  }
  return rows;
}

struct Told : vm::ObservationSink {
  void on(const vm::Batch& batch) override {
    rows.insert(rows.end(), batch.transactions.begin(), batch.transactions.end());
  }
  std::vector<vm::TransactionRow> rows;
};

}  // namespace

TEST_CASE("client_log: at any instant, forwards and back, it agrees with counting") {
  const auto rows = invented(3'000);
  ClientLog log{1s, {false, true}};
  log.append({rows.begin(), rows.begin() + 1'000});
  log.append({rows.begin() + 1'000, rows.end()});
  sim::RandomStream random{8, "client_log", 0};
  for (int i = 0; i < 200; ++i) {
    const Time at{Duration{static_cast<std::int64_t>(random.below(32'000'000'000))}};
    ClientView view;
    log.show(at, view);
    std::uint64_t issued = 0, ended = 0, committed = 0, acknowledged = 0, retries = 0, measured = 0;
    double longest = 0, sum = 0;
    for (const vm::TransactionRow& row : rows) {
      issued += row.issued <= at;
      if (row.ended > at) continue;
      ++ended;
      retries += row.attempts - 1;
      if (row.outcome != Outcome::committed) continue;
      ++committed;
      acknowledged += row.kind == 1;
      if (row.issued < Time{1s}) continue;
      ++measured;
      sum += sim::milliseconds(row.ended - row.issued);
      longest = std::max(longest, sim::milliseconds(row.ended - row.issued));
    }
    REQUIRE(view.issued == issued);
    REQUIRE(view.in_flight == issued - ended);
    REQUIRE(view.committed == committed);
    REQUIRE(view.refused + view.timed_out + view.failed == ended - committed);
    REQUIRE(view.acknowledged == acknowledged);
    REQUIRE(view.retries == retries);
    REQUIRE(view.measured == measured);
    if (measured > 0) {
      REQUIRE(*view.mean_ms == Approx(sum / static_cast<double>(measured)));
      REQUIRE(*view.max_ms == Approx(longest));
    } else {
      REQUIRE_FALSE(view.p99_ms);
    }
    REQUIRE(view.last.size() == std::min<std::uint64_t>(ended, 12));
    if (ended > 0) REQUIRE(view.last[0].sequence == ended - 1);
  }
}

TEST_CASE("client_log: at the end of a run it says what the run says of its only client") {
  vm::Scenario s = tests::quiet_scenario();
  s.warmup = 10s;
  tests::add_cpu_kind(s, sim::Exponential{0.004}, vm::Bytes{1024});
  vm::ClientGroup& group = tests::add_clients(s, 1, vm::Poisson{{{{Time{}, 200}}}});
  group.timeout = 50ms;
  Told told;
  const auto outcome = vm::model::run(s, {.sink = &told, .transactions = true});
  const vm::Books& books = outcome.groups[0].books;
  const sim::Histogram& latency = outcome.groups[0].latency;
  REQUIRE(books[Outcome::timed_out] > 100);
  REQUIRE(latency.count() > 5'000);

  ClientLog log{s.warmup, {true}};
  log.append(told.rows);
  ClientView view;
  log.show(outcome.end, view);
  CHECK(view.basis == ClientView::Basis::transactions);
  CHECK(view.issued + (books.in_flight - view.in_flight) == books.issued);
  CHECK(view.committed == books[Outcome::committed]);
  CHECK(view.timed_out == books[Outcome::timed_out]);
  CHECK(view.acknowledged == books.acknowledged);
  CHECK(view.measured == latency.count());
  CHECK(*view.mean_ms == Approx(latency.mean() * 1e-6));
  CHECK(*view.p50_ms == Approx(static_cast<double>(latency.quantile(0.5)) * 1e-6));
  CHECK(*view.p99_ms == Approx(static_cast<double>(latency.quantile(0.99)) * 1e-6));
  CHECK(*view.max_ms == Approx(static_cast<double>(latency.max()) * 1e-6));

  // And so do the books that the run closes for each client.
  REQUIRE(outcome.clients.size() == 1);
  ClientView closed;
  show_books(outcome.clients[0].books, outcome.clients[0].latency, closed);
  CHECK(closed.issued == books.issued);
  CHECK(closed.lost == 0u);
  CHECK(closed.measured == view.measured);
  CHECK(*closed.mean_ms == Approx(*view.mean_ms));
  CHECK(closed.max_ms == view.max_ms);
}

TEST_CASE("client_log: a million is enough, and it says up to when that is") {
  std::vector<vm::TransactionRow> rows(ClientLog::most + 5);
  for (std::size_t i = 0; i < rows.size(); ++i)
    rows[i].issued = rows[i].ended = Time{Duration{static_cast<std::int64_t>(i)}};
  ClientLog log{Duration{}, {}};
  log.append(rows);
  CHECK(log.full());
  ClientView view;
  log.show(Time{1h}, view);
  CHECK(view.issued == ClientLog::most);
  CHECK(view.at == rows[ClientLog::most - 1].ended);
  CHECK_FALSE(view.acknowledged);  // nobody has said which kinds write
}
