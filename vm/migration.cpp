#include "vm/migration.hpp"

#include <algorithm>
#include <cmath>

#include "sim/check.hpp"

namespace vm {
namespace {

using namespace std::chrono_literals;

// Of the pause budget, for copying the rest; verification and switch-over need what remains.
constexpr double copy_share_of_pause = 0.7;
// A round that leaves this much of what the one before left does not shrink; twice in a row means
// that the tenant writes as fast as we copy, and more rounds only burn bandwidth.
constexpr double hardly_shrinks = 0.9;
constexpr std::uint32_t stuck_limit = 2;
// A freeze that lasts this many pause budgets without an order to switch over is undone.
constexpr int freeze_patience = 5;
// How often an unanswered order to switch over is repeated, in pause budgets but at least 100 ms.
constexpr int switch_patience = 10;
constexpr Duration switch_patience_least = 100ms;
// A budget beyond this is as good as none, and ten times any budget must still be a time.
constexpr Duration longest_pause = 24h;
// Before the second try; doubled for each further one, up to the limit: what made the tenant too
// hot to move, or the link too slow, needs time to pass.
constexpr Duration first_rest = 1s;
constexpr Duration longest_rest = 60s;

}  // namespace

// Every state and event that matter; all other pairs are late or repeated news and change nothing.
const std::vector<Migration::Row>& Migration::table() {
  using S = State;
  using E = Event;
  using A = Action;
  static const std::vector<Row> rows{
      {S::waiting, E::started, A::start_copy},
      {S::waiting, E::cut, A::give_up},
      {S::waiting, E::retargeted, A::wait},

      {S::resting, E::alarm, A::wait},
      {S::resting, E::cut, A::give_up},
      {S::resting, E::retargeted, A::wait},

      {S::copying, E::copied_more, A::copy_round},
      {S::copying, E::copied_fits, A::freeze},
      {S::copying, E::copied_stuck, A::abort},
      {S::copying, E::broken, A::abort},
      {S::copying, E::alarm, A::abort},
      {S::copying, E::cut, A::abort_for_good},
      {S::copying, E::retargeted, A::abort_and_wait},

      {S::freezing, E::frozen, A::copy_rest},
      {S::freezing, E::broken, A::abort},
      {S::freezing, E::alarm, A::abort},
      {S::freezing, E::cut, A::abort_for_good},
      {S::freezing, E::retargeted, A::abort_and_wait},

      {S::copying_rest, E::copied_rest, A::verify},
      {S::copying_rest, E::broken, A::abort},
      {S::copying_rest, E::alarm, A::abort},
      {S::copying_rest, E::cut, A::abort_for_good},
      {S::copying_rest, E::retargeted, A::abort_and_wait},

      {S::verifying, E::equal, A::switch_over},
      {S::verifying, E::unequal, A::abort},
      {S::verifying, E::broken, A::abort},
      {S::verifying, E::alarm, A::abort},
      {S::verifying, E::cut, A::abort_for_good},
      {S::verifying, E::retargeted, A::abort_and_wait},

      // Forward only: broken news change nothing, silence repeats the order.
      {S::switching, E::switched, A::finish},
      {S::switching, E::alarm, A::repeat_switch},
      {S::switching, E::cut, A::give_up},
  };
  return rows;
}

Migration::Migration(FailoverId failover, TenantId tenant, MachineId from, MachineId to, Time now,
                     const FailoverConfig& config)
    : config_(config) {
  figures_.failover = failover;
  figures_.tenant = tenant;
  figures_.from = from;
  figures_.to = to;
  figures_.start = now;
  figures_.aborted = true;
}

void Migration::start(Time now, Epoch epoch, Attempts& attempts, std::vector<Order>& orders) {
  SIM_CHECK(waiting());
  epoch_ = epoch;
  take(now, Event::started, attempts, orders);
}

void Migration::on(Time now, const Copied& fact, Attempts& attempts, std::vector<Order>& orders) {
  const bool rest = state_ == State::copying_rest;
  if (fact.attempt != attempt_ || fact.round != round_) return;
  if (!rest && state_ != State::copying) return;
  figures_.bytes += fact.copied;
  ++figures_.rounds;
  take(now, rest ? Event::copied_rest : judge(now, fact), attempts, orders);
}

Migration::Event Migration::judge(Time now, const Copied& fact) {
  const double budget = sim::seconds(config_.pause) * copy_share_of_pause;
  const auto dirty = static_cast<double>(fact.dirty.count);
  // The rest will go at the pace of the round that is over, which others on the same link may have
  // slowed below what the scenario allows.
  double pace = config_.bandwidth.value;
  const double took = sim::seconds(now - round_began_);
  if (fact.copied.count > 0 && took > 0) {
    pace = std::min(pace, static_cast<double>(fact.copied.count) / took);
  }
  if (dirty <= budget * pace) return Event::copied_fits;
  // The first round copies the whole state, so only what later rounds leave can be compared.
  const bool shrank = round_ == 0 || dirty < hardly_shrinks * static_cast<double>(dirty_.count);
  stuck_ = shrank ? 0 : stuck_ + 1;
  dirty_ = fact.dirty;
  const bool last = round_ + 1 >= config_.rounds;
  return stuck_ >= stuck_limit || last ? Event::copied_stuck : Event::copied_more;
}

void Migration::on(Time now, const Frozen& fact, Attempts& attempts, std::vector<Order>& orders) {
  if (fact.attempt == attempt_) take(now, Event::frozen, attempts, orders);
}

void Migration::on(Time now, const Verified& fact, Attempts& attempts, std::vector<Order>& orders) {
  if (fact.attempt == attempt_)
    take(now, fact.equal ? Event::equal : Event::unequal, attempts, orders);
}

void Migration::on(Time now, const SwitchedOver& fact, Attempts& attempts,
                   std::vector<Order>& orders) {
  if (fact.attempt != attempt_ || state_ != State::switching) return;
  figures_.pause = fact.pause;
  take(now, Event::switched, attempts, orders);
}

void Migration::on(Time now, const MigrationBroken& fact, Attempts& attempts,
                   std::vector<Order>& orders) {
  if (fact.attempt == attempt_) take(now, Event::broken, attempts, orders);
}

void Migration::on(Time now, const TimerFired& fact, Attempts& attempts,
                   std::vector<Order>& orders) {
  if (fact.attempt == alarm_) take(now, Event::alarm, attempts, orders);
}

void Migration::cut(Time now, Attempts& attempts, std::vector<Order>& orders) {
  take(now, Event::cut, attempts, orders);
}

void Migration::retarget(Time now, MachineId to, Attempts& attempts, std::vector<Order>& orders) {
  SIM_CHECK(!owned_by_target() && !over());
  take(now, Event::retargeted, attempts, orders);
  figures_.to = to;
}

void Migration::take(Time now, Event event, Attempts& attempts, std::vector<Order>& orders) {
  for (const Row& row : table())
    if (row.state == state_ && row.event == event)
      return carry_out(now, row.action, attempts, orders);
}

void Migration::carry_out(Time now, Action action, Attempts& attempts, std::vector<Order>& orders) {
  switch (action) {
    case Action::start_copy:
      ++tries_;
      round_ = stuck_ = 0;
      dirty_ = {};
      attempt_ = attempts.open(Attempts::About::migration, figures_.tenant.value);
      orders.push_back(StartCopy{attempt_, figures_.tenant, figures_.from, figures_.to});
      round_began_ = now;
      set_alarm(now + config_.timeout, attempts, orders);
      state_ = State::copying;
      return;
    case Action::copy_round:
      orders.push_back(CopyRound{attempt_, ++round_});
      round_began_ = now;
      return;
    case Action::freeze:
      orders.push_back(Freeze{attempt_});
      set_alarm(now + std::min(config_.pause, longest_pause) * freeze_patience, attempts, orders);
      state_ = State::freezing;
      return;
    case Action::copy_rest:
      orders.push_back(CopyRest{attempt_, ++round_});
      state_ = State::copying_rest;
      return;
    case Action::verify:
      orders.push_back(Verify{attempt_});
      state_ = State::verifying;
      return;
    case Action::switch_over:
    case Action::repeat_switch:
      orders.push_back(SwitchOver{attempt_, figures_.tenant, figures_.from, figures_.to, epoch_});
      set_alarm(now + std::max(std::min(config_.pause, longest_pause) * switch_patience,
                               switch_patience_least),
                attempts, orders);
      state_ = State::switching;
      return;
    case Action::finish:
      figures_.aborted = false;
      close(attempts);
      state_ = State::moved;
      return;
    case Action::abort:
      orders.push_back(AbortMigration{attempt_});
      go_back(now, attempts, orders);
      return;
    case Action::abort_for_good:
      orders.push_back(AbortMigration{attempt_});
      [[fallthrough]];
    case Action::give_up:
      close(attempts);
      state_ = State::given_up;
      return;
    case Action::abort_and_wait:
      orders.push_back(AbortMigration{attempt_});
      --tries_;
      [[fallthrough]];
    case Action::wait:
      close(attempts);
      state_ = State::waiting;
      return;
  }
}

void Migration::go_back(Time now, Attempts& attempts, std::vector<Order>& orders) {
  close(attempts);
  if (tries_ >= config_.attempts) {
    state_ = State::given_up;
    return;
  }
  const auto doublings = std::min(tries_ - 1, 16u);
  set_alarm(now + std::min(first_rest * (1 << doublings), longest_rest), attempts, orders);
  state_ = State::resting;
}

void Migration::close(Attempts& attempts) {
  attempts.close(attempt_);
  attempts.close(alarm_);
  attempt_ = alarm_ = {};
}

void Migration::set_alarm(Time at, Attempts& attempts, std::vector<Order>& orders) {
  attempts.close(alarm_);
  alarm_ = attempts.open(Attempts::About::migration, figures_.tenant.value);
  orders.push_back(SetTimer{alarm_, at});
}

}  // namespace vm
