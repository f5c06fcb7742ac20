// Faults: what breaks in the simulated world, at an instant or again and again, and heals after.
//
// A fault that names no machine strikes one that is up, drawn from its own stream; where none is up
// it strikes nobody. What it did is told as an observation, never to the control plane: that has to
// find out.
//
// Each fault lasts its own time, whatever else befalls the machine meanwhile: factors of slow ones
// multiply, leaks add up, the longest delay of samples counts, and a disk is full or samples are
// lost until the last such fault is over. A crash heals none of them, it only takes what had
// leaked: a machine that comes back within the time of a leak leaks again, from nothing.
#pragma once

#include <map>
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
  void on_ends(Time now, std::uint32_t ailment);

  /// Somebody slows the machine down, whatever it suffers from besides; 1 ends it.
  void slow(Time now, MachineId machine, double factor);

  /// Faults that a machine suffers from, at most one without an end per machine and kind.
  std::size_t under_way() const { return ailments_.used(); }

 private:
  struct Ailment {
    FaultKind kind{};
    MachineId machine;
    bool ends = false;
    double factor = 1;  // of slow
    double rate = 0;    // of a leak, bytes/s
    Duration delay{};   // of late samples
  };
  void strike(Time now, const Fault& fault, MachineId machine);
  void suffer(const Fault& fault, MachineId machine);
  void apply(Time now, MachineId machine);
  void schedule_next(std::uint32_t fault);
  std::optional<MachineId> victim(std::uint32_t fault);

  Cloud& cloud_;
  Operations& operations_;
  Service& service_;
  Watch& watch_;
  std::vector<sim::RandomStream> streams_;  // by fault
  Pool<Ailment> ailments_;
  std::map<MachineId, double> slowed_;  // by a change
};

}  // namespace vm::model
