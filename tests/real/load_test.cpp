#include "real/load.hpp"

#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "tests/real/fake_gateway.hpp"
#include "tests/scenarios.hpp"
#include "vm/client_draw.hpp"

namespace {

using namespace real;
using namespace std::chrono_literals;
using vm::TenantId;

struct Rows final : vm::ObservationSink {
  void on(const vm::Batch& batch) override {
    for (const auto& row : batch.throughputs) {
      issued += row.issued;
      committed += row.committed;
      in_flight = row.in_flight;
    }
    for (const auto& row : batch.latencies) latencies += row.count;
    transactions.insert(transactions.end(), batch.transactions.begin(), batch.transactions.end());
  }
  std::uint64_t issued = 0, committed = 0, latencies = 0, in_flight = 0;
  std::vector<vm::TransactionRow> transactions;
};

/// 800 writes of 100 bytes a second by 20 clients, for half a second.
vm::Scenario short_run() {
  vm::Scenario s = tests::quiet_scenario();
  s.duration = 500ms;
  tests::add_cpu_kind(s, sim::Exponential{0.001}, vm::Bytes{100});
  auto& group = tests::add_clients(s, 20, vm::Poisson{tests::constant_rate(800)});
  group.timeout = 2s;
  // On a slow machine the link may come after the first transactions: they are to be sent again.
  group.retry.attempts = 1000;
  group.retry.backoff = {.base = 0.05, .factor = 1};
  s.durability.log = vm::Log::synced;
  s.sla.sample = 100ms;
  s.sla.window = 100ms;
  s.sla.latency = {{.quantile = 0.99, .limit = 100ms}};
  return s;
}

/// Until the first transaction: mostly enough to make the link.
constexpr auto lead = 100ms;

/// A load, its gateway and a loop for both.
struct Stage {
  explicit Stage(vm::Scenario s) : scenario(std::move(s)), gateway(io) {
    Load::Options options{
        .gateway = gateway.address(),
        .token = [] { return std::string{"a token"}; },
        .start_ns =
            std::chrono::nanoseconds{std::chrono::steady_clock::now().time_since_epoch() + lead}
                .count(),
        .transactions = true,
        .audit_patience = 300ms};
    load.emplace(io, scenario, std::move(options), rows, [this](Load::Report r) {
      report = std::move(r);
      io.stop();
    });
  }
  /// At an instant of the run.
  void at(std::chrono::milliseconds when, std::function<void()> then) {
    auto timer = std::make_shared<asio::steady_timer>(io, when + lead);
    timer->async_wait([timer, then = std::move(then)](boost::system::error_code) { then(); });
  }
  /// Plays it; the deadline is generous, and passing it a failure.
  const Load::Report& play() {
    load->start();
    io.run_for(30s);
    REQUIRE(report);
    return *report;
  }
  vm::Books books() const { return report->outcome.groups.at(0).books; }

  vm::Scenario scenario;
  asio::io_context io;
  tests::FakeGateway gateway;
  Rows rows;
  std::optional<Load::Report> report;
  std::optional<Load> load;
};

/// What the scenario issues, by its own streams.
std::set<std::pair<std::uint32_t, std::uint64_t>> issued_by(const vm::Scenario& scenario) {
  std::set<std::pair<std::uint32_t, std::uint64_t>> all;
  std::map<std::uint32_t, std::uint64_t> next;
  vm::ClientDraw draw{scenario, vm::GroupId{0}};
  for (vm::Time at = draw.next_arrival({}); at.time_since_epoch() <= scenario.duration;
       at = draw.next_arrival(at)) {
    const std::uint32_t client = draw.client();
    all.emplace(client, next[client]++);
  }
  return all;
}

}  // namespace

TEST_CASE("load: everything is sent once, answered, told, audited, and the books balance") {
  Stage stage{short_run()};
  const auto& report = stage.play();
  const auto expected = issued_by(stage.scenario);
  const vm::Books books = stage.books();
  CHECK(books.issued == expected.size());
  CHECK(books[vm::Outcome::committed] == expected.size());
  CHECK(books.acknowledged == expected.size());
  CHECK(books.applied == expected.size());
  CHECK(books.lost + books.duplicated + books.unacknowledged + books.in_flight == 0);
  CHECK(report.outcome.books_balance);
  CHECK(report.outcome.complaints.empty());
  CHECK(report.outcome.world == "real");
  CHECK(report.outcome.end == vm::Time{500ms});
  CHECK_FALSE(report.outcome.interrupted);
  CHECK(report.outcome.groups[0].latency.count() == expected.size());

  std::set<std::pair<std::uint32_t, std::uint64_t>> sent;
  for (const Perform& p : stage.gateway.performed) {
    sent.emplace(p.tenant.value, p.sequence);
    CHECK(p.value.size() == 100);
    CHECK(p.steps.size() == 1);
  }
  CHECK(sent == expected);
  CHECK(stage.gateway.tokens == std::vector<std::string>{"a token"});
  CHECK(stage.gateway.audited.size() == 20);
  CHECK(stage.gateway.good + stage.gateway.bad <= expected.size());
  CHECK(stage.gateway.good > 0);  // the last interval's may come after the end
  CHECK_FALSE(stage.gateway.latencies.empty());
  CHECK(stage.rows.issued == expected.size());
  CHECK(stage.rows.committed == expected.size());
  CHECK(stage.rows.latencies == expected.size());
  CHECK(stage.rows.in_flight == 0);
  REQUIRE(stage.rows.transactions.size() == expected.size());
  CHECK(stage.rows.transactions[0].machine == vm::MachineId{3});
}

