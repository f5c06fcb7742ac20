// The whole control plane against a rough world.
#include "vm/control_plane.hpp"

#include "tests/vm/rough_world.hpp"

namespace {

using namespace rough_world;

Scenario random_scenario(std::uint64_t seed) {
  sim::RandomStream chance{seed, "control.scenario"};
  const auto policy = static_cast<FailoverPolicy>(chance.below(4));
  const auto pick = [&](std::uint64_t least, std::uint64_t most) {
    return static_cast<std::uint32_t>(least + chance.below(most - least + 1));
  };
  Scenario s = small_scenario(policy, pick(2, 4), pick(0, 2), pick(1, 12));
  FailoverConfig& how = s.fleets[0].failover;
  how.cooldown = pick(0, 15) * 1s;
  how.at_once = pick(1, 3);
  how.attempts = pick(1, 3);
  how.timeout = 20s;
  how.boot_timeout = 15s;
  how.boot_attempts = pick(1, 3);
  how.rounds = pick(1, 12);
  how.stop = chance.uniform() < 0.3 ? 0.5 : 1.0;
  how.after = chance.uniform() < 0.5 ? AfterFailover::keep : AfterFailover::release;
  s.durability.replicas = pick(1, 2);
  s.durability.log = chance.uniform() < 0.5 ? Log::memory : Log::synced;
  return s;
}

std::string text(const Order& order) {
  // The index and every number that the order holds: enough to tell two orders apart.
  std::string out = std::to_string(order.index());
  std::visit(
      [&](const auto& o) {
        using O = std::decay_t<decltype(o)>;
        if constexpr (requires { o.attempt; }) out += " a" + std::to_string(o.attempt.value);
        if constexpr (requires { o.tenant; }) out += " t" + std::to_string(o.tenant.value);
        if constexpr (requires { o.to; }) out += " to" + std::to_string(o.to.value);
        if constexpr (requires { o.machine; }) out += " m" + std::to_string(o.machine.value);
        if constexpr (requires { o.epoch; }) out += " e" + std::to_string(o.epoch);
        if constexpr (std::is_same_v<O, SetTimer>)
          out += " at" + std::to_string(o.at.time_since_epoch().count());
        if constexpr (std::is_same_v<O, Notify>) out += " n" + std::to_string(o.notice.index());
      },
      order);
  return out;
}

}  // namespace

TEST_CASE("control plane: whatever fails, one owner each, and when faults stop all settles",
          "[swarm]") {
  const auto seed = GENERATE(range(0u, 1000u));
  CAPTURE(seed);
  RoughWorld world{random_scenario(seed), seed};
  world.live(150s, 400s);

  CHECK(world.active.empty());
  CHECK(world.frozen.empty());
  CHECK(world.open_failovers.empty());
  CHECK(world.open_failures.empty());
  for (std::uint32_t t = 0; t < world.tenants.size(); ++t) {
    CAPTURE(t);
    const auto& tenant = world.plane.inventory()[TenantId{t}];
    REQUIRE(world.plane.inventory().is_up(tenant.owner));
    CHECK(tenant.served);
    CHECK(world.up(tenant.owner));
    CHECK(world.tenants[t].serving == std::set{tenant.owner});
    CHECK(tenant.epoch == world.tenants[t].epoch);
    if (world.scenario.durability.replicas == 1 || tenant.replica_complete) continue;
    // Without a second copy only where no other machine is up to keep it.
    for (std::uint32_t m = 0; m < world.machines.size(); ++m)
      CHECK((MachineId{m} == tenant.owner || !world.plane.inventory().is_up({m})));
  }
}

TEST_CASE("control plane: the same facts give the same orders again", "[swarm]") {
  const auto seed = GENERATE(range(0u, 20u));
  CAPTURE(seed);
  RoughWorld world{random_scenario(seed), seed};
  world.live(100s, 100s);
  REQUIRE(!world.given.empty());

  ControlPlane again{world.scenario};
  std::vector<Order> orders;
  for (const auto& [when, fact] : world.journal) again.step(when, fact, orders);
  REQUIRE(orders.size() == world.given.size());
  for (std::size_t i = 0; i < orders.size(); ++i) REQUIRE(text(orders[i]) == text(world.given[i]));
}
