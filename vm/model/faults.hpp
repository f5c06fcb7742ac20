// Faults: what breaks in the simulated world, at an instant or again and again, and heals after.
//
// A fault that names no machine strikes one that is up, drawn from its own stream; where none is up
// it strikes nobody. What it did is told as an observation, never to the control plane: that has to
// find out.
#pragma once

#include <optional>
#include <vector>

#include "vm/model/cloud.hpp"

namespace vm::model {

class Operations;
class Service;
class Watch;

class Faults {
 public:
  Faults(Cloud& cloud, Operations& operations, Service& service, Watch& watch);

  void start();
  void on_begins(Time now, std::uint32_t fault);
  void on_ends(Time now, std::uint32_t under_way);

 private:
  struct UnderWay {
    FaultKind kind;
    MachineId machine;
    double rate = 0;  // of a leak
  };
  void strike(Time now, const Fault& fault, MachineId machine);
  void schedule_next(std::uint32_t fault);
  std::optional<MachineId> victim(std::uint32_t fault);

  Cloud& cloud_;
  Operations& operations_;
  Service& service_;
  Watch& watch_;
  std::vector<sim::RandomStream> streams_;  // by fault
  std::vector<UnderWay> under_way_;         // grows by one a fault
};

}  // namespace vm::model
