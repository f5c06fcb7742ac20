#include "tests/swarm/random_scenario.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "sim/random.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using namespace vm;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : stream_(seed, "swarm") {}
  bool chance(double p) { return stream_.uniform() < p; }
  double between(double low, double high) { return low + (high - low) * stream_.uniform(); }
  std::uint32_t count(std::uint32_t low, std::uint32_t high) {
    return low + static_cast<std::uint32_t>(stream_.below(high - low + 1));
  }
  Duration span(double low_s, double high_s) { return sim::from_seconds(between(low_s, high_s)); }
  template <class T>
  T pick(std::initializer_list<T> all) {
    return *(all.begin() + stream_.below(all.size()));
  }

 private:
  sim::RandomStream stream_;
};

sim::DistributionSpec random_distribution(Dice& dice, double mean) {
  switch (dice.count(0, 4)) {
    case 0:
      return sim::Constant{mean};
    case 1:
      return sim::Uniform{0, 2 * mean};
    case 2:
      return sim::Erlang{3, mean};
    case 3:
      return sim::Hyperexponential{{{0.9, mean / 2}, {0.1, mean * 5.5}}};
    default:
      return sim::Exponential{mean};
  }
}

FailoverConfig random_failover(Dice& dice) {
  FailoverConfig config;
  config.policy =
      dice.pick({FailoverPolicy::none, FailoverPolicy::fresh_machine, FailoverPolicy::fresh_machine,
                 FailoverPolicy::split, FailoverPolicy::split, FailoverPolicy::bigger_flavor});
  config.after =
      config.policy == FailoverPolicy::split ? AfterFailover::keep : AfterFailover::release;
  config.pause = dice.span(0.001, 0.05);
  config.bandwidth = {dice.between(1e5, 5e7)};
  config.cooldown = dice.span(1, 30);
  config.at_once = dice.count(1, 4);
  config.rounds = dice.count(1, 10);
  config.attempts = dice.count(1, 4);
  config.timeout = dice.span(2, 60);
  config.boot_timeout = dice.span(2, 30);
  config.boot_attempts = dice.count(1, 3);
  config.detect = dice.span(0.1, 3);
  if (dice.chance(0.2)) config.stop = dice.between(0.3, 1);
  return config;
}

Flavor random_flavor(Dice& dice, std::string name, double size) {
  Flavor flavor;
  flavor.name = std::move(name);
  flavor.capacity = {size * dice.between(0.2, 2),
                     Bytes{static_cast<std::int64_t>(size * dice.between(16e6, 64e6))},
                     {dice.between(1e6, 1e8)},
                     {dice.between(1e6, 1e8)}};
  flavor.cpu_scheduling = dice.chance(0.2) ? Scheduling::fifo : Scheduling::processor_sharing;
  flavor.boot = random_distribution(dice, dice.between(0.1, 10));
  flavor.boot_failure = dice.chance(0.3) ? 0.4 : 0;
  flavor.price = 0.1;
  if (dice.chance(0.3)) flavor.queue = dice.count(1, 100);
  if (dice.chance(0.2)) flavor.admission = Admission{dice.between(10, 300), 10};
  return flavor;
}

