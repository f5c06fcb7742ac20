#include "vm/model/faults.hpp"

#include <algorithm>
#include <string>

#include "vm/model/operations.hpp"
#include "vm/model/service.hpp"
#include "vm/model/watch.hpp"
#include "vm/quantity.hpp"

namespace vm::model {
namespace {

/// Of the CPU, when slow faults multiply: a station needs some capacity.
constexpr double least_factor = 1e-6;

std::string describe(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::crash:
      return "crash";
    case FaultKind::slow:
      return "slow to " + format_percent(fault.factor);
    case FaultKind::leak:
      return "leak of " + format_bytes(Bytes{static_cast<std::int64_t>(fault.rate.value)}) + "/s";
    case FaultKind::boot_failure:
      return "boots fail";
    case FaultKind::disk_full:
      return "disk full";
    case FaultKind::lose_samples:
      return "samples lost";
    case FaultKind::late_samples:
      return "samples late by " + format_duration(fault.delay);
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
    return operations_.fail_boots_until(fault.lasts ? sim::later(now, *fault.lasts) : sim::never);
  }
  if (fault.during) return operations_.set_trap({*fault.during, fault.side, fault.lasts});
  const auto machine = victim(index);
  if (!machine) return watch_.fault(now, no_machine, describe(fault) + ": no machine to strike");
  watch_.fault(now, *machine, describe(fault));
  strike(now, fault, *machine);
}

void Faults::strike(Time now, const Fault& fault, MachineId id) {
  if (fault.kind == FaultKind::crash) return operations_.crash(now, id, fault.lasts);
  suffer(fault, id);
  apply(now, id);
}

/// Faults without an end are one ailment per machine and kind, so that a fault which strikes again
/// and again does not fill the memory.
void Faults::suffer(const Fault& fault, MachineId id) {
  std::uint32_t index = none;
  if (!fault.lasts) {
    ailments_.for_each([&](std::uint32_t i, const Ailment& a) {
      if (!a.ends && a.machine == id && a.kind == fault.kind) index = i;
    });
  }
  if (index == none) index = ailments_.take();
  Ailment& ailment = ailments_[index];
  ailment.kind = fault.kind;
  ailment.machine = id;
  ailment.ends = fault.lasts.has_value();
  ailment.factor = std::max(least_factor, ailment.factor * fault.factor);
  ailment.rate += fault.rate.value;
  ailment.delay = std::max(ailment.delay, fault.delay);
  if (fault.lasts) cloud_.simulator.after(*fault.lasts, {Kind::fault_ends, index, 0});
}

void Faults::on_ends(Time now, std::uint32_t index) {
  const MachineId machine = ailments_[index].machine;
  ailments_.give_back(index);
  apply(now, machine);
}

void Faults::slow(Time now, MachineId id, double factor) {
  slowed_[id] = std::max(least_factor, factor);
  apply(now, id);
}

/// Computed anew from all that it suffers from, so that nothing is left of a fault that is over.
void Faults::apply(Time now, MachineId id) {
  Machine& machine = cloud_.machine(id);
  const auto slowed = slowed_.find(id);
  double factor = slowed == slowed_.end() ? 1 : slowed->second, leak = 0;
  machine.disk_full = machine.silent = false;
  machine.late = {};
  ailments_.for_each([&](std::uint32_t, const Ailment& a) {
    if (a.machine != id) return;
    switch (a.kind) {
      case FaultKind::slow:
        factor = std::max(least_factor, factor * a.factor);
        return;
      case FaultKind::leak:
        leak += a.rate;
        return;
      case FaultKind::disk_full:
        machine.disk_full = true;
        return;
      case FaultKind::lose_samples:
        machine.silent = true;
        return;
      case FaultKind::late_samples:
        machine.late = std::max(machine.late, a.delay);
        return;
      case FaultKind::crash:
      case FaultKind::boot_failure:
        return;
    }
  });
  machine.leak(now, leak);
  if (factor == machine.cpu_factor()) return;
  machine.slow_down(now, factor);
  service_.rearm(id);
}

}  // namespace vm::model
