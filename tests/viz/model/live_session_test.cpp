// LiveSession: a simulation that is watched is the simulation, and what is done to it is repeated
// by its record. Waits have generous deadlines; nothing is judged by how fast it was.
#include "viz/model/live_session.hpp"

#include <atomic>
#include <chrono>
#include <limits>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/scenarios.hpp"
#include "viz/model/event_log.hpp"
#include "vm/scenario_toml.hpp"

namespace {

using namespace std::chrono_literals;
using namespace viz::model;

constexpr double as_fast_as_it_goes = std::numeric_limits<double>::infinity();

/// A machine that meets its load by splitting once the load is twice as high.
constexpr const char* text = R"(
[scenario]
name = "live"
duration = "2 min"
[flavor.small]
cores = 1
memory = "1 GiB"
disk = "100 MB/s"
network = "1 Gbit/s"
boot = "1 s"
[[fleet]]
flavor = "small"
count = 2
spare = 1
[transaction.work]
steps = [{ cpu = { exponential = "2 ms" } }]
write = "1 KiB"
[[clients]]
name = "fans"
count = 20
arrivals = "poisson"
rate = "500 /s"
mix = { work = 1.0 }
timeout = "1 s"
[durability]
log = "synced"
[failover]
policy = "split"
)";

vm::Scenario scenario(const std::string& toml = text) {
  auto loaded = vm::parse_scenario(toml, "live");
  if (!loaded) FAIL(to_string(loaded.issues().front()));
  return std::move(*loaded);
}

/// Keeps what it takes to repeat the run, and its outcome.
struct Kept : vm::ObservationSink {
  void on(const vm::Batch& batch) override {
    samples += batch.samples.size();
    for (const auto& row : batch.changes) toml += row.toml;
  }
  Keeper keeper() {
    return {.sink = this, .finished = [this](const vm::RunOutcome& o) {
              outcome = o;
              finished = true;
            }};
  }
  std::size_t samples = 0;
  std::string toml;
  vm::RunOutcome outcome;
  std::atomic<bool> finished = false;
};

/// Frames of a sixtieth of a second until `enough`, on a clock that need not be the wall's.
template <class Enough>
const RunView& frames_until(LiveSession& session, Enough enough) {
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  for (;;) {
    const RunView& view = session.frame(1.0 / 60);
    if (enough(view)) return view;
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(500us);
  }
}

}  // namespace

TEST_CASE("live_session: a run that is watched to its end is the run that nobody watches") {
  Kept kept;
  LiveSession session{scenario(), "nowhere", kept.keeper()};
  session.load_all();
  const auto alone = vm::model::run(scenario());
  const RunView& view = session.frame(0);
  CHECK(kept.outcome.fingerprint == alone.fingerprint);
  CHECK(view.source.state == SourceState::finished);
  CHECK(view.source.dropped == 0);
  CHECK(view.source.samples == kept.samples);
  CHECK(view.clock.end == Time{2min});
  CHECK(view.throughput.issued->size() == 120);
  CHECK(view.groups[0].issued == alone.groups[0].books.issued);  // it was followed to the end
}

TEST_CASE("live_session: what is done to it is repeated by what its keeper was told") {
  Kept kept;
  LiveSession session{scenario(), "nowhere", kept.keeper()};
  session.on(SetSpeed{200});
  const auto past = [](Duration at) {
    return [at](const RunView& v) { return v.clock.end >= Time{at}; };
  };
  frames_until(session, past(10s));
  session.on(SetLoad{GroupId{0}, 2.5});
  frames_until(session, past(30s));
  session.on(CrashMachine{MachineId{1}, 5s});
  session.on(SetThreshold{0.8});
  frames_until(session, past(50s));
  session.on(SlowMachine{MachineId{0}, 0.3});
  const RunView& view = frames_until(session, past(60s));
  CHECK(view.changes.load_of_group.at(0) == 2.5);
  CHECK(view.changes.slowed.size() == 1);
  CHECK(view.source.can_change);
  session.on(SetSpeed{as_fast_as_it_goes});
  frames_until(session, [](const RunView& v) { return v.source.state == SourceState::finished; });

  const vm::Scenario remembered = scenario(scenario().text + kept.toml);
  REQUIRE(remembered.changes.size() == 4);
  CHECK(remembered.changes[0].value == 2.5);
  const auto repeated = vm::model::run(remembered);
  CHECK(repeated.fingerprint == kept.outcome.fingerprint);
  CHECK(repeated.events == kept.outcome.events);
  CHECK(repeated.fingerprint != vm::model::run(scenario()).fingerprint);
  CHECK_FALSE(session.frame(0).source.can_change);
}

