// Tenancy: how a tenant comes to live on this node, and how it ends doing so.
//
//   Own ───────────── filler ────────────────┐
//   TakeOver ──────── a copy that is here ───┼──> owner, durable ──> served under its epoch
//   Restore ───────── replica, log, nothing ─┘          └── Fence ──> fenced: says who owns it
//
// Every one of them may be told again, and answers again without doing anything again. A tenant is
// served from the moment on which its ownership is synced, not before.
#pragma once

#include <functional>
#include <map>
#include <set>

#include "real/copy_target.hpp"
#include "real/node_parts.hpp"
#include "real/sweeper.hpp"
#include "real/worker.hpp"

namespace real {

class Tenancy {
 public:
  struct Tell {
    /// By a migration, before anything is served.
    std::function<void(Tenant&, const TakeOver&)> taken_over;
    /// It is served here no more; what was under way is still with it.
    std::function<void(Tenant&)> ended;
  };
  Tenancy(NodeParts& node, CopyTarget& target, Sweeper& sweeper, Tell tell);

  /// What the store held when it was opened.
  void load();

  void on(const Own& order);
  void on(const TakeOver& order);
  void on(const Fence& order);
  void on(const Restore& order);
  void on(const Audit& question);

  /// Waits for what is being read.
  void close() { worker_.join(); }

 private:
  struct Taking {
    TakeOver order;
    CopyTarget::Taken taken;
    bool under_way = false;
  };

  void settle(std::uint32_t attempt);
  void adopt(const Holding& holding, SequenceSet applied, vm::Bytes held);
  void restore_in_place(const Restore& order, Tenant& tenant);
  void promote(const Restore& order, CopyTarget::Taken taken);
  awaitable<void> own(Own order);
  awaitable<void> restore_from_nothing(Restore order);
  awaitable<void> restore_from_log(Restore order);
  awaitable<std::string> import(Restore order);
  awaitable<bool> create(Holding holding, vm::Bytes state);
  awaitable<void> audit(Audit question, Slot slot);
  void restored(const Restore& order);

  NodeParts& node_;
  CopyTarget& target_;
  Sweeper& sweeper_;
  Tell tell_;
  Worker worker_;
  std::map<std::uint32_t, Taking> taking_;  // by attempt
  std::set<vm::TenantId> creating_;
  std::set<std::uint32_t> restoring_;  // attempts
};

}  // namespace real
