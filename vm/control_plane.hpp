// ControlPlane: all that decides, in one object. Facts and the time in, orders out.
//
//   Sampled ──> SlaMonitor ──SLA failure──> FailoverController ──> Migration (one per tenant moved)
//
// It owns no socket, thread, clock or dice, so the simulated world, the real control loop and the
// replay of a journal drive the very same code. It knows the machines and tenants from the scenario
// (initial_layout) and from its own orders; nothing else is needed to run it.
#pragma once

#include <vector>

#include "vm/control.hpp"
#include "vm/failover.hpp"
#include "vm/scenario.hpp"
#include "vm/sla.hpp"

namespace vm {

class ControlPlane {
 public:
  explicit ControlPlane(const Scenario& scenario);

  /// Takes in one fact, appends the orders that follow. Requires `now` never to go back. Facts
  /// about unknown, booting, lost or released machines, and answers to attempts that are settled,
  /// change nothing.
  ///   cost   O(1) and no allocation for a Sampled that neither begins nor ends an SLA failure
  void step(Time now, const Fact& fact, std::vector<Order>& orders);

  /// Who owns what, as far as decided.
  const Inventory& inventory() const { return failover_.inventory(); }

 private:
  void observe_loss(Time now, MachineId machine);
  void announce(Time now, std::vector<Order>& orders);

  SlaMonitor monitor_;
  FailoverController failover_;
  std::vector<SlaEvent> events_;  // scratch, so that a step allocates nothing
  Time last_{};
};

}  // namespace vm
