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

  /// Takes in one fact, appends the orders that follow. Requires `now` never to go back.
  void step(Time now, const Fact& fact, std::vector<Order>& orders);

 private:
  SlaMonitor monitor_;
  FailoverController failover_;
  std::vector<SlaEvent> events_;  // scratch, so that a step allocates nothing
  Time last_{};
};

}  // namespace vm
