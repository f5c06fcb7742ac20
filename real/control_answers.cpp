// ControlLoop: what nodes say. Only answers to what is outstanding, from who was asked, become
// facts: the journal is no place for anything else.
#include <algorithm>
#include <cmath>

#include "real/control_loop.hpp"

namespace real {
namespace {

constexpr vm::Bytes most_bytes{std::int64_t{1} << 60};

vm::Bytes sane(vm::Bytes size) {
  return std::clamp(size, vm::Bytes{}, most_bytes);
}

}  // namespace

void ControlLoop::on_node(vm::MachineId machine, Message& message) {
  std::visit([&](auto& m) { on(machine, m); }, message);
}

void ControlLoop::on(vm::MachineId machine, const Owned& answer) {
  settling_.on(machine, answer);
  settled();
}

void ControlLoop::on(vm::MachineId machine, const Loads& answer) {
  const vm::AskLoads* asked = undone_.loads(answer.attempt);
  if (asked == nullptr || asked->machine != machine) return;
  vm::LoadsReported fact{.attempt = answer.attempt, .machine = machine, .loads = {}};
  for (const Loads::Load& load : answer.loads) {
    const double cpu = std::isfinite(load.cpu) ? std::max(load.cpu, 0.0) : 0.0;
    fact.loads.push_back({load.tenant, cpu, sane(load.state)});
  }
  tell(fact);
}

void ControlLoop::on(vm::MachineId machine, const Copied& answer) {
  const Undone::Transfer* t = undone_.transfer(answer.attempt);
  if (t == nullptr || t->from != machine) return;
  tell(vm::Copied{answer.attempt, sane(answer.copied), sane(answer.dirty), answer.round});
}

void ControlLoop::on(vm::MachineId machine, const Frozen& answer) {
  const Undone::Transfer* t = undone_.transfer(answer.attempt);
  if (t == nullptr || t->from != machine) return;
  tell(vm::Frozen{answer.attempt, sane(answer.rest)});
}

void ControlLoop::on(vm::MachineId machine, const Verified& answer) {
  const Undone::Transfer* t = undone_.transfer(answer.attempt);
  if (t == nullptr || t->from != machine) return;
  tell(vm::Verified{answer.attempt, answer.equal});
}

void ControlLoop::on(vm::MachineId machine, const TakenOver& answer) {
  const Undone::Transfer* t = undone_.transfer(answer.attempt);
  if (t == nullptr || t->to != machine || t->step != Step::switching) return;
  keep_stream(t->tenant);
  finish_switch(t->attempt);
}

void ControlLoop::on(vm::MachineId machine, const Fenced& answer) {
  undone_.fenced(machine, answer.tenant, answer.epoch);
}

void ControlLoop::on(vm::MachineId machine, const Broken& answer) {
  if (const Undone::Transfer* t = undone_.transfer(answer.attempt)) {
    if (t->from == machine || t->to == machine) tell(vm::MigrationBroken{answer.attempt});
    return;
  }
  const vm::Restore* restore = undone_.restore(answer.attempt);
  const vm::Replicate* replicate = undone_.replication(answer.attempt);
  if (restore != nullptr) {
    if (restore->to == machine) tell(vm::MigrationBroken{answer.attempt});
  } else if (replicate != nullptr) {
    if (inventory()[replicate->tenant].owner == machine) tell(vm::MigrationBroken{answer.attempt});
  } else {  // a second copy that was complete, and whose machine the owner cannot reach
    for (const auto& [tenant, stream] : streams_) {
      if (stream.attempt != answer.attempt || stream.owner != machine) continue;
      const vm::TenantId of = tenant;
      return give_up_replica(of, stream.to);
    }
  }
}

void ControlLoop::on(vm::MachineId machine, const Restored& answer) {
  const vm::Restore* found = undone_.restore(answer.attempt);
  if (found == nullptr || found->to != machine) return;
  const vm::Restore order = *found;
  const vm::MachineId before = undone_.holder(order.tenant);
  // What a log or a second copy brings back is all that was acknowledged; the books at the end of
  // a run check that. From nothing, all of it is lost.
  const bool wiped = order.from == vm::RestoreFrom::nothing;
  const std::uint64_t lost = wiped ? courier_.acknowledged(order.tenant, true) : 0;
  courier_.move(now(), order.tenant, order.to, order.epoch);
  tell(vm::Restored{order.attempt, lost});
  send_fence(before, order.tenant);
}

// ---- Second copies -----------------------------------------------------------------------------

void ControlLoop::on(vm::MachineId machine, const Replicated& answer) {
  if (settling_.on(machine, answer)) return settled();
  if (const vm::Replicate* found = undone_.replication(answer.attempt)) {
    const vm::Replicate order = *found;
    if (inventory()[order.tenant].owner != machine) return;
    tell(vm::Replicated{order.attempt});
    keep_stream(order.tenant);
  }
}

/// From now on its owner keeps the tenant's second copy up, if there is a complete one.
void ControlLoop::keep_stream(vm::TenantId id) {
  const vm::Inventory::Tenant& tenant = inventory()[id];
  if (!tenant.replica_complete) return;
  streams_[id] = {undone_.replica_attempt(id), tenant.owner, tenant.replica};
}

/// Owners are told of second copies that are none any more: they acknowledge alone from then on.
/// That comes after the fact is in the journal, so such a copy never takes over.
void ControlLoop::reconcile_streams() {
  for (auto entry = streams_.begin(); entry != streams_.end();) {
    const auto& [id, stream] = *entry;
    const vm::Inventory::Tenant& tenant = inventory()[id];
    const bool kept = tenant.replica == stream.to && tenant.replica_complete;
    if (kept && tenant.owner == stream.owner) {
      ++entry;
      continue;
    }
    if (tenant.owner == stream.owner) {
      nodes_.try_send(stream.owner, DropReplica{id});
      nodes_.try_send(stream.to, DropReplica{id});
    }
    entry = streams_.erase(entry);
  }
}

void ControlLoop::give_up_replica(vm::TenantId tenant, vm::MachineId replica) {
  const vm::MachineId owner = inventory()[tenant].owner;
  tell(vm::ReplicaBroken{tenant, replica});
  nodes_.try_send(owner, DropReplica{tenant});
  nodes_.try_send(replica, DropReplica{tenant});
}

}  // namespace real
