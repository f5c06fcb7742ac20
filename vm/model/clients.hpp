// Clients: who issues transactions in the simulated world, waits for them, and tries again.
//
// Latency counts from the intended instant of the first attempt, whatever is retried. An attempt
// that runs out of time is given up by its client alone; the machine works on. Each group keeps its
// attempts in the order of their deadlines, which is the order of sending, so one pending event per
// group stands for all of its timeouts.
//
// The demands, the backoff and the kind of a transaction depend on the seed, its group's stream and
// its number alone: the same under every policy, and the same for groups that share a stream.
#pragma once

#include <vector>

#include "vm/client.hpp"
#include "vm/client_draw.hpp"
#include "vm/model/cloud.hpp"

namespace vm::model {

class Service;
class Watch;

class Clients {
 public:
  Clients(Cloud& cloud, Watch& watch);
  void connect(Service& service) { service_ = &service; }

  /// Schedules each group's first arrival, or each closed-loop client's first thought.
  void start();

  void on_issue(Time now, GroupId group);
  void on_think_over(Time now, TenantId client);
  void on_deadline(Time now, GroupId group);
  void on_retry(Time now, std::uint32_t transaction);

  /// The service is done with an attempt, one way or the other; its slot is free afterwards.
  void answered(Time now, std::uint32_t attempt, Outcome outcome);

  /// A group's rates are `factor` times the scenario's, but for what has been drawn already.
  void scale(GroupId group, double factor) { groups_[group.value].draw.scale(factor); }

  /// The run is over: what has not ended is in flight.
  void close();

  std::uint64_t issued() const { return issued_; }

 private:
  struct Group {
    GroupId id;
    const ClientGroup* scenario;
    ClientDraw draw;
    RetryPolicy retry;
    std::uint64_t issued = 0;
    std::uint32_t first_attempt = none, last_attempt = none;  // in order of deadlines
    bool timer_set = false;
  };

  void issue(Time now, Group& group, TenantId client);
  void send(Time now, std::uint32_t transaction);
  void think(Group& group, TenantId client);
  void not_committed(Time now, std::uint32_t transaction, Outcome outcome);
  void retry_or_end(Time now, std::uint32_t transaction, Outcome outcome);
  void end(Time now, std::uint32_t transaction, Outcome outcome, std::uint32_t machine);
  void retire(std::uint32_t transaction);
  void settle(const Transaction& transaction);
  void set_deadline(Time now, Group& group, std::uint32_t attempt);
  void drop_deadline(Group& group, std::uint32_t attempt);

  Group& group_of(const Transaction& t) { return groups_[t.group.value]; }

  Cloud& cloud_;
  Watch& watch_;
  Service* service_ = nullptr;
  std::vector<Group> groups_;
  std::uint64_t issued_ = 0;
};

}  // namespace vm::model
