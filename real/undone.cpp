#include "real/undone.hpp"

namespace real {
namespace {

/// A machine forgets what it was copying when it ends, and takes part in few migrations at once.
constexpr std::size_t aborts_kept = 64;

template <class Map, class Key>
auto find(const Map& map, const Key& key) -> decltype(&map.begin()->second) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

template <class Map>
auto find_attempt(const Map& map, vm::Attempt attempt) -> decltype(&map.begin()->second) {
  for (const auto& [key, order] : map)
    if (order.attempt == attempt) return &order;
  return nullptr;
}

}  // namespace

void Undone::told(const vm::Fact& fact) {
  std::visit([&](const auto& f) { on(f); }, fact);
}

void Undone::ordered(vm::Time now, const vm::Order& order) {
  std::visit([&](const auto& o) { add(now, o); }, order);
}

const Undone::Transfer* Undone::transfer(vm::Attempt attempt) const {
  return find(transfers_, attempt);
}
const vm::Restore* Undone::restore(vm::Attempt attempt) const {
  return find_attempt(restores_, attempt);
}
const vm::Replicate* Undone::replication(vm::Attempt attempt) const {
  return find_attempt(replications_, attempt);
}
const vm::Allocate* Undone::boot(vm::MachineId machine) const {
  return find(boots_, machine);
}
const vm::AskLoads* Undone::loads(vm::Attempt attempt) const {
  return find_attempt(loads_, attempt);
}
vm::Attempt Undone::replica_attempt(vm::TenantId tenant) const {
  const auto* found = find(replicated_, tenant);
  return found == nullptr ? first_replica_attempt(tenant) : *found;
}
const std::vector<vm::Attempt>& Undone::aborted(vm::MachineId machine) const {
  static const std::vector<vm::Attempt> none;
  const auto* found = find(aborted_, machine);
  return found == nullptr ? none : *found;
}
std::optional<vm::SetTimer> Undone::next_timer() const {
  if (timers_in_order_.empty()) return {};
  return vm::SetTimer{timers_in_order_.begin()->second, timers_in_order_.begin()->first};
}

// ---- Facts -------------------------------------------------------------------------------------

/// What the lost machine was to do is void. Migrations that go back are aborted by an order.
void Undone::on(const vm::MachineLost& fact) {
  const vm::MachineId lost = fact.machine;
  std::erase_if(transfers_, [&](const auto& entry) {
    const Transfer& t = entry.second;
    const bool forward = t.step == Step::switching && t.to == lost;
    if (forward) fences_[{t.from, t.tenant}] = {t.epoch, t.to};  // there is no way back for it
    return forward;
  });
  std::erase_if(restores_, [&](const auto& entry) { return entry.second.to == lost; });
  std::erase_if(replications_, [&](const auto& entry) {
    return entry.second.to == lost || holder(entry.first) == lost;
  });
  loads_.erase(lost);
}

void Undone::on(const vm::SwitchedOver& fact) {
  const auto found = transfers_.find(fact.attempt);
  if (found == transfers_.end()) return;
  const Transfer t = found->second;
  transfers_.erase(found);
  fences_.erase({t.to, t.tenant});
  fences_[{t.from, t.tenant}] = {t.epoch, t.to};
}

void Undone::on(const vm::Restored& fact) {
  const auto* found = restore(fact.attempt);
  if (found == nullptr) return;
  const vm::Restore order = *found;
  restores_.erase(order.tenant);
  change_holder(order.tenant, order.to, order.epoch);
}

/// A restore or a second copy that was refused: another target will be ordered. A migration goes on
/// until it is aborted.
void Undone::on(const vm::MigrationBroken& fact) {
  const auto is_it = [&](const auto& entry) { return entry.second.attempt == fact.attempt; };
  std::erase_if(restores_, is_it);
  std::erase_if(replications_, is_it);
}

void Undone::on(const vm::Replicated& fact) {
  const auto* found = replication(fact.attempt);
  if (found == nullptr) return;
  const vm::TenantId tenant = found->tenant;
  replicated_[tenant] = fact.attempt;
  replications_.erase(tenant);
}

void Undone::on(const vm::TimerFired& fact) {
  const auto found = timers_.find(fact.attempt);
  if (found == timers_.end()) return;
  timers_in_order_.erase({found->second, found->first});
  timers_.erase(found);
}

void Undone::fenced(vm::MachineId machine, vm::TenantId tenant, vm::Epoch epoch) {
  const auto found = fences_.find({machine, tenant});
  if (found != fences_.end() && found->second.epoch <= epoch) fences_.erase(found);
}

void Undone::change_holder(vm::TenantId tenant, vm::MachineId to, vm::Epoch epoch) {
  const vm::MachineId before = holder_[tenant.value];
  holder_[tenant.value] = to;
  fences_.erase({to, tenant});
  // It may come back, with a store that says it is the owner.
  if (before != to && !released(before)) fences_[{before, tenant}] = {epoch, to};
}

// ---- Orders ------------------------------------------------------------------------------------

void Undone::add(vm::Time, const vm::Release& order) {
  released_.insert(order.machine);
  boots_.erase(order.machine);
  loads_.erase(order.machine);
  aborted_.erase(order.machine);
  std::erase_if(fences_, [&](const auto& entry) { return entry.first.first == order.machine; });
}

void Undone::add(vm::Time, const vm::StartCopy& order) {
  Transfer& t = transfers_[order.attempt];
  t.attempt = order.attempt;
  t.tenant = order.tenant;
  t.from = order.from;
  t.to = order.to;
}

Undone::Transfer* Undone::advance(vm::Attempt attempt, Step step, std::uint32_t round) {
  const auto found = transfers_.find(attempt);
  if (found == transfers_.end()) return nullptr;
  found->second.step = step;
  if (round != 0) found->second.round = round;
  return &found->second;
}

void Undone::add(vm::Time now, const vm::Freeze& order) {
  if (Transfer* t = advance(order.attempt, Step::freezing, 0)) t->frozen_at = now;
}

void Undone::add(vm::Time, const vm::SwitchOver& order) {
  Transfer* t = advance(order.attempt, Step::switching, 0);
  if (t == nullptr) return;
  t->epoch = order.epoch;
  holder_[order.tenant.value] = order.to;  // both sides hold the same by now
}

void Undone::add(vm::Time, const vm::AbortMigration& order) {
  const auto found = transfers_.find(order.attempt);
  if (found == transfers_.end()) return;
  for (const vm::MachineId side : {found->second.from, found->second.to}) {
    auto& attempts = aborted_[side];
    if (attempts.size() == aborts_kept) attempts.erase(attempts.begin());
    attempts.push_back(order.attempt);
  }
  transfers_.erase(found);
}

void Undone::add(vm::Time, const vm::SetTimer& order) {
  timers_[order.attempt] = order.at;
  timers_in_order_.insert({order.at, order.attempt});
}

}  // namespace real