TEST_CASE("live_session: paused it stands still, and a change finds it where it stands") {
  Kept kept;
  LiveSession session{scenario(), "nowhere", kept.keeper()};
  frames_until(session, [](const RunView& v) { return v.clock.end > Time{1s}; });
  session.on(Play{false});
  Time stands{};
  while (session.frame(0.01).clock.end != stands) {  // what was allowed before is still played
    stands = session.frame(0.01).clock.end;
    std::this_thread::sleep_for(200ms);
  }
  for (int i = 0; i < 50; ++i) {
    session.frame(1);
    std::this_thread::sleep_for(1ms);
  }
  const RunView& view = session.frame(1);
  CHECK(view.clock.end == stands);
  CHECK_FALSE(view.clock.playing);
  session.on(SetLoad{std::nullopt, 3});
  frames_until(session, [](const RunView& v) { return v.events->size() > 0; });
  CHECK(session.frame(1).clock.end == stands);
  CHECK((*view.events)[0].kind == EventKind::change);
  CHECK((*view.events)[0].at == stands);
  session.on(Play{true});
  frames_until(session, [&](const RunView& v) { return v.clock.end > stands + 1s; });
}

TEST_CASE("live_session: it never runs further than its speed allows") {
  LiveSession session{scenario(), "nowhere", {}};
  session.on(SetSpeed{2});
  double wall = 0;
  for (int i = 0; i < 200; ++i) {
    wall += 0.01;
    const RunView& view = session.frame(0.01);
    // The millisecond that changes may come at is what it may be ahead.
    REQUIRE(sim::seconds(view.clock.end) <= 2 * wall + 0.002);
    std::this_thread::sleep_for(200us);
  }
  frames_until(session, [&](const RunView& v) { return sim::seconds(v.clock.end) >= 3; });
}

TEST_CASE("live_session: a step leads to the next event and stops there") {
  LiveSession session{scenario(std::string{text} +
                               "[[fault]]\nat = \"7250 ms\"\nkind = \"slow\"\nfactor = \"10 %\"\n"
                               "machine = 0\nfor = \"20 s\"\n"),
                      "nowhere",
                      {}};
  session.on(StepEvent{});
  const RunView& view =
      frames_until(session, [](const RunView& v) { return v.clock.now >= Time{7250ms}; });
  CHECK(view.clock.now == Time{7250ms});
  CHECK_FALSE(view.clock.playing);
  CHECK(view.events->text((*view.events)[0], view) == "slow to 10 %");
  session.on(StepEvent{});  // what it leads to: a failure, by its window of five seconds
  frames_until(session,
               [](const RunView& v) { return !v.clock.playing && v.clock.now > Time{7250ms}; });
  const Event& next = (*view.events)[1];
  CHECK(next.kind == EventKind::failure);
  CHECK(view.clock.now == next.at);
  session.on(StepEvent{.forward = false});
  CHECK(session.frame(0).clock.now == Time{7250ms});
}

