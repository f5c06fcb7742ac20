// Operations: carries out the control plane's orders in the simulated world.
//
// Each order costs what it would cost: a boot its drawn time, a copy its bytes over the bandwidth
// it is given, a restore the reading of the log, every other answer a round trip. A copy takes at
// most `failover.bandwidth`, and no more than what copies are allowed of either machine's network
// card (Machine::network_for_copy), so that the cure leaves the patient air; what a migration
// takes, transactions do not get. Orders that nobody answers (release, drain, abort) take effect at
// once, and so does a freeze, though its answer takes a round trip.
//
// Whatever is lost under way (a machine, a boot) is told as a fact, and the control plane decides.
// What each kind of order does is in operations_moves.cpp (migrations), operations_copies.cpp
// (restores and second copies) and operations.cpp (machines).
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "vm/control_plane.hpp"
#include "vm/model/cloud.hpp"

namespace vm::model {

class Service;
class Watch;

class Operations {
 public:
  Operations(Cloud& cloud, Service& service, Watch& watch, Sabotage sabotage);

  /// Tells the control plane and carries out what it answers.
  void tell(Time now, const Fact& fact);

  /// Answers of orders under way; an attempt that is no more is ignored.
  void on_loads_reported(Time now, MachineId machine, Attempt attempt);
  void on_copied(Time now, Attempt attempt);
  void on_frozen(Time now, Attempt attempt);
  void on_verified(Time now, Attempt attempt);
  void on_switched_over(Time now, Attempt attempt);
  void on_restored(Time now, TenantId tenant, Attempt attempt);
  void on_replicated(Time now, TenantId tenant, Attempt attempt);
  void on_machine_ready(Time now, MachineId machine, Attempt attempt);
  void on_boot_failed(Time now, MachineId machine, Attempt attempt);

  /// The machine is gone at this instant, with all its memory, for so long at least that the loss
  /// is noticed: a restart that nobody sees would be none. Requires it to be up.
  void crash(Time now, MachineId machine, std::optional<Duration> lasts);
  void come_back(Time now, MachineId machine);

  /// A trap: crash one side of the next migration that comes to this step. One that is set already
  /// is for the same migration, so they are one, and the longer crash counts.
  struct Trap {
    MigrationStep step;
    Side side;
    std::optional<Duration> lasts;  // back after that
  };
  void set_trap(Trap trap);
  /// Boots that end before then fail.
  void fail_boots_until(Time end) { boots_fail_until_ = std::max(boots_fail_until_, end); }

  const ControlPlane& control() const { return control_; }
  /// Moves, restores and copies that have been ordered and not answered.
  std::size_t under_way() const {
    return transfers_.size() + restores_.size() + replications_.size();
  }
  std::size_t traps() const { return traps_.size(); }

 private:
  struct Replication {
    Replicate order;
    Epoch epoch = 0;  // of the owner that it copies from
  };

  void carry_out(Time now, const Allocate& order);
  void carry_out(Time now, const Release& order);
  void carry_out(Time now, const Drain& order);
  void carry_out(Time now, const AskLoads& order);
  void carry_out(Time now, const StartCopy& order);
  void carry_out(Time now, const CopyRound& order);
  void carry_out(Time now, const Freeze& order);
  void carry_out(Time now, const CopyRest& order);
  void carry_out(Time now, const Verify& order);
  void carry_out(Time now, const SwitchOver& order);
  void carry_out(Time now, const AbortMigration& order);
  void carry_out(Time now, const Restore& order);
  void carry_out(Time now, const Replicate& order);
  void carry_out(Time now, const SetTimer& order);
  void carry_out(Time now, const Notify& order);

  Transfer* transfer(Attempt attempt);
  void begin_round(Time now, Transfer& t, Bytes size);
  void end_round(Time now, Transfer& t);
  void drop(Time now, Transfer& t);
  void switch_over(Time now, Transfer& t);
  bool spring_trap(Time now, MigrationStep step, const Transfer& t);
  double copy_rate(MachineId from, MachineId to);  // bytes/s
  Bytes dirty(const Transfer& t);                  // written since its round began
  void break_off_transfers(Time now, MachineId machine);
  void lose_replicas_on(MachineId machine);
  void drop_replica(Tenant& tenant);
  std::uint64_t start_from_nothing(TenantId tenant);
  void break_off(Attempt attempt);
  void answer(Kind kind, std::uint32_t subject, Attempt attempt);

  Cloud& cloud_;
  Service& service_;
  Watch& watch_;
  Sabotage sabotage_;
  ControlPlane control_;
  std::vector<Order> orders_;                      // in hand; kept for its memory
  std::map<std::uint32_t, Transfer> transfers_;    // by attempt
  std::map<std::uint32_t, SwitchOver> switching_;  // those of them that only go forward
  std::map<std::uint32_t, Restore> restores_;
  std::map<std::uint32_t, Replication> replications_;
  std::vector<Trap> traps_;  // at most one for each step and side
  Time boots_fail_until_{};
};

}  // namespace vm::model
