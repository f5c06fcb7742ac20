#include "vm/model/world.hpp"

#include <utility>

namespace vm::model {
namespace {

std::string group_name(const Scenario& scenario, const Change& change) {
  return change.group ? scenario.clients[change.group->value].name : std::string{};
}

}  // namespace

World::World(const Scenario& scenario, const RunOptions& options)
    : options_(options),
      cloud_(scenario),
      watch_(cloud_, options),
      clients_(cloud_, watch_),
      service_(cloud_, clients_, options.sabotage),
      operations_(cloud_, service_, watch_, options.sabotage),
      faults_(cloud_, operations_, service_, watch_) {
  clients_.connect(service_);
}

void World::on(Time now, Event event) {
  fingerprint_.add(now);
  fingerprint_.add(static_cast<std::uint64_t>(event.kind) << 56 ^
                   static_cast<std::uint64_t>(event.subject) << 24 ^ event.detail);
  const Attempt attempt{event.detail};
  switch (event.kind) {  // no default: -Wswitch names the kind we forgot
    case Kind::work_done:
      return service_.on_work_done(now, MachineId{event.subject},
                                   static_cast<Resource>(event.detail));
    case Kind::issue: return clients_.on_issue(now, GroupId{event.subject});
    case Kind::think_over: return clients_.on_think_over(now, TenantId{event.subject});
    case Kind::deadline: return clients_.on_deadline(now, GroupId{event.subject});
    case Kind::retry: return clients_.on_retry(now, event.subject);
    case Kind::sample: return on_sample(now);
    case Kind::latency_window: return on_latency_window(now);
    case Kind::late_sample: return on_late_sample(now, event.subject);
    case Kind::warmup_over:
      for (Machine& machine : cloud_.machines) machine.restart_measuring(now);
      return;
    case Kind::machine_ready:
      return operations_.on_machine_ready(now, MachineId{event.subject}, attempt);
    case Kind::boot_failed:
      return operations_.on_boot_failed(now, MachineId{event.subject}, attempt);
    case Kind::machine_detected:
      return operations_.tell(now, MachineLost{MachineId{event.subject}});
    case Kind::machine_returns: return operations_.come_back(now, MachineId{event.subject});
    case Kind::loads_reported:
      return operations_.on_loads_reported(now, MachineId{event.subject}, attempt);
    case Kind::copied: return operations_.on_copied(now, attempt);
    case Kind::frozen: return operations_.on_frozen(now, attempt);
    case Kind::verified: return operations_.on_verified(now, attempt);
    case Kind::switched_over: return operations_.on_switched_over(now, attempt);
    case Kind::broken: return operations_.tell(now, MigrationBroken{attempt});
    case Kind::restored: return operations_.on_restored(now, TenantId{event.subject}, attempt);
    case Kind::replicated: return operations_.on_replicated(now, TenantId{event.subject}, attempt);
    case Kind::timer: return operations_.tell(now, TimerFired{attempt});
    case Kind::fault_begins: return faults_.on_begins(now, event.subject);
    case Kind::fault_ends: return faults_.on_ends(now, event.subject);
  }
  SIM_CHECK(!"an event of no known kind");
}

void World::on_sample(Time now) {
  // By index: what a sample leads to may allocate a machine.
  for (std::size_t i = 0; i < cloud_.machines.size(); ++i) {
    Machine& machine = cloud_.machines[i];
    if (machine.state != MachineState::up) continue;
    const Sample sample = machine.sample(now);
    watch_.sampled(now, machine, sample);
    if (machine.silent) continue;
    if (machine.late > Duration::zero()) {
      const std::uint32_t index = late_.take();
      late_[index] = {machine.id, sample};
      cloud_.simulator.after(machine.late, {Kind::late_sample, index, 0});
    } else {
      operations_.tell(now, Sampled{machine.id, sample});
    }
  }
  // At the very end the interval stays open: more may happen at this instant, and play() closes it.
  if (now.time_since_epoch() < cloud_.scenario.duration) {
    operations_.tell(now, watch_.interval_over(now));
    interval_began_ = now;
  }
  watch_.flush_if_due(now, clients_.issued());
  if (options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed)) {
    return cloud_.simulator.stop();
  }
  cloud_.simulator.after(cloud_.scenario.sla.sample, {Kind::sample, 0, 0});
}

void World::on_latency_window(Time now) {
  watch_.latency_window_over(measured_);
  for (const LatencyMeasured& fact : measured_) operations_.tell(now, fact);
  cloud_.simulator.after(cloud_.scenario.sla.window, {Kind::latency_window, 0, 0});
}

void World::on_late_sample(Time now, std::uint32_t index) {
  const Sampled sampled = late_[index];
  late_.give_back(index);
  operations_.tell(now, sampled);
}

