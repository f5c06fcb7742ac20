#include "vm/model/operations.hpp"

#include <algorithm>

#include "vm/model/service.hpp"
#include "vm/model/watch.hpp"

namespace vm::model {

Operations::Operations(Cloud& cloud, Service& service, Watch& watch, Sabotage sabotage)
    : cloud_(cloud),
      service_(service),
      watch_(watch),
      sabotage_(sabotage),
      control_(cloud.scenario) {}

void Operations::tell(Time now, const Fact& fact) {
  SIM_CHECK(orders_.empty());  // carrying out an order schedules its answer, it never tells
  control_.step(now, fact, orders_);
  for (const Order& order : orders_) {
    std::visit([&](const auto& o) { carry_out(now, o); }, order);
  }
  orders_.clear();
}

void Operations::answer(Kind kind, std::uint32_t subject, Attempt attempt) {
  cloud_.simulator.after(round_trip, {kind, subject, attempt.value});
}

// ---- Machines ----------------------------------------------------------------------------------

void Operations::carry_out(Time now, const Allocate& order) {
  SIM_CHECK(order.machine.value == cloud_.machines.size());
  const Flavor& flavor = cloud_.scenario.flavors[order.flavor.value];
  cloud_.machines.emplace_back(order.machine, order.fleet, order.flavor, flavor, now);
  watch_.allocated(now, cloud_.machines.back(), false);
  sim::RandomStream chance{cloud_.scenario.seed, "boot", order.machine.value};
  const double boot = flavor.boot(chance);
  const bool fails = chance.uniform() < flavor.boot_failure;
  cloud_.simulator.after(
      sim::from_seconds_up(boot),
      {fails ? Kind::boot_failed : Kind::machine_ready, order.machine.value, order.attempt.value});
}

void Operations::on_machine_ready(Time now, MachineId id, Attempt attempt) {
  Machine& machine = cloud_.machine(id);
  if (machine.state != MachineState::booting) return;  // released meanwhile
  if (now < boots_fail_until_) return on_boot_failed(now, id, attempt);
  machine.come_up(now);
  watch_.changed_state(now, machine);
  tell(now, MachineReady{id, attempt});
}

void Operations::on_boot_failed(Time now, MachineId id, Attempt attempt) {
  Machine& machine = cloud_.machine(id);
  if (machine.state != MachineState::booting) return;
  machine.release(now);
  watch_.changed_state(now, machine);
  tell(now, BootFailed{id, attempt});
}

void Operations::carry_out(Time now, const Release& order) {
  Machine& machine = cloud_.machine(order.machine);
  if (machine.released != sim::never) return;
  // It may have been lost with tenants whose next home was lost too: written here, served nowhere.
  SIM_CHECK(std::none_of(cloud_.tenants.begin(), cloud_.tenants.end(),
                         [&](const Tenant& t) { return t.owner == order.machine && t.served; }));
  if (machine.state == MachineState::up) service_.fail_all(now, order.machine);
  lose_replicas_on(order.machine);
  machine.release(now);
  watch_.changed_state(now, machine);
}

void Operations::carry_out(Time now, const Drain& order) {
  Machine& machine = cloud_.machine(order.machine);
  if (machine.state != MachineState::up || machine.draining == order.begins) return;
  machine.draining = order.begins;
  watch_.changed_state(now, machine);
}

void Operations::crash(Time now, MachineId id, std::optional<Duration> lasts) {
  Machine& machine = cloud_.machine(id);
  SIM_CHECK(machine.state == MachineState::up);
  break_off_transfers(now, id);
  for (Tenant& tenant : cloud_.tenants) {
    if (tenant.owner == id) tenant.served = false;
  }
  std::erase_if(replications_, [&](const auto& entry) {
    return !cloud_.tenant(entry.second.order.tenant).served;  // nobody is left to copy from
  });
  // The machine may be back before they would have been done: what it was reading is gone.
  std::erase_if(restores_, [&](const auto& entry) { return entry.second.to == id; });
  lose_replicas_on(id);
  service_.fail_all(now, id);
  for (std::uint32_t i = 0; i < cloud_.tenants.size(); ++i) {
    if (cloud_.tenants[i].owner == id) service_.fail_held(now, TenantId{i});
  }
  machine.crash(now);
  watch_.changed_state(now, machine);
  const Duration detect = cloud_.scenario.fleets[machine.fleet.value].failover.detect;
  cloud_.simulator.after(detect, {Kind::machine_detected, id.value, 0});
  if (lasts) {
    cloud_.simulator.after(std::max(*lasts, detect), {Kind::machine_returns, id.value, 0});
  }
}

void Operations::come_back(Time now, MachineId id) {
  Machine& machine = cloud_.machine(id);
  if (machine.state != MachineState::down || machine.released != sim::never) return;
  machine.come_up(now);
  watch_.changed_state(now, machine);
  tell(now, MachineReturned{id});
}

void Operations::carry_out(Time, const SetTimer& order) {
  cloud_.simulator.at(order.at, {Kind::timer, 0, order.attempt.value});
}

void Operations::carry_out(Time now, const Notify& order) {
  watch_.notice(now, order.notice);
}

}  // namespace vm::model
