// Rig: a control plane on a test bench. Tells it facts, keeps the orders that came back.
#pragma once

#include <optional>
#include <vector>

#include <catch2/catch.hpp>

#include "vm/control_plane.hpp"

namespace control_rig {

using namespace std::chrono_literals;
using namespace sim::literals;
using namespace vm;

/// One fleet of `count` machines and `spare` spares of flavor 0, `tenants` tenants of 1 MiB, two
/// flavors (1 core and 64 MiB, 2 cores and 128 MiB), SLA windows of 5 s in samples of 1 s, a pause
/// budget of 20 ms at 10 MB/s (so that 140,000 bytes fit), cool-down 20 s.
inline Scenario small_scenario(FailoverPolicy policy, std::uint32_t count, std::uint32_t spare,
                               std::uint32_t tenants) {
  Scenario s;
  Flavor small;
  small.name = "small";
  small.capacity = {1, 64_MiB, {20e6}, {12.5e6}};
  Flavor big = small;
  big.name = "big";
  big.capacity = {2, 128_MiB, {20e6}, {12.5e6}};
  s.flavors = {small, big};
  Fleet fleet;
  fleet.count = count;
  fleet.spare = spare;
  fleet.failover.policy = policy;
  fleet.failover.bandwidth = {10e6};
  fleet.failover.cooldown = 20s;
  fleet.failover.after =
      policy == FailoverPolicy::split ? AfterFailover::keep : AfterFailover::release;
  s.fleets = {fleet};
  ClientGroup group;
  group.count = tenants;
  group.state = 1_MiB;
  s.clients = {group};
  return s;
}

class Rig {
 public:
  explicit Rig(const Scenario& scenario) : plane_(scenario) {}

  /// The orders that this fact brought; they also stay in all().
  std::vector<Order> tell(Time now, const Fact& fact) {
    std::vector<Order> orders;
    plane_.step(now, fact, orders);
    all_.insert(all_.end(), orders.begin(), orders.end());
    return orders;
  }

  std::vector<Order> sample(Time now, MachineId machine, double cpu) {
    Sampled fact{machine, {}};
    fact.sample.utilisation[Resource::cpu] = cpu;
    return tell(now, fact);
  }

  /// Five samples of a busy processor at 1 s to 5 s after `start`; the orders of the last one.
  std::vector<Order> overload(MachineId machine, Time start = Time{}) {
    std::vector<Order> orders;
    for (int i = 1; i <= 5; ++i) orders = sample(start + i * 1s, machine, 1.0);
    return orders;
  }

  const Inventory& inventory() const { return plane_.inventory(); }
  const std::vector<Order>& all() const { return all_; }

 private:
  ControlPlane plane_;
  std::vector<Order> all_;
};

template <class T>
std::vector<T> every(const std::vector<Order>& orders) {
  std::vector<T> found;
  for (const Order& order : orders) {
    if constexpr (std::is_constructible_v<Notice, T>) {
      if (const auto* notify = std::get_if<Notify>(&order))
        if (const auto* notice = std::get_if<T>(&notify->notice)) found.push_back(*notice);
    } else {
      if (const auto* o = std::get_if<T>(&order)) found.push_back(*o);
    }
  }
  return found;
}

/// The only order or notice of its kind; a test fails where there is none or more.
template <class T>
T only(const std::vector<Order>& orders) {
  const auto found = every<T>(orders);
  REQUIRE(found.size() == 1);
  return found.front();
}

}  // namespace control_rig
