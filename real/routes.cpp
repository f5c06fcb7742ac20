#include "real/routes.hpp"

#include "sim/check.hpp"

namespace real {

bool Routes::try_hold(vm::TenantId id, Slot slot, vm::Time deadline) {
  Tenant& tenant = tenants_[id.value];
  SIM_CHECK(tenant.route.frozen);
  if (tenant.held.size() >= held_limit) return false;
  tenant.held.push_back({slot, deadline});
  holding_.insert(id);
  return true;
}

void Routes::freeze(vm::TenantId id) {
  tenants_[id.value].route.frozen = true;
}

Routes::Slots Routes::release(vm::TenantId id) {
  Tenant& tenant = tenants_[id.value];
  tenant.route.frozen = false;
  Slots slots;
  slots.reserve(tenant.held.size());
  for (const Held& held : tenant.held) slots.push_back(held.slot);
  tenant.held.clear();
  holding_.erase(id);
  return slots;
}

Routes::Slots Routes::thaw(vm::TenantId id) {
  return release(id);
}

Routes::Slots Routes::move(vm::TenantId id, vm::MachineId owner, vm::Epoch epoch) {
  Route& route = tenants_[id.value].route;
  route.owner = owner;
  route.epoch = epoch;
  route.served = true;
  return release(id);
}

Routes::Slots Routes::cut_off(vm::TenantId id) {
  tenants_[id.value].route.served = false;
  return release(id);
}

Routes::Slots Routes::expired(vm::Time now) {
  Slots slots;
  for (auto id = holding_.begin(); id != holding_.end();) {
    auto& held = tenants_[id->value].held;
    // In order of arrival is in order of deadline, but for who was held before: he is in front.
    while (!held.empty() && held.front().deadline <= now) {
      slots.push_back(held.front().slot);
      held.pop_front();
    }
    id = held.empty() ? holding_.erase(id) : std::next(id);
  }
  return slots;
}

}  // namespace real
