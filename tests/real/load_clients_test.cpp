#include "real/load_clients.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include <catch2/catch.hpp>

#include "tests/scenarios.hpp"
#include "vm/model/run.hpp"

namespace {

using namespace real;
using namespace std::chrono_literals;
using vm::Time;

struct Rows final : vm::ObservationSink {
  void on(const vm::Batch& batch) override {
    all.insert(all.end(), batch.transactions.begin(), batch.transactions.end());
  }
  std::vector<vm::TransactionRow> all;
};

auto key(const vm::TransactionRow& r) {
  return std::tuple{r.issued, r.client.value, r.sequence, r.kind};
}

std::vector<vm::TransactionRow> by_issue(std::vector<vm::TransactionRow> rows) {
  std::ranges::sort(rows, {}, key);
  return rows;
}

std::vector<vm::TransactionRow> simulated(const vm::Scenario& scenario) {
  Rows rows;
  vm::model::run(scenario, {.sink = &rows, .transactions = true});
  return by_issue(std::move(rows.all));
}

/// Clients with everything around them but a network.
struct Bench {
  struct Attempt {
    Time due;
    Perform message;
  };
  explicit Bench(const vm::Scenario& s)
      : scenario(s),
        traffic(s, false),
        books(s),
        clients(
            s, traffic, books,
            [this](Time due, const Perform& message) {
              if (broken) return false;
              sent.push_back({due, message});
              return true;
            },
            [this](const vm::TransactionRow& row) { ended.push_back(row); }) {}

  /// Goes from one instant at which something is due to the next, and answers at once.
  void play(Time until, const std::function<void(const Attempt&)>& answer) {
    std::size_t next = 0;
    for (Time at = clients.next_due(); at <= until; at = clients.next_due()) {
      clients.advance(at);
      while (next < sent.size()) answer(Attempt{sent[next++]});
    }
    clients.advance(until);
  }

  const vm::Scenario& scenario;
  vm::Traffic traffic;
  LoadBooks books;
  bool broken = false;
  std::vector<Attempt> sent;
  std::vector<vm::TransactionRow> ended;
  LoadClients clients;
};

/// One machine that is never the bottleneck: a transaction takes what it demands.
vm::Scenario wide() {
  vm::Scenario s = tests::quiet_scenario();
  s.duration = 20s;
  s.seed = 7;
  s.flavors[0].capacity.cores = 1000;
  tests::add_cpu_kind(s, sim::Exponential{0.002}, vm::Bytes{100});
  tests::add_cpu_kind(s, sim::Uniform{0.001, 0.003});
  return s;
}

}  // namespace

TEST_CASE(
    "load clients: send what the simulated world's send, when it does, with the same demands") {
  vm::Scenario scenario = wide();
  auto& crowd = tests::add_clients(scenario, 50, vm::Poisson{{{{Time{}, 20}, {Time{20s}, 400}}}});
  crowd.skew = 0.8;
  crowd.mix = {0.7, 0.3};
  auto& waves = tests::add_clients(scenario, 10, vm::Mmpp{{{10, 1}, {200, 0.5}}});
  waves.mix = {0.2, 0.8};
  tests::add_clients(scenario, 1, vm::Deterministic{tests::constant_rate(33)});
  const auto expected = simulated(scenario);
  REQUIRE(expected.size() > 5000);

  // However late it wakes up: in leaps of 0.35 s here.
  Bench bench{scenario};
  for (Time at{}; at <= Time{20s}; at += 350ms) bench.clients.advance(at);

  using Sent = std::tuple<Time, std::uint32_t, std::uint64_t, double>;
  std::vector<Sent> sent, wanted;
  for (const auto& [due, message] : bench.sent) {
    REQUIRE(message.steps.size() == 1);
    sent.emplace_back(due, message.tenant.value, message.sequence, message.steps[0].amount);
  }
  // What is in flight at the end has no row: compare what was issued well before. A demand shows as
  // the latency, since each has a core of its own.
  for (const auto& row : expected) {
    wanted.emplace_back(row.issued, row.client.value, row.sequence,
                        sim::seconds(row.ended - row.issued));
  }
  const auto early = [](const Sent& s) { return std::get<0>(s) < Time{19s}; };
  std::erase_if(sent, std::not_fn(early));
  std::erase_if(wanted, std::not_fn(early));
  std::ranges::sort(sent);
  std::ranges::sort(wanted);
  REQUIRE(sent.size() == wanted.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const auto& [at, client, sequence, demand] = sent[i];
    REQUIRE(at == std::get<0>(wanted[i]));
    REQUIRE(client == std::get<1>(wanted[i]));
    REQUIRE(sequence == std::get<2>(wanted[i]));
    REQUIRE(demand == Approx(std::get<3>(wanted[i])).margin(3e-9));  // rounded up to a nanosecond
  }
}

