// FailoverController: answers SLA failures and crashes with machines and moves.
//
//   sick machine:  trigger ─> target (spare, or boot) ─> ask loads ─> move the chosen ─> end
//   lost machine:  trigger ─> promote second copies; the rest: target ─> restore ─────> end
//
// It knows machines and tenants from the scenario and from its own orders (Inventory), moves
// tenants one Migration each, and keeps second copies (Replicas). What keeps the cure from becoming
// the disease: no machine fails over twice within its cool-down, which also runs for a machine that
// just received tenants; at most `at_once` migrations and copies are under way in the whole
// scenario, in order of asking; and no fleet starts a failover while more than its `stop` share of
// machines is in SLA failure. A crash is exempt from cool-down and stop: nobody serves its tenants.
//
// Whatever a handler changes, nothing ends or starts inside it: failovers whose work is done and
// machines whose situation changed are noted, and wrap_up() looks at them when the handler is
// through. So no handler ever meets half-updated books.
//
// docs/FAILOVER.md has the rules with their reasons.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "vm/control.hpp"
#include "vm/inventory.hpp"
#include "vm/migration.hpp"
#include "vm/replicas.hpp"
#include "vm/scenario.hpp"
#include "vm/sla.hpp"

namespace vm {

class FailoverController {
 public:
  explicit FailoverController(const Scenario& scenario);
  // Its parts refer to each other.
  FailoverController(const FailoverController&) = delete;
  FailoverController& operator=(const FailoverController&) = delete;

  /// Takes in one fact; appends the orders that follow. Samples, latencies and outcomes are the
  /// SlaMonitor's; here they only let waiting orders go out. A crash's SLA failure must be told
  /// first.
  void step(Time now, const Fact& fact, std::vector<Order>& orders);

  /// Takes in what the SlaMonitor found.
  void on(Time now, const SlaEvent& event, std::vector<Order>& orders);

  bool is_up(MachineId machine) const { return inventory_.is_up(machine); }
  const Inventory& inventory() const { return inventory_; }

  /// Machines all of whose cut-off tenants are served again, since the last call.
  std::vector<MachineId> take_recovered();

 private:
  enum class Phase : std::uint8_t { seeking, asking, moving };

  struct Failover {
    FailoverEnded figures;  // so far; `to`: the last machine that took tenants
    Cause cause = Cause::cpu;
    FlavorId flavor;  // of the target
    Phase phase = Phase::seeking;
    MachineId target = no_machine;  // booting or in use
    std::uint32_t boots = 0, asks = 0;
    Attempt loads{}, alarm{};        // AskLoads and its timer
    std::size_t wanted = 0;          // tenants that should move
    std::uint32_t open = 0;          // migrations and restores that have not ended
    bool chosen = false;             // who moves is decided
    std::vector<TenantId> stranded;  // chosen, but the target is gone
    std::vector<MachineId> refused;  // earlier targets that could not restore somebody
  };
  struct Post {                                             // what is going on at one machine
    std::vector<std::pair<std::uint32_t, Cause>> failures;  // open
    std::optional<FailoverId> source_of, target_of;
    Time quiet_until;    // end of the cool-down
    Attempt cooldown{};  // its alarm
    Attempt boot{}, boot_alarm{};
    bool draining = false;                  // the world was told so
    std::optional<std::uint32_t> withheld;  // the last failure that was said to get no failover
  };
  struct Restoring {
    Restore order;
    Attempt alarm{};
    std::uint32_t refusals = 0;  // of a machine that came back by itself: it rests after each
    std::optional<FailoverId> failover;  // none: the machine came back by itself
  };

  // failover.cpp: from an SLA failure to its end
  void consider(Time now, MachineId machine, std::vector<Order>& orders);
  std::string_view reason_against(Time now, MachineId machine);
  void wait_for_quiet(Time now, MachineId machine, std::vector<Order>& orders);
  void reconsider_stopped(FleetId fleet);
  FailoverId trigger(Time now, MachineId from, Cause cause, std::vector<Order>& orders);
  void seek_target(Time now, FailoverId id, std::vector<Order>& orders);
  void target_is_up(Time now, FailoverId id, std::vector<Order>& orders);
  void ask_loads(Time now, FailoverId id, std::vector<Order>& orders);
  void fail(Time now, FailoverId id, std::vector<Order>& orders);
  void end(Time now, FailoverId id, std::vector<Order>& orders);
  void wrap_up(Time now, std::vector<Order>& orders);

