#include "viz/model/machine_log.hpp"

#include <algorithm>

#include "sim/check.hpp"

namespace viz::model {
namespace {

Life life_of(const vm::MachineStateRow& row) {
  switch (row.state) {
    case MachineState::booting:
      return Life::booting;
    case MachineState::up:
      return Life::up;
    case MachineState::draining:
      return Life::draining;
    case MachineState::down:
      return row.released ? Life::released : Life::down;
  }
  return Life::down;
}

}  // namespace

void MachineLog::append(const vm::MachineRow& row) {
  const std::size_t index = row.machine.value;
  while (machines_.size() <= index) {  // a number that is told twice, or late, changes nothing
    const MachineId id{static_cast<std::uint32_t>(machines_.size())};
    machines_.push_back({.id = id});
    allocated_.push_back(row.at);
    released_.push_back(sim::never);
  }
  MachineView& machine = machines_[index];
  machine.fleet = row.fleet;
  machine.flavor = row.flavor;
  machine.spare = row.spare;
  allocated_[index] = row.at;
}

void MachineLog::append(const vm::MachineStateRow& row) {
  SIM_CHECK(changes_.empty() || row.at >= changes_.back().at);
  if (row.machine.value >= machines_.size()) return;  // of a record that lacks its machines
  changes_.push_back({row.at, row.machine, life_of(row)});
  if (row.released) released_[row.machine.value] = std::min(released_[row.machine.value], row.at);
}

void MachineLog::seek(Time at, std::vector<MachineView>& machines, std::vector<Time>& since,
                      std::size_t& done) const {
  if (done > 0 && changes_[done - 1].at > at) done = 0;
  if (done == 0) {
    for (MachineView& machine : machines) machine.life = Life::not_yet;
    std::ranges::fill(since, Time{});
  }
  for (std::size_t i = machines.size(); i < machines_.size(); ++i) {
    machines.push_back(machines_[i]);
    since.push_back({});
  }
  for (; done < changes_.size() && changes_[done].at <= at; ++done) {
    const Change& change = changes_[done];
    machines[change.machine.value].life = change.life;
    since[change.machine.value] = change.at;
  }
}

}  // namespace viz::model