TEST_CASE("load clients: timeouts, retries, budget and breaker are the simulated world's") {
  vm::Scenario scenario = tests::quiet_scenario();
  scenario.duration = 20s;
  tests::add_cpu_kind(scenario, sim::Constant{1e6});  // nobody is ever answered
  auto& group = tests::add_clients(scenario, 5, vm::Poisson{tests::constant_rate(40)});
  group.timeout = 150ms;
  group.retry.attempts = 4;
  SECTION("retries") {}
  SECTION("with a budget") {
    group.retry.budget = 0.2;
  }
  SECTION("with a breaker") {
    group.retry.breaker = vm::Breaker{.failures = 10, .open = 2s};
  }
  const auto expected = simulated(scenario);
  REQUIRE(expected.size() > 700);

  Bench bench{scenario};
  bench.clients.advance(Time{20s});
  const auto rows = by_issue(bench.ended);
  REQUIRE(rows.size() == expected.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    REQUIRE(key(rows[i]) == key(expected[i]));
    REQUIRE(rows[i].ended == expected[i].ended);
    REQUIRE(rows[i].outcome == expected[i].outcome);
    REQUIRE(rows[i].attempts == expected[i].attempts);
  }
}

TEST_CASE("load clients: refusals lead to the same retries as in the simulated world") {
  vm::Scenario scenario = tests::quiet_scenario();
  scenario.duration = 20s;
  // A bucket that never fills again: one transaction is let in, all others are refused.
  scenario.flavors[0].admission = vm::Admission{.rate = 1e-9, .burst = 1};
  tests::add_cpu_kind(scenario, sim::Constant{0});
  auto& group = tests::add_clients(scenario, 5, vm::Poisson{tests::constant_rate(40)});
  group.retry.attempts = 3;
  group.retry.budget = 0.5;
  const auto expected = simulated(scenario);

  Bench bench{scenario};
  bool first = true;
  bench.play(Time{20s}, [&](const Bench::Attempt& attempt) {
    bench.clients.answered(
        {.id = attempt.message.id, .result = first ? Result::committed : Result::refused});
    first = false;
  });
  const auto rows = by_issue(bench.ended);
  REQUIRE(rows.size() == expected.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    REQUIRE(key(rows[i]) == key(expected[i]));
    REQUIRE(rows[i].ended == expected[i].ended);
    REQUIRE(rows[i].outcome == expected[i].outcome);
    REQUIRE(rows[i].attempts == expected[i].attempts);
  }
}

