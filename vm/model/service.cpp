#include "vm/model/service.hpp"

#include <algorithm>

#include "vm/model/clients.hpp"

namespace vm::model {
namespace {

/// The gateway holds so many attempts for one frozen tenant, and refuses more.
constexpr std::uint32_t held_limit = 10'000;

constexpr std::array<Resource, 3> shared{Resource::cpu, Resource::disk, Resource::network};

}  // namespace

Service::Service(Cloud& cloud, Clients& clients, Sabotage sabotage)
    : cloud_(cloud), clients_(clients), sabotage_(sabotage), demands_(cloud.scenario) {
  if (cloud.scenario.durability.replicas < 2) return;
  // Acknowledged means held by both: the owner sends the write before it answers.
  for (std::uint16_t kind = 0; kind < cloud.scenario.transactions.size(); ++kind) {
    const Bytes write = cloud.scenario.transactions[kind].write;
    if (write.count == 0) continue;
    demands_.append(kind, Resource::network, static_cast<double>(write.count));
  }
}

void Service::dispatch(Time now, std::uint32_t attempt) {
  const Tenant& tenant =
      cloud_.tenant(cloud_.transactions[cloud_.attempts[attempt].transaction].tenant);
  if (tenant.frozen) return hold(now, attempt);
  if (!tenant.served) return clients_.answered(now, attempt, Outcome::failed);
  admit(now, attempt, tenant.owner);
}

void Service::admit(Time now, std::uint32_t index, MachineId id) {
  Sending& attempt = cloud_.attempts[index];
  Machine& machine = cloud_.machine(id);
  SIM_CHECK(machine.state == MachineState::up);
  const TransactionKind& kind = cloud_.kind(cloud_.transactions[attempt.transaction]);
  attempt.machine = id.value;
  const bool full = machine.disk_full && kind.write.count > 0;
  if (full || !machine.try_admit(now, kind.memory)) {
    return clients_.answered(now, index, Outcome::refused);
  }
  attempt.step = 0;
  begin_step(now, index);
}

void Service::begin_step(Time now, std::uint32_t index) {
  const Sending& attempt = cloud_.attempts[index];
  const Transaction& t = cloud_.transactions[attempt.transaction];
  const Resource resource = demands_.steps(t.kind)[attempt.step].resource;
  const double demand = demands_.amount(t.group, t.number, t.kind, attempt.step);
  if (resource == Resource::cpu) cloud_.tenant(t.tenant).add_work(cloud_.window(now), demand);
  Machine& machine = cloud_.machines[attempt.machine];
  machine.station(resource).add(now, index, demand);
  arm(machine, resource);
}

void Service::on_work_done(Time now, MachineId id, Resource resource) {
  Machine& machine = cloud_.machine(id);
  machine.station(resource).due(now, [&](std::uint32_t attempt) { end_step(now, attempt); });
  arm(machine, resource);
}

void Service::end_step(Time now, std::uint32_t index) {
  Sending& attempt = cloud_.attempts[index];
  const Transaction& t = cloud_.transactions[attempt.transaction];
  if (++attempt.step < demands_.steps(t.kind).size()) return begin_step(now, index);
  complete(now, index);
}

void Service::complete(Time now, std::uint32_t index) {
  leave(index);
  Transaction& t = cloud_.transactions[cloud_.attempts[index].transaction];
  const bool done = cloud_.kind(t).write.count == 0 || try_apply(t);
  clients_.answered(now, index, done ? Outcome::committed : Outcome::refused);
}

bool Service::try_apply(Transaction& t) {
  Tenant& tenant = cloud_.tenant(t.tenant);
  const bool held = t.applied && t.generation == tenant.generation;
  if (held && !sabotage_.apply_twice) return true;
  const Bytes write = cloud_.kind(t).write;
  Bytes growth = write;
  if (const auto& keep = cloud_.scenario.clients[t.group.value].keep) {
    growth = std::clamp(*keep - tenant.state, Bytes{}, write);
  }
  Machine& owner = cloud_.machine(tenant.owner);
  if (!owner.try_hold(growth)) return false;
  if (tenant.replica.complete && !cloud_.machine(tenant.replica.machine).try_hold(growth)) {
    owner.let_go(growth);
    return false;
  }
  tenant.state += growth;
  tenant.written += write;
  tenant.applied.add(t.tenant, t.sequence);
  t.applied = true;
  t.generation = tenant.generation;
  return true;
}

void Service::leave(std::uint32_t index) {
  const Sending& attempt = cloud_.attempts[index];
  Machine& machine = cloud_.machines[attempt.machine];
  machine.let_go(cloud_.kind(cloud_.transactions[attempt.transaction]).memory);
  --machine.in_service;
}

void Service::hold(Time now, std::uint32_t index) {
  Tenant& tenant = cloud_.tenant(cloud_.transactions[cloud_.attempts[index].transaction].tenant);
  if (tenant.held >= held_limit) return clients_.answered(now, index, Outcome::refused);
  cloud_.attempts[index].next_held = none;
  (tenant.held_last == none ? tenant.held_first : cloud_.attempts[tenant.held_last].next_held) =
      index;
  tenant.held_last = index;
  ++tenant.held;
}

void Service::freeze(Time now, TenantId id) {
  Tenant& tenant = cloud_.tenant(id);
  tenant.frozen = true;
  Machine& owner = cloud_.machine(tenant.owner);
  taken_out_.clear();
  for (const Resource resource : shared) {
    owner.station(resource).take_out(now, taken_out_, [&](std::uint32_t job) {
      return cloud_.transactions[cloud_.attempts[job].transaction].tenant == id;
    });
  }
  rearm(owner.id);
  for (const std::uint32_t attempt : taken_out_) {
    leave(attempt);
    if (cloud_.attempts[attempt].waited_for) {
      hold(now, attempt);
    } else {  // its client has given up: nobody would miss it on the other side
      clients_.answered(now, attempt, Outcome::failed);
    }
  }
}

void Service::thaw(Time now, TenantId id) {
  Tenant& tenant = cloud_.tenant(id);
  tenant.frozen = false;
  std::uint32_t attempt = tenant.held_first;
  tenant.held_first = tenant.held_last = none;
  tenant.held = 0;
  while (attempt != none) {
    const std::uint32_t next = cloud_.attempts[attempt].next_held;
    if (cloud_.attempts[attempt].waited_for) {
      dispatch(now, attempt);
    } else {
      clients_.answered(now, attempt, Outcome::failed);
    }
    attempt = next;
  }
}

void Service::fail_held(Time now, TenantId id) {
  SIM_CHECK(!cloud_.tenant(id).served);
  thaw(now, id);
}

void Service::fail_all(Time now, MachineId id) {
  Machine& machine = cloud_.machine(id);
  taken_out_.clear();
  for (const Resource resource : shared) {
    machine.station(resource).take_out(now, taken_out_, [](std::uint32_t) { return true; });
  }
  for (const std::uint32_t attempt : taken_out_) {
    leave(attempt);
    clients_.answered(now, attempt, Outcome::failed);
  }
}

void Service::rearm(MachineId id) {
  Machine& machine = cloud_.machine(id);
  for (const Resource resource : shared) arm(machine, resource);
}

void Service::arm(Machine& machine, Resource resource) {
  if (const auto at = machine.station(resource).alarm()) {
    cloud_.simulator.at(
        *at, {Kind::work_done, machine.id.value, static_cast<std::uint32_t>(resource)});
  }
}

}  // namespace vm::model
