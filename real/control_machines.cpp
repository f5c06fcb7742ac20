// ControlLoop: machines that come up, break off, fall silent and end; the stage, which starts and
// ends them, and the agent, which looks at them.
#include <algorithm>
#include <cmath>

#include "real/control_loop.hpp"

namespace real {

using Life = vm::Inventory::Life;

// ---- Links to machines -------------------------------------------------------------------------

void ControlLoop::on_up(vm::MachineId machine) {
  if (phase_ == Phase::settling) {
    settling_.on_up(machine);
    return settled();
  }
  if (phase_ != Phase::running || !inventory().knows(machine)) return;
  send_again(machine);
  for (auto tenant = recovering_.begin(); tenant != recovering_.end();) {
    const vm::TenantId id = *tenant;
    const vm::Inventory::Tenant& known = inventory()[id];
    if (known.owner != machine) {
      ++tenant;
      continue;
    }
    tenant = recovering_.erase(tenant);
    courier_.move(now(), id, machine, known.epoch);
  }
  if (life(machine) == Life::lost) return tell(vm::MachineReturned{machine});
  const vm::Allocate* boot = undone_.boot(machine);
  if (life(machine) == Life::booting && boot != nullptr) {
    tell(vm::MachineReady{machine, boot->attempt});
  }
}

/// What a new link makes possible, and what may have been lost with the old one. All of it may be
/// said twice.
void ControlLoop::send_again(vm::MachineId machine) {
  for (const vm::Attempt attempt : undone_.aborted(machine)) {
    nodes_.try_send(machine, Abort{attempt});
  }
  for (const auto& [key, fencing] : undone_.fences()) {
    if (key.first == machine) send_fence(machine, key.second);
  }
  for (const auto& [attempt, transfer] : undone_.transfers()) {
    if (transfer.step == Step::switching && transfer.to == machine) take_over(transfer);
  }
  for (const auto& [tenant, order] : undone_.restores()) {
    if (order.to == machine) restore(order);
  }
  for (const auto& [tenant, order] : undone_.replications()) {
    if (order.to == machine || inventory()[tenant].owner == machine) replicate(order);
  }
  for (const auto& [from, order] : undone_.all_loads()) {
    if (from == machine) carry_out(order);
  }
  if (scenario_.durability.replicas < 2) return;
  for (const vm::TenantId tenant : inventory()[machine].tenants) {
    const bool alone = !inventory()[tenant].replica_complete;
    if (alone && !undone_.replications().contains(tenant)) {
      nodes_.try_send(machine, DropReplica{tenant});
    }
  }
}

void ControlLoop::on_broken(vm::MachineId machine) {
  courier_.link_lost(machine);
  for (const auto& [attempt, transfer] : undone_.transfers()) {
    const bool back = transfer.step != Step::switching;
    if (back && transfer.from == machine) later(vm::MigrationBroken{attempt});
  }
}

void ControlLoop::on_silent(vm::MachineId machine) {
  if (phase_ != Phase::running || life(machine) != Life::up) return;
  post(machine).dead = false;
  cut_off(machine);
  unwatch(machine);
  tell(vm::MachineLost{machine});
  to_stage(Stop{.machine = machine, .release = false});
}

/// Whatever it may still say, nobody hears it.
void ControlLoop::cut_off(vm::MachineId machine) {
  nodes_.forget(machine);
  courier_.link_lost(machine);
}

// ---- Stage -------------------------------------------------------------------------------------

void ControlLoop::stage_came(std::shared_ptr<Link> link) {
  if (stage_) stage_->say_goodbye("another stage has come");
  stage_ = link;
  link->start([this](Message& message) { on_stage(message); },
              [this, link](const std::string&) {
                if (stage_ != link) return;
                stage_.reset();
                for (auto& [key, then] : std::exchange(waiting_, {})) {
                  if (const Undone::Transfer* t = undone_.transfer(key.second)) then(*t);
                }
              });
  for (const auto& [machine, order] : undone_.boots()) carry_out(order);
  for (auto& [machine, p] : posts_) {  // what the one before was bringing
    std::erase_if(p.brought, [](const auto& copy) { return copy.second.empty(); });
  }
  if (phase_ == Phase::running) {
    const auto restores = undone_.restores();
    for (const auto& [tenant, order] : restores) restore(order);
  }
  if (phase_ == Phase::settled || phase_ == Phase::running) link->send(Ready{options_.clients});
}

void ControlLoop::on_stage(Message& message) {
  std::visit(
      [this](const auto& m) {
        using M = std::decay_t<decltype(m)>;
        if constexpr (std::is_same_v<M, Begin> || std::is_same_v<M, MachineUp> ||
                      std::is_same_v<M, LaunchFailed> || std::is_same_v<M, Stopped> ||
                      std::is_same_v<M, Disturb> || std::is_same_v<M, Proceed> ||
                      std::is_same_v<M, Brought>) {
          on(m);
        } else if constexpr (std::is_same_v<M, Ping>) {
          to_stage(Pong{m.number});
        } else {
          stage_->say_goodbye("not for a stage to say");
        }
      },
      message);
}

void ControlLoop::on(const Begin& message) {
  moments_ = message.moments;
  begin(message.start_ns);
}

void ControlLoop::on(const MachineUp& up) {
  if (!inventory().knows(up.machine)) return;
  if (undone_.released(up.machine)) {
    return to_stage(Stop{.machine = up.machine, .release = true});
  }
  Post& p = post(up.machine);
  p.process = up;
  p.known = true;
  p.directory = up.directory;
  p.host = up.host;
  p.brought.clear();  // it may write again
  const vm::FleetId fleet = inventory()[up.machine].fleet;
  nodes_.connect(up.machine, up.address, scenario_.fleets[fleet.value].failover.detect);
  watch(up.machine);
  tell_host(up.machine);
}

/// Once for each machine, and only where there is more than this host.
void ControlLoop::tell_host(vm::MachineId machine) {
  const Post& p = post(machine);
  if (!scenario_.real || !p.known || inventory()[machine].host == p.host) return;
  tell(vm::Housed{machine, p.host});
}

void ControlLoop::on(const LaunchFailed& failed) {
  const vm::Allocate* boot = undone_.boot(failed.machine);
  if (boot != nullptr && boot->attempt == failed.attempt) {
    tell(vm::BootFailed{failed.machine, failed.attempt});
  }
}

void ControlLoop::on(const Stopped& stopped) {
  const vm::MachineId machine = stopped.machine;
  if (!inventory().knows(machine)) return;
  Post& p = post(machine);
  p.dead = true;
  p.directory = stopped.directory;
  p.host = stopped.host;
  cut_off(machine);
  unwatch(machine);
  const vm::Allocate* boot = undone_.boot(machine);
  if (boot != nullptr) {
    tell(vm::BootFailed{machine, boot->attempt});
  } else if (phase_ == Phase::running && life(machine) == Life::up) {
    tell(vm::MachineLost{machine});
  }
  const auto restores = undone_.restores();  // those that waited for this
  for (const auto& [tenant, order] : restores) {
    if (undone_.holder(tenant) == machine) restore(order);
  }
}

void ControlLoop::on(const Disturb& fault) {
  Post& p = post(fault.machine);
  switch (fault.kind) {
    case Disturbance::lose_samples:
      p.silent = fault.amount != 0;
      return;
    case Disturbance::late_samples:
      p.late = sim::from_seconds(std::clamp(fault.amount, 0.0, 3600.0));
      return;
    case Disturbance::slow:
    case Disturbance::leak:
    case Disturbance::disk_full:
      nodes_.try_send(fault.machine, fault);
      return;
  }
}

void ControlLoop::on(const Brought& brought) {
  if (!inventory().knows(brought.machine)) return;
  Post& p = post(brought.machine);
  if (!p.dead) return;  // it has come back meanwhile, and may have written more
  const bool there = !brought.directory.empty();
  const std::uint32_t host = post(brought.to).host;
  p.brought[host] = brought.directory;
  if (!there) p.brought.erase(host);         // whoever asks again gets another try
  const auto restores = undone_.restores();  // those that waited for this
  for (const auto& [tenant, order] : restores) {
    if (undone_.holder(tenant) != brought.machine || post(order.to).host != host) continue;
    there ? restore(order) : later(vm::MigrationBroken{order.attempt});
  }
}

void ControlLoop::on(const Proceed& proceed) {
  const auto found = waiting_.find({proceed.moment, proceed.attempt});
  if (found == waiting_.end()) return;
  const Then then = std::move(found->second);
  waiting_.erase(found);
  if (const Undone::Transfer* t = undone_.transfer(proceed.attempt)) then(*t);
}

// ---- Agent and clients -------------------------------------------------------------------------

void ControlLoop::agent_came(std::uint32_t host, std::shared_ptr<Link> link) {
  auto& agent = agents_[host];
  if (agent) agent->say_goodbye("another agent has come");
  agent = link;
  link->start([this, raw = link.get()](Message& message) { on_agent(*raw, message); },
              [this, host, raw = link.get()](const std::string&) {
                const auto found = agents_.find(host);
                if (found != agents_.end() && found->second.get() == raw) agents_.erase(found);
              });
  for (const auto& [machine, p] : posts_) {
    if (p.known && p.process.host == host) watch(machine);
  }
}

void ControlLoop::on_agent(Link& agent, Message& message) {
  if (const auto* sampled = std::get_if<Sampled>(&message)) return on(*sampled);
  if (const auto* ping = std::get_if<Ping>(&message)) return agent.send(Pong{ping->number});
  if (!std::holds_alternative<Pong>(message)) agent.say_goodbye("not for an agent to say");
}

void ControlLoop::watch(vm::MachineId machine) {
  const auto agent = agents_.find(post(machine).process.host);
  if (agent == agents_.end()) return;
  const MachineUp& process = post(machine).process;
  const vm::FlavorId flavor = inventory()[machine].flavor;
  const vm::Capacity& capacity = scenario_.flavors[flavor.value].capacity;
  agent->second->send(Watch{.machine = machine,
                            .pid = process.pid,
                            .directory = process.directory,
                            .cgroup = process.cgroup,
                            .cores = capacity.cores,
                            .disk = capacity.disk.value,
                            .network = capacity.network.value,
                            .memory = capacity.memory});
}

void ControlLoop::unwatch(vm::MachineId machine) {
  Post& p = post(machine);
  p.known = false;
  const auto agent = agents_.find(p.process.host);
  if (agent != agents_.end()) agent->second->send(Unwatch{machine});
}

void ControlLoop::on(const Sampled& sampled) {
  if (!inventory().knows(sampled.machine)) return;
  vm::Sampled fact{sampled.machine, {}};
  for (std::size_t i = 0; i < vm::resource_count; ++i) {
    const double share = sampled.utilisation[i];
    if (!std::isfinite(share)) return;
    fact.sample.utilisation.values[i] = std::clamp(share, 0.0, 1.0);
  }
  fact.sample.transactions = sampled.transactions;
  fact.sample.tenants = sampled.tenants;
  const Post& p = post(sampled.machine);
  if (p.silent) return;
  if (p.late > vm::Duration::zero()) return later(fact, p.late);
  tell(fact);
}

void ControlLoop::on(const LatencyReport& report) {
  if (report.objective >= scenario_.sla.latency.size()) return;
  tell(vm::LatencyMeasured{report.objective, std::max(report.latency, vm::Duration{}),
                           report.transactions});
}

void ControlLoop::on(const OutcomeReport& report) {
  tell(vm::OutcomesCounted{report.good, report.bad});
}

}  // namespace real
