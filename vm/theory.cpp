#include "vm/theory.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

#include "vm/arrival.hpp"
#include "vm/spread.hpp"

namespace vm {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// When the state outgrows the memory, to a thousandth of the run; none if it does not.
std::optional<Time> memory_full(const Scenario& scenario, const Layout& layout,
                                const std::vector<double>& rates, MachineId machine,
                                double memory) {
  const double run = sim::seconds(scenario.duration);
  const auto fits = [&](double s) {
    return state_after(scenario, layout, rates, machine, s) <= memory;
  };
  if (fits(run)) return std::nullopt;
  double low = 0, high = run;
  for (int i = 0; i < 10; ++i) (fits((low + high) / 2) ? low : high) = (low + high) / 2;
  return Time{sim::from_seconds(fits(0) ? high : 0)};
}

// ---- A fleet
// ---------------------------------------------------------------------------------------

struct Rates {  // of each group, 0 for closed loops
  std::optional<std::vector<double>> warmup;
  std::vector<double> run, mean, peak;  // run: the mean with the warm-up in it
};

struct Busiest {
  MachineId machine;
  double pressure = -1;      // the highest of its utilisations over thresholds, open loops only
  std::uint32_t closed = 0;  // clients in closed loops, which decide between equals
};

Busiest busiest_of(const Scenario& scenario, const Layout& layout, const std::vector<double>& peak,
                   FleetId fleet) {
  const auto spreads = spread_of(scenario, layout);
  const Flavor& flavor = scenario.flavors[scenario.fleets[fleet.value].flavor.value];
  Busiest busiest;
  for (MachineId m{0}; m.value < layout.machines.size(); ++m.value) {
    if (layout.machines[m.value].spare || layout.machines[m.value].fleet != fleet) continue;
    Busiest here{.machine = m, .pressure = 0, .closed = 0};
    const auto work = work_under(scenario, rates_on(spreads, peak, m));
    for (const Resource resource : shared_resources)
      if (work[resource] > 0)
        here.pressure = std::max(here.pressure, work[resource] / capacity_of(flavor, resource) /
                                                    scenario.sla.threshold[resource]);
    for (std::size_t g = 0; g < scenario.clients.size(); ++g)
      if (is_closed(scenario.clients[g])) here.closed += spreads[g].clients[m.value];
    if (std::tie(here.pressure, here.closed) > std::tie(busiest.pressure, busiest.closed))
      busiest = here;
  }
  return busiest;
}

/// The number of machines at which the busiest one gets below every threshold at the peak, by
/// bisection: more machines never make it busier, but for the luck of dealing.
std::optional<std::uint32_t> enough_machines(const Scenario& scenario,
                                             const std::vector<double>& peak, FleetId fleet) {
  Scenario trial = scenario;
  const auto within = [&](std::uint32_t machines) {
    trial.fleets[fleet.value].count = machines;
    return busiest_of(trial, initial_layout(trial), peak, fleet).pressure < 1;
  };
  std::uint32_t too_few = 0, enough = std::max(1u, scenario.tenant_count());
  if (!within(enough)) return std::nullopt;  // with a machine for every tenant
  while (enough - too_few > 1) {
    const std::uint32_t middle = too_few + (enough - too_few) / 2;
    (within(middle) ? enough : too_few) = middle;
  }
  return enough;
}

/// Transactions/s that come to all machines of a fleet.
double rate_of(const Layout& layout, const std::vector<Spread>& spreads,
               const std::vector<double>& rates, FleetId fleet) {
  double sum = 0;
  for (MachineId m{0}; m.value < layout.machines.size(); ++m.value)
    if (layout.machines[m.value].fleet == fleet)
      for (const double rate : rates_on(spreads, rates, m)) sum += rate;
  return sum;
}

FleetTheory fleet_theory(const Scenario& scenario, const Layout& layout,
                         const std::vector<Spread>& spreads, const Rates& rates, FleetId id) {
  const Fleet& fleet = scenario.fleets[id.value];
  const Flavor& flavor = scenario.flavors[fleet.flavor.value];
  const MachineId m = busiest_of(scenario, layout, rates.peak, id).machine;
  FleetTheory theory;
  theory.fleet = id;
  theory.machine = m;

  const auto state_at = [&](double s) {
    const double state = state_after(scenario, layout, rates.run, m, s);
    return Bytes{static_cast<std::int64_t>(std::min(state, 9e18))};
  };
  theory.state_start = state_at(0);
  theory.state_end = state_at(sim::seconds(scenario.duration));
  theory.memory_full = memory_full(scenario, layout, rates.run, m,
                                   static_cast<double>(flavor.capacity.memory.count));

  const auto under = [&](const std::vector<double>& all, Bytes state) {
    return machine_under(scenario, flavor, rates_on(spreads, all, m), state);
  };
  if (rates.warmup) theory.warmup = under(*rates.warmup, theory.state_start);
  theory.mean = under(rates.mean, theory.state_end);
  theory.peak = under(rates.peak, theory.state_end);

  const double fleet_mean = rate_of(layout, spreads, rates.mean, id);
  const double fleet_peak = rate_of(layout, spreads, rates.peak, id);
  theory.share = fleet_peak > 0 ? theory.peak.rate / fleet_peak : 0;
  theory.rate_at_threshold.values.fill(infinity);
  theory.rate_at_saturation.values.fill(infinity);
  for (const Resource resource : shared_resources) {
    const double load = theory.mean.utilisation[resource];
    if (load <= 0) continue;
    theory.rate_at_saturation[resource] = fleet_mean / load;
    theory.rate_at_threshold[resource] = fleet_mean * scenario.sla.threshold[resource] / load;
    if (theory.rate_at_saturation[resource] < theory.rate_at_saturation[theory.bottleneck])
      theory.bottleneck = resource;
  }
  theory.enough = enough_machines(scenario, rates.peak, id);

  std::size_t here = 0;  // groups with clients on the machine
  for (const Spread& spread : spreads) here += spread.clients[m.value] > 0;
  for (std::uint32_t g = 0; g < scenario.clients.size(); ++g)
    if (is_closed(scenario.clients[g]) && spreads[g].clients[m.value] > 0)
      theory.closed.push_back(
          closed_under(scenario, GroupId{g}, spreads[g].clients[m.value], flavor, here == 1));
  return theory;
}

// ---- What is taken for granted
// ---------------------------------------------------------------------

std::string names_of(const Scenario& scenario, bool (*which)(const ClientGroup&)) {
  std::string names;
  for (const ClientGroup& group : scenario.clients)
    if (which(group)) names += (names.empty() ? "" : ", ") + group.name;
  return names;
}

std::vector<std::string> assumptions_of(const Scenario& scenario, const Theory& theory) {
  std::vector<std::string> said;
  said.push_back("each rate holds long enough for a steady state");
  const bool open = !theory.groups.empty();
  if (open)
    said.push_back(
        "transactions come as a Poisson process, and the steps of different ones are "
        "independent (product form)");
  const std::string clumped = names_of(
      scenario, [](const ClientGroup& g) { return std::holds_alternative<Mmpp>(g.arrivals); });
  if (!clumped.empty())
    said.push_back(clumped + " in truth in clumps: the response is longer than said");
  const std::string even = names_of(scenario, [](const ClientGroup& g) {
    return std::holds_alternative<Deterministic>(g.arrivals);
  });
  if (!even.empty())
    said.push_back(even + " in truth evenly spaced: the response is shorter than said");
  const auto peaks = std::ranges::count_if(
      theory.groups, [](const GroupTheory& g) { return g.peak > g.mean * (1 + 1e-9); });
  if (peaks > 1) said.push_back("the peaks of all groups fall together");
  said.push_back(
      "nobody times out, retries or is refused; no fault, no failover: tenants stay "
      "where the start puts them");
  for (const FleetTheory& fleet : theory.fleets)
    if (fleet.mean.approximate) {
      said.push_back("first come first served on several servers: Lee and Longton's approximation");
      break;
    }
  return said;
}

}  // namespace

