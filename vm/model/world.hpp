// World: the simulated side. One switch over what can happen, and the parts that it happens to.
//
//   Clients ──attempts──> Service ──jobs──> Machine, Station
//      ^──answers──────────┘  ^ freeze, thaw, fail
//   Faults ──crash──> Operations ──facts──> ControlPlane ──orders──> Operations
//   Watch  hears of everything and decides nothing
//
// Everything is a function of the scenario. The fingerprint covers every event, with its time.
#pragma once

#include <vector>

#include "sim/fingerprint.hpp"
#include "vm/model/clients.hpp"
#include "vm/model/cloud.hpp"
#include "vm/model/faults.hpp"
#include "vm/model/operations.hpp"
#include "vm/model/service.hpp"
#include "vm/model/watch.hpp"

namespace vm::model {

class World {
 public:
  World(const Scenario& scenario, const RunOptions& options);

  void on(Time now, Event event);  // the kernel's door
  RunOutcome play();

  /// For those who check that a run left everything as it should.
  const Cloud& cloud() const { return cloud_; }
  const Operations& operations() const { return operations_; }
  const Faults& faults() const { return faults_; }

 private:
  void on_sample(Time now);
  void on_latency_window(Time now);
  void on_late_sample(Time now, std::uint32_t index);
  void play_to(Time end);
  void steer(Time& until);
  void make(const Change& change);
  RunOutcome outcome(Time end);

  const RunOptions options_;
  Cloud cloud_;
  Watch watch_;
  Clients clients_;
  Service service_;
  Operations operations_;
  Faults faults_;
  sim::Fingerprint fingerprint_;
  std::vector<Change> changes_;            // scratch
  Time interval_began_{};                  // of samples
  Pool<Sampled> late_;                     // samples under way
  std::vector<LatencyMeasured> measured_;  // scratch
};

}  // namespace vm::model
