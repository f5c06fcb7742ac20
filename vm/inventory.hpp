// Inventory: the control plane's own knowledge of machines and tenants.
//
//   machine:  booting ──up──> up ──> lost ──> up again        any of them ──> released
//
// It starts as the scenario's layout says and changes only by what the control plane orders or is
// told. A tenant has exactly one owner at every instant, under an epoch that grows with each change
// of owner; the tenants of a lost machine stay written to it until somebody else becomes the owner.
// A machine is never released while a tenant or a second copy is written to it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "vm/scenario.hpp"

namespace vm {

class Inventory {
 public:
  enum class Life : std::uint8_t { booting, up, lost, released };

  struct Machine {
    FleetId fleet;
    FlavorId flavor;
    Life life = Life::up;
    bool spare = false;                   // up, empty and waiting
    bool retiring = false;                // to be released once it is empty
    std::vector<TenantId> tenants;        // sorted
    std::vector<TenantId> copies;         // second copies kept here, sorted
    Bytes held{};                         // state of both, as far as known
    std::optional<std::uint32_t> host{};  // where it is known; shared with others
  };
  struct Tenant {
    MachineId owner;
    Epoch epoch = 0;
    bool served = true;  // by its owner; false from a crash until it is restored
    MachineId replica = no_machine;
    bool replica_complete = false;  // only then it can take over
    Bytes state{};                  // at the last report
  };

  explicit Inventory(const Scenario& scenario);

  bool knows(MachineId machine) const { return machine.value < machines_.size(); }
  bool is_up(MachineId machine) const {
    return knows(machine) && machines_[machine.value].life == Life::up;
  }
  const Machine& operator[](MachineId machine) const { return machines_[machine.value]; }
  const Tenant& operator[](TenantId tenant) const { return tenants_[tenant.value]; }
  std::uint32_t machine_count() const { return static_cast<std::uint32_t>(machines_.size()); }
  std::uint32_t tenant_count() const { return static_cast<std::uint32_t>(tenants_.size()); }

  /// Machines of the fleet that are up or lost: what its fleet-wide stop is a share of.
  std::uint32_t running(FleetId fleet) const { return running_[fleet.value]; }

  // ---- machines

  MachineId add(FleetId fleet, FlavorId flavor);  // booting
  void up(MachineId machine);                     // from booting, or back from lost
  /// Its tenants are cut off. Copies that it kept, or received, are incomplete from now on.
  void lost(MachineId machine);
  void retire(MachineId machine);
  void set_host(MachineId machine, std::uint32_t host) { machines_[machine.value].host = host; }
  /// Two machines that one host's loss takes both, as far as known.
  bool together(MachineId a, MachineId b) const {
    if (!knows(a) || !knows(b) || a == b) return false;
    const auto &one = machines_[a.value].host, &other = machines_[b.value].host;
    return one && one == other;
  }
  /// Requires that no tenant and no copy is written to it.
  void release(MachineId machine);
  void make_spare(MachineId machine);
  /// The spare of this fleet and flavor with the lowest number, no spare any more from now on.
  std::optional<MachineId> take_spare(FleetId fleet, FlavorId flavor);

  // ---- tenants

  /// Another owner, under the next epoch. A second copy on the new owner is one no longer.
  void own(TenantId tenant, MachineId machine);
  /// Whether tenants that a crash of this machine cut off are still not served.
  bool is_missed(MachineId machine) const { return cut_off_.count(machine) > 0; }
  /// Served again. Appends the machines of which it was the last tenant that their crash cut off.
  void serve(TenantId tenant, std::vector<MachineId>& recovered);
  void set_state(TenantId tenant, Bytes state);
  /// Where the second copy is kept, or will be; no_machine for nowhere.
  void set_replica(TenantId tenant, MachineId machine, bool complete);

 private:
  void unlist(std::vector<TenantId>& list, TenantId tenant);
  void list(std::vector<TenantId>& list, TenantId tenant);

  std::vector<Machine> machines_;
  std::vector<Tenant> tenants_;
  std::vector<std::uint32_t> running_;              // by fleet
  std::vector<std::set<MachineId>> spares_;         // by fleet
  std::map<TenantId, std::set<MachineId>> cut_by_;  // whose crashes a tenant still suffers
  std::map<MachineId, std::uint32_t> cut_off_;      // tenants that suffer its crash
};

}  // namespace vm
