// Moves: the owner's side of the gateway's orders that copy a tenant elsewhere.
//
//   StartCopy, CopyRound ─> Copied     Freeze ─> Frozen     Verify ─> Verified     Abort
//   Replicate ─> Replicated            DropReplica
//
// Each is known by its attempt; what cannot be done is answered Broken. A frozen tenant stays so
// until it is aborted or fenced, whatever else breaks: only the gateway knows whether the other
// side has it by now. A complete second copy that breaks stays in the way of every acknowledgement
// until the gateway drops it: only the gateway knows whether it will be promoted.
#pragma once

#include <cstdint>
#include <map>

#include "real/copy_source.hpp"
#include "real/node_parts.hpp"
#include "real/transactions.hpp"
#include "real/writes.hpp"

namespace real {

class Moves {
 public:
  Moves(NodeParts& node, Transactions& transactions, Writes& writes)
      : node_(node), transactions_(transactions), writes_(writes) {}
  ~Moves();
  Moves(const Moves&) = delete;
  Moves& operator=(const Moves&) = delete;

  void on(const StartCopy& order);
  void on(const CopyRound& order);
  void on(const Freeze& order);
  void on(const Verify& order);
  /// As the source: serves again. False when there is no such migration here.
  bool on(const Abort& order);
  void on(const Replicate& order);
  /// As the owner: acknowledges alone. False when it is not the owner.
  bool on(const DropReplica& order);

  /// The tenant has no writes under way any more.
  void settled(Tenant& tenant);
  /// It lives elsewhere now.
  void ended(Tenant& tenant);
  /// It lives here now; its second copy, if it has one, goes on being one.
  void taken_over(Tenant& tenant, const TakeOver& order);

 private:
  Tenant* moving(vm::Attempt attempt);
  void stop_move(Tenant& tenant);
  void stop_replica(Tenant& tenant);
  void keep(const std::shared_ptr<CopySource>& copy);
  CopySource::Tell tell_of_move(vm::TenantId id, vm::Attempt attempt);
  CopySource::Tell tell_of_replica(vm::TenantId id, vm::Attempt attempt);
  void verify(vm::TenantId id, const TellDigest& theirs);
  void replica_broken(vm::TenantId id, vm::Attempt attempt, const std::string& reason);

  NodeParts& node_;
  Transactions& transactions_;
  Writes& writes_;
  std::map<std::uint32_t, vm::TenantId> moving_;    // by attempt
  std::map<std::uint32_t, std::uint32_t> rounds_;   // by attempt: the one under way
  std::map<vm::TenantId, vm::Attempt> replicated_;  // whose second copy is complete
  std::vector<std::weak_ptr<CopySource>> copies_;   // all that may still be reading
};

}  // namespace real