  // machines
  void boot(Time now, FailoverId id, std::vector<Order>& orders);
  void boot_failed(Time now, MachineId machine, std::vector<Order>& orders);
  void to_spares(MachineId machine);
  void retire(MachineId machine);
  void drain(MachineId machine, bool begins, std::vector<Order>& orders);

  // moves
  template <class Answer>
  void route(Time now, const Answer& fact, std::vector<Order>& orders);
  void settle(Time now, TenantId tenant, std::vector<Order>& orders);
  void start_moves(Time now, std::vector<Order>& orders);
  bool place_free(MachineId machine) const;
  void received(Time now, MachineId machine);

  // failover_crash.cpp: from a crash to tenants that are served again
  void cut_moves(Time now, MachineId lost, std::vector<Order>& orders);
  void cut_restores(MachineId lost);
  void replace_target(Time now, MachineId lost, std::vector<Order>& orders);
  MachineId leave_source(Time now, MachineId lost, std::vector<Order>& orders);
  void answer_crash(Time now, MachineId lost, MachineId adopted, std::vector<Order>& orders);
  bool try_promote(Time now, TenantId tenant, std::optional<FailoverId> failover,
                   std::vector<Order>& orders);
  void restore(Time now, TenantId tenant, MachineId to, RestoreFrom from,
               std::optional<FailoverId> failover, std::vector<Order>& orders);
  void restore_here(Time now, MachineId machine, std::vector<Order>& orders);
  void on_restore_alarm(Time now, TenantId tenant, std::vector<Order>& orders);
  void restore_broken(Time now, TenantId tenant, std::vector<Order>& orders);
  void refuse_target(Time now, FailoverId id, std::vector<Order>& orders);
  RestoreFrom without_copy() const;

  void on(Time now, const MachineReady& fact, std::vector<Order>& orders);
  void on(Time now, const BootFailed& fact, std::vector<Order>& orders);
  void on(Time now, const MachineLost& fact, std::vector<Order>& orders);
  void on(Time now, const MachineReturned& fact, std::vector<Order>& orders);
  void on(Time now, const LoadsReported& fact, std::vector<Order>& orders);
  void on(Time now, const Restored& fact, std::vector<Order>& orders);
  void on(Time now, const MigrationBroken& fact, std::vector<Order>& orders);
  void on(Time now, const TimerFired& fact, std::vector<Order>& orders);

  const FailoverConfig& config(MachineId machine) const {
    return fleets_[inventory_[machine].fleet.value].failover;
  }
  Post& post(MachineId machine) { return posts_[machine.value]; }
  Failover& failover(FailoverId id) { return failovers_.at(id); }

  std::vector<Fleet> fleets_;
  std::vector<Flavor> flavors_;
  Durability durability_;
  Duration window_;

  Attempts attempts_;
  Inventory inventory_;
  Replicas replicas_;
  std::vector<Post> posts_;  // by MachineId
  std::map<FailoverId, Failover> failovers_;
  std::uint32_t next_failover_ = 0;

  std::map<TenantId, Migration> migrations_;
  std::map<TenantId, Restoring> restores_;
  std::deque<TenantId> turns_;  // migrations that wait for a place, in order of asking
  std::set<TenantId> moving_;   // migrations that have one

  std::vector<std::uint32_t> in_failure_;     // machines, by fleet
  std::vector<std::set<MachineId>> stopped_;  // withheld by the fleet-wide stop, by fleet
  std::set<FailoverId> perhaps_done_;         // wrap_up() looks at these
  std::set<MachineId> changed_;               // and these
  std::set<MachineId> retiring_;              // and these
  std::vector<MachineId> recovered_;
};

}  // namespace vm
