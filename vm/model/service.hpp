// Service: carries attempts through the machines that their tenants live on.
//
// An attempt goes to its tenant's owner, is let in or refused, holds its memory, takes its steps at
// one station after the other, applies its write and is answered. While its tenant is frozen it is
// held; when the tenant moves it starts again on the new owner. Exactly once: a write that this
// state already holds is acknowledged without being applied again.
#pragma once

#include <vector>

#include "vm/demand_draw.hpp"
#include "vm/model/cloud.hpp"

namespace vm::model {

class Clients;

class Service {
 public:
  Service(Cloud& cloud, Clients& clients, Sabotage sabotage);

  /// Takes over an attempt; Clients::answered ends it, maybe within this call.
  void dispatch(Time now, std::uint32_t attempt);

  void on_work_done(Time now, MachineId machine, Resource resource);

  /// From now on the tenant's attempts are held; those in service are taken back and held too.
  void freeze(Time now, TenantId tenant);
  /// Sends what was held to the present owner.
  void thaw(Time now, TenantId tenant);
  /// Everything in service on a machine fails. Its memory is the caller's to forget.
  void fail_all(Time now, MachineId machine);
  /// What was held for a tenant fails: there is no owner left to send it to.
  void fail_held(Time now, TenantId tenant);

  /// Changes that a machine undergoes may bring its jobs' ends nearer: call after each.
  void rearm(MachineId machine);

 private:
  void admit(Time now, std::uint32_t attempt, MachineId machine);
  void begin_step(Time now, std::uint32_t attempt);
  void end_step(Time now, std::uint32_t attempt);
  void complete(Time now, std::uint32_t attempt);
  bool try_apply(Transaction& transaction);
  void leave(std::uint32_t attempt);
  void hold(Time now, std::uint32_t attempt);
  void arm(Machine& machine, Resource resource);

  Cloud& cloud_;
  Clients& clients_;
  Sabotage sabotage_;
  DemandDraw demands_;
  std::vector<std::uint32_t> taken_out_;  // scratch
};

}  // namespace vm::model
