// Tenant: what one client's state amounts to in the simulated world, and where it is.
//
// The digest is what the owner holds: it is copied by copy rounds, switched over with the tenant,
// restored from a log or a replica, or lost in a crash. Nothing else says what was applied.
#pragma once

#include <algorithm>
#include <cstdint>

#include "vm/ledger.hpp"
#include "vm/model/transaction.hpp"

namespace vm::model {

/// A second copy of a tenant's state on another machine, kept up with each write.
struct Replica {
  MachineId machine = no_machine;
  bool complete = false;
};

struct Tenant {
  GroupId group;
  MachineId owner = no_machine;
  Epoch epoch = 0;
  bool served = true;    // false from the loss of its owner to its restore
  bool frozen = false;   // what arrives is held
  std::uint32_t generation = 0;  // grows when its state is lost
  Digest applied;
  Bytes state{};
  Bytes written{};               // since the start; a copy round's dirt is a difference of it
  std::uint64_t sequence = 0;    // of its next transaction
  Replica replica;
  std::uint32_t held_first = none, held_last = none, held = 0;

  /// CPU work, older windows for less and less: a tenant that was busy by chance for one window is
  /// not hot, and choosing such ones would move less load than it seems.
  void add_work(std::uint32_t window, double cpu) {
    recent_work(window);
    work_ += cpu;
  }
  double recent_work(std::uint32_t window) {
    constexpr double kept = 0.8;  // from window to window: half of it is gone after three
    constexpr double gone = 1e-12;  // s: a bound on the steps after a long silence
    for (; window_ < window && work_ > gone; ++window_) work_ *= kept;
    window_ = window;
    return work_;
  }

 private:
  std::uint32_t window_ = 0;
  double work_ = 0;
};

/// One migration under way, as the world carries it out.
struct Transfer {
  std::uint32_t attempt = none;
  TenantId tenant;
  MachineId from, to;
  Digest copied;        // of the copy on the target
  Bytes held_on_target{};  // memory
  std::uint32_t round = 0;
  Bytes sending{};      // in the round under way
  Bytes written_at_round{};  // Tenant::written when the round began
  Digest applied_at_round;   // Tenant::applied when the round began
  double rate = 0;      // bytes/s reserved on both machines while a round is under way
  bool frozen = false;
  bool done = false;  // switched over; only the answer is still under way
  Time frozen_at{};
};

}  // namespace vm::model
