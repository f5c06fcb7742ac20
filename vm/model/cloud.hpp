// Cloud: what there is in the simulated world: machines, tenants, transactions, the clock, the books.
//
// Plain data that the parts of the world work on, each under its own heading: Clients issue and
// wait, Service carries transactions through machines, Operations carries out the control plane's
// orders, Faults break things, Watch tells what happened.
#pragma once

#include <vector>

#include "sim/simulator.hpp"
#include "vm/ledger.hpp"
#include "vm/model/event.hpp"
#include "vm/model/machine.hpp"
#include "vm/pool.hpp"
#include "vm/model/run.hpp"
#include "vm/model/tenant.hpp"
#include "vm/placement.hpp"
#include "vm/scenario.hpp"

namespace vm::model {

/// One message between two parts of the cloud, there and back: what each step of a migration costs
/// at least. A datacentre's round trip.
inline constexpr Duration round_trip = std::chrono::microseconds{200};

struct Cloud {
  explicit Cloud(const Scenario& scenario_);

  Machine& machine(MachineId id) { return machines[id.value]; }
  Tenant& tenant(TenantId id) { return tenants[id.value]; }
  const TransactionKind& kind(const Transaction& t) const { return scenario.transactions[t.kind]; }
  /// Number of the SLA window that `now` lies in.
  std::uint32_t window(Time now) const {
    return static_cast<std::uint32_t>(now.time_since_epoch() / scenario.sla.window);
  }

  const Scenario& scenario;
  sim::Simulator<Event> simulator;
  Pool<Transaction> transactions;
  Pool<Sending> attempts;
  std::vector<Machine> machines;            // by MachineId
  std::vector<Tenant> tenants;              // by TenantId
  std::vector<std::uint32_t> first_tenant;  // by GroupId
  Ledger ledger;
};

}  // namespace vm::model
