#include "vm/demand_draw.hpp"

#include "sim/check.hpp"

namespace vm {

DemandDraw::DemandDraw(const Scenario& scenario) {
  for (const TransactionKind& kind : scenario.transactions) {
    auto& steps = steps_.emplace_back();
    for (const vm::Step& step : kind.steps) {
      const auto* constant = std::get_if<sim::Constant>(&step.demand.spec());
      steps.push_back({step.resource, constant != nullptr ? nullptr : &step.demand,
                       constant != nullptr ? constant->value : 0});
    }
    SIM_CHECK(steps.size() < streams_per_transaction);
  }
  for (const ClientGroup& group : scenario.clients) {
    keys_.push_back(sim::RandomStream::key(scenario.seed, group.stream + ".demand"));
  }
}

void DemandDraw::append(std::uint16_t kind, Resource resource, double demand) {
  steps_[kind].push_back({resource, nullptr, demand});
  SIM_CHECK(steps_[kind].size() < streams_per_transaction);
}

}  // namespace vm
