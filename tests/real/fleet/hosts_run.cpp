#include "tests/real/fleet/hosts_run.hpp"

#include <atomic>
#include <csignal>
#include <fstream>

#include "record/run_directory.hpp"
#include "tests/kill/network.hpp"
#include "tests/real/folder.hpp"
#include "vm/scenario_toml.hpp"

namespace hosts_run {
namespace {

/// The window is longer than any of the runs: however slow the machine under the test, what fails
/// over is what was struck.
constexpr std::string_view scenario_text = R"([scenario]
name = "hosts"
duration = "DURATION"

[flavor.small]
cores = 0.2
memory = "128 MiB"
disk = "50 MB/s"
network = "100 Mbit/s"

[[fleet]]
flavor = "small"
count = 2
spare = 1

[transaction.put]
steps = [{ cpu = { exponential = "1 ms" } }, { network = "1 KiB" }]
write = "200 B"

[[clients]]
name = "people"
count = 10
arrivals = "poisson"
rate = "60 /s"
timeout = "1 s"
retry = { attempts = 10, backoff = "50 ms" }
state = "64 KiB"

[durability]
log = "synced"
replicas = REPLICAS

[sla]
sample = "200 ms"
window = "60 s"

[failover]
policy = "split"
detect = "1 s"
attempts = 2
)";

vm::Scenario scenario_of(const Wanted& wanted) {
  std::string text{scenario_text};
  const auto put = [&](std::string_view name, const std::string& value) {
    text.replace(text.find(name), name.size(), value);
  };
  put("DURATION", wanted.duration);
  put("REPLICAS", std::to_string(wanted.replicas));
  text += wanted.further;
  text += "\n[real]\nfleet = \"fleet.toml\"\nlisten = \"" + wanted.listen + "\"\n";
  auto loaded = vm::parse_scenario(text, "hosts.toml");
  if (!loaded) throw std::runtime_error(to_string(loaded.issues().front()));
  return std::move(*loaded);
}

class Sink final : public vm::ObservationSink {
 public:
  explicit Sink(Told& told) : told_(told) {}
  void on(const vm::Batch& batch) override {
    told_.samples += batch.samples.size();
    for (const vm::NoticeRow& row : batch.notices) {
      if (const auto* ended = std::get_if<vm::FailoverEnded>(&row.notice)) {
        told_.failovers.push_back(*ended);
      }
    }
  }

 private:
  Told& told_;
};

}  // namespace

bool Told::said(const std::string& part) const {
  return std::ranges::any_of(
      lines, [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

std::string Told::text() const {
  std::string all = "failure: " + failure + "\nreplay: " + replayed + "\n";
  for (const std::string& line : complaints) all += "complaint: " + line + "\n";
  for (const std::string& line : lines) all += line + "\n";
  return all + std::to_string(acknowledged) + " acknowledged, " + std::to_string(lost) + " lost, " +
         std::to_string(duplicated) + " duplicated, " + std::to_string(samples) + " samples, " +
         std::to_string(failovers.size()) + " failovers\n";
}

Told play(const Wanted& wanted) {
  std::signal(SIGPIPE, SIG_IGN);
  const vm::Scenario scenario = scenario_of(wanted);
  const real_test::Folder directory;
  std::ofstream{directory.path() / record::scenario_name} << scenario.text;
  std::atomic<bool> stop{false};
  Told told;
  Sink sink{told};
  const auto began = std::chrono::steady_clock::now();
  const auto keep = [&](const std::string& line) {
    const std::chrono::duration<double> since = std::chrono::steady_clock::now() - began;
    told.lines.push_back(std::to_string(since.count()) + " s: " + line);
  };
  {
    cli::RealRun run{{.scenario = scenario,
                      .directory = directory.path(),
                      .binary = BRINK,
                      .report = keep,
                      .places = wanted.places,
                      .patience = wanted.patience,
                      .meanwhile = wanted.meanwhile},
                     sink,
                     stop};
    const vm::RunOutcome outcome = run.play();
    for (const vm::GroupOutcome& group : outcome.groups) {
      told.acknowledged += group.books.acknowledged;
      told.lost += group.books.lost;
      told.duplicated += group.books.duplicated;
    }
    told.books_balance = outcome.books_balance;
    told.complaints = outcome.complaints;
    told.failure = run.failure();
  }
  if (kill_table::run_quietly({BRINK, "replay", directory.path()}) != 0) {
    told.replayed = "other orders";
  }
  return told;
}

std::vector<real::Stage::Place> local_places(const std::filesystem::path& folder,
                                             std::size_t count) {
  std::vector<real::Stage::Place> places;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name(1, static_cast<char>('a' + i));
    real::Stage::Place place{
        .name = name, .address = "127.0.0.1", .words = {BRINK, "warden", folder / name}};
    place.capacity.cores = 2;
    place.capacity.memory = {std::int64_t{1} << 30};
    places.push_back(place);
  }
  return places;
}

}  // namespace hosts_run
