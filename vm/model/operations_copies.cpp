// Operations: what brings tenants back after a crash: restores, and the second copies.
#include <algorithm>

#include "vm/model/operations.hpp"
#include "vm/model/service.hpp"
#include "vm/model/watch.hpp"

namespace vm::model {

void Operations::carry_out(Time, const Restore& order) {
  if (cloud_.machine(order.to).state != MachineState::up) return;  // its loss is still to be told
  if (!restores_.emplace(order.attempt.value, order).second) return;  // repeated, and under way
  Duration span = round_trip;
  if (order.from == RestoreFrom::log) {  // the log is read back through the target's disk
    span += cloud_.tenant(order.tenant).state / cloud_.machine(order.to).capacity.disk;
  }
  cloud_.simulator.after(span, {Kind::restored, order.tenant.value, order.attempt.value});
}

void Operations::on_restored(Time now, TenantId id, Attempt attempt) {
  const auto found = restores_.find(attempt.value);
  if (found == restores_.end()) return;
  const Restore order = found->second;
  restores_.erase(found);
  Tenant& tenant = cloud_.tenant(id);
  Machine& target = cloud_.machine(order.to);
  SIM_CHECK(!tenant.served && target.state == MachineState::up);  // crash() took the others out
  std::uint64_t lost = 0;
  if (order.from == RestoreFrom::replica) {
    // Its memory is held here already. A replica that is gone or incomplete cannot be restored.
    if (!tenant.replica.complete || tenant.replica.machine != order.to) {
      return tell(now, MigrationBroken{attempt});
    }
    tenant.replica = {};
  } else {
    const bool log = order.from == RestoreFrom::log;
    drop_replica(tenant);  // one that the books do not know is nobody's
    const Bytes state = log ? tenant.state : cloud_.scenario.clients[tenant.group.value].state;
    if (!target.try_hold(state)) return tell(now, MigrationBroken{attempt});
    if (!log) lost = start_from_nothing(id);
  }
  --cloud_.machine(tenant.owner).tenants;
  tenant.owner = order.to;
  tenant.epoch = order.epoch;
  tenant.served = true;
  ++target.tenants;
  tell(now, Restored{attempt, lost});
}

/// What is left of a tenant when nothing is. Returns the acknowledged writes that are lost by it.
std::uint64_t Operations::start_from_nothing(TenantId id) {
  Tenant& tenant = cloud_.tenant(id);
  tenant.state = cloud_.scenario.clients[tenant.group.value].state;
  tenant.applied = {};
  ++tenant.generation;
  return cloud_.ledger.wiped(id);
}

void Operations::carry_out(Time, const Replicate& order) {
  const Tenant& tenant = cloud_.tenant(order.tenant);
  // Whoever is down meanwhile: its loss is still to be told.
  if (!tenant.served || cloud_.machine(order.to).state != MachineState::up) return;
  if (replications_.contains(order.attempt.value)) return;  // repeated, and under way
  std::erase_if(replications_,  // a later attempt takes the place of an earlier one
                [&](const auto& entry) { return entry.second.order.tenant == order.tenant; });
  replications_[order.attempt.value] = {order, tenant.epoch};
  Duration span = round_trip;
  if (tenant.replica.machine != order.to) {
    span += tenant.state / BytesPerSecond{copy_rate(tenant.owner, order.to)};
  }
  cloud_.simulator.after(span, {Kind::replicated, order.tenant.value, order.attempt.value});
}

void Operations::on_replicated(Time now, TenantId id, Attempt attempt) {
  const auto found = replications_.find(attempt.value);
  if (found == replications_.end()) return;
  const Replication done = found->second;
  replications_.erase(found);
  Tenant& tenant = cloud_.tenant(id);
  SIM_CHECK(tenant.served && cloud_.machine(done.order.to).state == MachineState::up);
  // A copy made from an owner before this one is nobody's.
  if (tenant.epoch != done.epoch) return tell(now, MigrationBroken{attempt});
  if (tenant.replica.machine != done.order.to) {
    if (!cloud_.machine(done.order.to).try_hold(tenant.state)) {
      return tell(now, MigrationBroken{attempt});
    }
    drop_replica(tenant);  // the copy before counted until now
    tenant.replica = {done.order.to, true};
  }
  tell(now, Replicated{attempt});
}

void Operations::drop_replica(Tenant& tenant) {
  if (tenant.replica.complete) cloud_.machine(tenant.replica.machine).let_go(tenant.state);
  tenant.replica = {};
}

void Operations::lose_replicas_on(MachineId id) {
  for (Tenant& tenant : cloud_.tenants) {
    if (tenant.replica.machine == id) tenant.replica = {};
  }
  std::erase_if(replications_, [&](const auto& entry) { return entry.second.order.to == id; });
}

}  // namespace vm::model
