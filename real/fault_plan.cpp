#include "real/fault_plan.hpp"

#include <algorithm>

#include "vm/quantity.hpp"

namespace real {

using vm::FaultKind;

std::string describe(const vm::Fault& fault) {
  switch (fault.kind) {
    case FaultKind::crash:
      return "crash";
    case FaultKind::slow:
      return "slow to " + vm::format_percent(fault.factor);
    case FaultKind::leak:
      return "leak of " + vm::format_bytes({static_cast<std::int64_t>(fault.rate.value)}) + "/s";
    case FaultKind::boot_failure:
      return "boots fail";
    case FaultKind::disk_full:
      return "disk full";
    case FaultKind::lose_samples:
      return "samples lost";
    case FaultKind::late_samples:
      return "samples late by " + vm::format_duration(fault.delay);
  }
  return {};
}

FaultPlan::FaultPlan(asio::io_context& io, const vm::Scenario& scenario, Handlers handlers)
    : io_(io), scenario_(scenario), handlers_(std::move(handlers)), due_(scenario.faults.size()) {
  for (std::uint32_t i = 0; i < scenario.faults.size(); ++i) {
    streams_.emplace_back(scenario.seed, "fault", i);
  }
}

void FaultPlan::begin(std::chrono::steady_clock::time_point start) {
  start_ = start;
  for (std::uint32_t i = 0; i < streams_.size(); ++i) {
    const vm::Fault& fault = scenario_.faults[i];
    if (fault.at) {
      schedule(i, *fault.at);
    } else {
      schedule_next(i, vm::Time{});
    }
  }
}

void FaultPlan::later(std::chrono::steady_clock::time_point at, std::function<void()> what) {
  const auto timer = std::make_shared<asio::steady_timer>(io_, at);
  timer->async_wait([timer, alive = alive_, what = std::move(what)](boost::system::error_code) {
    if (*alive) what();
  });
}

void FaultPlan::schedule(std::uint32_t index, vm::Time at) {
  if (at.time_since_epoch() > scenario_.duration) return;
  due_[index] = at;
  later(start_ + at.time_since_epoch(), [this, index] { strike(index); });
}

/// Drawn from when it was due and not from when the timer came, so that instants do not drift away
/// from the simulated world's.
void FaultPlan::schedule_next(std::uint32_t index, vm::Time after) {
  const vm::Fault& fault = scenario_.faults[index];
  if (!fault.every) return;
  const vm::Duration gap = std::max<vm::Duration>(
      std::chrono::milliseconds{1}, sim::from_seconds((*fault.every)(streams_[index])));
  schedule(index, after + gap);
}

void FaultPlan::strike(std::uint32_t index) {
  const vm::Fault& fault = scenario_.faults[index];
  schedule_next(index, due_[index]);
  if (fault.during) {
    traps_.push_back(index);
    return;
  }
  vm::MachineId victim = vm::no_machine;
  if (fault.kind != FaultKind::boot_failure) {
    const std::vector<vm::MachineId> up = handlers_.machines_up();
    if (fault.machine) {
      if (std::ranges::count(up, vm::MachineId{*fault.machine}) > 0) victim = {*fault.machine};
    } else if (!up.empty()) {
      victim = up[streams_[index].below(up.size())];
    }
    if (victim == vm::no_machine) {
      return handlers_.tell(victim, describe(fault) + ": no machine to strike");
    }
  }
  handlers_.tell(victim, describe(fault));
  handlers_.strike({fault, victim});
  if (!fault.lasts) return;
  later(std::chrono::steady_clock::now() + *fault.lasts, [this, &fault, victim] {
    handlers_.heal({fault, victim});
  });
}

std::optional<FaultPlan::Sprung> FaultPlan::spring(vm::MigrationStep step, vm::MachineId from,
                                                   vm::MachineId to) {
  const auto trap = std::ranges::find_if(
      traps_, [&](std::uint32_t index) { return scenario_.faults[index].during == step; });
  if (trap == traps_.end()) return {};
  const vm::Fault& fault = scenario_.faults[*trap];
  const vm::MachineId victim = fault.side == vm::Side::source ? from : to;
  traps_.erase(trap);
  handlers_.tell(victim, "crash during migration");
  if (fault.lasts) {
    later(std::chrono::steady_clock::now() + *fault.lasts, [this, &fault, victim] {
      handlers_.heal({fault, victim});
    });
  }
  return Sprung{victim, fault};
}

}  // namespace real
