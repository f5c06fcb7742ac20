// Chronicle: retells the facts of a control loop as observations.
//
// Whoever has a journal's facts, while they are written or long after, needs no other report of
// what happened to machines: what a ControlPlane answers to the same facts are the orders that were
// given, and machines, their states, samples and notices follow from both. A run in the real world
// is recorded this way. Not told here is what only clients know: latencies, throughput, the books.
#pragma once

#include <vector>

#include "vm/control_plane.hpp"
#include "vm/observation.hpp"
#include "vm/outcome.hpp"

namespace vm {

class Chronicle {
 public:
  explicit Chronicle(const Scenario& scenario);

  /// The machines that a run begins with.
  void begin(Batch& batch);
  /// Appends the rows that follow from one fact. Requires `at` never to go back.
  void tell(Time at, const Fact& fact, Batch& batch);

  /// Every machine's figures for a run that ended at `end`.
  std::vector<MachineOutcome> machines(Time end) const;
  std::uint64_t facts() const { return facts_; }

 private:
  struct Machine {
    MachineRow row;
    MachineState state = MachineState::up;
    Time released = sim::never;
    std::uint64_t samples = 0;  // after the warm-up
    PerResource<double> sum, most;
  };
  void allocated(Time at, MachineId id, FleetId fleet, FlavorId flavor, bool spare, Batch& batch);
  void change(Time at, MachineId id, MachineState state, Batch& batch);
  void note(Time at, const Fact& fact, Batch& batch);

  const Scenario& scenario_;
  ControlPlane plane_;
  std::vector<Machine> machines_;
  std::vector<Order> orders_;  // scratch
  std::uint64_t facts_ = 0;
};

}  // namespace vm