RunOutcome World::play() {
  const Scenario& scenario = cloud_.scenario;
  const Time end{scenario.duration};
  const Layout layout = initial_layout(scenario);
  for (const Machine& machine : cloud_.machines) {
    watch_.allocated(Time{}, machine, layout.machines[machine.id.value].spare);
  }
  // The warm-up ends before anything else at that instant happens.
  if (scenario.warmup > Duration::zero()) {
    cloud_.simulator.at(Time{scenario.warmup}, {Kind::warmup_over, 0, 0});
  }
  cloud_.simulator.at(Time{scenario.sla.sample}, {Kind::sample, 0, 0});
  if (!scenario.sla.latency.empty()) {
    cloud_.simulator.at(Time{scenario.sla.window}, {Kind::latency_window, 0, 0});
  }
  faults_.start();
  clients_.start();
  play_to(end);
  const Time reached = cloud_.simulator.now();
  if (reached != interval_began_) watch_.interval_over(reached);  // the last one, or its part
  watch_.flush(reached, clients_.issued());
  RunOutcome result = outcome(reached);
  result.interrupted = cloud_.simulator.stopped();
  return result;
}

/// Straight to the end, but for the instants at which somebody steers, or the scenario remembers
/// that somebody did. A change comes after all that is due at its instant, and what it causes there
/// before the next one: the same whether it is made or repeated.
void World::play_to(Time end) {
  const std::vector<Change>& remembered = cloud_.scenario.changes;
  auto next = remembered.begin();
  cloud_.simulator.run_until(Time{}, *this);
  while (!cloud_.simulator.stopped()) {
    const Time now = cloud_.simulator.now();
    if (next != remembered.end() && next->at <= now) {
      make(*next++);
      cloud_.simulator.run_until(now, *this);
      continue;
    }
    if (now >= end) return;
    Time until = next == remembered.end() ? end : std::min(end, next->at);
    if (options_.steering != nullptr) steer(until);
    cloud_.simulator.run_until(until, *this);
  }
}

void World::steer(Time& until) {
  const Time now = cloud_.simulator.now();
  watch_.look_at_client(now);
  watch_.flush(now, clients_.issued());
  changes_.clear();
  until = std::min(until, std::max(now, options_.steering->next(now, changes_)));
  for (Change& change : changes_) {
    change.at = now;
    watch_.changed(change, to_toml(change, group_name(cloud_.scenario, change)));
    make(change);
    cloud_.simulator.run_until(now, *this);
  }
}

void World::make(const Change& change) {
  const Time now = cloud_.simulator.now();
  fingerprint_.add(now);
  fingerprint_.add(0xffull << 56 ^ static_cast<std::uint64_t>(change.kind));
  std::string what = describe(change, group_name(cloud_.scenario, change));
  const bool needs_machine = change.kind == ChangeKind::crash || change.kind == ChangeKind::slow;
  const bool there = change.machine.value < cloud_.machines.size() &&
                     cloud_.machine(change.machine).state == MachineState::up;
  if (needs_machine && !there) {
    return watch_.fault(now, no_machine, what + ": no machine to strike");
  }
  watch_.fault(now, change.machine, std::move(what));
  switch (change.kind) {
    case ChangeKind::load:
      for (std::uint32_t g = 0; g < cloud_.scenario.clients.size(); ++g)
        if (!change.group || change.group->value == g) clients_.scale(GroupId{g}, change.value);
      return;
    case ChangeKind::crash:
      return operations_.crash(now, change.machine, change.lasts);
    case ChangeKind::slow:
      return faults_.slow(now, change.machine, change.value);
    case ChangeKind::threshold:
      return operations_.tell(now, ThresholdChanged{change.value});
  }
}

RunOutcome World::outcome(Time end) {
  RunOutcome result;
  result.world = "simulated";
  result.capacity = "exact processor sharing";
  result.fingerprint = fingerprint_.value();
  result.end = end;
  result.events = cloud_.simulator.fired();
  clients_.close();
  std::vector<Digest> held;
  for (const Tenant& tenant : cloud_.tenants) held.push_back(tenant.applied);
  Ledger::Audit audit = cloud_.ledger.close(held);
  result.books_balance = audit.balance;
  result.complaints = std::move(audit.complaints);
  for (std::uint32_t g = 0; g < cloud_.scenario.clients.size(); ++g) {
    GroupOutcome group{.group = GroupId{g}, .books = {}, .latency = watch_.latency(GroupId{g})};
    for (std::uint32_t i = 0; i < cloud_.scenario.clients[g].count; ++i) {
      add(group.books, cloud_.ledger.of(TenantId{cloud_.first_tenant[g] + i}));
    }
    result.groups.push_back(std::move(group));
  }
  for (std::uint32_t i = 0; i < cloud_.tenants.size(); ++i) {
    const TenantId client{i};
    result.clients.push_back({client, cloud_.ledger.of(client), watch_.latency(client)});
  }
  for (Machine& machine : cloud_.machines) {
    const Time released = std::min(machine.released, end);
    const double hours = sim::seconds(released - machine.allocated) / 3600;
    result.machines.push_back({.machine = machine.id,
                               .fleet = machine.fleet,
                               .flavor = machine.flavor,
                               .state = machine.seen(),
                               .allocated = machine.allocated,
                               .released = released,
                               .utilisation = machine.mean_utilisation(end),
                               .utilisation_max = machine.utilisation_max,
                               .cost = hours * cloud_.scenario.flavors[machine.flavor.value].price});
  }
  return result;
}

}  // namespace vm::model