TEST_CASE("live_session: looking back does not stop it") {
  LiveSession session{scenario(), "nowhere", {}};
  session.on(SetSpeed{50});
  frames_until(session, [](const RunView& v) { return v.clock.end > Time{5s}; });
  CHECK(session.frame(0).clock.following);
  session.on(Seek{Time{1s}});
  const RunView& view = session.frame(0);
  CHECK_FALSE(view.clock.following);
  CHECK(view.clock.now == Time{1s});
  frames_until(session, [](const RunView& v) { return v.clock.end > Time{15s}; });
  session.on(Follow{});
  CHECK(session.frame(0).clock.now == view.clock.end);
}

TEST_CASE("live_session: it does not wait for a window that does not look") {
  Kept kept;
  LiveSession session{scenario(), "nowhere", kept.keeper()};
  session.on(SetSpeed{as_fast_as_it_goes});
  session.frame(0);
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (!kept.finished && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(5ms);
  CHECK(kept.finished);
}

TEST_CASE("live_session: closed half-way, it ends and says so to its keeper") {
  Kept kept;
  {
    LiveSession session{scenario(), "nowhere", kept.keeper()};
    frames_until(session, [](const RunView& v) { return v.clock.end > Time{1s}; });
  }
  REQUIRE(kept.finished);
  CHECK(kept.outcome.interrupted);
  CHECK(kept.outcome.end < Time{2min});
}

TEST_CASE("live_session: when its keeper can keep no more, it ends and tells why") {
  LiveSession session{scenario(), "nowhere", Keeper{.failed = [] {
                        return std::optional<std::string>{"run.sqlite: disk is full"};
                      }}};
  session.on(SetSpeed{as_fast_as_it_goes});
  const RunView& view =
      frames_until(session, [](const RunView& v) { return v.source.state == SourceState::broken; });
  CHECK(view.source.message == "run.sqlite: disk is full");
}

TEST_CASE("live_session: one client is looked at while it runs, and its run stays the same") {
  Kept kept;
  // Picked before its warm-up is over, its percentiles are of all that counts.
  const vm::Scenario s =
      scenario(std::string{text}.replace(1, 10, "[scenario]\nwarmup = \"30 s\""));
  LiveSession session{s, "nowhere", kept.keeper()};
  session.on(Select{{Selection::Kind::client, 7}});
  const auto looked_at = [](const RunView& v) {
    return v.client && v.client->basis == ClientView::Basis::newest && v.client->issued > 0;
  };
  const RunView& view = frames_until(session, looked_at);
  CHECK(view.client->id == vm::TenantId{7});
  CHECK(view.client->group == GroupId{0});
  CHECK(view.client->machine == MachineId{1});  // the second of two machines
  CHECK_FALSE(view.client->percentiles_since);
  CHECK(view.client->issued == view.client->committed + view.client->refused +
                                   view.client->timed_out + view.client->failed +
                                   view.client->in_flight);
  session.load_all();
  session.frame(0);

  struct : vm::ObservationSink {
    void on(const vm::Batch& batch) override {
      for (const vm::TransactionRow& row : batch.transactions) {
        if (row.client != vm::TenantId{7} || row.outcome != vm::Outcome::committed) continue;
        if (row.issued >= Time{30s}) latency.add((row.ended - row.issued).count());
      }
    }
    sim::Histogram latency;
  } alone;
  const auto outcome = vm::model::run(s, {.sink = &alone, .transactions = true});
  CHECK(kept.outcome.fingerprint == outcome.fingerprint);
  const vm::ClientOutcome& client = outcome.clients.at(7);
  const ClientView& seen = *view.client;
  CHECK(seen.basis == ClientView::Basis::whole_run);
  CHECK(seen.issued == client.books.issued);
  CHECK(seen.committed == client.books[vm::Outcome::committed]);
  CHECK(seen.acknowledged == client.books.acknowledged);
  CHECK(seen.measured == alone.latency.count());
  CHECK(*seen.mean_ms == Approx(alone.latency.mean() * 1e-6));
  CHECK(*seen.max_ms == Approx(static_cast<double>(alone.latency.max()) * 1e-6));
  CHECK(*seen.p50_ms == Approx(static_cast<double>(alone.latency.quantile(0.5)) * 1e-6));
  CHECK(*seen.p99_ms == Approx(static_cast<double>(alone.latency.quantile(0.99)) * 1e-6));
}

TEST_CASE("live_session: a client is looked at though the run stands still") {
  LiveSession session{scenario(), "nowhere", {}};
  frames_until(session, [](const RunView& v) { return v.clock.end > Time{1s}; });
  session.on(Play{false});
  for (int i = 0; i < 3; ++i) {
    session.frame(0.01);
    std::this_thread::sleep_for(100ms);
  }
  const Time stands = session.frame(0).clock.end;
  for (const std::uint32_t client : {3u, 4u, 3u}) {
    session.on(Select{{Selection::Kind::client, client}});
    const RunView& view =
        frames_until(session, [](const RunView& v) { return v.client && !v.client->loading; });
    CHECK(view.client->id == vm::TenantId{client});
    CHECK(view.client->at >= stands);
    CHECK(view.client->issued > 0);
  }
  session.on(Select{{Selection::Kind::client, 20}});  // there are twenty, from 0 on
  CHECK_FALSE(session.frame(0).client);
}

namespace {

/// A day of a consolidation, by invented traces, two VMs a host.
std::string hosts(int count, const std::string& detector) {
  return R"(
[scenario]
name = "hosts"
duration = "24 h"
[host.G5]
cores = 2
mips = 2660
memory = "4096 MB"
power = [93.7, 97, 101, 105, 110, 116, 121, 125, 129, 133, 135]
[vm.small]
mips = 1000
memory = "870 MB"
[consolidation]
)" + ("hosts = " + std::to_string(count) + "\ntrace = { generated = " + std::to_string(2 * count) +
      " }\ndetector = \"" + detector + "\"\n");
}

}  // namespace

