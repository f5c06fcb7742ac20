// Transaction and Sending: one request as its client sees it, and one sending (attempt) of it.
//
// A transaction has an identity (client, sequence) and ends once. Its attempts may outlive it: the
// server of an attempt that timed out does not know and works on; that wasted work is what feeds a
// retry storm. The slot of a transaction is kept until its last attempt is gone, so that a retry of
// a write that had been applied is recognised and acknowledged without being applied again.
#pragma once

#include <cstdint>

#include "vm/entities.hpp"

namespace vm::model {

inline constexpr std::uint32_t none = 0xffffffffu;

struct Transaction {
  Time intended{};             // when the client wanted to send it
  std::uint64_t number = 0;    // within its group, names its random stream
  std::uint64_t sequence = 0;  // within its client
  TenantId tenant;
  GroupId group;
  std::uint32_t generation = 0;  // of the tenant's state that it was applied to, while `applied`
  std::uint16_t kind = 0;        // index into Scenario::transactions
  std::uint16_t alive = 0;       // attempts that are still somewhere
  std::uint32_t attempts = 0;
  bool applied = false;
  bool acknowledged = false;
  bool ended = false;
};

struct Sending {
  Time deadline = sim::never;
  std::uint32_t transaction = none;
  std::uint32_t machine = none;   // that serves it
  std::uint32_t earlier = none;   // neighbours in its group's list of deadlines
  std::uint32_t later = none;
  std::uint32_t next_held = none;  // neighbour in its tenant's list of held attempts
  std::uint16_t step = 0;
  bool waited_for = true;   // the client still waits for this attempt
  bool has_deadline = false;
};

}  // namespace vm::model
