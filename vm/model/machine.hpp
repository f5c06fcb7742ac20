// Machine: what one machine does in the simulated world: three stations and a memory.
//
// CPU, disk and network are stations; memory is held, by transactions from their first step to
// their last, by the state of tenants and replicas, and by a leak; what does not fit is refused.
// Copies of a migration take a fixed share of the network for a while (reserve_network), which is
// what makes the cure cost something.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "vm/model/station.hpp"
#include "vm/scenario.hpp"

namespace vm::model {

class Machine {
 public:
  Machine(MachineId id, FleetId fleet, FlavorId flavor, const Flavor& kind, Time allocated);

  /// Lets one more transaction in, or refuses it: the flavor's queue limit and admission rate, and
  /// room for its memory, which it holds from now on. A refusal costs no token of the rate.
  bool try_admit(Time now, Bytes memory);

  /// Memory: `try_hold` refuses what does not fit in. Letting go of more than is held is a bug.
  bool try_hold(Bytes size);
  void let_go(Bytes size);
  Bytes held() const { return held_; }  // without what leaked

  /// The share of one sample interval, since the last call. Draws nothing, schedules nothing.
  Sample sample(Time now);
  /// Forget what was measured so far: the warm-up is over.
  void restart_measuring(Time now);
  /// Mean utilisation since measuring started, while up.
  PerResource<double> mean_utilisation(Time now);

  /// Down and empty, its memory forgotten; what slows it down or leaks does so again when it is
  /// back. Its stations must be empty.
  void crash(Time now);
  void come_up(Time now);
  void release(Time now);

  void slow_down(Time now, double factor);  // CPU capacity times factor, > 0; 1 ends it
  double cpu_factor() const { return cpu_factor_; }
  void leak(Time now, double bytes_per_second);  // while up, from now on; 0 ends it
  void reserve_network(Time now, double bytes_per_second);  // added to what is reserved; may be < 0
  /// What one more copy may take of the network, bytes/s: what is left of one half of the card, or
  /// where others have taken that, an eighth of what is left at all. Never nothing.
  double network_for_copy() const {
    const double whole = capacity.network.value;
    return std::max(whole / 2 - reserved_, (whole - reserved_) / 8);
  }

  Station& station(Resource resource);

  /// `state` as others see it, who are told of draining.
  MachineState seen() const {
    return state == MachineState::up && draining ? MachineState::draining : state;
  }

  MachineId id;
  FleetId fleet;
  FlavorId flavor;
  Capacity capacity;
  MachineState state = MachineState::booting;
  bool silent = false;      // its samples are lost
  bool disk_full = false;   // its writes are refused
  Duration late{};          // by which its samples arrive late
  bool draining = false;    // while up: its tenants are leaving, and it is to be released after
  std::uint32_t in_service = 0;  // transactions
  std::uint32_t tenants = 0;
  Time allocated, up_since{}, released = sim::never;
  PerResource<double> utilisation_max;  // of a sample

 private:
  PerResource<double> used(Time now);  // integrals since the start, as share of capacity x seconds
  void grow_leak(Time now);

  const Flavor* kind_;
  std::array<Station, 3> stations_;  // cpu, disk, network
  double cpu_factor_ = 1;
  double cpu_work_ = 0;      // core-seconds done when cpu_integral_ was last true
  double cpu_integral_ = 0;  // share of what the CPU could give x seconds
  double reserved_ = 0;
  Bytes held_{};
  double leak_ = 0;  // bytes/s
  double leaked_ = 0;
  Time leak_since_{};
  double memory_integral_ = 0;  // share of capacity x seconds
  Time memory_since_{};
  double tokens_ = 0;
  Time tokens_at_{};
  PerResource<double> at_sample_, at_measuring_;
  Time sampled_{}, measured_{};
  double up_before_ = 0;  // seconds up before this boot, while measuring
};

}  // namespace vm::model
