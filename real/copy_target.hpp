// CopyTarget: the receiving side of copies, for migrations and for second copies that stay.
//
//   CopyBegin ──> incoming ── rows, synced group by group ──> CopyEnd ──> TakeOver: owner
//                    └── replica: followed by every write of the owner ──> promoted: owner
//
// A copy belongs to its attempt, not to the link that it came by: the source may dial again and go
// on. It is forgotten when the gateway says so, or when a later copy of the tenant begins. Who is
// not the owner by what this node knows, is told so: an owner that was cut off learns here that its
// tenant lives elsewhere.
//
// A node that restarts forgets its second copies, and nobody can go on with the others. Those that
// were incoming stay all the same: one that was ready to be taken over is all that counts of its
// tenant, if the word was on its way when this machine crashed. They go when the tenant is known to
// live elsewhere since, or a later copy of it comes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "real/node_parts.hpp"

namespace real {

class CopyTarget {
 public:
  /// `drop` makes a holding's rows go away, in its own time.
  CopyTarget(NodeParts& node, std::function<void(const Holding&)> drop)
      : node_(node), drop_(std::move(drop)) {}

  ~CopyTarget();
  CopyTarget(const CopyTarget&) = delete;
  CopyTarget& operator=(const CopyTarget&) = delete;

  /// A link from another node.
  void accept(std::shared_ptr<Link> link);

  /// A complete copy that is now to be owned: taken out, it is the caller's.
  struct Taken {
    Holding holding;
    SequenceSet applied;
    vm::Bytes held{};  // memory
  };
  std::optional<Taken> take(vm::Attempt attempt);
  std::optional<Taken> take_replica(vm::TenantId tenant);

  /// A copy that was incoming when this node ended.
  void keep_interrupted(const Holding& holding, SequenceSet applied);
  std::optional<Taken> take_interrupted(vm::TenantId tenant);
  /// Of an owner before `epoch`.
  void forget_interrupted(vm::TenantId tenant, vm::Epoch epoch);

  void forget(vm::Attempt attempt);
  void forget_replica(vm::TenantId tenant);

 private:
  struct Copy {
    Holding holding;
    bool replica = false, complete = false;
    std::weak_ptr<Link> link;
    std::uint64_t received = 0, stored = 0;
    SequenceSet applied;
    vm::Bytes held{};
    double rate = 0;
    bool reserved = false;  // of the network, while a round is coming
  };
  using Copies = std::map<std::uint32_t, Copy>;  // by attempt

  void on(const std::shared_ptr<Link>& link, Message& message);
  void begin(const std::shared_ptr<Link>& link, const CopyBegin& order);
  void rows(Link& link, CopyRows& chunk);
  void end(Link& link, const CopyEnd& chunk);
  void digest(Link& link, const AskDigest& question);
  Copy* next(Link& link, vm::Attempt attempt, std::uint64_t chunk);
  void stored(vm::Attempt attempt, Slot slot, std::uint64_t chunk, bool ok);
  std::string objection(const CopyBegin& order);
  void forget_older(const CopyBegin& order);
  void refuse(Link& link, vm::Attempt attempt, const std::string& reason);
  void reserve(Copy& copy, bool wanted);
  std::optional<Taken> take(Copies::iterator found);
  void forget(Copies::iterator found);

  NodeParts& node_;
  std::function<void(const Holding&)> drop_;
  Copies copies_;
  std::map<vm::TenantId, Taken> interrupted_;
  std::vector<std::weak_ptr<Link>> links_;
};

}  // namespace real
