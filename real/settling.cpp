#include "real/settling.hpp"

namespace real {

Settling::Settling(const vm::Scenario& scenario, const vm::Layout& layout, NodeLinks& nodes)
    : scenario_(scenario), layout_(layout), nodes_(nodes) {
  for (std::uint32_t i = 0; i < layout.owner.size(); ++i) {
    unowned_.insert({i});
    if (layout.replica[i] != vm::no_machine) uncopied_.insert({i});
  }
}

void Settling::on_up(vm::MachineId machine) {
  for (const vm::TenantId tenant : unowned_) {
    if (layout_.owner[tenant.value] == machine) own(tenant);
  }
  // A copy needs both of its machines: each of them that comes up asks for it.
  for (const vm::TenantId tenant : uncopied_) {
    const bool concerned =
        layout_.owner[tenant.value] == machine || layout_.replica[tenant.value] == machine;
    if (concerned && !unowned_.contains(tenant)) copy(tenant);
  }
}

void Settling::own(vm::TenantId tenant) {
  const vm::ClientGroup& group = scenario_.clients[layout_.group[tenant.value].value];
  nodes_.try_send(layout_.owner[tenant.value], Own{.tenant = tenant,
                                                   .epoch = 0,
                                                   .state = group.state,
                                                   .keep = group.keep.value_or(vm::Bytes{})});
}

void Settling::copy(vm::TenantId tenant) {
  const vm::MachineId owner = layout_.owner[tenant.value], to = layout_.replica[tenant.value];
  if (nodes_.find(to) == nullptr) return;
  const vm::FleetId fleet = layout_.machines[owner.value].fleet;
  nodes_.try_send(owner,
                  Replicate{.attempt = Undone::first_replica_attempt(tenant),
                            .tenant = tenant,
                            .to = to,
                            .address = nodes_.address(to),
                            .bandwidth = scenario_.fleets[fleet.value].failover.bandwidth.value});
}

void Settling::on(vm::MachineId from, const Owned& answer) {
  if (!unowned_.contains(answer.tenant) || layout_.owner[answer.tenant.value] != from) return;
  unowned_.erase(answer.tenant);
  if (uncopied_.contains(answer.tenant)) copy(answer.tenant);
}

bool Settling::on(vm::MachineId from, const Replicated& answer) {
  const vm::TenantId tenant{answer.attempt.value & 0x3fffffffu};
  if (answer.attempt != Undone::first_replica_attempt(tenant) ||
      tenant.value >= layout_.owner.size())
    return false;
  if (layout_.owner[tenant.value] == from) uncopied_.erase(tenant);
  return true;
}

std::string Settling::waits_for() const {
  for (std::uint32_t i = 0; i < layout_.machines.size(); ++i) {
    if (nodes_.find({i}) == nullptr) return "machine " + std::to_string(i) + " is not there";
  }
  if (!unowned_.empty()) {
    return "tenant " + std::to_string(unowned_.begin()->value) + " has no owner yet";
  }
  return uncopied_.empty()
             ? std::string{"nothing"}
             : "tenant " + std::to_string(uncopied_.begin()->value) + " has no second copy yet";
}

}  // namespace real