TEST_CASE(
    "load clients: a broken link fails what is in flight, and the retry has the same sequence") {
  vm::Scenario scenario = wide();
  auto& group = tests::add_clients(scenario, 3, vm::Poisson{tests::constant_rate(100)});
  group.retry.attempts = 2;
  group.retry.backoff = {.base = 0.1, .factor = 1, .limit = 1, .jitter = false};
  Bench bench{scenario};
  bench.clients.advance(Time{1s});
  const std::size_t in_flight = bench.sent.size();
  REQUIRE(in_flight > 50);
  REQUIRE(bench.clients.unended() == in_flight);
  bench.clients.link_broken();
  bench.clients.stop_issuing();
  CHECK(bench.ended.empty());
  bench.clients.advance(Time{1s} + 100ms);
  REQUIRE(bench.sent.size() == 2 * in_flight);
  std::map<std::pair<std::uint32_t, std::uint64_t>, int> times;
  for (const auto& [due, message] : bench.sent) ++times[{message.tenant.value, message.sequence}];
  CHECK(times.size() == in_flight);
  CHECK(std::ranges::all_of(times, [](const auto& t) { return t.second == 2; }));
  // The link stays away: the second attempt was the last.
  bench.clients.link_broken();
  CHECK(bench.ended.size() == in_flight);
  CHECK(bench.clients.unended() == 0);
}

TEST_CASE("load clients: what cannot be sent has failed at once, and the schedule goes on") {
  vm::Scenario scenario = wide();
  tests::add_clients(scenario, 3, vm::Deterministic{tests::constant_rate(10)});
  Bench bench{scenario};
  bench.broken = true;
  bench.clients.advance(Time{2s});
  REQUIRE(bench.ended.size() == 20);
  CHECK(bench.ended[19].outcome == vm::Outcome::failed);
  CHECK(bench.ended[19].ended == bench.ended[19].issued);
  bench.broken = false;
  bench.clients.advance(Time{3s});
  CHECK(bench.sent.size() == 10);
}

TEST_CASE("load clients: late, repeated and foreign answers change nothing") {
  vm::Scenario scenario = wide();
  auto& group = tests::add_clients(scenario, 1, vm::Deterministic{tests::constant_rate(1)});
  group.timeout = 100ms;
  Bench bench{scenario};
  bench.clients.advance(Time{1s});
  REQUIRE(bench.sent.size() == 1);
  const std::uint64_t first = bench.sent[0].message.id;
  bench.clients.advance(Time{1500ms});  // it has timed out
  bench.clients.answered({.id = first});
  REQUIRE(bench.ended.size() == 1);
  CHECK(bench.ended[0].outcome == vm::Outcome::timed_out);
  CHECK(bench.ended[0].ended == Time{1100ms});
  bench.clients.advance(Time{2s});
  REQUIRE(bench.sent.size() == 2);
  bench.clients.answered({.id = first});       // its slot has a new tenant
  bench.clients.answered({.id = 12'345'678});  // no slot at all
  bench.clients.answered({.id = ~std::uint64_t{0}});
  CHECK(bench.clients.unended() == 1);
  bench.clients.answered({.id = bench.sent[1].message.id});
  bench.clients.answered({.id = bench.sent[1].message.id});
  REQUIRE(bench.ended.size() == 2);
  CHECK(bench.ended[1].outcome == vm::Outcome::committed);
  bench.clients.close();
  const vm::Books books = bench.books.close().groups[0];
  CHECK(books.balanced());
  CHECK(books.issued == 2);
  CHECK(books[vm::Outcome::committed] == 1);
  CHECK(books[vm::Outcome::timed_out] == 1);
}

TEST_CASE("load clients: in a closed loop a client thinks, sends one, and waits for it") {
  vm::Scenario scenario = wide();
  tests::add_clients(scenario, 4, vm::ClosedLoop{sim::Distribution{sim::Constant{1}}});
  Bench bench{scenario};
  // Answers come half a second after the question: a cycle is 1.5 s.
  std::size_t answered = 0;
  for (Time at{}; at <= Time{30s}; at += 250ms) {
    bench.clients.advance(at);
    for (; answered < bench.sent.size() && bench.sent[answered].due + 500ms <= at; ++answered) {
      bench.clients.answered({.id = bench.sent[answered].message.id});
    }
    REQUIRE(bench.clients.unended() <= 4);
  }
  // Sent at 1, 2.5, 4, ... 29.5 s: twenty by each of four.
  CHECK(bench.sent.size() == 80);
}
