// Tenant: what a node knows in memory of a tenant that it owns, or owned until it was fenced.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "real/holding.hpp"
#include "real/sequence_set.hpp"

namespace real {

class CopySource;

/// Who is to be answered when a write is safe.
struct Waiter {
  std::uint64_t link = 0;  // number of the gateway's link that it came by
  std::uint64_t id = 0;    // of the Perform
  double network = 0;      // bytes of its network steps: the answer's payload
};

/// A write between the end of its steps and its answer.
struct PendingWrite {
  std::vector<Waiter> waiters;  // retries of the same write join
  vm::Bytes growth{};           // memory held for it
  std::uint64_t chunk = 0;      // under which the second machine is sent it; 0: not sent
  bool stored = false;          // here
};

struct Tenant {
  Holding holding;
  SequenceSet applied;
  std::unordered_map<std::uint64_t, PendingWrite> pending;   // by sequence
  std::deque<std::pair<std::uint64_t, std::uint64_t>> sent;  // chunk, sequence: awaiting a replica
  std::optional<vm::Attempt> frozen;                         // by which migration
  bool frozen_told = false;
  std::shared_ptr<CopySource> move, replica;
  vm::Bytes held{};     // memory: of its state and of what is being written
  vm::Bytes growing{};  // the latter

  bool owned() const { return holding.standing == Standing::owner; }

  /// CPU work, older windows for less: the rule of vm::model::Tenant.
  void add_work(std::uint32_t window, double cpu) {
    recent_work(window);
    work_ += cpu;
  }
  double recent_work(std::uint32_t window) {
    constexpr double kept = 0.8, gone = 1e-12;
    for (; window_ < window && work_ > gone; ++window_) work_ *= kept;
    window_ = window;
    return work_;
  }

 private:
  std::uint32_t window_ = 0;
  double work_ = 0;
};

}  // namespace real