Theory predict(const Scenario& scenario) {
  Theory theory;
  const std::size_t n = scenario.clients.size();
  const Time start{}, warm{scenario.warmup}, end{scenario.duration};
  Rates rates{.warmup = {}, .run = std::vector<double>(n), .mean = {}, .peak = {}};
  rates.mean = rates.peak = rates.run;
  if (start < warm) rates.warmup = rates.run;
  for (std::uint32_t g = 0; g < n; ++g) {
    const Arrivals& arrivals = scenario.clients[g].arrivals;
    if (is_closed(scenario.clients[g])) continue;
    rates.run[g] = mean_rate(arrivals, start, end);
    rates.mean[g] = warm < end ? mean_rate(arrivals, warm, end) : rates.run[g];
    rates.peak[g] = max_rate(arrivals, start, end);
    GroupTheory& group = theory.groups.emplace_back(GroupTheory{
        .group = GroupId{g}, .warmup = {}, .mean = rates.mean[g], .peak = rates.peak[g]});
    if (rates.warmup) group.warmup = (*rates.warmup)[g] = mean_rate(arrivals, start, warm);
  }
  const Layout layout = initial_layout(scenario);
  const auto spreads = spread_of(scenario, layout);
  for (std::uint32_t f = 0; f < scenario.fleets.size(); ++f)
    if (scenario.fleets[f].count > 0)
      theory.fleets.push_back(fleet_theory(scenario, layout, spreads, rates, FleetId{f}));
  theory.assumptions = assumptions_of(scenario, theory);
  return theory;
}

}  // namespace vm
