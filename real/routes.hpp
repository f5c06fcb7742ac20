// Routes: who owns which tenant under which epoch, and what waits until that is decided again.
//
//   forward ──freeze──> hold ──thaw, move──> forward
//      └────cut_off, from each──> fail ──move──> forward
//
// A tenant that is about to move is frozen: what arrives for it is held, in order, at most
// `held_limit` of them and each for at most the patience it was given, and goes to whoever owns the
// tenant afterwards. A tenant whose machine is lost is cut off: nobody serves it, and nothing waits
// for it. What is held is named by its slot, a number of the caller's. Pure bookkeeping.
#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <vector>

#include "vm/entities.hpp"

namespace real {

class Routes {
 public:
  using Slot = std::uint32_t;
  using Slots = std::vector<Slot>;

  /// As many as the simulated world holds for one frozen tenant.
  static constexpr std::size_t held_limit = 10'000;

  struct Route {
    vm::MachineId owner = vm::no_machine;
    vm::Epoch epoch = 0;
    bool served = false;
    bool frozen = false;
  };

  /// Every tenant begins cut off.
  explicit Routes(std::size_t tenants) : tenants_(tenants) {}

  bool knows(vm::TenantId tenant) const { return tenant.value < tenants_.size(); }
  /// Requires knows(), as all below do.
  const Route& operator[](vm::TenantId tenant) const { return tenants_[tenant.value].route; }

  /// Holds `slot` for a frozen tenant until `deadline`; false when too many wait already.
  bool try_hold(vm::TenantId tenant, Slot slot, vm::Time deadline);

  void freeze(vm::TenantId tenant);
  /// These return what was held, in order of its arrival: it has to go somewhere now.
  [[nodiscard]] Slots thaw(vm::TenantId tenant);
  [[nodiscard]] Slots move(vm::TenantId tenant, vm::MachineId owner, vm::Epoch epoch);
  [[nodiscard]] Slots cut_off(vm::TenantId tenant);
  /// What has waited beyond its deadline, no longer held. Cost: O(tenants that hold something).
  [[nodiscard]] Slots expired(vm::Time now);

 private:
  struct Held {
    Slot slot;
    vm::Time deadline;
  };
  struct Tenant {
    Route route;
    std::deque<Held> held;
  };
  Slots release(vm::TenantId tenant);

  std::vector<Tenant> tenants_;
  std::set<vm::TenantId> holding_;  // those for whom something waits
};

}  // namespace real
