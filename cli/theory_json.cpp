#include "cli/theory_json.hpp"

#include <cmath>
#include <string>

namespace cli {
namespace {

using Json = nlohmann::ordered_json;

Json finite(double x) {
  return std::isfinite(x) ? Json(x) : Json(nullptr);
}

Json to_json(const vm::PerResource<double>& values, double scale = 1) {
  Json json;
  for (const vm::Resource resource : vm::all_resources)
    json[std::string{to_string(resource)}] = finite(values[resource] * scale);
  return json;
}

Json to_json(const vm::MachineTheory& machine) {
  return {{"transactions_per_s", machine.rate},
          {"overloaded", machine.overloaded()},
          {"utilisation", to_json(machine.utilisation)},
          {"time_ms", to_json(machine.time, 1e3)},
          {"response_ms", finite(machine.response * 1e3)},
          {"approximate", machine.approximate}};
}

Json to_json(const vm::Scenario& scenario, const vm::ClosedTheory& closed) {
  Json json{{"clients", scenario.clients[closed.group.value].name},
            {"here", closed.clients},
            {"think_s", finite(closed.think)},
            {"transactions_per_s_max", closed.bounds.throughput_max},
            {"round_s_min", closed.bounds.round_min},
            {"saturation_clients", finite(closed.bounds.saturation)},
            {"solution", nullptr}};
  if (closed.solution)
    json["solution"] = {{"transactions_per_s", closed.solution->throughput},
                        {"response_ms", closed.solution->response * 1e3},
                        {"utilisation", to_json(closed.solution->utilisation)}};
  return json;
}

Json to_json(const vm::Scenario& scenario, const vm::FleetTheory& fleet) {
  const vm::Fleet& config = scenario.fleets[fleet.fleet.value];
  Json json{{"name", config.name},
            {"flavor", scenario.flavors[config.flavor.value].name},
            {"machines", config.count},
            {"spare", config.spare},
            {"busiest", {{"machine", fleet.machine.value}, {"share", fleet.share}}},
            {"warmup", nullptr},
            {"mean", to_json(fleet.mean)},
            {"peak", to_json(fleet.peak)},
            {"transactions_per_s_at_threshold", to_json(fleet.rate_at_threshold)},
            {"transactions_per_s_at_saturation", to_json(fleet.rate_at_saturation)},
            {"bottleneck", to_string(fleet.bottleneck)},
            {"enough_machines", nullptr},
            {"state_start_bytes", fleet.state_start.count},
            {"state_end_bytes", fleet.state_end.count},
            {"memory_full_s", nullptr},
            {"closed", Json::array()}};
  if (fleet.warmup) json["warmup"] = to_json(*fleet.warmup);
  if (fleet.enough) json["enough_machines"] = *fleet.enough;
  if (fleet.memory_full) json["memory_full_s"] = sim::seconds(*fleet.memory_full);
  for (const vm::ClosedTheory& closed : fleet.closed)
    json["closed"].push_back(to_json(scenario, closed));
  return json;
}

}  // namespace

Json to_json(const vm::Scenario& scenario, const vm::Theory& theory) {
  Json json{{"scenario", scenario.name},
            {"seed", scenario.seed},
            {"duration_s", sim::seconds(scenario.duration)},
            {"clients", Json::array()},
            {"fleets", Json::array()},
            {"assumptions", theory.assumptions}};
  for (const vm::GroupTheory& group : theory.groups)
    json["clients"].push_back({{"name", scenario.clients[group.group.value].name},
                               {"warmup_per_s", group.warmup ? Json(*group.warmup) : Json(nullptr)},
                               {"mean_per_s", group.mean},
                               {"peak_per_s", group.peak}});
  for (const vm::FleetTheory& fleet : theory.fleets)
    json["fleets"].push_back(to_json(scenario, fleet));
  return json;
}

}  // namespace cli
