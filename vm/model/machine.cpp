#include "vm/model/machine.hpp"

#include <algorithm>

namespace vm::model {
namespace {

std::size_t station_index(Resource resource) {
  switch (resource) {
    case Resource::cpu: return 0;
    case Resource::disk: return 1;
    case Resource::network: return 2;
    case Resource::memory: break;
  }
  SIM_CHECK(!"memory is held, not shared");
  return 0;
}

}  // namespace

Machine::Machine(MachineId id_, FleetId fleet_, FlavorId flavor_, const Flavor& kind,
                 Time allocated_)
    : id(id_),
      fleet(fleet_),
      flavor(flavor_),
      capacity(kind.capacity),
      allocated(allocated_),
      kind_(&kind),
      stations_{Station{{capacity.cores, 1.0, kind.cpu_scheduling}},
                Station{{capacity.disk.value, std::numeric_limits<double>::infinity(),
                         kind.disk_scheduling}},
                Station{{capacity.network.value, std::numeric_limits<double>::infinity(),
                         Scheduling::processor_sharing}}},
      tokens_(kind.admission ? kind.admission->burst : 0),
      tokens_at_(allocated_),
      sampled_(allocated_),
      measured_(allocated_) {}

Station& Machine::station(Resource resource) {
  return stations_[station_index(resource)];
}

bool Machine::try_admit(Time now, Bytes memory) {
  if (kind_->queue && in_service >= *kind_->queue) return false;
  if (kind_->admission) {
    const Admission& limit = *kind_->admission;
    tokens_ = std::min(limit.burst, tokens_ + limit.rate * sim::seconds(now - tokens_at_));
    tokens_at_ = now;
    if (tokens_ < 1) return false;
  }
  if (!try_hold(memory)) return false;
  if (kind_->admission) tokens_ -= 1;
  ++in_service;
  return true;
}

bool Machine::try_hold(Bytes size) {
  const double free = static_cast<double>(capacity.memory.count - held_.count) - leaked_;
  if (static_cast<double>(size.count) > free) return false;
  held_ += size;
  return true;
}

void Machine::let_go(Bytes size) {
  held_ -= size;
  SIM_CHECK(held_.count >= 0);
}

void Machine::grow_leak(Time now) {
  if (state == MachineState::up) {
    const double room = static_cast<double>(capacity.memory.count - held_.count);
    leaked_ = std::min(room, leaked_ + leak_ * sim::seconds(now - leak_since_));
  }
  leak_since_ = now;
}

void Machine::leak(Time now, double bytes_per_second) {
  grow_leak(now);
  leak_ = bytes_per_second;
}

PerResource<double> Machine::used(Time now) {
  PerResource<double> share;
  share[Resource::disk] = station(Resource::disk).work_done(now) / capacity.disk.value;
  share[Resource::network] = station(Resource::network).work_done(now) / capacity.network.value;
  // A machine whose CPU is stolen is busy when it uses all that is left to it.
  const double cpu = station(Resource::cpu).work_done(now);
  cpu_integral_ += (cpu - cpu_work_) / (capacity.cores * cpu_factor_);
  cpu_work_ = cpu;
  share[Resource::cpu] = cpu_integral_;
  const double memory =
      (static_cast<double>(held_.count) + leaked_) / static_cast<double>(capacity.memory.count);
  memory_integral_ += memory * sim::seconds(now - memory_since_);
  memory_since_ = now;
  share[Resource::memory] = memory_integral_;
  return share;
}

Sample Machine::sample(Time now) {
  grow_leak(now);
  const PerResource<double> whole = used(now);
  const double span = sim::seconds(now - sampled_);
  Sample seen;
  for (const Resource r : all_resources) {
    if (span > 0) seen.utilisation[r] = std::clamp((whole[r] - at_sample_[r]) / span, 0.0, 1.0);
  }
  // Memory is a level, not a flow: what /proc/meminfo shows is the instant.
  seen.utilisation[Resource::memory] =
      (static_cast<double>(held_.count) + leaked_) / static_cast<double>(capacity.memory.count);
  for (const Resource r : all_resources) {
    utilisation_max[r] = std::max(utilisation_max[r], seen.utilisation[r]);
  }
  seen.transactions = in_service;
  seen.tenants = tenants;
  at_sample_ = whole;
  sampled_ = now;
  return seen;
}

void Machine::restart_measuring(Time now) {
  at_measuring_ = used(now);
  measured_ = now;
  up_before_ = 0;
  utilisation_max = {};
  if (state == MachineState::up) up_since = now;
}

PerResource<double> Machine::mean_utilisation(Time now) {
  const PerResource<double> whole = used(now);
  const bool up = state == MachineState::up;
  const double span = up_before_ + (up ? sim::seconds(now - std::max(up_since, measured_)) : 0);
  PerResource<double> mean;
  if (span <= 0) return mean;
  for (const Resource r : all_resources) {
    mean[r] = std::clamp((whole[r] - at_measuring_[r]) / span, 0.0, 1.0);
  }
  return mean;
}

void Machine::crash(Time now) {
  used(now);
  if (state == MachineState::up) up_before_ += sim::seconds(now - std::max(up_since, measured_));
  state = MachineState::down;
  held_ = {};
  leaked_ = 0;
  draining = false;
  in_service = 0;
  reserve_network(now, -reserved_);
}

void Machine::come_up(Time now) {
  used(now);  // the idle time while it booted is no utilisation
  state = MachineState::up;
  up_since = now;
  sampled_ = now;
  at_sample_ = used(now);
  leak_since_ = now;
}

void Machine::release(Time now) {
  if (released != sim::never) return;
  crash(now);
  released = now;
}

void Machine::slow_down(Time now, double factor) {
  used(now);  // what was done so far was done at the old factor
  cpu_factor_ = factor;
  station(Resource::cpu).resize(now, capacity.cores * cpu_factor_, 0);
}

void Machine::reserve_network(Time now, double bytes_per_second) {
  // Copies never take the whole card (network_for_copy), so something is left to share.
  reserved_ = std::max(0.0, reserved_ + bytes_per_second);
  station(Resource::network).resize(now, capacity.network.value - reserved_, reserved_);
}

}  // namespace vm::model
