// Runs as the window gets them: finished, growing, damaged, foreign; and kept while they are live.
#include "cli/view_source.hpp"

#include <fstream>
#include <thread>

#include <catch2/catch.hpp>

#include "cli/verbs.hpp"
#include "record/recorder.hpp"
#include "record/run_directory.hpp"
#include "tests/record/small_run.hpp"
#include "tests/scenarios.hpp"
#include "viz/model/event_log.hpp"
#include "vm/model/run.hpp"
#include "vm/scenario_toml.hpp"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using namespace viz::model;
using Catch::Contains;
using small_run::at;

/// The small run of the recorder's tests, recorded to its end or not.
void record_small(const fs::path& directory, bool to_its_end) {
  record::Recorder recorder{directory, small_run::scenario(), "simulated"};
  recorder.on(small_run::first_batch());
  recorder.on(small_run::second_batch());
  if (to_its_end) recorder.finish(small_run::outcome(), 1, 1);
}

std::string refusal(const fs::path& run) {
  try {
    (void)cli::open_recorded(run);
  } catch (const cli::UsageError& error) {
    return error.what();
  }
  return "opened";
}

/// Frames until `enough`, which has to come within a minute.
template <class Enough>
const RunView& frames_until(Session& session, Enough enough) {
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  for (;;) {
    const RunView& view = session.frame(0.01);
    if (enough(view)) return view;
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(2ms);
  }
}

}  // namespace

TEST_CASE("view_source: a finished run is shown as it was recorded") {
  const small_run::TemporaryDirectory directory;
  record_small(directory.path, true);
  const auto session = cli::open_recorded(directory.path);
  session->load_all();
  const RunView& view = session->frame_at(at(5500ms));
  CHECK(view.source.state == SourceState::finished);
  CHECK(view.source.samples == 3);
  CHECK(view.info.title == "small, seed 18446744073709551615");
  CHECK(view.info.fleets.at(0).policy == "split");
  CHECK(view.clock.end == at(10s));
  CHECK(view.figures.machines == 2);
  CHECK(view.machines.at(0).failing);
  CHECK(view.machines.at(0).use[Resource::cpu] == 1.0F);
  CHECK(view.migrations->size() == 2);
  CHECK(view.failovers->at(0).result == "partial");
  CHECK(view.failures->size() == 2);
  CHECK(view.groups.at(0).issued == 50);
  // Crashes, boots and releases: none. A fault, two failures, a recovery, a failover and its end,
  // two migrations, one withheld.
  CHECK(view.events->size() == 9);
}

TEST_CASE("view_source: one client, with all its transactions or with its books alone") {
  for (const bool transactions : {true, false}) {
    CAPTURE(transactions);
    const small_run::TemporaryDirectory directory;
    vm::Scenario s = tests::quiet_scenario();
    s.text = "[scenario]\n";  // not enough to play it again: nobody knows which kinds write
    tests::add_cpu_kind(s, sim::Exponential{0.004}, vm::Bytes{1024});
    tests::add_clients(s, 10, vm::Poisson{{{{Time{}, 150}}}}).timeout = 50ms;
    record::Recorder recorder{directory.path, s, "simulated"};
    const auto outcome = vm::model::run(s, {.sink = &recorder, .transactions = transactions});
    recorder.finish(outcome, 1, 1);

    const auto session = cli::open_recorded(directory.path);
    session->load_all();
    session->on(Select{{Selection::Kind::client, 6}});
    session->frame_at(outcome.end);
    const RunView& view =
        frames_until(*session, [](const RunView& v) { return v.client && !v.client->loading; });
    session->frame_at(outcome.end);
    session->load_all();  // the answer for this instant
    session->frame_at(outcome.end);
    const vm::ClientOutcome& client = outcome.clients.at(6);
    REQUIRE(view.client);
    CHECK(view.client->basis ==
          (transactions ? ClientView::Basis::transactions : ClientView::Basis::whole_run));
    CHECK(view.client->issued - view.client->in_flight ==
          client.books.issued - client.books.in_flight);
    CHECK(view.client->committed == client.books[vm::Outcome::committed]);
    CHECK(view.client->timed_out == client.books[vm::Outcome::timed_out]);
    CHECK(view.client->lost == 0u);
    CHECK(view.client->measured == client.latency.count);
    CHECK(*view.client->max_ms == Approx(sim::milliseconds(client.latency.max)));
    CHECK(view.client->p99_ms.has_value() == transactions);
    CHECK(view.client->last.empty() != transactions);
  }
}

TEST_CASE("view_source: a run that is being written is followed until it has ended") {
  const small_run::TemporaryDirectory directory;
  record::Recorder recorder{directory.path, small_run::scenario(), "simulated"};
  const auto session = cli::open_recorded(directory.path);
  session->load_all();
  CHECK(session->frame(0).source.state == SourceState::growing);
  session->on(Follow{});
  recorder.on(small_run::first_batch());
  const RunView& view =
      frames_until(*session, [](const RunView& v) { return v.source.samples == 3; });
  CHECK(view.source.kind == SourceKind::follow);
  frames_until(*session, [](const RunView& v) { return v.clock.now == at(2s); });
  recorder.on(small_run::second_batch());
  recorder.finish(small_run::outcome(), 1, 1);
  frames_until(*session, [](const RunView& v) { return v.source.state == SourceState::finished; });
  CHECK(view.clock.now == at(10s));
  CHECK(view.failovers->at(0).end == at(6s));
  CHECK(view.events->size() == 9);
}

