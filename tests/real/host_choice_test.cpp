#include "real/host_choice.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/vm/control_rig.hpp"

namespace {

using namespace real;

/// Where machines come to be, one after the other, on hosts that can take all of them.
std::map<vm::MachineId, HostNumber> spread(const vm::Layout& layout, std::size_t hosts) {
  std::map<vm::MachineId, HostNumber> places;
  for (std::uint32_t i = 0; i < layout.machines.size(); ++i) {
    places[{i}] = choose_host(layout, {i}, places, std::vector<bool>(hosts, true)).value();
  }
  return places;
}

vm::Layout layout_of(std::uint32_t machines, std::uint32_t spares, std::uint32_t replicas) {
  vm::Scenario scenario =
      control_rig::small_scenario(vm::FailoverPolicy::split, machines, spares, machines * 3);
  scenario.durability.replicas = replicas;
  return vm::initial_layout(scenario);
}

}  // namespace

TEST_CASE("host choice: hosts are filled in turn") {
  const auto places = spread(layout_of(5, 2, 1), 3);
  std::vector<HostNumber> hosts;
  for (const auto& [machine, host] : places) hosts.push_back(host);
  CHECK(hosts == std::vector<HostNumber>{0, 1, 2, 0, 1, 2, 0});
}

TEST_CASE("host choice: both copies of a tenant are on different hosts wherever that can be") {
  // Machine m has the second copies of m - 1, and the first those of the last: a ring, which two
  // colours suffice for when it is even and three always.
  const auto machines = GENERATE(range(2u, 12u));
  const auto hosts = GENERATE(range(2u, 6u));
  CAPTURE(machines, hosts);
  const vm::Layout layout = layout_of(machines, 2, 2);
  const auto places = spread(layout, hosts);
  const bool can_be = hosts > 2 || machines % 2 == 0;
  CHECK(find_together(layout, places).has_value() == !can_be);
  // And the hosts carry alike, but for one that had to be passed over.
  std::vector<std::uint32_t> carried(hosts);
  for (const auto& [machine, host] : places) ++carried[host];
  const auto [least, most] = std::ranges::minmax(carried);
  CHECK(most - least <= 2);
}

TEST_CASE("host choice: a host that cannot take a machine is passed over; where none can, none") {
  const vm::Layout layout = layout_of(2, 0, 1);
  CHECK(choose_host(layout, {0}, {}, {false, true}) == HostNumber{1});
  CHECK_FALSE(choose_host(layout, {0}, {}, {false, false}));
  CHECK_FALSE(choose_host(layout, {0}, {}, {}));
}
