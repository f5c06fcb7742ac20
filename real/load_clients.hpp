// LoadClients: who issues transactions in the real world, waits for them, and tries again. Sans-IO:
// it is told the time, answers and broken links, and gives attempts to a Carrier.
//
//   due: issue ─> attempt ──Carrier──> … ──answered()──> ended
//                    ^   └─timeout, failure─> RetryPolicy ─> ended
//                    └──────────backoff──────────┘
//
// The rules are those of the simulated world's clients (vm/model/clients.hpp), and so are the
// draws. A simulated clock chases the real one: everything due happens at its own instant, in the
// order of instants, however late the engine wakes up; that is what makes the loop open. Latency
// counts from the first intended instant to the answer.
//
// At most one attempt of a transaction is waited for. Its id names a slot and a stamp, so answers
// that come after their timeout, or twice, are recognised and ignored.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "real/load_books.hpp"
#include "real/messages.hpp"
#include "sim/simulator.hpp"
#include "vm/client.hpp"
#include "vm/client_draw.hpp"
#include "vm/demand_draw.hpp"
#include "vm/pool.hpp"
#include "vm/traffic.hpp"

namespace real {

class LoadClients {
 public:
  /// Takes an attempt that was due at `due`; false: it cannot be sent. Must not call back.
  using Carrier = std::function<bool(vm::Time due, const Perform& attempt)>;
  /// Told each transaction's end; may be empty.
  using OnEnded = std::function<void(const vm::TransactionRow&)>;

  /// All but the functions outlive it.
  LoadClients(const vm::Scenario& scenario, vm::Traffic& traffic, LoadBooks& books, Carrier carrier,
              OnEnded on_ended);

  /// Lets everything happen that is due up to and including `now`, which never goes back.
  void advance(vm::Time now) { clock_.run_until(now, *this); }
  /// When to call advance() again, at the latest; sim::never: nothing is due.
  vm::Time next_due() { return clock_.next_time(); }

  /// The gateway's answer to the attempt of that id, at the time of the last advance().
  void answered(const Answer& answer);
  /// Whatever was in flight has failed.
  void link_broken();

  /// Nothing new is issued; what has begun goes on.
  void stop_issuing() { issuing_ = false; }
  /// What has not ended stays in flight for ever. Nothing may be called afterwards.
  void close();

  std::uint64_t issued() const { return issued_; }
  std::size_t unended() const { return transactions_.used(); }

 private:
  enum class Kind : std::uint8_t { issue, think_over, deadline, retry };
  struct Event {
    Kind kind{};
    std::uint32_t subject = 0;  // group, client, group, transaction
  };
  friend class sim::Simulator<Event>;

  struct Transaction {
    vm::Time intended{};
    std::uint64_t number = 0;    // within its group, names its random streams
    std::uint64_t sequence = 0;  // within its client
    vm::TenantId client{};
    vm::GroupId group{};
    std::uint32_t attempts = 0;
    std::uint32_t awaited = 0;  // stamp of the attempt that is in flight; 0: none
    std::uint16_t kind = 0;
  };
  struct Deadline {
    vm::Time at{};
    std::uint32_t transaction = 0, stamp = 0;
  };
  struct Group {
    vm::GroupId id;
    const vm::ClientGroup* scenario;
    vm::ClientDraw draw;
    vm::RetryPolicy retry;
    std::uint32_t first_client;
    std::uint64_t issued = 0;
    std::deque<Deadline> deadlines{};  // one timeout for all: in order of sending
    bool timer_set = false;
  };

  void on(vm::Time now, Event event);
  void on_issue(vm::Time now, Group& group);
  void on_deadline(vm::Time now, Group& group);
  void issue(vm::Time now, Group& group, vm::TenantId client);
  void think(Group& group, vm::TenantId client);
  void send(vm::Time now, std::uint32_t transaction);
  void fill_message(const Transaction& transaction, std::uint64_t id);
  void set_deadline(vm::Time now, Group& group, std::uint32_t transaction);
  void arm_deadlines(Group& group);
  void not_committed(vm::Time now, std::uint32_t transaction, vm::Outcome outcome);
  void retry_or_end(vm::Time now, std::uint32_t transaction, vm::Outcome outcome);
  void end(vm::Time now, std::uint32_t transaction, vm::Outcome outcome, vm::MachineId machine);
  Group& group_of(const Transaction& t) { return groups_[t.group.value]; }

  const vm::Scenario& scenario_;
  vm::Traffic& traffic_;
  LoadBooks& books_;
  Carrier carrier_;
  OnEnded on_ended_;
  vm::DemandDraw demands_;
  std::vector<Group> groups_;
  std::vector<vm::GroupId> group_of_client_;
  vm::Pool<Transaction> transactions_;
  sim::Simulator<Event> clock_;
  Perform message_;  // its buffers are used again and again
  std::uint32_t last_stamp_ = 0;
  std::uint64_t issued_ = 0;
  bool issuing_ = true;
};

}  // namespace real
