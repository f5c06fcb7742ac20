// From an SLA failure to the end of its failover. How tenants move is in failover_moves.cpp, what
// follows a crash in failover_crash.cpp.
#include "vm/failover.hpp"

#include <algorithm>

#include "vm/placement.hpp"
#include "vm/selection.hpp"

namespace vm {
namespace {

// A report of loads that takes longer than a window would be about another window.
constexpr std::uint32_t loads_asks = 3;
constexpr Duration loads_patience_least = std::chrono::seconds{1};

constexpr std::uint32_t no_failure = 0xffffffffu;
constexpr Bytes any_room{std::int64_t{1} << 62};

}  // namespace

FailoverController::FailoverController(const Scenario& scenario)
    : fleets_(scenario.fleets),
      flavors_(scenario.flavors),
      durability_(scenario.durability),
      window_(scenario.sla.window),
      inventory_(scenario),
      replicas_(scenario, inventory_, attempts_),
      posts_(inventory_.machine_count()),
      in_failure_(scenario.fleets.size()),
      stopped_(scenario.fleets.size()) {}

void FailoverController::step(Time now, const Fact& fact, std::vector<Order>& orders) {
  std::visit(
      [&](const auto& f) {
        using F = std::decay_t<decltype(f)>;
        if constexpr (std::is_same_v<F, Sampled> || std::is_same_v<F, LatencyMeasured> ||
                      std::is_same_v<F, OutcomesCounted> || std::is_same_v<F, ThresholdChanged>) {
          wrap_up(now, orders);  // at the very first: who has no second copy yet?
        } else if constexpr (std::is_same_v<F, Replicated> || std::is_same_v<F, ReplicaBroken>) {
          replicas_.on(f);
          replicas_.look_again();
          wrap_up(now, orders);
        } else if constexpr (std::is_same_v<F, Copied> || std::is_same_v<F, Frozen> ||
                             std::is_same_v<F, Verified> || std::is_same_v<F, SwitchedOver>) {
          route(now, f, orders);
          wrap_up(now, orders);
        } else if constexpr (std::is_same_v<F, Housed>) {
          if (!inventory_.knows(f.machine)) return;
          inventory_.set_host(f.machine, f.host);
          replicas_.housed(f.machine);
          wrap_up(now, orders);
        } else {
          on(now, f, orders);
          wrap_up(now, orders);
        }
      },
      fact);
}

void FailoverController::on(Time now, const SlaEvent& event, std::vector<Order>& orders) {
  if (!inventory_.knows(event.machine)) return;  // an objective of the whole scenario
  auto& failures = post(event.machine).failures;
  const FleetId fleet = inventory_[event.machine].fleet;
  if (const auto* began = std::get_if<SlaFailureBegan>(&event.notice)) {
    if (failures.empty()) ++in_failure_[fleet.value];
    failures.emplace_back(began->failure, event.cause);
    if (event.cause != Cause::crash) changed_.insert(event.machine);
  } else {
    const auto number = std::get<SlaFailureEnded>(event.notice).failure;
    std::erase_if(failures, [&](const auto& failure) { return failure.first == number; });
    if (failures.empty()) --in_failure_[fleet.value];
    reconsider_stopped(fleet);
  }
  wrap_up(now, orders);
}

std::vector<MachineId> FailoverController::take_recovered() {
  return std::exchange(recovered_, {});
}

// ---- To act or not to act

/// Empty when the machine's failure should be answered now.
std::string_view FailoverController::reason_against(Time now, MachineId machine) {
  const Inventory::Machine& m = inventory_[machine];
  const FailoverPolicy policy = config(machine).policy;
  if (m.tenants.empty()) return "no tenant to move";
  if (policy == FailoverPolicy::split && m.tenants.size() == 1)
    return "a single tenant cannot be split";
  if (policy == FailoverPolicy::bigger_flavor && !next_bigger(flavors_, m.flavor))
    return "no bigger flavor";
  if (now < post(machine).quiet_until) return "cool-down";
  const double share =
      static_cast<double>(in_failure_[m.fleet.value]) / std::max(1u, inventory_.running(m.fleet));
  if (share > config(machine).stop) {
    stopped_[m.fleet.value].insert(machine);
    return "fleet-wide stop";
  }
  return {};
}

void FailoverController::consider(Time now, MachineId machine, std::vector<Order>& orders) {
  Post& p = post(machine);
  const Inventory::Machine& m = inventory_[machine];
  if (p.source_of || p.target_of || config(machine).policy == FailoverPolicy::none) return;

  if (m.life == Inventory::Life::lost && !m.tenants.empty()) {  // an earlier answer has failed
    if (now < p.quiet_until) return wait_for_quiet(now, machine, orders);
    return answer_crash(now, machine, no_machine, orders);
  }
  if (m.life != Inventory::Life::up || m.retiring || p.failures.empty()) return;
  if (p.failures.front().second == Cause::crash) return;  // back, and being restored

  const std::string_view reason = reason_against(now, machine);
  if (reason.empty()) {
    const FailoverId id = trigger(now, machine, p.failures.front().second, orders);
    return seek_target(now, id, orders);
  }
  if (now < p.quiet_until) wait_for_quiet(now, machine, orders);
  const std::uint32_t failure = p.failures.front().first;
  if (p.withheld == failure) return;  // people were told
  p.withheld = failure;
  orders.push_back(Notify{FailoverWithheld{machine, reason}});
}

void FailoverController::wait_for_quiet(Time, MachineId machine, std::vector<Order>& orders) {
  Post& p = post(machine);
  if (attempts_.find(p.cooldown)) return;  // already awaited; it looks at quiet_until again
  p.cooldown = attempts_.open(Attempts::About::cooldown, machine.value);
  orders.push_back(SetTimer{p.cooldown, p.quiet_until});
}

void FailoverController::reconsider_stopped(FleetId fleet) {
  changed_.merge(stopped_[fleet.value]);
  stopped_[fleet.value].clear();
}

FailoverId FailoverController::trigger(Time now, MachineId from, Cause cause,
                                       std::vector<Order>& orders) {
  const FailoverId id{next_failover_++};
  Post& p = post(from);
  const auto failure = std::find_if(p.failures.begin(), p.failures.end(),
                                    [&](const auto& f) { return f.second == cause; });
  const Inventory::Machine& m = inventory_[from];
  Failover f;
  f.figures.failover = id;
  f.figures.from = from;
  f.figures.to = no_machine;
  f.cause = cause;
  f.flavor = config(from).flavor.value_or(m.flavor);
  if (cause == Cause::crash) {  // it was lost, not too small; but what it held must fit
    if (flavors_[f.flavor.value].capacity.memory < m.held) f.flavor = m.flavor;
  } else if (config(from).policy == FailoverPolicy::bigger_flavor) {
    f.flavor = next_bigger(flavors_, m.flavor).value_or(m.flavor);
  }
  failovers_.emplace(id, std::move(f));
  p.source_of = id;
  p.quiet_until = now + config(from).cooldown;
  orders.push_back(Notify{FailoverTriggered{
      id, from, failure == p.failures.end() ? no_failure : failure->first, cause}});
  return id;
}

// ---- Its course

void FailoverController::seek_target(Time now, FailoverId id, std::vector<Order>& orders) {
  Failover& f = failover(id);
  const MachineId from = f.figures.from;
  f.phase = Phase::seeking;
  if (const auto spare = inventory_.take_spare(inventory_[from].fleet, f.flavor)) {
    f.target = *spare;
    post(*spare).target_of = id;
    target_is_up(now, id, orders);
  } else if (f.boots < std::max(1u, config(from).boot_attempts)) {
    boot(now, id, orders);
  } else {
    fail(now, id, orders);
  }
}

void FailoverController::target_is_up(Time now, FailoverId id, std::vector<Order>& orders) {
  Failover& f = failover(id);
  f.figures.to = f.target;
  f.phase = Phase::moving;
  if (f.cause == Cause::crash) {
    const std::vector<TenantId> waiting = inventory_[f.figures.from].tenants;
    for (const TenantId tenant : waiting) {
      // A copy may have been completed, or its machine come up, since the crash was answered.
      if (!try_promote(now, tenant, id, orders))
        restore(now, tenant, f.target, without_copy(), id, orders);
    }
    perhaps_done_.insert(id);
  } else if (!f.chosen) {
    f.asks = 0;
    ask_loads(now, id, orders);
  } else {
    for (const TenantId tenant : f.stranded) {
      migrations_.at(tenant).retarget(now, f.target, attempts_, orders);
      turns_.push_back(tenant);
    }
    f.stranded.clear();
  }
}

void FailoverController::ask_loads(Time now, FailoverId id, std::vector<Order>& orders) {
  Failover& f = failover(id);
  attempts_.close(f.loads);
  if (f.asks++ >= loads_asks) return fail(now, id, orders);
  f.phase = Phase::asking;
  f.loads = attempts_.open(Attempts::About::loads, id.value);
  f.alarm = attempts_.open(Attempts::About::loads, id.value);
  orders.push_back(AskLoads{f.loads, f.figures.from});
  orders.push_back(SetTimer{f.alarm, now + std::max(window_, loads_patience_least)});
}

void FailoverController::on(Time now, const LoadsReported& fact, std::vector<Order>& orders) {
  const auto* subject = attempts_.find(fact.attempt);
  if (!subject || subject->about != Attempts::About::loads) return;
  const FailoverId id{subject->index};
  Failover& f = failover(id);
  if (f.loads != fact.attempt || f.figures.from != fact.machine) return;
  attempts_.close(f.loads);
  attempts_.close(f.alarm);
  f.phase = Phase::moving;
  f.chosen = true;

  std::vector<LoadsReported::Load> loads;
  for (const auto& load : fact.loads) {  // what the books say counts, the report may be older
    if (load.tenant.value >= inventory_.tenant_count()) continue;
    const Inventory::Tenant& tenant = inventory_[load.tenant];
    if (tenant.owner != fact.machine || !tenant.served || migrations_.count(load.tenant)) continue;
    inventory_.set_state(load.tenant, load.state);
    loads.push_back(load);
  }
  const FailoverConfig& how = config(fact.machine);
  const Bytes room =
      flavors_[inventory_[f.target].flavor.value].capacity.memory - inventory_[f.target].held;
  f.wanted = select(how.policy, loads, any_room).size();
  for (const TenantId tenant : select(how.policy, std::move(loads), room)) {
    migrations_.emplace(tenant, Migration{id, tenant, fact.machine, f.target, now, how});
    turns_.push_back(tenant);
    ++f.open;
  }
  // Who gives its machine back is seen to be leaving it. Under split some always stay.
  if (f.open > 0 && how.after == AfterFailover::release && how.policy != FailoverPolicy::split)
    drain(fact.machine, true, orders);
  perhaps_done_.insert(id);
}

/// No target to be had, or no answer: what has not moved stays where it is.
void FailoverController::fail(Time now, FailoverId id, std::vector<Order>& orders) {
  Failover& f = failover(id);
  f.phase = Phase::moving;
  const std::vector<TenantId> stranded = std::exchange(f.stranded, {});
  for (const TenantId tenant : stranded) {
    migrations_.at(tenant).cut(now, attempts_, orders);
    settle(now, tenant, orders);
  }
  perhaps_done_.insert(id);
}

void FailoverController::end(Time now, FailoverId id, std::vector<Order>& orders) {
  Failover& f = failover(id);
  FailoverEnded& figures = f.figures;
  attempts_.close(f.loads);
  attempts_.close(f.alarm);
  const bool all = figures.moved > 0 && figures.moved >= f.wanted;
  figures.result = all                 ? FailoverResult::completed
                   : figures.moved > 0 ? FailoverResult::partial
                                       : FailoverResult::failed;
  const MachineId from = figures.from;
  const MachineId target = f.target;
  if (!f.refused.empty())  // who found room nowhere
    figures.aborted += static_cast<std::uint32_t>(inventory_[from].tenants.size());
  std::vector<MachineId> targets = std::move(f.refused);
  if (target != no_machine) targets.push_back(target);
  const bool crash = f.cause == Cause::crash;
  const bool moved = figures.moved > 0;
  orders.push_back(Notify{figures});
  failovers_.erase(id);

  for (const MachineId machine : targets) {
    if (post(machine).target_of != id) continue;
    post(machine).target_of.reset();
    to_spares(machine);  // where nobody came
    changed_.insert(machine);
  }
  auto& of_source = post(from).source_of;
  if (of_source == id) of_source.reset();
  if (!of_source) {  // else the machine crashed meanwhile, and that has its own failover
    const Inventory::Machine& m = inventory_[from];
    // A crashed machine that no other replaced is worth keeping: it may return as a spare.
    const bool replaced = !crash || target != no_machine;
    if (m.tenants.empty() && moved && replaced && config(from).after == AfterFailover::release)
      retire(from);
    else if (crash)
      to_spares(from);  // where it came back meanwhile
    else
      drain(from, false, orders);  // not everybody left
    // A crash that found no answer is answered again, but not at once.
    if (crash) post(from).quiet_until = now + config(from).cooldown;
    if (crash && inventory_.is_up(from)) restore_here(now, from, orders);
    changed_.insert(from);
  }
  replicas_.look_again();
}

/// What follows from a handler's changes: failovers end, machines are looked at again, places that
/// became free are taken, empty machines go.
void FailoverController::wrap_up(Time now, std::vector<Order>& orders) {
  while (!perhaps_done_.empty() || !changed_.empty()) {
    if (!perhaps_done_.empty()) {
      const FailoverId id = *perhaps_done_.begin();
      perhaps_done_.erase(perhaps_done_.begin());
      const auto found = failovers_.find(id);
      if (found == failovers_.end() || found->second.phase != Phase::moving) continue;
      if (found->second.open == 0) end(now, id, orders);
    } else {
      const MachineId machine = *changed_.begin();
      changed_.erase(changed_.begin());
      consider(now, machine, orders);
    }
  }
  start_moves(now, orders);
  for (auto machine = retiring_.begin(); machine != retiring_.end();) {
    const Inventory::Machine& m = inventory_[*machine];
    const bool empty = m.tenants.empty() && m.copies.empty() && !replicas_.builds_on(*machine);
    if (empty) {
      inventory_.release(*machine);
      orders.push_back(Release{*machine});
    }
    if (!empty) drain(*machine, m.retiring, orders);
    machine = empty || !m.retiring ? retiring_.erase(machine) : std::next(machine);
  }
}

}  // namespace vm
