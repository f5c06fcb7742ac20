// ControlLoop: how each order is carried out.
#include <algorithm>

#include "real/control_loop.hpp"

namespace real {
double ControlLoop::bandwidth(vm::MachineId from) const {
  return scenario_.fleets[inventory()[from].fleet.value].failover.bandwidth.value;
}

// ---- Machines ----------------------------------------------------------------------------------

void ControlLoop::carry_out(const vm::Allocate& order) {
  to_stage(Launch{.attempt = order.attempt, .machine = order.machine, .flavor = order.flavor});
}

void ControlLoop::carry_out(const vm::Release& order) {
  unwatch(order.machine);
  cut_off(order.machine);
  to_stage(Stop{.machine = order.machine, .release = true});
}

void ControlLoop::carry_out(const vm::AskLoads& order) {
  nodes_.try_send(order.machine, AskLoads{order.attempt});
}

// ---- Migration ---------------------------------------------------------------------------------

/// Goes on with a migration when the stage has had its moment, if it wants any, and if the
/// migration is still there then.
void ControlLoop::at(Moment moment, vm::Attempt attempt, Then then) {
  const Undone::Transfer* t = undone_.transfer(attempt);
  if (t == nullptr) return;
  if (!moments_ || !stage_) return then(*t);
  stage_->send(Reached{.moment = moment, .attempt = attempt, .from = t->from, .to = t->to});
  waiting_[{moment, attempt}] = std::move(then);
}

template <class M>
void ControlLoop::to_source(const Undone::Transfer& transfer, const M& message) {
  if (!nodes_.try_send(transfer.from, message)) later(vm::MigrationBroken{transfer.attempt});
}

void ControlLoop::carry_out(const vm::StartCopy& order) {
  at(Moment::copying, order.attempt, [this](const Undone::Transfer& t) {
    if (nodes_.find(t.to) == nullptr) return later(vm::MigrationBroken{t.attempt});
    to_source(t, StartCopy{.attempt = t.attempt,
                           .tenant = t.tenant,
                           .to = t.to,
                           .address = nodes_.address(t.to),
                           .bandwidth = bandwidth(t.from)});
  });
}

void ControlLoop::carry_out(const vm::CopyRound& order) {
  at(Moment::copy_round, order.attempt, [this](const Undone::Transfer& t) {
    to_source(t, CopyRound{.attempt = t.attempt, .round = t.round});
  });
}

void ControlLoop::carry_out(const vm::Freeze& order) {
  at(Moment::frozen, order.attempt, [this](const Undone::Transfer& t) {
    courier_.freeze(t.tenant);
    to_source(t, Freeze{t.attempt});
  });
}

void ControlLoop::carry_out(const vm::CopyRest& order) {
  at(Moment::copying_rest, order.attempt, [this](const Undone::Transfer& t) {
    to_source(t, CopyRound{.attempt = t.attempt, .round = t.round});
  });
}

void ControlLoop::carry_out(const vm::Verify& order) {
  at(Moment::verifying, order.attempt,
     [this](const Undone::Transfer& t) { to_source(t, Verify{t.attempt}); });
}

void ControlLoop::carry_out(const vm::SwitchOver& order) {
  at(Moment::switching, order.attempt, [this](const Undone::Transfer& t) { take_over(t); });
}

/// Repeated by the control plane's timer and when the target's link is back. A tenant with a second
/// copy keeps it when it moves: the new owner keeps it up from its very first write.
void ControlLoop::take_over(const Undone::Transfer& t) {
  TakeOver message{.attempt = t.attempt, .tenant = t.tenant, .epoch = t.epoch};
  const vm::Inventory::Tenant& tenant = inventory()[t.tenant];
  if (tenant.replica_complete) {
    message.replica = undone_.replica_attempt(t.tenant);
    message.address = nodes_.address(tenant.replica);
  }
  nodes_.try_send(t.to, message);
}

void ControlLoop::finish_switch(vm::Attempt attempt) {
  at(Moment::switched, attempt, [this](const Undone::Transfer& transfer) {
    const Undone::Transfer t = transfer;  // telling ends it
    courier_.move(now(), t.tenant, t.to, t.epoch);
    tell(vm::SwitchedOver{t.attempt, std::max(now() - t.frozen_at, vm::Duration{})});
    send_fence(t.from, t.tenant);
  });
}

void ControlLoop::send_fence(vm::MachineId machine, vm::TenantId tenant) {
  const auto found = undone_.fences().find({machine, tenant});
  if (found == undone_.fences().end()) return;
  nodes_.try_send(machine, Fence{.tenant = tenant,
                                 .epoch = found->second.epoch,
                                 .owner = nodes_.address(found->second.owner)});
}

// ---- After a crash -----------------------------------------------------------------------------

void ControlLoop::carry_out(const vm::Restore& order) {
  restore(order);
}

void ControlLoop::restore(const vm::Restore& order) {
  Restore message{
      .attempt = order.attempt, .tenant = order.tenant, .epoch = order.epoch, .from = order.from};
  const vm::MachineId holder = undone_.holder(order.tenant);
  if (order.from == vm::RestoreFrom::log && holder != order.to) {
    if (!try_find_log(order, message.directory)) return;
  } else if (order.from == vm::RestoreFrom::nothing) {
    const vm::ClientGroup& group = scenario_.clients[layout_.group[order.tenant.value].value];
    message.state = group.state;
    message.keep = group.keep.value_or(vm::Bytes{});
  }
  nodes_.try_send(order.to, message);  // without a link: when it is back
}

/// Where the log of the machine that served the tenant last can be read on the order's target.
/// False when that has to be seen to first, or cannot be: an answer comes by itself.
bool ControlLoop::try_find_log(const vm::Restore& order, std::string& directory) {
  const vm::MachineId holder = undone_.holder(order.tenant);
  Post &lost = post(holder), &target = post(order.to);
  if (!lost.dead) {
    to_stage(Stop{.machine = holder, .release = false});  // Stopped goes on
    return false;
  }
  if (lost.directory.empty()) {  // its disk is gone with its host
    later(vm::MigrationBroken{order.attempt});
    return false;
  }
  directory = lost.directory;
  if (!target.known) return false;  // not told yet where it is: its link will ask again
  if (lost.host == target.host) return true;
  const auto copy = lost.brought.find(target.host);
  if (copy == lost.brought.end()) {
    lost.brought[target.host].clear();
    to_stage(Bring{.machine = holder, .to = order.to});
    return false;
  }
  directory = copy->second;
  return !directory.empty();  // else Brought goes on
}

void ControlLoop::carry_out(const vm::Replicate& order) {
  replicate(order);
}

void ControlLoop::replicate(const vm::Replicate& order) {
  const vm::MachineId owner = inventory()[order.tenant].owner;
  if (nodes_.find(order.to) == nullptr) return;  // its link or its loss is still to come
  nodes_.try_send(owner, Replicate{.attempt = order.attempt,
                                   .tenant = order.tenant,
                                   .to = order.to,
                                   .address = nodes_.address(order.to),
                                   .bandwidth = bandwidth(owner)});
}

}  // namespace real
