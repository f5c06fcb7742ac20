#include "vm/machine_theory.hpp"

#include <algorithm>
#include <cmath>

#include "vm/spread.hpp"

namespace vm {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

double bytes(Bytes size) {
  return static_cast<double>(size.count);
}

/// Steps as a run plays them: with two replicas, a write also crosses the network.
std::vector<Step> steps_of(const Scenario& scenario, const TransactionKind& kind) {
  std::vector<Step> steps = kind.steps;
  if (scenario.durability.replicas > 1 && kind.write.count > 0)
    steps.push_back({Resource::network, sim::Distribution{sim::Constant{bytes(kind.write)}}});
  return steps;
}

/// All visits to one resource of one machine.
struct Visits {
  double rate = 0;         // 1/s
  double work = 0;         // per second, in the resource's unit
  double square = 0;       // of a visit's work, per second
  double like = 0;         // mean of the first visit seen
  bool memoryless = true;  // all exponential, with one mean

  void add(double visit_rate, const sim::Distribution& demand) {
    if (visit_rate <= 0) return;
    const double mean = demand.mean();
    if (rate == 0) like = mean;
    memoryless &= mean == like && std::holds_alternative<sim::Exponential>(demand.spec());
    rate += visit_rate;
    work += visit_rate * mean;
    square += visit_rate * (demand.variance() + mean * mean);
  }
};

PerResource<Visits> visits_on(const Scenario& scenario, const std::vector<double>& rates) {
  PerResource<Visits> visits;
  for (std::size_t g = 0; g < rates.size(); ++g)
    for (std::size_t k = 0; k < scenario.transactions.size(); ++k)
      for (const Step& step : steps_of(scenario, scenario.transactions[k]))
        visits[step.resource].add(rates[g] * scenario.clients[g].mix[k], step.demand);
  return visits;
}

/// Mean time of all visits at a resource, seconds per second.
struct Law {
  double time = 0;
  bool approximate = false;
};

Law sharing(const Visits& visits, double capacity, double most) {
  const double servers = capacity / most;
  const Traffic traffic{.rate = visits.rate, .demand = visits.work / visits.rate / most};
  return {visits.rate * sharing_response(servers, traffic)};
}

/// A CPU of c cores is ceil(c) servers that divide its speed evenly.
Law first_come(const Visits& visits, double capacity, double most) {
  const double servers = std::ceil(capacity / most), speed = capacity / servers;
  Traffic traffic{.rate = visits.rate, .demand = visits.work / visits.rate / speed};
  traffic.variance =
      visits.square / visits.rate / (speed * speed) - traffic.demand * traffic.demand;
  traffic.variance = std::max(0.0, traffic.variance);
  if (servers == 1) return {visits.rate * (fifo_wait(traffic) + traffic.demand)};
  double wait = erlang_c_wait(static_cast<int>(servers), traffic);
  // Lee and Longton (1959): scaled as a single server's wait is by the demand's variance.
  if (!visits.memoryless) wait *= (1 + traffic.variance / (traffic.demand * traffic.demand)) / 2;
  return {visits.rate * (wait + traffic.demand), !visits.memoryless};
}

Law law_of(const Visits& visits, const Flavor& flavor, Resource resource) {
  const double capacity = capacity_of(flavor, resource);
  const double most = resource == Resource::cpu ? 1 : capacity;  // work per second of one visit
  if (visits.work <= 0) return {};
  if (!(visits.work < capacity)) return {infinity};
  const bool fifo = (resource == Resource::cpu && flavor.cpu_scheduling == Scheduling::fifo) ||
                    (resource == Resource::disk && flavor.disk_scheduling == Scheduling::fifo);
  return fifo ? first_come(visits, capacity, most) : sharing(visits, capacity, most);
}

/// Bytes that transactions hold, by Little's law with the mean response for each kind: close, as
/// kinds that hold more may also stay longer.
double memory_in_flight(const Scenario& scenario, const std::vector<double>& rates,
                        double response) {
  double held = 0;
  for (std::size_t g = 0; g < rates.size(); ++g)
    for (std::size_t k = 0; k < scenario.transactions.size(); ++k)
      if (const double rate = rates[g] * scenario.clients[g].mix[k];
          rate > 0 && scenario.transactions[k].memory.count > 0)
        held += rate * bytes(scenario.transactions[k].memory) * response;
  return held;
}

/// Rounds of one closed-loop group on a machine: its think time, then its transactions' steps.
std::vector<Station> stations_of(const Scenario& scenario, const ClientGroup& group,
                                 const Flavor& flavor) {
  std::vector<Station> stations{{std::get<ClosedLoop>(group.arrivals).think.mean(), always_enough}};
  for (const Resource resource : shared_resources) {
    const double capacity = capacity_of(flavor, resource);
    const bool cpu = resource == Resource::cpu;
    double work = 0;
    for (std::size_t k = 0; k < scenario.transactions.size(); ++k)
      for (const Step& step : steps_of(scenario, scenario.transactions[k]))
        if (step.resource == resource) work += group.mix[k] * step.demand.mean();
    stations.push_back({work > 0 && !cpu ? work / capacity : work, cpu ? capacity : 1});
  }
  return stations;
}

}  // namespace

