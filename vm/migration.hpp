// Migration: one tenant moves from one machine to another while its clients keep asking.
//
//   waiting ─> copying ─> freezing ─> copying_rest ─> verifying ─> switching ─> moved
//      ^          │           │             │             │
//      └─ resting <───────────┴── aborted: back to the source     given_up after `attempts` tries
//
// The source serves while rounds copy what was written meanwhile. Once the rest fits the pause
// budget the tenant freezes, the rest is copied, both sides are compared, and the target becomes
// the owner under the next epoch, which fences the old one. Any failure before the order to switch
// over goes back to the source, any failure after it goes forward: from that order on the target
// is the owner, and the order is repeated until it is answered. All states and transitions stand in
// one table in migration.cpp.
//
// One Attempt names one try; its answers bring it back, and Copied also its round, so that late,
// repeated and foreign answers change nothing. At most one alarm is awaited at a time.
#pragma once

#include <vector>

#include "vm/attempts.hpp"
#include "vm/control.hpp"
#include "vm/scenario.hpp"

namespace vm {

class Migration {
 public:
  enum class State : std::uint8_t {
    waiting,  // for its turn: start()
    resting,  // between two tries; an alarm makes it wait again
    copying,
    freezing,
    copying_rest,
    verifying,
    switching,  // the target owns the tenant; the answer is awaited
    moved,
    given_up,
  };

  Migration(FailoverId failover, TenantId tenant, MachineId from, MachineId to, Time now,
            const FailoverConfig& config);

  /// Begins a try. Requires waiting(). `epoch` is what the target will own the tenant under.
  void start(Time now, Epoch epoch, Attempts& attempts, std::vector<Order>& orders);

  void on(Time now, const Copied&, Attempts&, std::vector<Order>&);
  void on(Time now, const Frozen&, Attempts&, std::vector<Order>&);
  void on(Time now, const Verified&, Attempts&, std::vector<Order>&);
  void on(Time now, const SwitchedOver&, Attempts&, std::vector<Order>&);
  void on(Time now, const MigrationBroken&, Attempts&, std::vector<Order>&);
  void on(Time now, const TimerFired&, Attempts&, std::vector<Order>&);

  /// Source or target is gone, or nobody wants the move any more: given up, or, where the target
  /// already owns the tenant, over without an answer. Then state() is given_up.
  void cut(Time now, Attempts& attempts, std::vector<Order>& orders);

  /// The target is gone but another will do: goes back and waits for its turn; the try that was
  /// under way does not count. Requires !owned_by_target().
  void retarget(Time now, MachineId to, Attempts& attempts, std::vector<Order>& orders);

  State state() const { return state_; }
  bool waiting() const { return state_ == State::waiting; }
  /// A try is under way: takes one of the places of `at_once`.
  bool active() const { return state_ >= State::copying && state_ <= State::switching; }
  bool owned_by_target() const { return state_ == State::switching || state_ == State::moved; }
  bool over() const { return state_ >= State::moved; }

  /// What it came to, all tries together; `aborted` unless moved.
  const MigrationEnded& figures() const { return figures_; }

 private:
  enum class Event : std::uint8_t {
    started,
    copied_more,
    copied_fits,
    copied_stuck,
    copied_rest,
    frozen,
    equal,
    unequal,
    switched,
    broken,
    alarm,
    cut,
    retargeted,
  };
  enum class Action : std::uint8_t {
    start_copy,
    copy_round,
    freeze,
    copy_rest,
    verify,
    switch_over,
    repeat_switch,
    finish,
    abort,
    abort_for_good,
    give_up,
    wait,
    abort_and_wait,
  };
  struct Row {
    State state;
    Event event;
    Action action;
  };
  static const std::vector<Row>& table();

  void take(Time now, Event event, Attempts& attempts, std::vector<Order>& orders);
  void carry_out(Time now, Action action, Attempts& attempts, std::vector<Order>& orders);
  void go_back(Time now, Attempts& attempts, std::vector<Order>& orders);
  void close(Attempts& attempts);
  void set_alarm(Time at, Attempts& attempts, std::vector<Order>& orders);
  Event judge(Time now, const Copied& fact);

  FailoverConfig config_;
  MigrationEnded figures_;
  State state_ = State::waiting;
  Attempt attempt_{}, alarm_{};
  Epoch epoch_ = 0;
  std::uint32_t tries_ = 0;
  std::uint32_t round_ = 0;  // of this try
  std::uint32_t stuck_ = 0;  // rounds in a row that hardly shrank
  Time round_began_{};
  Bytes dirty_{};  // after the round before
};

}  // namespace vm
