#include "cli/view_source.hpp"

#include <chrono>
#include <thread>
#include <utility>

#include <time.h>

#include "cli/verbs.hpp"
#include "record/client_rows.hpp"
#include "record/recorder.hpp"
#include "record/run_directory.hpp"
#include "viz/model/live_session.hpp"
#include "viz/model/replay_session.hpp"
#include "vm/scenario_toml.hpp"

namespace cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t portion = 16'384;  // rows of samples at once: half a millisecond to draw from
constexpr std::int64_t first_picture = 200'000;  // rows: a fifth of a second to read
constexpr auto look_again = std::chrono::milliseconds{100};

struct Recorded {
  explicit Recorded(record::Reader opened) : reader(std::move(opened)), rows(reader) {}
  record::Reader reader;
  record::RunRows rows;
};

/// Single clients, looked up on a connection of their own.
class RecordedClients final : public viz::model::ClientSource {
 public:
  explicit RecordedClients(record::Reader opened) : reader_(std::move(opened)), rows_(reader_) {}
  std::optional<vm::ClientOutcome> books(vm::TenantId client) override {
    return rows_.books(client);
  }
  bool keeps_transactions() override { return rows_.keeps_transactions(); }
  bool read(vm::TenantId client, std::int64_t& last,
            std::vector<vm::TransactionRow>& rows) override {
    constexpr std::int64_t piece = 500'000;  // looked through at once: some 50 ms
    return rows_.read(client, last, piece, rows);
  }

 private:
  record::Reader reader_;
  record::ClientRows rows_;
};

/// The loader's thread: news first, then a selection, then everything, then whatever comes.
void tell(record::RunRows& rows, const fs::path& run, viz::model::LoaderPort& port) {
  const auto news = [&] {
    vm::Batch batch;
    rows.read_news(batch);
    port.rows(std::move(batch));
  };
  const auto samples = [&] {
    for (bool more = true; more && !port.cancelled();) {
      vm::Batch batch;
      more = rows.read_samples(batch, portion);
      if (batch.samples.empty()) return;
      port.rows(std::move(batch));
      port.loaded(static_cast<float>(rows.samples_read()));
    }
  };
  // Both are asked first: what was written before is then read below.
  const auto look = [&] { return !record::being_written(run) || rows.finished(); };
  bool ended = look();
  news();
  if (rows.sample_count() > first_picture)
    port.select(rows.select_samples(std::size_t{first_picture}));
  samples();
  while (!ended && !port.cancelled()) {
    port.caught_up();
    std::this_thread::sleep_for(look_again);
    ended = look();
    news();
    samples();
  }
  if (ended && !rows.finished()) port.cut_short();
}

}  // namespace

viz::model::RunStart start_of(const record::RunHead& head, const fs::path& run) {
  viz::model::RunStart start;
  viz::model::RunInfo& info = start.info;
  info.title = head.scenario + ", seed " + head.seed;
  info.scenario = head.scenario;
  info.question = head.question;
  info.seed = head.seed;
  info.world = head.world;
  info.place = run.string();
  info.duration = head.duration;
  info.warmup = head.warmup;
  info.sample = head.sample;
  info.threshold = head.threshold;
  for (const auto& f : head.flavors) info.flavors.push_back({f.name, f.capacity, f.price});
  for (const auto& f : head.fleets)
    info.fleets.push_back({f.name, f.flavor, f.machines, f.spares, f.policy});
  for (const auto& g : head.groups) info.groups.push_back({g.name, g.clients, g.first_client});
  // Who lives where at the start follows from the scenario; its traces may not be at hand.
  if (const auto scenario = vm::parse_scenario(head.toml, run.string()))
    viz::model::learn(*scenario, start);
  return start;
}

std::unique_ptr<viz::model::Session> open_recorded(const fs::path& run) {
  auto reader = record::Reader::open(run);
  if (!reader) throw UsageError(reader.error());
  viz::model::RunStart start;
  std::shared_ptr<Recorded> recorded;
  try {
    recorded = std::make_shared<Recorded>(std::move(*reader));
    start = start_of(recorded->rows.head(), run);
  } catch (const std::runtime_error& reason) {
    throw UsageError(run.string() + ": cannot be read: " + reason.what());
  }
  auto again = record::Reader::open(run);
  return std::make_unique<viz::model::ReplaySession>(
      std::move(start),
      [recorded, run](viz::model::LoaderPort& port) { tell(recorded->rows, run, port); },
      again ? std::make_unique<RecordedClients>(std::move(*again)) : nullptr);
}

std::unique_ptr<viz::model::Session> open_live(vm::Scenario scenario, const fs::path& out) {
  const fs::path directory = record::create_run_directory(out, scenario.name, scenario.seed);
  const auto recorder = std::make_shared<record::Recorder>(directory, scenario, "simulated");
  const auto started = std::chrono::steady_clock::now();
  viz::model::Keeper keeper;  // which is what keeps the recorder alive
  keeper.sink = recorder.get();
  keeper.failed = [recorder] { return recorder->failed(); };
  keeper.finished = [recorder, started](const vm::RunOutcome& outcome) {
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - started;
    timespec cpu{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);  // of the simulation, not of the window
    recorder->finish(outcome, wall.count(),
                     static_cast<double>(cpu.tv_sec) + static_cast<double>(cpu.tv_nsec) * 1e-9);
  };
  return std::make_unique<viz::model::LiveSession>(std::move(scenario), directory.string(),
                                                   std::move(keeper));
}

}  // namespace cli
