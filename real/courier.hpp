// Courier: takes transactions to the machines that own their tenants, and the answers back.
//
//   client ──perform──> Courier ──Perform under the tenant's epoch──> node
//      <──Answer──────────┘  └── held while the tenant is frozen; failed where nobody serves it
//
// A transaction stays here until it is answered, so that what a node takes back (`frozen`), or what
// came to a machine that is the owner no more (`moved`), can be sent on. What was sent to a machine
// that is lost is answered `failed`: it may have been applied or not, and the client's next attempt
// with the same sequence finds that out. A machine that is not, or no more, the owner under the
// epoch in which it was asked can acknowledge nothing.
//
// Bounded: `limit` transactions in all, then they are refused; what is held is refused at its
// deadline. One thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "real/link.hpp"
#include "real/routes.hpp"

namespace real {

class Courier {
 public:
  using Reply = std::function<void(Answer&)>;
  using AuditReply = std::function<void(const Audited&)>;
  /// The link to a machine, nullptr where there is none now.
  using FindLink = std::function<Link*(vm::MachineId)>;
  struct Options {
    std::size_t tenants = 0;
    std::size_t limit = std::size_t{1} << 18;          // transactions here at once
    vm::Duration patience = std::chrono::seconds{10};  // of what is held
  };

  Courier(Options options, FindLink find_link);

  /// Takes over a transaction. It is answered once, maybe within this call; over the link under the
  /// id that it came with, or by calling `reply`.
  void perform(vm::Time now, Perform transaction, std::shared_ptr<Link> client);
  void perform(vm::Time now, Perform transaction, Reply reply);
  /// Asks the tenant's owner what it holds; `reply` is called until one answer says that there is
  /// no more, maybe within this call.
  void audit(vm::TenantId tenant, AuditReply reply);

  void on(vm::Time now, vm::MachineId from, Answer& answer);
  void on(vm::MachineId from, const Audited& answer);
  /// Nothing more will come from this machine over its present link.
  void link_lost(vm::MachineId machine);
  /// Refuses what has been held too long.
  void expire(vm::Time now);

  // ---- what the control loop decides; what was held goes on at once
  void freeze(vm::TenantId tenant) { routes_.freeze(tenant); }
  void thaw(vm::Time now, vm::TenantId tenant);
  void move(vm::Time now, vm::TenantId tenant, vm::MachineId owner, vm::Epoch epoch);
  void cut_off(vm::TenantId tenant);

  const Routes& routes() const { return routes_; }
  /// Transactions that wait for an answer.
  std::size_t under_way() const { return under_way_; }
  /// Acknowledged writes of a tenant since the last call with `forget`; attempts of one
  /// transaction count each.
  std::uint64_t acknowledged(vm::TenantId tenant, bool forget);

 private:
  using Slot = Routes::Slot;
  struct Entry {
    Perform transaction;
    std::shared_ptr<Link> client;
    Reply reply;
    std::uint64_t client_id = 0;
    std::uint32_t version = 0;  // grows when the slot is free again
    std::uint32_t sent_on = 0;  // times that it was taken back
    vm::MachineId machine = vm::no_machine;
    bool busy = false;
  };

  Entry* take_slot(vm::Time now, Perform& transaction, Slot& slot);
  void dispatch(vm::Time now, Slot slot);
  void dispatch(vm::Time now, const Routes::Slots& slots);
  void send_on(vm::Time now, Slot slot);
  void finish(Slot slot, Result result);
  void finish(Slot slot, Answer& answer);

  Options options_;
  FindLink find_link_;
  Routes routes_;
  std::vector<Entry> entries_;
  std::vector<Slot> free_;
  std::size_t under_way_ = 0;
  std::vector<std::uint64_t> acknowledged_;  // by tenant
  struct Auditing {
    vm::MachineId machine;
    AuditReply reply;
  };
  std::multimap<vm::TenantId, Auditing> audits_;
};

}  // namespace real
