// ClientDraw: what chance decides about a group's transactions before they are sent: when the next
// one comes, whose it is, of which kind it is, how long a client thinks, where in its jitter a
// retry waits.
//
// One of them for each group, in both worlds. Each question has its own stream from the seed and
// the group's stream name, and each is asked once per transaction in the order of issuing; so the
// n-th transaction of an open-loop group is the same transaction, at the same instant, in the
// simulated world and in the real one, under every policy, and in groups that share a stream. A
// closed loop's instants depend on the answers, and no two worlds give the same.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "vm/arrival.hpp"

namespace vm {

class ClientDraw {
 public:
  ClientDraw(const Scenario& scenario, GroupId group);

  /// Whether the group has arrivals; else its clients think.
  bool open_loop() const { return arrivals_.has_value(); }

  /// As ArrivalProcess::next. Requires an open loop.
  Time next_arrival(Time now) { return arrivals_->next(now); }

  /// The group's rates, or how often its clients are done thinking, are `factor` times the
  /// scenario's from what is drawn next on. Requires factor > 0.
  void scale(double factor);

  /// Which of the group's clients issues: 0 to count - 1. Requires an open loop.
  std::uint32_t client() {
    if (skew_) return static_cast<std::uint32_t>((*skew_)(who_)) - 1;
    return group_->count > 1 ? static_cast<std::uint32_t>(who_.below(group_->count)) : 0;
  }

  /// Index into Scenario::transactions.
  std::uint16_t kind() {
    std::uint16_t kind = 0;
    if (mix_.size() > 1) {
      const double at = what_.uniform() * mix_.back();
      while (at >= mix_[kind]) ++kind;
    }
    return kind;
  }

  /// Of a client between an answer and its next transaction, > 0. Requires a closed loop.
  Duration think();

  /// Where in its jitter the wait after so many attempts of transaction `number` lies, in [0, 1).
  double jitter(std::uint64_t number, std::uint32_t attempts) const;

 private:
  const ClientGroup* group_;
  std::optional<ArrivalProcess> arrivals_;
  sim::RandomStream who_, what_, think_;
  std::optional<sim::Distribution> skew_;
  std::vector<double> mix_;  // cumulative
  std::uint64_t jitter_key_;
  double pace_ = 1;  // of thinking
};

}  // namespace vm
