#include "vm/model/faults.hpp"

#include <string>

#include "vm/model/operations.hpp"
#include "vm/model/service.hpp"
#include "vm/model/watch.hpp"
#include "vm/quantity.hpp"

namespace vm::model {
namespace {

std::string describe(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::crash: return "crash";
    case FaultKind::slow: return "slow to " + format_percent(fault.factor);
    case FaultKind::leak:
      return "leak of " + format_bytes(Bytes{static_cast<std::int64_t>(fault.rate.value)}) + "/s";
    case FaultKind::boot_failure: return "boots fail";
    case FaultKind::disk_full: return "disk full";
    case FaultKind::lose_samples: return "samples lost";
    case FaultKind::late_samples: return "samples late by " + format_duration(fault.delay);
  }
  return {};
}

}  // namespace

Faults::Faults(Cloud& cloud, Operations& operations, Service& service, Watch& watch)
    : cloud_(cloud), operations_(operations), service_(service), watch_(watch) {
  for (std::uint32_t i = 0; i < cloud.scenario.faults.size(); ++i) {
    streams_.emplace_back(cloud.scenario.seed, "fault", i);
  }
}

void Faults::start() {
  for (std::uint32_t i = 0; i < streams_.size(); ++i) {
    const Fault& fault = cloud_.scenario.faults[i];
    if (fault.at) {
      cloud_.simulator.at(*fault.at, {Kind::fault_begins, i, 0});
    } else {
      schedule_next(i);
    }
  }
}

void Faults::schedule_next(std::uint32_t index) {
  const Fault& fault = cloud_.scenario.faults[index];
  if (!fault.every) return;
  // At least a millisecond apart: a distribution that draws 0 for ever must not stop the clock.
  const Duration gap = std::max<Duration>(std::chrono::milliseconds{1},
                                          sim::from_seconds((*fault.every)(streams_[index])));
  cloud_.simulator.after(gap, {Kind::fault_begins, index, 0});
}

std::optional<MachineId> Faults::victim(std::uint32_t index) {
  const Fault& fault = cloud_.scenario.faults[index];
  std::vector<MachineId> up;
  for (const Machine& machine : cloud_.machines) {
    if (machine.state == MachineState::up) up.push_back(machine.id);
  }
  if (fault.machine) {
    const bool there = *fault.machine < cloud_.machines.size() &&
                       cloud_.machines[*fault.machine].state == MachineState::up;
    if (!there) return {};
    return MachineId{*fault.machine};
  }
  if (up.empty()) return {};
  return up[streams_[index].below(up.size())];
}

void Faults::on_begins(Time now, std::uint32_t index) {
  const Fault& fault = cloud_.scenario.faults[index];
  schedule_next(index);
  if (fault.kind == FaultKind::boot_failure) {
    watch_.fault(now, no_machine, describe(fault));
    return operations_.fail_boots_until(fault.lasts ? now + *fault.lasts : sim::never);
  }
  if (fault.during) return operations_.set_trap({*fault.during, fault.side, fault.lasts});
  const auto machine = victim(index);
  if (!machine) return watch_.fault(now, no_machine, describe(fault) + ": no machine to strike");
  watch_.fault(now, *machine, describe(fault));
  strike(now, fault, *machine);
}

void Faults::strike(Time now, const Fault& fault, MachineId id) {
  if (fault.kind == FaultKind::crash) {
    operations_.crash(now, id);
    if (!fault.lasts) return;
    // Back before anybody noticed would be a restart that the control plane cannot see.
    const Duration detect =
        cloud_.scenario.fleets[cloud_.machine(id).fleet.value].failover.detect;
    return cloud_.simulator.after(std::max(*fault.lasts, detect),
                                  {Kind::machine_returns, id.value, 0});
  }
  Machine& machine = cloud_.machine(id);
  switch (fault.kind) {
    case FaultKind::slow:
      machine.slow_down(now, fault.factor);
      service_.rearm(id);
      break;
    case FaultKind::leak: machine.leak_faster(now, fault.rate.value); break;
    case FaultKind::disk_full: machine.disk_full = true; break;
    case FaultKind::lose_samples: machine.silent = true; break;
    case FaultKind::late_samples: machine.late = fault.delay; break;
    case FaultKind::crash:
    case FaultKind::boot_failure: return;
  }
  if (!fault.lasts) return;
  const auto number = static_cast<std::uint32_t>(under_way_.size());
  under_way_.push_back({fault.kind, id, fault.rate.value});
  cloud_.simulator.after(*fault.lasts, {Kind::fault_ends, number, 0});
}

void Faults::on_ends(Time now, std::uint32_t index) {
  const UnderWay& over = under_way_[index];
  Machine& machine = cloud_.machine(over.machine);
  switch (over.kind) {
    case FaultKind::slow:
      machine.slow_down(now, 1);
      service_.rearm(over.machine);
      break;
    case FaultKind::leak: machine.leak_faster(now, -over.rate); break;
    case FaultKind::disk_full: machine.disk_full = false; break;
    case FaultKind::lose_samples: machine.silent = false; break;
    case FaultKind::late_samples: machine.late = {}; break;
    case FaultKind::crash:
    case FaultKind::boot_failure: break;
  }
}

}  // namespace vm::model
