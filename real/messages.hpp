// Messages: what the parts of a real run say to each other, one struct each.
//
//   client ──Perform──> gateway ──Perform──> node        and Answer the same way back
//   gateway <──orders and their answers──> node          after vm/control.hpp, by attempt
//   node ──copies──> node                                snapshot, rounds, second copies
//   agent ──Sampled──> gateway                           of the machines it was told to Watch
//   stage <──Launch, MachineUp …──> gateway              who starts and ends processes
//
// Each names its fields once, in fields(); wire.hpp packs and unpacks by it. A type's number is its
// place in Message: a peer of another `wire_version` is turned away before any is interpreted.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "real/node_messages.hpp"
#include "real/wire.hpp"
#include "vm/control.hpp"

namespace real {

inline constexpr std::uint16_t wire_version = 2;

// ---- Who is there ------------------------------------------------------------------------------

enum class Role : std::uint8_t { stage, gateway, node, agent, client };
template <>
inline constexpr std::uint8_t enumerator_count<Role> = 5;
constexpr std::string_view to_string(Role role) {
  constexpr std::array<std::string_view, 5> names{"stage", "gateway", "node", "agent", "client"};
  return names[static_cast<std::size_t>(role)];
}

struct Hello {  // the first message of whoever connects
  std::uint16_t version = wire_version;
  Role role = Role::client;
  std::uint32_t id = 0;  // a node's machine, an agent's host; else for people
  std::string token{};   // JWT whose audience is the role
  REAL_FIELDS(&Hello::version, &Hello::role, &Hello::id, &Hello::token)
};
struct Welcome {  // its answer
  std::uint32_t id = 0;
  REAL_FIELDS(&Welcome::id)
};
struct Goodbye {  // the link is closed after this
  std::string reason{};
  REAL_FIELDS(&Goodbye::reason)
};
struct Ping {
  std::uint64_t number = 0;
  REAL_FIELDS(&Ping::number)
};
struct Pong {
  std::uint64_t number = 0;
  REAL_FIELDS(&Pong::number)
};

// ---- Transactions ------------------------------------------------------------------------------

template <>
inline constexpr std::uint8_t enumerator_count<vm::Resource> = vm::resource_count;

struct Demand {  // one step: core-seconds, or bytes of disk or network
  vm::Resource resource = vm::Resource::cpu;
  double amount = 0;
  REAL_FIELDS(&Demand::resource, &Demand::amount)
};
struct Perform {
  std::uint64_t id = 0;  // the sender's, brought back by the answer; unique on its link
  vm::TenantId tenant{};
  std::uint64_t sequence = 0;  // of the transaction: the same in all its attempts; below 2^39
  vm::Epoch epoch = 0;         // that the gateway believes in; clients send 0
  vm::Bytes memory{};          // held from the first step to the last
  std::string value{};         // what is written; empty: read-only
  std::vector<Demand> steps{};
  REAL_FIELDS(&Perform::id, &Perform::tenant, &Perform::sequence, &Perform::epoch, &Perform::memory,
              &Perform::value, &Perform::steps)
};
enum class Result : std::uint8_t {
  committed,  // synced, on both machines where there are two; or read-only and done
  refused,    // no room, or the disk is full: nothing was applied
  failed,     // nobody serves the tenant, or its machine was lost: may have been applied or not
  frozen,     // node to gateway: taken back unapplied, since the tenant is about to move
  moved,      // node to gateway: not the owner under this epoch; `owner` says who is, if known
};
template <>
inline constexpr std::uint8_t enumerator_count<Result> = 5;
struct Answer {
  std::uint64_t id = 0;
  Result result = Result::committed;
  vm::MachineId machine = vm::no_machine;  // that did it
  std::string owner{};                     // host:port, with `moved`
  std::string payload{};                   // the bytes of its network steps
  REAL_FIELDS(&Answer::id, &Answer::result, &Answer::machine, &Answer::owner, &Answer::payload)
};
struct LatencyReport {  // client to gateway: vm::LatencyMeasured
  std::uint32_t objective = 0;
  vm::Duration latency{};
  std::uint64_t transactions = 0;
  REAL_FIELDS(&LatencyReport::objective, &LatencyReport::latency, &LatencyReport::transactions)
};
struct OutcomeReport {  // client to gateway: vm::OutcomesCounted
  std::uint64_t good = 0, bad = 0;
  REAL_FIELDS(&OutcomeReport::good, &OutcomeReport::bad)
};
struct Audit {  // client to gateway to owner: which writes do you hold?
  vm::TenantId tenant{};
  REAL_FIELDS(&Audit::tenant)
};
struct Range {  // of sequences, both ends included
  std::uint64_t first = 0, last = 0;
  REAL_FIELDS(&Range::first, &Range::last)
  bool operator==(const Range&) const = default;
};
struct Audited {
  vm::TenantId tenant{};
  bool served = false;        // false: nobody owns it now, the rest is empty
  std::uint64_t count = 0;    // writes applied, as counted when they were
  std::uint64_t sum = 0;      // of vm::Digest
  std::vector<Range> held{};  // found in the store now, ascending
  bool more = false;          // too long for one frame: goes on in the next message
  REAL_FIELDS(&Audited::tenant, &Audited::served, &Audited::count, &Audited::sum, &Audited::held,
              &Audited::more)
};

// ---- Agent -------------------------------------------------------------------------------------

struct Watch {
  vm::MachineId machine{};
  std::int32_t pid = 0;
  std::string directory{};  // of the node: its meter
  std::string cgroup{};     // file with the CPU time of its burners; empty: read its threads
  double cores = 0, disk = 0, network = 0;
  vm::Bytes memory{};
  REAL_FIELDS(&Watch::machine, &Watch::pid, &Watch::directory, &Watch::cgroup, &Watch::cores,
              &Watch::disk, &Watch::network, &Watch::memory)
};
struct Unwatch {
  vm::MachineId machine{};
  REAL_FIELDS(&Unwatch::machine)
};
struct Sampled {
  vm::MachineId machine{};
  std::array<double, vm::resource_count> utilisation{};  // 0 to 1
  std::uint32_t transactions = 0, tenants = 0;
  REAL_FIELDS(&Sampled::machine, &Sampled::utilisation, &Sampled::transactions, &Sampled::tenants)
};

// ---- Stage -------------------------------------------------------------------------------------

struct Begin {  // stage to gateway, on every connection: when the run began or will begin
  std::int64_t start_ns = 0;  // of CLOCK_MONOTONIC; 0: not yet
  bool moments = false;       // tell each Reached, and wait for its Proceed
  REAL_FIELDS(&Begin::start_ns, &Begin::moments)
};
struct Ready {            // gateway to stage: every tenant has its owner, clients may come
  std::string clients{};  // host:port for them
  REAL_FIELDS(&Ready::clients)
};
struct Launch {  // gateway to stage; again: no more than its answer
  vm::Attempt attempt{};
  vm::MachineId machine{};
  vm::FlavorId flavor{};
  REAL_FIELDS(&Launch::attempt, &Launch::machine, &Launch::flavor)
};
struct MachineUp {  // stage to gateway: its first ones, answers to Launch, and ones that returned
  vm::Attempt attempt{};
  vm::MachineId machine{};
  bool returned = false;
  std::string address{};  // host:port
  std::int32_t pid = 0;
  std::string directory{};
  std::string cgroup{};
  std::uint32_t host = 0;  // whose agent sees pid and directory
  REAL_FIELDS(&MachineUp::attempt, &MachineUp::machine, &MachineUp::returned, &MachineUp::address,
              &MachineUp::pid, &MachineUp::directory, &MachineUp::cgroup, &MachineUp::host)
};
struct LaunchFailed {
  vm::Attempt attempt{};
  vm::MachineId machine{};
  std::string reason{};
  REAL_FIELDS(&LaunchFailed::attempt, &LaunchFailed::machine, &LaunchFailed::reason)
};
struct Stop {  // gateway to stage: end this machine; `release`: and forget what it holds
  vm::MachineId machine{};
  bool release = true;
  REAL_FIELDS(&Stop::machine, &Stop::release)
};
struct Stopped {  // stage to gateway: its process is gone, asked for or not
  vm::MachineId machine{};
  std::string directory{};  // with what it held on disk; empty: nothing is left
  std::uint32_t host = 0;   // on which that lies
  REAL_FIELDS(&Stopped::machine, &Stopped::directory, &Stopped::host)
};
enum class Moment : std::uint8_t {  // of a migration, in order; a superset of vm::MigrationStep
  copying,
  copy_round,
  frozen,
  copying_rest,
  verifying,
  switching,
  switched
};
template <>
inline constexpr std::uint8_t enumerator_count<Moment> = 7;
constexpr std::string_view to_string(Moment moment) {
  constexpr std::array<std::string_view, 7> names{
      "copying", "copy_round", "frozen", "copying_rest", "verifying", "switching", "switched"};
  return names[static_cast<std::size_t>(moment)];
}
struct Reached {  // gateway to stage, which answers Proceed when it has done its worst
  Moment moment = Moment::copying;
  vm::Attempt attempt{};
  vm::MachineId from, to;
  REAL_FIELDS(&Reached::moment, &Reached::attempt, &Reached::from, &Reached::to)
};
struct Proceed {
  Moment moment = Moment::copying;
  vm::Attempt attempt{};
  REAL_FIELDS(&Proceed::moment, &Proceed::attempt)
};

struct Bring {  // gateway to stage: what a machine that has ended held, to the host of another one
  vm::MachineId machine{}, to{};
  REAL_FIELDS(&Bring::machine, &Bring::to)
};
struct Brought {  // its answer
  vm::MachineId machine{}, to{};
  std::string directory{};  // there; empty: it cannot be brought
  REAL_FIELDS(&Brought::machine, &Brought::to, &Brought::directory)
};

using Message =
    std::variant<Hello, Welcome, Goodbye, Ping, Pong,                                     //
                 Perform, Answer, LatencyReport, OutcomeReport, Audit, Audited,           //
                 Own, Owned, AskLoads, Loads, StartCopy, CopyRound, Copied, Freeze,       //
                 Frozen, Verify, Verified, TakeOver, TakenOver, Fence, Fenced, Abort,     //
                 Broken, Restore, Restored, Replicate, Replicated, DropReplica, Disturb,  //
                 CopyBegin, CopyRows, CopyEnd, CopyStored, AskDigest, TellDigest,         //
                 Watch, Unwatch, Sampled,                                                 //
                 Begin, Ready, Launch, MachineUp, LaunchFailed, Stop, Stopped, Reached, Proceed,
                 Bring, Brought>;

/// The number of a message type on the wire: its place in Message.
template <class M, std::size_t i = 0>
consteval std::uint8_t type_of() {
  static_assert(i < std::variant_size_v<Message>, "not a message");
  if constexpr (std::is_same_v<M, std::variant_alternative_t<i, Message>>) {
    return static_cast<std::uint8_t>(i);
  } else {
    return type_of<M, i + 1>();
  }
}

/// Appends one frame. Requires a message that fits frame_limit.
template <class M>
void encode(const M& message, std::vector<std::byte>& out) {
  Packer packer{out};
  packer.begin(type_of<M>());
  M::fields(message, packer);
  packer.finish();
}

/// The message in a frame, or what is wrong with it.
sim::Result<Message> decode(const Frame& frame);

/// For people: "Perform", ...
std::string_view name_of(std::uint8_t type);

}  // namespace real
