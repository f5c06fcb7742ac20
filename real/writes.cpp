#include "real/writes.hpp"

#include <algorithm>

#include "real/copy_source.hpp"

namespace real {

void Writes::apply(Tenant& tenant, std::uint64_t sequence, std::string value,
                   const Waiter& waiter) {
  if (tenant.applied.contains(sequence)) {
    // Synced here; but a second machine may still owe its word for it.
    const auto found = tenant.pending.find(sequence);
    if (found == tenant.pending.end()) return node_.answer(waiter, Result::committed);
    found->second.waiters.push_back(waiter);
    return;
  }
  if (const auto found = tenant.pending.find(sequence); found != tenant.pending.end()) {
    found->second.waiters.push_back(waiter);
    return;
  }
  const vm::Bytes size{static_cast<std::int64_t>(value.size())};
  vm::Bytes growth = size;
  const vm::Bytes keep = tenant.holding.keep;
  if (keep.count > 0) growth = std::clamp(keep - tenant.held, vm::Bytes{}, size);
  if (node_.disk_full || !node_.memory.try_hold(growth)) {
    return node_.answer(waiter, Result::refused);
  }
  tenant.held += growth;
  tenant.growing += growth;
  PendingWrite& write = tenant.pending[sequence];
  write.growth = growth;
  write.waiters.push_back(waiter);
  Row row{sequence, std::move(value)};
  if (tenant.replica && tenant.replica->follows()) {
    write.chunk = tenant.replica->follow(row);
    tenant.sent.emplace_back(write.chunk, sequence);
  }
  const Slot slot = tenant.holding.slot;
  node_.store.submit(Write{slot, std::move(row)},
                     [this, id = tenant.holding.tenant, slot, sequence, n = size.count](bool ok) {
                       stored(id, slot, sequence, n, ok);
                     });
}

void Writes::stored(vm::TenantId id, Slot slot, std::uint64_t sequence, std::int64_t size,
                    bool ok) {
  Tenant* const tenant = node_.find(id);
  if (tenant == nullptr || tenant->holding.slot != slot) return;  // another life of the tenant
  const auto found = tenant->pending.find(sequence);
  PendingWrite* const write = found == tenant->pending.end() ? nullptr : &found->second;
  if (write != nullptr) {
    tenant->growing -= write->growth;
    write->growth = {};
  }
  node_.settle_memory(*tenant);
  if (ok) {
    tenant->applied.add(sequence);
    if (tenant->move) tenant->move->wrote(sequence, {size});
    // What it has not been sent in passing it is sent with the rest.
    if (tenant->replica && (write == nullptr || write->chunk == 0)) {
      tenant->replica->wrote(sequence, {size});
    }
  }
  if (write == nullptr) return;
  if (!ok) return finish(*tenant, sequence, write->chunk == 0 ? Result::refused : Result::failed);
  write->stored = true;
  if (write->chunk == 0) finish(*tenant, sequence, Result::committed);
}

void Writes::replica_stored(Tenant& tenant, std::uint64_t chunk) {
  while (!tenant.sent.empty() && tenant.sent.front().first <= chunk) {
    const auto [sent, sequence] = tenant.sent.front();
    tenant.sent.pop_front();
    const auto found = tenant.pending.find(sequence);
    // A write that was refused here may be under way again, under another chunk.
    if (found == tenant.pending.end() || found->second.chunk != sent) continue;
    found->second.chunk = 0;
    if (found->second.stored) finish(tenant, sequence, Result::committed);
  }
}

void Writes::replica_dropped(Tenant& tenant) {
  if (tenant.sent.empty()) return;
  replica_stored(tenant, tenant.sent.back().first);
}

void Writes::give_up(Tenant& tenant) {
  tenant.sent.clear();
  for (const auto& [sequence, write] : tenant.pending) {
    for (const Waiter& waiter : write.waiters) node_.answer(waiter, Result::failed);
  }
  tenant.pending.clear();
  tenant.growing = {};
}

void Writes::finish(Tenant& tenant, std::uint64_t sequence, Result result) {
  const auto found = tenant.pending.find(sequence);
  for (const Waiter& waiter : found->second.waiters) node_.answer(waiter, result);
  tenant.pending.erase(found);
  if (tenant.pending.empty()) settled_(tenant);
}

}  // namespace real
