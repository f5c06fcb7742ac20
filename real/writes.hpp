// Writes: from the end of a transaction's steps to its answer.
//
//   steps done ─> applied before? ── yes ──────────────────────────────> committed
//                  │ under way? ── yes ──> waits for the same commit ──^
//                  └ no ─> this store's next group ─> synced ─┬────────^
//                     └──> the second machine ──────> synced ─┘
//
// Exactly once: a write is its (tenant, sequence). What both machines have synced is acknowledged;
// what this store refused, is refused, unless the second one may have it: then nobody knows, and it
// failed. A retry finds out.
#pragma once

#include <functional>
#include <string>

#include "real/node_parts.hpp"

namespace real {

class Writes {
 public:
  using Settled = std::function<void(Tenant&)>;

  /// `settled` is told whenever a tenant has no more writes under way.
  Writes(NodeParts& node, Settled settled) : node_(node), settled_(std::move(settled)) {}

  /// Requires an owned tenant.
  void apply(Tenant& tenant, std::uint64_t sequence, std::string value, const Waiter& waiter);

  /// The second machine has synced all up to `chunk`.
  void replica_stored(Tenant& tenant, std::uint64_t chunk);
  /// There is no second machine any more: what waits for it is acknowledged alone.
  void replica_dropped(Tenant& tenant);
  /// The tenant was lost to another owner: nothing of it may be acknowledged any more.
  void give_up(Tenant& tenant);

 private:
  void stored(vm::TenantId id, Slot slot, std::uint64_t sequence, std::int64_t size, bool ok);
  void finish(Tenant& tenant, std::uint64_t sequence, Result result);

  NodeParts& node_;
  Settled settled_;
};

}  // namespace real
