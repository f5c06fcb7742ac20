// ControlLoop: drives the control plane in the real world. Stamps facts, keeps them, carries the
// orders out over links to nodes, stage and agent.
//
//   nodes, stage, agent, clients ──messages──> tell(fact) ──> FactLog ──> ControlPlane
//   nodes, stage, agent, Courier <──carry_out── orders ────────┘
//
// Phases: settling (tenants get their first owners; the stage is told Ready), running (from the
// instant that the stage names on), or, with the past of a journal, recovering: the past is played
// into the control plane without carrying anything out, then what was outstanding is taken up. A
// copy is given up and begins anew; from the order to switch over on everything goes forward, by
// the same orders again. Until a machine's link is back, what comes for its tenants is held.
//
// A machine is lost when it has not answered for its fleet's `detect`, or the stage says that its
// process has ended. One that is only silent may be alive: it is cut off at once (its link is
// closed, nothing it says is heard), and the stage is asked to end it. A log is read back only when
// the stage has said that the process that wrote it is gone, and where it is to be read on another
// host the stage brings a copy first.
//
// Every host has an agent, which sees the machines of its own.
//
// carry_out never tells: what follows from it comes back through the loop. One thread.
// Orders: control_orders.cpp; answers: control_answers.cpp; machines: control_machines.cpp.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "real/courier.hpp"
#include "real/node_links.hpp"
#include "real/settling.hpp"
#include "real/undone.hpp"
#include "vm/control_plane.hpp"
#include "vm/fact_log.hpp"

namespace real {

class ControlLoop {
 public:
  struct Past {  // of a journal
    std::vector<std::pair<vm::Time, vm::Fact>> facts;
    std::size_t orders_after_last = 0;  // that are in the journal already
  };
  struct Options {
    const vm::Scenario& scenario;  // outlives the loop, as does the log
    vm::FactLog& log;
    Past past{};
    std::function<std::string()> token{};  // for nodes
    std::string clients{};                 // host:port for Ready
  };

  ControlLoop(asio::io_context& io, Options options);
  ~ControlLoop();
  ControlLoop(const ControlLoop&) = delete;
  ControlLoop& operator=(const ControlLoop&) = delete;

  Courier& courier() { return courier_; }
  vm::Time now() const;

  /// The stage is there, or the agent of a host; an earlier one is sent away.
  void stage_came(std::shared_ptr<Link> link);
  void agent_came(std::uint32_t host, std::shared_ptr<Link> link);
  /// What clients measured.
  void on(const LatencyReport& report);
  void on(const OutcomeReport& report);
  /// Every 100 ms or so.
  void tick() { courier_.expire(now()); }

  bool running() const { return phase_ == Phase::running; }
  const vm::Inventory& inventory() const { return plane_.inventory(); }

 private:
  enum class Phase : std::uint8_t { settling, settled, recovering, running };
  struct Post {  // what is known of a machine's process
    MachineUp process{};
    bool known = false;       // process is filled in
    bool dead = false;        // the stage says that the one that was lost has ended
    std::string directory{};  // where its disk lies; empty when nothing is left of it
    std::uint32_t host = 0;   // on which that is
    // And where a copy of it is, by host; empty while it is on its way.
    std::map<std::uint32_t, std::string> brought{};
    bool silent = false;                             // its samples are not to arrive
    vm::Duration late{};                             // or so much late
  };
  struct Stream {  // a second copy as it is kept up
    vm::Attempt attempt;
    vm::MachineId owner, to;
  };
  using Then = std::function<void(const Undone::Transfer&)>;
  using Step = Undone::Step;

  // control_loop.cpp
  void tell(const vm::Fact& fact);
  void later(vm::Fact fact, vm::Duration delay = {});
  void settle_routes(const vm::Fact& fact);
  void take_back(const vm::AbortMigration& order);
  void recover();
  void resume();
  void arm_timer();
  void begin(std::int64_t start_ns);
  void settled();

