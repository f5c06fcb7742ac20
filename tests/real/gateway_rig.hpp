// A gateway on a test bench: a real Gateway, and on the other ends of real links a stage, nodes and
// a client that are a few lines each. The nodes keep sets of sequences in memory, do what they are
// ordered, and can be told to lose answers, to repeat them, and to end without a word.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include <catch2/catch.hpp>

#include "real/gateway.hpp"
#include "real/spawn.hpp"
#include "tests/vm/control_rig.hpp"

namespace gateway_rig {

using namespace real;
using namespace std::chrono_literals;

/// Keeps all in memory, as the journal of a gateway that may be ended and begun anew.
struct MemoryLog final : vm::FactLog {
  void append(vm::Time now, const vm::Fact& fact) override {
    facts.emplace_back(now, fact);
    orders_after_last = 0;
  }
  void append(vm::Time now, const vm::Order& order) override {
    orders.emplace_back(now, order);
    ++orders_after_last;
  }
  void flush() override {}
  void sync() override { ++syncs; }

  template <class Fact>
  std::vector<Fact> every() const {
    std::vector<Fact> found;
    for (const auto& [at, fact] : facts) {
      if (const auto* f = std::get_if<Fact>(&fact)) found.push_back(*f);
    }
    return found;
  }
  std::vector<vm::Order> all_orders() const {
    std::vector<vm::Order> all;
    for (const auto& [at, order] : orders) all.push_back(order);
    return all;
  }
  std::vector<std::pair<vm::Time, vm::Fact>> facts;
  std::vector<std::pair<vm::Time, vm::Order>> orders;
  std::size_t orders_after_last = 0;
  int syncs = 0;
};

class Rig;

/// What stands for a machine: one thread's worth of memory that survives its links.
class FakeNode {
 public:
  enum class State { serving, frozen, incoming, fenced };
  struct Tenant {
    State state = State::serving;
    vm::Epoch epoch = 0;
    std::set<std::uint64_t> applied;
  };

  FakeNode(Rig& rig, vm::MachineId machine);
  void end();  // like a process that is killed
  void cut_link() { link_->close(); }

  std::string address() const { return address_; }

  std::map<vm::TenantId, Tenant> tenants;
  std::map<vm::TenantId, Tenant> disk;  // what a restore from the log finds

 private:
  struct Copy {
    vm::TenantId tenant;
    vm::MachineId to;
  };
  void on(Message& message);
  void on(const Perform& m);
  void on(const Own& m);
  void on(const Audit& m);
  void on(const AskLoads& m);
  void on(const StartCopy& m);
  void on(const CopyRound& m);
  void on(const Freeze& m);
  void on(const Verify& m);
  void on(const TakeOver& m);
  void on(const Fence& m);
  void on(const Abort& m);
  void on(const Restore& m);
  void on(const Replicate& m);
  void on(const Ping& m);
  template <class Other>
  void on(const Other&) {}
  template <class M>
  void answer(const M& message);
  std::size_t copy(vm::Attempt attempt);

  Rig& rig_;
  vm::MachineId machine_;
  std::unique_ptr<Listener> listener_;
  std::string address_;
  std::shared_ptr<Link> link_;
  std::map<vm::Attempt, Copy> copies_;
};

class Rig {
 public:
  /// Machine m is on host m modulo `hosts`; each has an agent.
  explicit Rig(vm::Scenario scenario, std::uint32_t hosts = 1);
  ~Rig();

  /// Runs until `done`, which a minute is more than enough for.
  void until(const std::function<bool()>& done);
  void run_for(std::chrono::milliseconds span);

  /// Ends the gateway like a process that is killed, and begins it anew from its journal.
  void restart_gateway();
  void sample(vm::MachineId machine, double cpu);
  /// Samples of a busy machine, until a failover is triggered.
  void overload(vm::MachineId machine);
  std::vector<vm::FailoverEnded> failovers() const {
    return control_rig::every<vm::FailoverEnded>(log.all_orders());
  }
  /// Every acknowledged write is with the owner, who is the only one that serves.
  void check_books();

  vm::Scenario scenario;
  asio::io_context io;
  MemoryLog log;
  std::unique_ptr<Gateway> gateway;
  std::map<vm::MachineId, std::unique_ptr<FakeNode>> nodes;
  std::map<vm::TenantId, std::set<std::uint64_t>> acknowledged;
  std::uint64_t failed = 0;  // answers
  bool ready = false;
  std::function<void(const Reached&)> on_reached;
  std::vector<Stop> stops;
  std::vector<Bring> brought;
  bool disks_last = true;  // false: of a machine that has ended nothing is left
  std::map<std::uint32_t, std::set<vm::MachineId>> watched;  // by host
  int answer_times = 1;              // 2: every answer of a node comes twice
  std::set<std::uint8_t> lose_once;  // types of messages of which a node loses the next one
  bool loading = true;

  void begin_gateway();
  void machine_up(vm::MachineId machine, vm::Attempt attempt = {});
  void to_stage(const std::function<void(Link&)>& use) {
    if (stage_) use(*stage_);
  }

 private:
  awaitable<std::shared_ptr<Link>> connect(Role role, std::uint32_t id = 0);
  std::uint32_t host_of(vm::MachineId machine) const { return machine.value % hosts_; }
  awaitable<void> stage();
  awaitable<void> client();
  awaitable<void> agent(std::uint32_t host);
  void on_stage(Message& message);
  void send_next();

  std::uint16_t port_ = 0;
  std::int64_t start_ns_ = 0;
  const std::uint32_t hosts_;
  std::shared_ptr<Link> stage_, client_;
  std::map<std::uint32_t, std::shared_ptr<Link>> agents_;  // by host
  std::map<std::uint64_t, std::pair<vm::TenantId, std::uint64_t>> sent_;
  std::uint64_t next_id_ = 0;
  std::map<vm::TenantId, std::uint64_t> next_sequence_;
  bool over_ = false;
};

}  // namespace gateway_rig
