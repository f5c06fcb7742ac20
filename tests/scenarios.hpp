// Scenarios for tests, made without a file: one small machine and its load, to be changed at will.
#pragma once

#include "vm/scenario.hpp"

namespace tests {

/// One fleet of machines with one core, 1 GiB, 100 MB/s disk and network, nothing to fail over to.
inline vm::Scenario quiet_scenario() {
  vm::Scenario s;
  s.name = "test";
  s.duration = std::chrono::seconds{60};
  s.seed = 1;
  vm::Flavor flavor;
  flavor.name = "small";
  flavor.capacity = {1, vm::Bytes{1 << 30}, {100e6}, {100e6}};
  flavor.boot = sim::Distribution{sim::Constant{5}};
  flavor.price = 3600;  // one an hour is a thousandth a second: cost in seconds
  s.flavors.push_back(flavor);
  vm::Fleet fleet;
  fleet.name = "fleet";
  s.fleets.push_back(fleet);
  return s;
}

/// Adds a kind of transaction with one CPU step of this demand in core-seconds.
inline void add_cpu_kind(vm::Scenario& s, sim::DistributionSpec demand, vm::Bytes write = {}) {
  s.transactions.push_back(
      {.name = "work",
       .steps = {{vm::Resource::cpu, sim::Distribution{std::move(demand)}}},
       .memory = {},
       .write = write});
}

/// Adds a group of `count` clients that issue the first kind.
inline vm::ClientGroup& add_clients(vm::Scenario& s, std::uint32_t count, vm::Arrivals arrivals) {
  vm::ClientGroup group;
  group.name = group.stream = "group" + std::to_string(s.clients.size());
  group.count = count;
  group.arrivals = std::move(arrivals);
  group.mix.assign(s.transactions.size(), 0);
  group.mix[0] = 1;
  s.clients.push_back(std::move(group));
  return s.clients.back();
}

inline vm::RateCurve constant_rate(double per_second) {
  return {{{vm::Time{}, per_second}}};
}

}  // namespace tests
