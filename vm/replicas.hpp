// Replicas: keeps the second copy of every tenant where the scenario wants two.
//
// A tenant that has no second copy, or whose copy has to leave a machine, is wanted: it gets a new
// copy on the machine of its fleet that carries least (a spare or another fleet's only where there
// is nothing else), in the background, one order at a time from the places that migrations leave
// free. The old copy counts until the new one is complete. A tenant is never copied while it moves.
// Where it is known which machines share a host, a copy on the owner's own host is moved to another
// one as soon as some machine there can take it.
//
// A copy may take as long as it takes: silence for `timeout` repeats the order under the same
// attempt, so that a lost answer is told again and a slow copy is not begun anew. Where the home
// refuses (it is full), the tenant rests, and another home is preferred next time.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <vector>

#include "vm/attempts.hpp"
#include "vm/control.hpp"
#include "vm/inventory.hpp"

namespace vm {

class Replicas {
 public:
  Replicas(const Scenario& scenario, Inventory& inventory, Attempts& attempts);

  /// This tenant needs a copy, or another home for it. Nothing happens where one copy is enough.
  void want(TenantId tenant);
  /// Machines came, went or are at leisure again: whoever found no home may look again.
  void look_again() { stalled_ = false; }

  /// Orders one copy if somebody wants one, `ready(tenant)` and a home that `fit(machine)`.
  ///   cost   O(wanted + machines); nothing after a failure until look_again()
  bool try_start(Time now, const std::function<bool(TenantId)>& ready,
                 const std::function<bool(MachineId)>& fit, std::vector<Order>& orders);

  void on(const Replicated& fact);
  void on(const ReplicaBroken& fact);
  void on(Time now, const MigrationBroken& fact, std::vector<Order>& orders);
  /// The alarm of an unanswered order, or the end of a rest.
  void on(Time now, const TimerFired& fact, std::vector<Order>& orders);

  /// The machine crashed: orders from or to it are void, and copies on it gone. A fleet without
  /// failover keeps their places: they are built again when the machine returns.
  void lost(MachineId machine);
  void returned(MachineId machine);
  /// It is known on which host this machine is.
  void housed(MachineId machine);

  bool busy(TenantId tenant) const { return building_.count(tenant) > 0; }
  bool builds_on(MachineId machine) const;
  std::uint32_t active() const { return static_cast<std::uint32_t>(building_.size()); }

 private:
  struct Building {
    Attempt attempt, alarm;
    MachineId to;
  };
  struct Rest {  // after refusals, until a copy is complete
    Attempt alarm{};
    MachineId refused_by = no_machine;
    std::uint32_t times = 0;
  };
  const FailoverConfig& config(MachineId machine) const;
  void set_alarm(Time now, TenantId tenant, std::vector<Order>& orders);
  MachineId home(TenantId tenant, const std::function<bool(MachineId)>& fit) const;
  bool needs_copy(TenantId tenant) const;
  void stop(TenantId tenant);
  std::optional<TenantId> tenant_of(Attempt attempt) const;

  std::vector<Fleet> fleets_;
  std::vector<Bytes> memory_;  // by FlavorId
  bool two_;
  Inventory& inventory_;
  Attempts& attempts_;
  std::set<TenantId> wanted_;
  std::map<TenantId, Building> building_;
  std::map<TenantId, Rest> rests_;
  bool stalled_ = false;
};

}  // namespace vm
