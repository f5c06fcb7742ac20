// Node messages: what the gateway orders of nodes, what they answer, and how they copy tenants
// between each other. After vm/control.hpp: an order carries its attempt, its answer brings it
// back.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "real/wire.hpp"
#include "vm/control.hpp"

namespace real {

// ---- Gateway to node: tenants and migrations ---------------------------------------------------

struct Own {  // a new tenant, with filler for its initial state; again: no more than its answer
  vm::TenantId tenant{};
  vm::Epoch epoch = 0;
  vm::Bytes state{};  // at the start
  vm::Bytes keep{};   // the state never grows beyond this; 0: no limit
  REAL_FIELDS(&Own::tenant, &Own::epoch, &Own::state, &Own::keep)
};
struct Owned {
  vm::TenantId tenant{};
  REAL_FIELDS(&Owned::tenant)
};
struct AskLoads {
  vm::Attempt attempt{};
  REAL_FIELDS(&AskLoads::attempt)
};
struct Loads {
  struct Load {
    vm::TenantId tenant{};
    double cpu = 0;  // work of the last SLA windows, older ones for less
    vm::Bytes state{};
    REAL_FIELDS(&Load::tenant, &Load::cpu, &Load::state)
  };
  vm::Attempt attempt{};
  std::vector<Load> loads{};  // of every tenant owned, in order of TenantId
  REAL_FIELDS(&Loads::attempt, &Loads::loads)
};
struct StartCopy {  // to the source
  vm::Attempt attempt{};
  vm::TenantId tenant{};
  vm::MachineId to{};
  std::string address{};  // host:port of the target
  double bandwidth = 0;   // bytes/s
  REAL_FIELDS(&StartCopy::attempt, &StartCopy::tenant, &StartCopy::to, &StartCopy::address,
              &StartCopy::bandwidth)
};
struct CopyRound {  // CopyRest too: the tenant is frozen then
  vm::Attempt attempt{};
  std::uint32_t round = 0;
  REAL_FIELDS(&CopyRound::attempt, &CopyRound::round)
};
struct Copied {
  vm::Attempt attempt{};
  vm::Bytes copied{}, dirty{};
  std::uint32_t round = 0;
  REAL_FIELDS(&Copied::attempt, &Copied::copied, &Copied::dirty, &Copied::round)
};
struct Freeze {
  vm::Attempt attempt{};
  REAL_FIELDS(&Freeze::attempt)
};
struct Frozen {  // every transaction of the tenant has been answered or taken back
  vm::Attempt attempt{};
  vm::Bytes rest{};
  REAL_FIELDS(&Frozen::attempt, &Frozen::rest)
};
struct Verify {
  vm::Attempt attempt{};
  REAL_FIELDS(&Verify::attempt)
};
struct Verified {
  vm::Attempt attempt{};
  bool equal = false;
  REAL_FIELDS(&Verified::attempt, &Verified::equal)
};
struct TakeOver {  // to the target: you own it
  vm::Attempt attempt{};
  vm::TenantId tenant{};
  vm::Epoch epoch = 0;
  // A complete second copy on a third machine stays one, and the new owner keeps it up from now on.
  vm::Attempt replica{};  // under which it was made
  std::string address{};  // of the machine that has it; empty: there is none
  REAL_FIELDS(&TakeOver::attempt, &TakeOver::tenant, &TakeOver::epoch, &TakeOver::replica,
              &TakeOver::address)
};
struct TakenOver {  // and that is on its disk
  vm::Attempt attempt{};
  REAL_FIELDS(&TakenOver::attempt)
};
struct Fence {  // to the source: you own it no more
  vm::TenantId tenant{};
  vm::Epoch epoch = 0;  // of the new owner
  std::string owner{};  // its host:port
  REAL_FIELDS(&Fence::tenant, &Fence::epoch, &Fence::owner)
};
struct Fenced {
  vm::TenantId tenant{};
  vm::Epoch epoch = 0;
  REAL_FIELDS(&Fenced::tenant, &Fenced::epoch)
};
struct Abort {  // to both sides: the source serves again, the target forgets
  vm::Attempt attempt{};
  REAL_FIELDS(&Abort::attempt)
};
struct Broken {  // answers any order that cannot be carried out
  vm::Attempt attempt{};
  std::string reason{};
  REAL_FIELDS(&Broken::attempt, &Broken::reason)
};
template <>
inline constexpr std::uint8_t enumerator_count<vm::RestoreFrom> = 3;
struct Restore {
  vm::Attempt attempt{};
  vm::TenantId tenant{};
  vm::Epoch epoch = 0;
  vm::RestoreFrom from = vm::RestoreFrom::nothing;
  std::string directory{};    // of the lost machine, with `log`; empty: this node's own
  vm::Bytes state{}, keep{};  // as in Own, with `nothing`
  REAL_FIELDS(&Restore::attempt, &Restore::tenant, &Restore::epoch, &Restore::from,
              &Restore::directory, &Restore::state, &Restore::keep)
};
struct Restored {
  vm::Attempt attempt{};
  std::uint64_t count = 0;  // writes that came back
  REAL_FIELDS(&Restored::attempt, &Restored::count)
};
struct Replicate {  // to the owner
  vm::Attempt attempt{};
  vm::TenantId tenant{};
  vm::MachineId to{};
  std::string address{};
  double bandwidth = 0;
  REAL_FIELDS(&Replicate::attempt, &Replicate::tenant, &Replicate::to, &Replicate::address,
              &Replicate::bandwidth)
};
struct Replicated {
  vm::Attempt attempt{};
  REAL_FIELDS(&Replicated::attempt)
};
struct DropReplica {  // to the owner: acknowledge alone; to the second machine: forget your copy
  vm::TenantId tenant{};
  REAL_FIELDS(&DropReplica::tenant)
};
enum class Disturbance : std::uint8_t { slow, leak, disk_full, lose_samples, late_samples };
template <>
inline constexpr std::uint8_t enumerator_count<Disturbance> = 5;
struct Disturb {  // a fault of the scenario: stage to gateway, which passes on what is the node's
  Disturbance kind = Disturbance::slow;
  // slow: share of the CPU left; leak: bytes/s; late_samples: s; the others: 1 or 0
  double amount = 0;
  vm::MachineId machine{};
  REAL_FIELDS(&Disturb::kind, &Disturb::amount, &Disturb::machine)
};

// ---- Node to node ------------------------------------------------------------------------------

// All that follows a CopyBegin is numbered by `chunk`, from 1, ascending by one over all rounds;
// the receiver says up to which number it is synced. After a broken link the sender dials again,
// begins under the same attempt, is told that number first, and goes on from there.

struct CopyBegin {
  vm::Attempt attempt{};
  vm::TenantId tenant{};
  vm::Epoch epoch = 0;   // of the owner that sends
  bool replica = false;  // kept as a second copy, and followed by every write
  vm::Bytes state{};     // of the tenant now: there must be memory for it
  vm::Bytes keep{};
  double rate = 0;  // bytes/s that will come at most; 0 for a second copy that is complete
  REAL_FIELDS(&CopyBegin::attempt, &CopyBegin::tenant, &CopyBegin::epoch, &CopyBegin::replica,
              &CopyBegin::state, &CopyBegin::keep, &CopyBegin::rate)
};
struct Row {
  std::uint64_t sequence = 0;
  std::string value{};
  REAL_FIELDS(&Row::sequence, &Row::value)
};
struct CopyRows {
  vm::Attempt attempt{};
  std::uint64_t chunk = 0;
  std::vector<Row> rows{};
  REAL_FIELDS(&CopyRows::attempt, &CopyRows::chunk, &CopyRows::rows)
};
struct CopyEnd {  // of a round; the figures are the sender's after it
  vm::Attempt attempt{};
  std::uint64_t chunk = 0;
  std::uint64_t count = 0, sum = 0;  // of applied writes
  REAL_FIELDS(&CopyEnd::attempt, &CopyEnd::chunk, &CopyEnd::count, &CopyEnd::sum)
};
struct CopyStored {  // all up to `chunk` is in the store and synced
  vm::Attempt attempt{};
  std::uint64_t chunk = 0;
  REAL_FIELDS(&CopyStored::attempt, &CopyStored::chunk)
};
struct AskDigest {
  vm::Attempt attempt{};
  REAL_FIELDS(&AskDigest::attempt)
};
struct TellDigest {
  vm::Attempt attempt{};
  std::uint64_t count = 0, sum = 0;      // carried along with the writes
  std::uint64_t rows = 0, contents = 0;  // of everything held, bytes included
  REAL_FIELDS(&TellDigest::attempt, &TellDigest::count, &TellDigest::sum, &TellDigest::rows,
              &TellDigest::contents)
};

}  // namespace real
