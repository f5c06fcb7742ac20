#include "vm/model/run_hosts.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "sim/check.hpp"
#include "vm/model/hosts.hpp"

namespace vm::model {
namespace {

/// Turns what the hosts do into rows.
class HostWatch {
 public:
  HostWatch(const DataCenter& center, ObservationSink& sink)
      : center_(center), sink_(sink), on_(center.hosts, true) {
    for (HostIndex h = 0; h < center.hosts; ++h) {
      const MachineId machine{h};
      const HostKindIndex kind = center.host_kind(h);
      batch_.machines.push_back({Time{}, machine, FleetId{kind}, FlavorId{kind}, false});
      batch_.machine_states.push_back({Time{}, machine, MachineState::up});
    }
  }

  void interval(const Hosts& hosts, const ConsolidationInterval& row) {
    std::vector<bool> on(center_.hosts);
    for (const HostIndex h : hosts.active()) on[h] = true;
    for (HostIndex h = 0; h < center_.hosts; ++h) {
      if (on[h] || on_[h]) sample(hosts, h, row.at, on[h]);
      if (on[h] != on_[h]) {
        batch_.machine_states.push_back(
            {row.at, MachineId{h}, on[h] ? MachineState::up : MachineState::down});
      }
    }
    on_ = std::move(on);
    for (const Notice& notice : hosts.notices()) batch_.notices.push_back({row.at, notice});
    batch_.consolidation.push_back(row);
    batch_.now = row.at;
    constexpr std::size_t large = 4096;
    if (batch_.rows() >= large) hand_over(row.at);
  }

  /// Somebody has made a change, or had made it in the run that is repeated.
  void changed(const Change& change, bool remembered) {
    batch_.faults.push_back({change.at, no_machine, describe(change, "")});
    if (!remembered) batch_.changes.push_back({change, to_toml(change, "")});
  }

  void hand_over(Time now) {
    batch_.now = now;
    sink_.on(batch_);
    batch_.clear();
  }

 private:
  void sample(const Hosts& hosts, HostIndex h, Time at, bool on) {
    SampleRow row;
    row.at = at;
    row.machine = MachineId{h};
    row.state = on ? MachineState::up : MachineState::down;
    row.sample.utilisation[Resource::cpu] = hosts.host(h).utilisation;
    const OtherUse others = hosts.other_use(h);
    row.sample.utilisation[Resource::memory] = std::min(others[0], 1.0);
    row.sample.utilisation[Resource::disk] = std::min(others[1], 1.0);
    row.sample.utilisation[Resource::network] = std::min(others[2], 1.0);
    row.sample.tenants = static_cast<std::uint32_t>(hosts.host(h).vms.size());
    batch_.samples.push_back(row);
  }

  const DataCenter& center_;
  ObservationSink& sink_;
  std::vector<bool> on_;  // by host, at the interval before
  Batch batch_;
};

/// Changes that are remembered, and those of whoever steers, between two optimisations.
class Turns {
 public:
  Turns(const Scenario& scenario, Steering* steering, Hosts& hosts, HostWatch& watch)
      : next_(scenario.changes.begin()),
        end_(scenario.changes.end()),
        movable_(has_threshold(scenario.consolidation->center)),
        steering_(steering),
        hosts_(hosts),
        watch_(watch) {}

  template <class Stopped>
  void take(Time now, Stopped stopped) {
    const Time written = settled({.at = now}).at;  // as a file remembers this instant
    for (; next_ != end_ && next_->at <= written; ++next_) make(*next_, true);
    if (steering_ == nullptr) return;
    for (Time until = now; until <= now && !stopped();) {
      watch_.hand_over(now);
      changes_.clear();
      until = steering_->next(now, changes_);
      for (Change& change : changes_) {
        change.at = now;
        if (change.kind == ChangeKind::threshold && movable_) make(change, false);
      }
    }
  }

 private:
  void make(const Change& change, bool remembered) {
    hosts_.set_threshold(change.value);
    watch_.changed(change, remembered);
  }

  std::vector<Change>::const_iterator next_, end_;
  const bool movable_;
  Steering* const steering_;
  Hosts& hosts_;
  HostWatch& watch_;
  std::vector<Change> changes_;
};

struct NoSink final : ObservationSink {
  void on(const Batch&) override {}
};

MachineOutcome outcome_of(const Hosts& hosts, const DataCenter& center, HostIndex h, Time end) {
  MachineOutcome machine;
  machine.machine = MachineId{h};
  machine.fleet = FleetId{center.host_kind(h)};
  machine.flavor = FlavorId{center.host_kind(h)};
  machine.state = hosts.host(h).vms.empty() ? MachineState::down : MachineState::up;
  machine.released = end;
  machine.utilisation[Resource::cpu] = hosts.utilisation_mean(h);
  machine.utilisation_max[Resource::cpu] = hosts.utilisation_max(h);
  const OtherUse mean = hosts.other_use_mean(h), highest = hosts.other_use_max(h);
  constexpr std::array others{Resource::memory, Resource::disk, Resource::network};
  for (std::size_t r = 0; r < others.size(); ++r) {  // more may be asked for than there is
    machine.utilisation[others[r]] = std::min(mean[r], 1.0);
    machine.utilisation_max[others[r]] = std::min(highest[r], 1.0);
  }
  return machine;
}

}  // namespace

RunOutcome run_hosts(const Scenario& scenario, const RunOptions& options) {
  const Consolidation& consolidation = *scenario.consolidation;
  const DataCenter& center = consolidation.center;
  SIM_CHECK(scenario.changes.empty() || has_threshold(center));
  NoSink nobody;
  HostWatch watch{center, options.sink != nullptr ? *options.sink : nobody};
  Hosts hosts{center, *consolidation.traces};
  Turns turns{scenario, options.steering, hosts, watch};
  RunOutcome outcome;
  outcome.world = "simulated";
  outcome.consolidation = hosts.play([&](const ConsolidationInterval& row) {
    ++outcome.events;
    if (options.sink != nullptr) watch.interval(hosts, row);
    const auto stopped = [&] { return options.stop != nullptr && *options.stop; };
    turns.take(row.at, stopped);
    outcome.interrupted = stopped();
    return !outcome.interrupted;
  });
  outcome.end =
      outcome.interrupted ? Time{sim::from_seconds(hosts.measured_at())} : Time{scenario.duration};
  watch.hand_over(outcome.end);
  outcome.fingerprint = outcome.consolidation->fingerprint;
  outcome.books_balance = true;  // nobody issues anything
  for (HostIndex h = 0; h < center.hosts; ++h)
    outcome.machines.push_back(outcome_of(hosts, center, h, outcome.end));
  return outcome;
}

}  // namespace vm::model