  // control_orders.cpp
  void carry_out(const vm::Allocate& order);
  void carry_out(const vm::Release& order);
  void carry_out(const vm::Drain&) {}  // people see it in the journal
  void carry_out(const vm::AskLoads& order);
  void carry_out(const vm::StartCopy& order);
  void carry_out(const vm::CopyRound& order);
  void carry_out(const vm::Freeze& order);
  void carry_out(const vm::CopyRest& order);
  void carry_out(const vm::Verify& order);
  void carry_out(const vm::SwitchOver& order);
  void carry_out(const vm::AbortMigration&) {}  // take_back() has, while it was still known
  void carry_out(const vm::Restore& order);
  void carry_out(const vm::Replicate& order);
  void carry_out(const vm::SetTimer&) {}  // arm_timer() looks at all of them
  void carry_out(const vm::Notify&) {}    // who follows the journal tells people
  void at(Moment moment, vm::Attempt attempt, Then then);
  template <class M>
  void to_source(const Undone::Transfer& transfer, const M& message);
  void take_over(const Undone::Transfer& transfer);
  void finish_switch(vm::Attempt attempt);
  void send_fence(vm::MachineId machine, vm::TenantId tenant);
  void restore(const vm::Restore& order);
  bool try_find_log(const vm::Restore& order, std::string& directory);
  void replicate(const vm::Replicate& order);
  double bandwidth(vm::MachineId from) const;

  // control_answers.cpp
  void on_node(vm::MachineId machine, Message& message);
  void on(vm::MachineId machine, Answer& answer) { courier_.on(now(), machine, answer); }
  void on(vm::MachineId machine, const Audited& answer) { courier_.on(machine, answer); }
  void on(vm::MachineId machine, const Owned& answer);
  void on(vm::MachineId machine, const Loads& answer);
  void on(vm::MachineId machine, const Copied& answer);
  void on(vm::MachineId machine, const Frozen& answer);
  void on(vm::MachineId machine, const Verified& answer);
  void on(vm::MachineId machine, const TakenOver& answer);
  void on(vm::MachineId machine, const Fenced& answer);
  void on(vm::MachineId machine, const Broken& answer);
  void on(vm::MachineId machine, const Restored& answer);
  void on(vm::MachineId machine, const Replicated& answer);
  template <class Other>
  void on(vm::MachineId, const Other&) {}  // a node has nothing else to say to us
  void keep_stream(vm::TenantId tenant);
  void reconcile_streams();
  void give_up_replica(vm::TenantId tenant, vm::MachineId replica);

  // control_machines.cpp
  void on_up(vm::MachineId machine);
  void send_again(vm::MachineId machine);
  void on_broken(vm::MachineId machine);
  void on_silent(vm::MachineId machine);
  void cut_off(vm::MachineId machine);
  void on_stage(Message& message);
  void on(const Begin& begin_);
  void on(const MachineUp& up);
  void on(const LaunchFailed& failed);
  void on(const Stopped& stopped);
  void on(const Disturb& fault);
  void on(const Proceed& proceed);
  void on(const Brought& brought);
  void on_agent(Link& agent, Message& message);
  void on(const Sampled& sampled);
  template <class M>
  void to_stage(const M& message) {
    if (stage_) stage_->send(message);
  }
  void tell_host(vm::MachineId machine);
  void watch(vm::MachineId machine);
  void unwatch(vm::MachineId machine);
  Post& post(vm::MachineId machine) { return posts_[machine]; }
  vm::Inventory::Life life(vm::MachineId machine) const { return inventory()[machine].life; }

  asio::io_context& io_;
  const Options options_;
  const vm::Scenario& scenario_;
  const vm::Layout layout_;
  vm::ControlPlane plane_;
  Undone undone_;
  NodeLinks nodes_;
  Courier courier_;
  Settling settling_;
  Phase phase_ = Phase::settling;
  std::int64_t start_ns_ = 0;  // of CLOCK_MONOTONIC; 0 until the stage has said it
  vm::Time last_{};            // of the facts told
  asio::steady_timer timer_;
  std::shared_ptr<Link> stage_;
  std::map<std::uint32_t, std::shared_ptr<Link>> agents_;   // by host
  bool moments_ = false;                                    // the stage wants to hear of Moments
  std::map<std::pair<Moment, vm::Attempt>, Then> waiting_;  // for Proceed
  std::map<vm::MachineId, Post> posts_;
  std::map<vm::TenantId, Stream> streams_;
  std::set<vm::TenantId> recovering_;  // held until their machine's link is back
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::vector<vm::Order> orders_;  // of the fact in hand; kept for its memory
};

}  // namespace real