TEST_CASE("live_session: of a consolidation the threshold is changed, and repeated") {
  const std::string toml = hosts(20, "THR");
  Kept kept;
  LiveSession session{scenario(toml), "nowhere", kept.keeper()};
  session.on(SetSpeed{50'000});
  frames_until(session, [](const RunView& v) { return v.clock.end > Time{1h}; });
  session.on(Play{false});
  const RunView& view = session.frame(0);
  CHECK(view.source.can_change);
  CHECK_FALSE(view.changes.can_load);
  CHECK_FALSE(view.changes.can_strike);
  CHECK(view.changes.threshold == 0.8);
  CHECK(view.changes.why_not.find("neither crash") != std::string::npos);
  session.on(CrashMachine{MachineId{0}, std::nullopt});
  session.on(SetLoad{std::nullopt, 2});
  session.on(SetThreshold{0.5});
  frames_until(session, [](const RunView& v) {
    return v.events->count(Time{}, Time::max())[number(EventKind::change)] == 1;
  });
  session.on(SetSpeed{as_fast_as_it_goes});
  session.on(Play{true});
  frames_until(session, [](const RunView& v) { return v.source.state == SourceState::finished; });
  const vm::Scenario remembered = scenario(toml + kept.toml);
  REQUIRE(remembered.changes.size() == 1);
  CHECK(vm::model::run(remembered).fingerprint == kept.outcome.fingerprint);
  CHECK(vm::model::run(scenario(toml)).fingerprint != kept.outcome.fingerprint);
}

TEST_CASE("live_session: a detector without a threshold has no lever, and the reason says so") {
  const std::string toml = hosts(4, "LR");
  Kept kept;
  LiveSession session{scenario(toml), "nowhere", kept.keeper()};
  session.on(SetThreshold{0.5});
  const RunView& view = session.frame(0);
  CHECK_FALSE(view.changes.can_threshold);
  CHECK(view.changes.why_not.find("LR-MMT 1.2 has no threshold") != std::string::npos);
  session.load_all();
  CHECK(kept.toml.empty());
}