TEST_CASE("load: the schedule goes on while answers stall, and the wait counts") {
  Stage stage{short_run()};
  std::size_t before = 0, after = 0;
  stage.at(100ms, [&] {
    stage.gateway.stalled = true;
    before = stage.gateway.performed.size();
  });
  stage.at(400ms, [&] {
    after = stage.gateway.performed.size();
    stage.gateway.go_on();
  });
  const auto& report = stage.play();
  // 0.3 s at 800 a second are 240, give or take 16: none of them was held back.
  CHECK(after - before > 150);
  CHECK(stage.books()[vm::Outcome::committed] == issued_by(stage.scenario).size());
  // The first to be stalled waited for almost 0.3 s; they are 60 % of all, so the longest fifth of
  // all waited for 0.2 s or more.
  CHECK(sim::milliseconds(vm::Duration{report.outcome.groups[0].latency.max()}) > 250);
  CHECK(sim::milliseconds(vm::Duration{report.outcome.groups[0].latency.quantile(0.85)}) > 100);
  CHECK(report.outcome.books_balance);
}

TEST_CASE("load: a link that is cut comes back, and what was unknown is applied exactly once") {
  vm::Scenario scenario = short_run();
  Stage stage{scenario};
  // Applied, but the answers are lost with the link.
  stage.at(150ms, [&] { stage.gateway.stalled = true; });
  stage.at(200ms, [&] {
    const auto link = std::exchange(stage.gateway.link, nullptr);
    stage.gateway.go_on();  // nobody hears it
    link->close();
    stage.gateway.go_away();
  });
  stage.at(275ms, [&] { stage.gateway.come_back(); });
  const auto& report = stage.play();
  const vm::Books books = stage.books();
  CHECK(books[vm::Outcome::committed] == issued_by(stage.scenario).size());
  CHECK(books.attempts > books.issued);
  CHECK(books.lost == 0);
  CHECK(books.duplicated == 0);
  CHECK(report.outcome.books_balance);
  CHECK(report.punctuality.broken == 1);
  CHECK(report.punctuality.unsent > 0);  // 75 ms without a gateway at 800 a second
  CHECK(report.remarks.size() >= 2);
  CHECK(stage.gateway.tokens.size() == 2);
  CHECK(stage.gateway.good + stage.gateway.bad > 0);
}

TEST_CASE("load: a gateway that comes back elsewhere is found") {
  vm::Scenario scenario = short_run();
  Stage stage{scenario};
  std::optional<tests::FakeGateway> other;
  stage.at(150ms, [&] {
    stage.gateway.go_away();
    other.emplace(stage.io);
    other->owners = stage.gateway.owners;
    stage.load->gateway_is_at(other->address());
  });
  const auto& report = stage.play();
  CHECK(report.outcome.books_balance);
  CHECK(stage.books()[vm::Outcome::committed] == issued_by(stage.scenario).size());
  CHECK(other->performed.size() > 100);
}

TEST_CASE("load: the audit finds what the owner lost and what it applied twice") {
  Stage stage{short_run()};
  std::uint32_t lost = 0, twice = 0;
  stage.gateway.before_audited = [&](Audited& told) {
    if (told.held.empty()) return;
    if (told.tenant.value % 5 == 0) {  // forgets its first write
      ++told.held[0].first;
      ++lost;
    } else if (told.tenant.value % 5 == 1) {
      ++told.count;
      ++twice;
    }
  };
  const auto& report = stage.play();
  REQUIRE(lost > 0);
  REQUIRE(twice > 0);
  CHECK(stage.books().lost == lost);
  // Who forgets a write and remembers having counted it holds fewer different ones than applied.
  CHECK(stage.books().duplicated == twice + lost);
  CHECK_FALSE(report.outcome.books_balance);
  CHECK(report.outcome.complaints.size() >= lost + twice);
}

TEST_CASE("load: where nobody can be asked any more, everything acknowledged counts as lost") {
  Stage stage{short_run()};
  SECTION("nobody serves the tenants") {
    stage.gateway.serves_audits = false;
  }
  SECTION("there is no gateway") {
    stage.at(450ms, [&] { stage.gateway.go_away(); });
  }
  const auto& report = stage.play();
  CHECK(stage.books().acknowledged > 0);
  CHECK(stage.books().lost == stage.books().acknowledged);
  CHECK_FALSE(report.outcome.books_balance);
}

TEST_CASE("load: stopped half-way it drains, audits and says so") {
  Stage stage{short_run()};
  stage.at(200ms, [&] { stage.load->stop(); });
  const auto& report = stage.play();
  CHECK(report.outcome.interrupted);
  CHECK(report.outcome.end >= vm::Time{200ms});
  CHECK(report.outcome.end < vm::Time{500ms});
  CHECK(stage.books().issued < issued_by(stage.scenario).size());
  CHECK(stage.books().balanced());
  CHECK(report.outcome.books_balance);
}

TEST_CASE("load: what is never answered times out, and the end waits for that") {
  vm::Scenario scenario = short_run();
  scenario.duration = 200ms;
  scenario.clients[0].timeout = 300ms;
  scenario.clients[0].retry = {};
  Stage stage{scenario};
  stage.gateway.stalled = true;
  const auto& report = stage.play();
  CHECK(stage.books().issued == issued_by(stage.scenario).size());
  const std::uint64_t timed_out = stage.books()[vm::Outcome::timed_out];
  CHECK(timed_out > 0);
  CHECK(timed_out + stage.books()[vm::Outcome::failed] == stage.books().issued);
  CHECK(report.outcome.books_balance);
}

TEST_CASE("load: a write that no frame holds is refused before anything begins") {
  vm::Scenario scenario = short_run();
  scenario.transactions[0].write = vm::Bytes{8 << 20};
  asio::io_context io;
  Rows rows;
  CHECK_THROWS_WITH((Load{io, scenario, {}, rows, {}}), Catch::Contains("transaction.work"));
}
