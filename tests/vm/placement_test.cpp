#include "vm/placement.hpp"

#include <numeric>

#include "sim/random.hpp"
#include "tests/vm/control_rig.hpp"
#include "vm/selection.hpp"

namespace {

using namespace control_rig;
using Load = LoadsReported::Load;

constexpr Bytes plenty{std::int64_t{1} << 40};

std::vector<std::uint32_t> numbers(const std::vector<TenantId>& tenants) {
  std::vector<std::uint32_t> out;
  for (const TenantId t : tenants) out.push_back(t.value);
  return out;
}
std::vector<std::uint32_t> numbers(const std::vector<MachineId>& machines) {
  std::vector<std::uint32_t> out;
  for (const MachineId m : machines) out.push_back(m.value);
  return out;
}

Flavor sized(double cores, Bytes memory) {
  Flavor flavor;
  flavor.capacity.cores = cores;
  flavor.capacity.memory = memory;
  return flavor;
}

}  // namespace

TEST_CASE("placement: tenants are dealt in turn over machines, never onto spares") {
  const Layout layout = initial_layout(small_scenario(FailoverPolicy::none, 3, 2, 7));
  REQUIRE(layout.machines.size() == 5);
  CHECK_FALSE(layout.machines[2].spare);
  CHECK(layout.machines[3].spare);
  CHECK(numbers(layout.owner) == std::vector{0u, 1u, 2u, 0u, 1u, 2u, 0u});
  CHECK(layout.replica == std::vector(7, no_machine));
}

TEST_CASE("placement: a second copy lives on the next machine of the round") {
  Scenario s = small_scenario(FailoverPolicy::none, 3, 1, 4);
  s.durability.replicas = 2;
  CHECK(numbers(initial_layout(s).replica) == std::vector{1u, 2u, 0u, 1u});
  s.fleets[0].count = 1;
  CHECK(initial_layout(s).replica == std::vector(4, no_machine));  // nowhere to go
}

TEST_CASE("placement: a group with a fleet stays there, the others take turns over all fleets") {
  Scenario s = small_scenario(FailoverPolicy::none, 1, 1, 0);
  s.fleets.push_back(s.fleets[0]);
  s.fleets[1].flavor = FlavorId{1};
  s.fleets[1].count = 2;  // machines 0 | 1 is spare | 2, 3 | 4 is spare
  ClientGroup anywhere, second;
  anywhere.count = 1;
  second.count = 3;
  second.fleet = FleetId{1};
  s.clients = {anywhere, second, anywhere, anywhere};
  const Layout layout = initial_layout(s);
  CHECK(numbers(layout.owner) == std::vector{0u, 2u, 3u, 2u, 2u, 3u});  // the turn goes on
  CHECK(layout.machines[3].fleet == FleetId{1});
  CHECK(layout.machines[3].flavor == FlavorId{1});
  CHECK(layout.group[3] == GroupId{1});
  CHECK(layout.group[5] == GroupId{3});
}

TEST_CASE("placement: the next bigger flavor has the fewest cores above, then the least memory") {
  const std::vector<Flavor> flavors{sized(1, 4_MiB), sized(4, 8_MiB), sized(2, 8_MiB),
                                    sized(2, 4_MiB), sized(1, 8_MiB)};
  CHECK(next_bigger(flavors, FlavorId{0}) == FlavorId{4});
  CHECK(next_bigger(flavors, FlavorId{4}) == FlavorId{3});
  CHECK(next_bigger(flavors, FlavorId{3}) == FlavorId{2});
  CHECK(next_bigger(flavors, FlavorId{2}) == FlavorId{1});
  CHECK(next_bigger(flavors, FlavorId{1}) == std::nullopt);
}

TEST_CASE("selection: split takes the hottest until half of the load is on its way") {
  // Total 10; 4 is less than half, 4 + 3 is not.
  const std::vector<Load> loads{{{0}, 1, {}}, {{1}, 4, {}}, {{2}, 2, {}}, {{3}, 3, {}}};
  CHECK(numbers(select(FailoverPolicy::split, loads, plenty)) == std::vector{1u, 3u});
}

TEST_CASE("selection: split never moves everybody, and nobody who is alone") {
  CHECK(select(FailoverPolicy::split, {{{5}, 1, {}}}, plenty).empty());
  CHECK(numbers(select(FailoverPolicy::split, {{{5}, 9, {}}, {{6}, 1, {}}}, plenty)) ==
        std::vector{5u});
  CHECK(numbers(select(FailoverPolicy::split, {{{5}, 1, {}}, {{6}, 1, {}}}, plenty)) ==
        std::vector{5u});  // equals: the lower number
}

TEST_CASE("selection: on a machine without load, split moves half of the tenants") {
  const std::vector<Load> idle{{{0}, 0, {}}, {{1}, 0, {}}, {{2}, 0, {}}, {{3}, 0, {}}};
  CHECK(numbers(select(FailoverPolicy::split, idle, plenty)) == std::vector{0u, 1u});
}

TEST_CASE("selection: everybody moves under the other policies, the hottest first") {
  const std::vector<Load> loads{{{0}, 1, {}}, {{1}, 4, {}}, {{2}, 2, {}}};
  CHECK(numbers(select(FailoverPolicy::fresh_machine, loads, plenty)) == std::vector{1u, 2u, 0u});
  CHECK(numbers(select(FailoverPolicy::bigger_flavor, loads, plenty)) == std::vector{1u, 2u, 0u});
  CHECK(select(FailoverPolicy::none, loads, plenty).empty());
}

TEST_CASE("selection: who does not fit the target stays, and makes room for who does") {
  const std::vector<Load> loads{{{0}, 3, 6_MiB}, {{1}, 2, 6_MiB}, {{2}, 1, 4_MiB}};
  CHECK(numbers(select(FailoverPolicy::fresh_machine, loads, 10_MiB)) == std::vector{0u, 2u});
}

TEST_CASE("selection: the hottest half is the smallest such set of any tenants") {
  // Against every subset of up to ten tenants: none with fewer members carries half of the load.
  const auto seed = GENERATE(range(0u, 50u));
  CAPTURE(seed);
  sim::RandomStream chance{seed, "selection"};
  std::vector<Load> loads(2 + chance.below(9));
  double total = 0;
  for (std::uint32_t i = 0; i < loads.size(); ++i) {
    loads[i] = {{i}, chance.uniform_positive(), {}};
    total += loads[i].cpu;
  }
  const auto chosen = select(FailoverPolicy::split, loads, plenty);
  REQUIRE(!chosen.empty());
  REQUIRE(chosen.size() < loads.size());
  double moved = 0;
  for (const TenantId t : chosen) moved += loads[t.value].cpu;
  CHECK(2 * moved >= total);
  for (std::uint32_t subset = 0; subset < 1u << loads.size(); ++subset) {
    double sum = 0;
    std::size_t members = 0;
    for (std::uint32_t i = 0; i < loads.size(); ++i)
      if (subset >> i & 1u) sum += loads[i].cpu, ++members;
    if (members < chosen.size()) REQUIRE(2 * sum < total * (1 + 1e-12));
  }
}
