// A run that nobody has played, of any size: what the window's tests and its benchmark look at.
//
// Fleets of machines whose use swings slowly, some of them failing in waves, with migrations that
// leave them; charts of as many samples as are asked for. Everything is a function of its numbers,
// so a test knows what has to be seen. Commands are kept, and the clock obeys them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "viz/model/event_log.hpp"
#include "viz/model/session.hpp"

namespace invented {

using namespace std::chrono_literals;
namespace model = viz::model;
using sim::Duration;
using sim::Time;

struct Shape {
  std::uint32_t machines = 10, fleets = 1, groups = 3;
  std::size_t samples = 2'000;  // of each chart
  std::uint32_t failures = 40;  // SLA failures, each with a recovery and a migration
  Duration duration = 24h;
};

class Session : public model::Session {
 public:
  explicit Session(const Shape& shape) : shape_(shape) {
    ask();
    draw_charts();
    happen();
    view_.clock.end = view_.clock.last = Time{} + shape_.duration;
    view_.clock.speed = 60;
    view_.source.state = model::SourceState::finished;
    view_.source.samples = shape_.samples * 4;
    view_.generation = 1;
    refresh();
  }

  const model::RunView& frame(double seconds) override {
    model::ClockView& clock = view_.clock;
    if (clock.playing)
      clock.now =
          std::min(clock.last, clock.now + sim::from_seconds(seconds * std::min(clock.speed, 1e6)));
    refresh();
    return view_;
  }
  const model::RunView& frame_at(Time at) override {
    view_.clock.now = at;
    refresh();
    return view_;
  }
  void on(const model::Command& command) override {
    commands.push_back(command);
    model::ClockView& clock = view_.clock;
    if (const auto* seek = std::get_if<model::Seek>(&command)) clock.now = seek->at;
    if (const auto* play = std::get_if<model::Play>(&command)) clock.playing = play->on;
    if (const auto* speed = std::get_if<model::SetSpeed>(&command)) clock.speed = speed->speed;
    if (const auto* follow = std::get_if<model::Follow>(&command)) clock.following = follow->on;
    if (const auto* select = std::get_if<model::Select>(&command)) {
      view_.selection = select->what;
      ++view_.generation;
      look_at_client();
    }
  }
  void load_all() override {}

  model::RunView& view() { return view_; }
  /// Starts of the failures, and the machine of each.
  const std::vector<model::FailureRecord>& failures() const { return failures_; }

  template <class C>
  std::vector<C> told() const {
    std::vector<C> some;
    for (const model::Command& command : commands) {
      if (const auto* c = std::get_if<C>(&command)) some.push_back(*c);
    }
    return some;
  }
  std::vector<model::Command> commands;

 private:
  /// Every client has issued its number and nine; a third of that came back late.
  void look_at_client() {
    const model::Selection& selected = view_.selection;
    view_.client.reset();
    const model::TenantId id{selected.index};
    const auto group = view_.info.group_of(id);
    if (selected.kind != model::Selection::Kind::client || !group) return;
    model::ClientView& client = view_.client.emplace();
    client.id = id;
    client.group = *group;
    client.machine = model::MachineId{id.value % shape_.machines};
    client.basis = model::ClientView::Basis::whole_run;
    client.issued = id.value + 9;
    client.timed_out = client.issued / 3;
    client.committed = client.issued - client.timed_out;
    client.lost = client.duplicated = 0;
    for (std::uint32_t n = 0; n < 16; ++n) {
      vm::TransactionRow row;
      row.issued = sim::Time{1s * (90 - n)};
      row.ended = row.issued + 20ms;
      row.outcome = n % 5 == 4 ? vm::Outcome::timed_out : vm::Outcome::committed;
      client.last.push_back(row);
    }
  }

