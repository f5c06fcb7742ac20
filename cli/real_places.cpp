#include "cli/real_places.hpp"

#include <map>
#include <ostream>
#include <set>

#include "cli/fleet_argument.hpp"
#include "cli/verbs.hpp"
#include "real/capacity.hpp"
#include "real/fleet/places.hpp"
#include "real/host_choice.hpp"
#include "vm/placement.hpp"
#include "vm/spelling.hpp"

namespace cli {
namespace {

using Places = std::vector<real::Stage::Place>;

real::Fleet fleet_of(const vm::RealHosts& real) {
  auto fleet = real::read_fleet(real.fleet);
  if (fleet) return std::move(*fleet);
  std::string all;
  for (const vm::Issue& issue : fleet.issues()) all += to_string(issue) + "\n";
  all.pop_back();
  throw UsageError(all);
}

bool is_loopback(const std::string& address) {
  boost::system::error_code no_address;
  return real::asio::ip::make_address(address, no_address).is_loopback();
}

/// The gateway has to be where the agents find it.
void check_listen(const vm::RealHosts& real, const Places& places) {
  if (!is_loopback(real.listen)) return;
  for (const real::Stage::Place& place : places) {
    if (is_loopback(place.address)) continue;
    throw UsageError("[real] 'listen': " + place.name + " at " + place.address +
                     " cannot reach this machine at " + real.listen +
                     "; name the address at which it can");
  }
}

std::string beyond_all(const vm::Capacity& needed, const Places& places) {
  std::string text;
  for (const real::Stage::Place& place : places) {
    const std::string beyond = real::beyond_host(needed, place.capacity, place.name);
    if (beyond.empty()) return {};
    text += (text.empty() ? "" : "; ") + beyond;
  }
  return text;
}

void check_flavors(const vm::Scenario& scenario, const Places& places) {
  std::string wrong;
  for (const vm::FlavorId id : flavors_in_use(scenario)) {
    const vm::Flavor& flavor = scenario.flavors[id.value];
    const std::string beyond = places.empty() ? real::beyond_this_host(flavor.capacity)
                                              : beyond_all(flavor.capacity, places);
    if (beyond.empty()) continue;
    wrong += (wrong.empty() ? "" : "\n") + scenario.name + ": flavor " +
             vm::in_quotes(flavor.name) + " cannot be given: " + beyond;
  }
  if (!wrong.empty()) throw UsageError(wrong);
}

/// Those that the section names, or all, in order.
std::vector<real::FleetHost> hosts_of(const real::Fleet& fleet, const vm::RealHosts& real) {
  if (real.hosts.empty()) return fleet.hosts;
  std::vector<real::FleetHost> hosts;
  for (const std::string& name : real.hosts) hosts.push_back(host_of(fleet, name));
  return hosts;
}

Places ready_places(const vm::RealHosts& real, const std::filesystem::path& binary) {
  const real::Fleet fleet = fleet_of(real);
  (void)hosts_of(fleet, real);
  Places places;
  std::string unreachable;
  for (auto& place : real::make_ready({.fleet = fleet, .hosts = real.hosts, .binary = binary})) {
    if (place) {
      places.push_back(std::move(*place));
    } else {
      unreachable += (unreachable.empty() ? "" : "\n") + place.error();
    }
  }
  if (!unreachable.empty()) throw std::runtime_error(unreachable);
  check_listen(real, places);
  return places;
}

}  // namespace

std::vector<vm::FlavorId> flavors_in_use(const vm::Scenario& scenario) {
  std::set<vm::FlavorId> used;
  for (const vm::Fleet& fleet : scenario.fleets) {
    used.insert(fleet.flavor);
    const vm::FailoverConfig& failover = fleet.failover;
    if (failover.policy == vm::FailoverPolicy::none) continue;
    if (failover.flavor) {
      used.insert(*failover.flavor);
    } else if (failover.policy == vm::FailoverPolicy::bigger_flavor) {
      const auto bigger = vm::next_bigger(scenario.flavors, fleet.flavor);
      if (bigger) used.insert(*bigger);
    }
  }
  return {used.begin(), used.end()};
}

Places places_of(const vm::Scenario& scenario, const std::filesystem::path& binary) {
  Places places;
  if (scenario.real) places = ready_places(*scenario.real, binary);
  check_flavors(scenario, places);
  return places;
}

void print_places(std::ostream& out, const vm::Scenario& scenario) {
  if (!scenario.real) return;
  const auto hosts = hosts_of(fleet_of(*scenario.real), *scenario.real);
  const vm::Layout layout = vm::initial_layout(scenario);
  std::map<vm::MachineId, real::HostNumber> places;
  std::vector<std::string> lines(hosts.size());
  for (std::uint32_t i = 0; i < layout.machines.size(); ++i) {
    const vm::MachineId machine{i};
    const std::vector<bool> all(hosts.size(), true);
    const real::HostNumber host = *real::choose_host(layout, machine, places, all);
    places[machine] = host;
    lines[host] += (lines[host].empty() ? "machine " : ", ") + std::to_string(i);
    if (layout.machines[i].spare) lines[host] += " (spare)";
  }
  out << "\nin brink real, where each of them has room:\n";
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    out << "  " << hosts[i].name << " at " << hosts[i].address << ": "
        << (lines[i].empty() ? "no machine yet" : lines[i]) << '\n';
  }
}

}  // namespace cli