TEST_CASE("view_source: a run whose writer was killed is shown as far as it came") {
  const small_run::TemporaryDirectory directory;
  record_small(directory.path, false);
  const auto session = cli::open_recorded(directory.path);
  session->load_all();
  const RunView& view = session->frame_at(at(10s));
  CHECK(view.source.state == SourceState::cut_short);
  CHECK(view.source.samples == 3);
  CHECK(view.failures->size() == 2);
}

TEST_CASE("view_source: a run that is followed when its writer dies says so") {
  const small_run::TemporaryDirectory directory;
  auto recorder =
      std::make_unique<record::Recorder>(directory.path, small_run::scenario(), "simulated");
  recorder->on(small_run::first_batch());
  const auto session = cli::open_recorded(directory.path);
  session->load_all();
  CHECK(session->frame(0).source.state == SourceState::growing);
  recorder.reset();
  const RunView& view = frames_until(
      *session, [](const RunView& v) { return v.source.state == SourceState::cut_short; });
  CHECK(view.source.samples == 3);
}

TEST_CASE("view_source: what is no run of ours is refused in one line that says why") {
  const small_run::TemporaryDirectory directory;
  CHECK_THAT(refusal(directory.path / "nothing"), Contains("no such run"));
  CHECK_THAT(refusal(directory.path), Contains("no run.sqlite in it"));
  const fs::path file = directory.path / record::database_name;
  std::ofstream{file} << "this is text, and long enough to be taken for the head of a file\n";
  CHECK_THAT(refusal(directory.path), Contains("not a run of Brink"));
  fs::remove(file);
  {
    const record::Database other = record::open(file, record::Access::create);
    record::execute(other.get(), "CREATE TABLE somebody_elses(x)");
  }
  CHECK_THAT(refusal(directory.path), Contains("not a run of Brink"));
  fs::remove(file);
  record_small(directory.path, true);
  {
    const record::Database newer = record::open(file, record::Access::create);
    record::execute(newer.get(), "PRAGMA user_version = 99");
  }
  CHECK_THAT(refusal(directory.path), Contains("newer Brink"));
}

TEST_CASE("view_source: a run that is cut short at any length is refused or shown, with a reason") {
  const small_run::TemporaryDirectory whole, cut;
  {
    record::Recorder recorder{whole.path, small_run::scenario(), "simulated"};
    vm::Batch batch = small_run::first_batch();
    for (int i = 0; i < 4000; ++i)
      batch.samples.push_back({at(3s + i * 1ms), {0}, vm::MachineState::up, {}});
    recorder.on(batch);
    recorder.finish(small_run::outcome(), 1, 1);
  }
  const fs::path from = whole.path / record::database_name, to = cut.path / record::database_name;
  const auto size = fs::file_size(from);
  for (int part = 0; part < 16; ++part) {
    fs::copy_file(from, to, fs::copy_options::overwrite_existing);
    fs::resize_file(to, size * static_cast<std::uintmax_t>(part) / 16);
    CAPTURE(part);
    if (const std::string reason = refusal(cut.path); reason != "opened") {
      CHECK_THAT(reason, Contains(cut.path.string()));
      continue;
    }
    const auto session = cli::open_recorded(cut.path);
    session->load_all();
    const RunView& view = session->frame(0);
    CHECK(view.source.state == SourceState::broken);
    CHECK_FALSE(view.source.message.empty());
  }
}

TEST_CASE("view_source: a live run is kept like any other, and its record repeats it") {
  const small_run::TemporaryDirectory directory;
  auto loaded = vm::load_scenario(SOURCE_DIR "/scenarios/overload.toml");
  REQUIRE(loaded);
  std::string place;
  {
    const auto session = cli::open_live(*loaded, directory.path);
    session->on(SetSpeed{100});
    frames_until(*session, [](const RunView& v) { return v.clock.end > at(10s); });
    session->on(SetLoad{std::nullopt, 2});
    frames_until(*session, [](const RunView& v) { return v.clock.end > at(20s); });
    session->on(CrashMachine{MachineId{0}, std::nullopt});
    session->load_all();
    place = session->frame(0).info.place;
    CHECK(session->frame(0).source.state == SourceState::finished);
  }
  const auto reader = record::Reader::open(place);
  REQUIRE(reader);
  const auto summary = reader->summary();
  REQUIRE(summary);
  const auto again = vm::load_scenario(fs::path{place} / record::scenario_name);
  REQUIRE(again);
  CHECK(again->changes.size() == 2);
  const auto outcome = vm::model::run(*again);
  char fingerprint[17];
  std::snprintf(fingerprint, sizeof fingerprint, "%016llx",
                static_cast<unsigned long long>(outcome.fingerprint));
  CHECK(summary->fingerprint == fingerprint);
  CHECK(fs::exists(fs::path{place} / "samples.csv"));
}