  static double noise(std::uint64_t a, std::uint64_t b) {
    std::uint64_t x = a * 0x9E3779B97F4A7C15u + b * 0xC2B2AE3D27D4EB4Fu + 0x165667B19E3779F9u;
    x = (x ^ (x >> 31)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return static_cast<double>((x ^ (x >> 31)) >> 11) * 0x1p-53;
  }

  void ask() {
    model::RunInfo& info = view_.info;
    info.title = "invented-1";
    info.scenario = "invented";
    info.world = "simulated";
    info.duration = shape_.duration;
    info.sample = 1s;
    info.flavors.push_back(
        {"small",
         {.cores = 4, .memory = {16LL << 30}, .disk = {2e8}, .network = {1.25e8}},
         0.0416});
    constexpr std::array<const char*, 16> places{"eu-west",    "us-east",  "ap-south", "sa-east",
                                                 "eu-north",   "us-west",  "ap-east",  "af-south",
                                                 "eu-south",   "us-north", "ap-west",  "me-central",
                                                 "ca-central", "us-south", "ap-north", "eu-east"};
    for (std::uint32_t i = 0; i < shape_.fleets; ++i) {
      info.fleets.push_back(
          {places[i % 16], model::FlavorId{0}, shape_.machines / shape_.fleets, 0, "split"});
    }
    constexpr std::array<const char*, 6> people{"Europe", "North America", "South America",
                                                "Africa", "Asia",          "Oceania"};
    for (std::uint32_t i = 0; i < shape_.groups; ++i) {
      info.groups.push_back({people[i % 6], 100, i * 100});
      view_.groups.push_back(
          {.id = model::GroupId{i}, .p50_ms = 12.5, .p99_ms = 180, .p999_ms = {}});
      for (std::uint32_t f = 0; f < shape_.fleets; ++f) {
        view_.flows.push_back({.group = model::GroupId{i},
                               .fleet = model::FleetId{f},
                               .rate = 100 + 900 * noise(i, f),
                               .tenants = 30});
      }
    }
    view_.machines.resize(shape_.machines);
    for (std::uint32_t i = 0; i < shape_.machines; ++i) {
      model::MachineView& machine = view_.machines[i];
      machine.id = model::MachineId{i};
      machine.fleet = model::FleetId{
          static_cast<std::uint32_t>(std::uint64_t{i} * shape_.fleets / shape_.machines)};
      machine.life = model::Life::up;
      machine.tenants = 20 + i % 7;
    }
  }

  void draw_charts() {
    const double step = sim::seconds(shape_.duration) /
                        static_cast<double>(std::max<std::size_t>(1, shape_.samples));
    for (std::size_t r = 0; r < 4; ++r) {
      model::Series& mean = mean_[r] = model::Series{0.98f};
      mean.reserve(shape_.samples);
      double level = 0.3 + 0.1 * static_cast<double>(r);
      for (std::size_t i = 0; i < shape_.samples; ++i) {
        const double wave =
            0.15 * std::sin(static_cast<double>(i) * 6.28 / static_cast<double>(shape_.samples));
        level += (noise(r, i) - 0.5) * 0.06 +
                 (0.35 + 0.1 * static_cast<double>(r) + wave - level) * 0.05;
        const bool peak = i % 4801 == 4000;  // alone, one sample long
        mean.append(Time{} + sim::from_seconds(step * static_cast<double>(i + 1)),
                    static_cast<float>(peak ? 0.995 : std::clamp(level, 0.0, 1.0)));
      }
      view_.fleet.mean[static_cast<vm::Resource>(r)] = &mean;
      view_.selected.mean[static_cast<vm::Resource>(r)] = &mean;
    }
    for (std::size_t i = 0; i < std::min<std::size_t>(shape_.samples, 100'000); ++i) {
      const Time at =
          Time{} + shape_.duration * static_cast<std::int64_t>(i + 1) /
                       static_cast<std::int64_t>(std::min<std::size_t>(shape_.samples, 100'000));
      const double busy = 1 + noise(7, i / 50) * 3;
      p50_.append(at, static_cast<float>(8 * busy));
      p99_.append(at, static_cast<float>(60 * busy * busy));
      committed_.append(at, static_cast<float>(900 - 100 * busy));
    }
    view_.latency.p50 = &p50_;
    view_.latency.p99 = &p99_;
    view_.throughput.committed = &committed_;
  }

  /// Failures come in waves, as a crowd does; each is answered by a migration.
  void happen() {
    constexpr std::uint32_t waves = 5;
    const double whole = sim::seconds(shape_.duration);
    std::vector<double> starts;
    for (std::uint32_t i = 0; i < shape_.failures; ++i) {
      const double middle = (0.15 + 0.17 * (i % waves)) * whole;
      starts.push_back(middle + (noise(12, i) + noise(13, i) - 1) * 0.03 * whole);
    }
    std::sort(starts.begin(), starts.end());
    std::vector<std::pair<Time, int>> changes;
    for (std::uint32_t i = 0; i < shape_.failures; ++i) {
      const Time start = Time{} + sim::from_seconds(starts[i]);
      const Duration length = sim::from_seconds(whole * (0.004 + 0.01 * noise(14, i)));
      const model::MachineId machine{static_cast<std::uint32_t>(noise(11, i) * shape_.machines)};
      const model::MachineId target{(machine.value + 1 + shape_.machines / 3) % shape_.machines};
      failures_.push_back({.number = i,
                           .cause = vm::Cause::cpu,
                           .machine = machine,
                           .start = start,
                           .noticed = start,
                           .end = start + length,
                           .value = 0.99,
                           .limit = 0.98,
                           .worst = 1.0});
      migrations_.push_back({.failover = i,
                             .tenant = model::TenantId{i},
                             .from = machine,
                             .to = target,
                             .start = start,
                             .end = start + length / 2,
                             .rounds = 3,
                             .bytes = {1 << 20},
                             .pause = 4ms,
                             .aborted = false});
      events_.add({start, model::EventKind::failure, machine, i});
      events_.add({start, model::EventKind::migration, machine, i});
      events_.add({start + length, model::EventKind::recovery, machine, i});
      changes.emplace_back(start, 1);
      changes.emplace_back(start + length, -1);
    }
    std::sort(changes.begin(), changes.end());
    int on = 0;
    for (const auto& [at, by] : changes) {  // a value stands for the time before it
      failing_.append(at, static_cast<float>(on));
      on += by;
    }
    failing_.append(Time{} + shape_.duration, static_cast<float>(on));
    events_.settle();
    view_.failures = &failures_;
    view_.failovers = &failovers_;
    view_.migrations = &migrations_;
    view_.events = &events_;
    view_.failing = &failing_;
    view_.source.events = events_.size();
  }

  void refresh() {
    const Time now = view_.clock.now;
    const double t = sim::seconds(now) / sim::seconds(shape_.duration);
    model::Figures f;
    for (model::MachineView& machine : view_.machines) {
      machine.failing = false;
      for (std::size_t r = 0; r < 4; ++r) {
        const double own = noise(machine.id.value, r);
        machine.use.values[r] =
            static_cast<float>(0.2 + 0.5 * own * (0.8 + 0.2 * std::sin(t * 40 + own * 6)));
      }
      machine.transactions = machine.id.value % 5;
    }
    view_.under_way.clear();
    for (std::uint32_t i = 0; i < failures_.size(); ++i) {
      const model::FailureRecord& failure = failures_[i];
      if (!failure.is_on(now)) continue;
      view_.machines[failure.machine.value].failing = true;
      view_.machines[failure.machine.value].use[vm::Resource::cpu] = 1;
      ++f.failing;
      const Time end = *migrations_[i].end;
      if (now >= end) continue;
      const double progress = sim::seconds(now - failure.start) / sim::seconds(end - failure.start);
      view_.under_way.push_back(
          {.index = i, .progress = static_cast<float>(progress), .strength = 1});
    }
    f.machines = f.up = shape_.machines;
    f.migrations = static_cast<std::uint32_t>(view_.under_way.size());
    f.failures = f.failing;
    for (const vm::Resource r : vm::all_resources)
      f.mean[r] = mean_[static_cast<std::size_t>(r)].at(now).value_or(0);
    for (const model::FlowView& flow : view_.flows) f.rate += flow.rate;
    for (model::GroupView& group : view_.groups) group.issued_per_s = 1000.0 + group.id.value * 400;
    f.cost_per_hour = 0.0416 * shape_.machines;
    view_.figures = f;
  }

  Shape shape_;
  model::RunView view_;
  std::array<model::Series, 4> mean_;
  model::Series p50_, p99_, committed_, failing_;
  std::vector<model::FailureRecord> failures_;
  std::vector<model::FailoverRecord> failovers_;
  std::vector<model::MigrationRecord> migrations_;
  model::EventLog events_;
};

}  // namespace invented