TransactionKind random_kind(Dice& dice, std::string name) {
  TransactionKind kind;
  kind.name = std::move(name);
  for (std::uint32_t i = 0, n = dice.count(1, 4); i < n; ++i) {
    const auto resource = dice.pick({Resource::cpu, Resource::disk, Resource::network});
    const double mean =
        resource == Resource::cpu ? dice.between(0.001, 0.02) : dice.between(100, 1e5);
    kind.steps.push_back({resource, random_distribution(dice, mean)});
  }
  kind.memory = Bytes{dice.count(0, 100'000)};
  kind.write = Bytes{dice.chance(0.8) ? dice.count(1, 20'000) : 0};
  return kind;
}

ClientGroup random_group(Dice& dice, std::string name, std::size_t kinds) {
  ClientGroup group;
  group.name = group.stream = std::move(name);
  group.count = dice.count(1, 12);
  const double rate = dice.between(5, 250);
  switch (dice.count(0, 3)) {
    case 0:
      group.arrivals = Deterministic{{{{Time{}, rate}}}};
      break;
    case 1:
      group.arrivals = Mmpp{{{rate / 4, 3}, {rate * 2, 1}}};
      break;
    case 2:
      group.arrivals = ClosedLoop{random_distribution(dice, dice.between(0.01, 1))};
      break;
    default:
      group.arrivals = Poisson{{{{Time{}, rate},
                                 {Time{10s}, rate},
                                 {Time{12s}, 3 * rate},
                                 {Time{25s}, 3 * rate},
                                 {Time{25s}, rate}}}};
  }
  for (std::size_t i = 0; i < kinds; ++i) group.mix.push_back(1.0 / static_cast<double>(kinds));
  group.skew = dice.chance(0.4) ? dice.between(0.2, 1.5) : 0;
  if (dice.chance(0.8)) group.timeout = dice.span(0.02, 3);
  group.retry.attempts = dice.count(1, 6);
  group.retry.backoff = {dice.between(0.001, 0.3), dice.chance(0.5) ? 2.0 : 1.0, 5,
                         dice.chance(0.5)};
  if (dice.chance(0.4)) group.retry.budget = dice.between(0.05, 0.5);
  if (dice.chance(0.3)) group.retry.breaker = Breaker{dice.count(2, 20), dice.span(0.1, 3)};
  group.state = Bytes{dice.count(0, 300'000)};
  if (dice.chance(0.4)) group.keep = group.state + Bytes{dice.count(0, 300'000)};
  return group;
}

Fault random_fault(Dice& dice) {
  Fault fault;
  fault.kind = dice.pick({FaultKind::crash, FaultKind::crash, FaultKind::crash, FaultKind::slow,
                          FaultKind::leak, FaultKind::boot_failure, FaultKind::disk_full,
                          FaultKind::lose_samples, FaultKind::late_samples});
  if (dice.chance(0.6)) {
    fault.at = Time{dice.span(1, 30)};
  } else {
    fault.every.emplace(sim::Exponential{dice.between(3, 20)});
  }
  if (dice.chance(0.3)) fault.machine = dice.count(0, 4);
  if (fault.kind == FaultKind::crash && fault.at && dice.chance(0.5)) {
    fault.during = dice.pick({MigrationStep::copying, MigrationStep::frozen,
                              MigrationStep::verifying, MigrationStep::switching});
    fault.side = dice.pick({Side::source, Side::target});
  }
  if (dice.chance(0.7)) fault.lasts = dice.span(0.1, 10);
  fault.factor = dice.between(0.05, 0.9);
  fault.rate = {dice.between(1e5, 1e7)};
  fault.delay = dice.span(0.01, 4);
  return fault;
}

/// The load becomes a trickle, every fault ends, and what could go on for ever is bounded: states,
/// boots that never succeed, crashes where nobody fails over.
void settle(Dice& dice, Scenario& s) {
  s.duration = calm_from.time_since_epoch() + calm;
  bool waits_for_machines = false;
  for (Fleet& fleet : s.fleets) {
    fleet.failover.boot_timeout = 90s;  // boots take 10 s on average at most
    waits_for_machines |= fleet.failover.policy == FailoverPolicy::none;
  }
  for (ClientGroup& group : s.clients) {
    if (!group.keep) group.keep = group.state + Bytes{dice.count(0, 300'000)};
    const double rate = dice.between(5, 250);
    if (dice.chance(0.2)) {
      group.arrivals = ClosedLoop{sim::Distribution{sim::Exponential{dice.between(1, 3)}}};
    } else {
      group.arrivals = Poisson{{{{Time{}, rate}, {calm_from, rate}, {calm_from, 0.5}}}};
    }
  }
  const std::vector<Fault> drawn = std::exchange(s.faults, {});
  for (Fault fault : drawn) {
    if (!fault.lasts && (waits_for_machines || fault.kind != FaultKind::crash)) {
      fault.lasts = dice.span(0.1, 10);
    }
    const std::uint32_t times = fault.every ? dice.count(1, 4) : 1;
    fault.every.reset();
    for (std::uint32_t i = 0; i < times; ++i) {
      fault.at = Time{dice.span(1, 30)};
      s.faults.push_back(fault);
    }
  }
}

}  // namespace

vm::Scenario random_scenario(std::uint64_t seed, SwarmLimits limits) {
  Dice dice{seed};
  Scenario s;
  s.name = "swarm";
  s.seed = seed;
  s.duration = 40s;
  s.warmup = dice.chance(0.5) ? Duration{5s} : Duration{};
  s.flavors.push_back(random_flavor(dice, "small", 1));
  s.flavors.push_back(random_flavor(dice, "large", 3));
  for (std::uint32_t i = 0, n = dice.count(1, 2); i < n; ++i) {
    Fleet fleet;
    fleet.name = "fleet" + std::to_string(i);
    fleet.flavor = FlavorId{dice.chance(0.8) ? 0u : 1u};
    fleet.count = dice.count(1, 4);
    fleet.spare = dice.count(0, 2);
    fleet.failover = random_failover(dice);
    s.fleets.push_back(fleet);
  }
  for (std::uint32_t i = 0, n = dice.count(1, 3); i < n; ++i) {
    s.transactions.push_back(random_kind(dice, "kind" + std::to_string(i)));
  }
  for (std::uint32_t i = 0, n = dice.count(1, 3); i < n; ++i) {
    s.clients.push_back(random_group(dice, "group" + std::to_string(i), s.transactions.size()));
    if (dice.chance(0.5)) {
      s.clients.back().fleet =
          FleetId{dice.count(0, static_cast<std::uint32_t>(s.fleets.size()) - 1)};
    }
  }
  s.durability.log = dice.chance(0.6) ? Log::synced : Log::memory;
  s.durability.replicas = dice.chance(0.3) ? 2 : 1;
  if (limits.synced) s.durability.log = Log::synced;
  s.sla.sample = dice.span(0.2, 1);
  s.sla.window = s.sla.sample * dice.count(1, 5);
  s.sla.threshold = {{0.9, 0.9, 0.9, 0.9}};
  s.sla.clear = {{0.8, 0.8, 0.8, 0.8}};
  if (dice.chance(0.5)) s.sla.latency = {{0.99, dice.span(0.01, 0.5)}};
  if (dice.chance(0.3)) s.sla.availability = AvailabilityObjective{0.99, 5s, 15s, 3};
  for (std::uint32_t i = 0, n = dice.count(0, 4); i < n; ++i) {
    s.faults.push_back(random_fault(dice));
  }
  if (limits.settles) settle(dice, s);
  return s;
}

}  // namespace tests
