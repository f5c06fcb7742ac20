// DemandDraw: what the steps of each kind of transaction ask of a machine, drawn step by step.
//
// Step k of a group's transaction n has a random stream of its own, so its demand depends on the
// seed, the group's stream, n and k alone: the simulated world draws it when the step begins, and
// again after a move, the real one before the transaction is sent, and both get the same number.
#pragma once

#include <cstdint>
#include <vector>

#include "vm/scenario.hpp"

namespace vm {

class DemandDraw {
 public:
  struct Step {
    Resource resource = Resource::cpu;
    const sim::Distribution* random = nullptr;  // null: constant
    double value = 0;                           // if constant
  };

  /// The scenario outlives it.
  explicit DemandDraw(const Scenario& scenario);

  /// One more step at the end of a kind, with a constant demand.
  void append(std::uint16_t kind, Resource resource, double demand);

  const std::vector<Step>& steps(std::uint16_t kind) const { return steps_[kind]; }

  /// Core-seconds or bytes, by the step's resource.
  double amount(GroupId group, std::uint64_t number, std::uint16_t kind, std::size_t step) const {
    const Step& asked = steps_[kind][step];
    if (asked.random == nullptr) return asked.value;
    sim::RandomStream chance{keys_[group.value], number * streams_per_transaction + step};
    return (*asked.random)(chance);
  }

 private:
  static constexpr std::uint64_t streams_per_transaction = 64;

  std::vector<std::vector<Step>> steps_;  // by kind
  std::vector<std::uint64_t> keys_;       // by group
};

}  // namespace vm