double capacity_of(const Flavor& flavor, Resource resource) {
  switch (resource) {
    case Resource::cpu:
      return flavor.capacity.cores;
    case Resource::memory:
      return bytes(flavor.capacity.memory);
    case Resource::disk:
      return flavor.capacity.disk.value;
    case Resource::network:
      return flavor.capacity.network.value;
  }
  return 0;
}

bool MachineTheory::overloaded() const {
  return std::ranges::any_of(shared_resources, [&](Resource r) { return utilisation[r] >= 1; });
}

PerResource<double> work_under(const Scenario& scenario, const std::vector<double>& rates) {
  PerResource<double> work;
  const auto visits = visits_on(scenario, rates);
  for (const Resource resource : shared_resources) work[resource] = visits[resource].work;
  return work;
}

MachineTheory machine_under(const Scenario& scenario, const Flavor& flavor,
                            const std::vector<double>& rates, Bytes state) {
  MachineTheory machine;
  for (const double rate : rates) machine.rate += rate;
  const auto visits = visits_on(scenario, rates);
  for (const Resource resource : shared_resources) {
    machine.demand[resource] = visits[resource].work;
    const Law law = law_of(visits[resource], flavor, resource);
    if (machine.rate > 0) machine.time[resource] = law.time / machine.rate;
    machine.approximate |= law.approximate;
    machine.response += machine.time[resource];
  }
  machine.demand[Resource::memory] =
      bytes(state) + memory_in_flight(scenario, rates, machine.response);
  for (const Resource resource : all_resources)
    if (machine.demand[resource] > 0)
      machine.utilisation[resource] = machine.demand[resource] / capacity_of(flavor, resource);
  return machine;
}

ClosedTheory closed_under(const Scenario& scenario, GroupId id, std::uint32_t clients,
                          const Flavor& flavor, bool alone) {
  const ClientGroup& group = scenario.clients[id.value];
  const auto stations = stations_of(scenario, group, flavor);
  const int population = static_cast<int>(std::min(clients, 1'000'000'000u));
  ClosedTheory theory{
      .group = id, .clients = clients, .think = stations[0].demand, .bounds = {}, .solution = {}};
  double round = 0;
  for (const Station& station : stations) round += station.demand;
  if (!(round > 0 && round < infinity)) return theory;  // nothing to do, or thoughts without a mean
  theory.bounds = asymptotic_bounds(stations, population);
  const bool fifo =
      flavor.cpu_scheduling == Scheduling::fifo || flavor.disk_scheduling == Scheduling::fifo;
  if (!alone || fifo || clients > 1'000'000 || flavor.capacity.cores > 600) return theory;
  const ClosedNetwork network = mean_value_analysis(stations, population);
  auto& solution = theory.solution.emplace();
  solution.throughput = network.throughput;
  for (std::size_t i = 0; i < shared_resources.size(); ++i) {
    solution.response += network.residence[i + 1];
    solution.utilisation[shared_resources[i]] =
        network.throughput * stations[i + 1].demand / stations[i + 1].servers;
  }
  return theory;
}

}  // namespace vm
