#include "vm/model/clients.hpp"

#include <algorithm>
#include <numeric>

#include "vm/model/service.hpp"
#include "vm/model/watch.hpp"

namespace vm::model {

Clients::Clients(Cloud& cloud, Watch& watch) : cloud_(cloud), watch_(watch) {
  const std::uint64_t seed = cloud.scenario.seed;
  for (std::uint32_t i = 0; i < cloud.scenario.clients.size(); ++i) {
    const ClientGroup& scenario = cloud.scenario.clients[i];
    const std::string& name = scenario.stream;
    Group group{.id = GroupId{i},
                .scenario = &scenario,
                .arrivals = {},
                .retry = RetryPolicy{scenario.retry},
                .who = {seed, name + ".who"},
                .what = {seed, name + ".what"},
                .think = {seed, name + ".think"},
                .skew = {},
                .mix = std::vector<double>(scenario.mix.size()),
                .jitter_key = sim::RandomStream::key(seed, name + ".jitter")};
    if (!std::holds_alternative<ClosedLoop>(scenario.arrivals)) {
      group.arrivals.emplace(scenario.arrivals, seed, name);
    }
    if (scenario.skew > 0) group.skew.emplace(sim::Zipf{scenario.count, scenario.skew});
    std::partial_sum(scenario.mix.begin(), scenario.mix.end(), group.mix.begin());
    groups_.push_back(std::move(group));
  }
}

void Clients::start() {
  for (Group& group : groups_) {
    if (group.arrivals) {
      const Time first = group.arrivals->next(Time{});
      if (first != sim::never) cloud_.simulator.at(first, {Kind::issue, group.id.value, 0});
      continue;
    }
    for (std::uint32_t i = 0; i < group.scenario->count; ++i) {
      think(group, TenantId{cloud_.first_tenant[group.id.value] + i});
    }
  }
}

void Clients::on_issue(Time now, GroupId id) {
  Group& group = groups_[id.value];
  std::uint32_t who = 0;
  if (group.skew) {
    who = static_cast<std::uint32_t>((*group.skew)(group.who)) - 1;
  } else if (group.scenario->count > 1) {
    who = static_cast<std::uint32_t>(group.who.below(group.scenario->count));
  }
  const Time next = group.arrivals->next(now);
  if (next != sim::never) cloud_.simulator.at(next, {Kind::issue, id.value, 0});
  issue(now, group, TenantId{cloud_.first_tenant[id.value] + who});
}

void Clients::on_think_over(Time now, TenantId client) {
  issue(now, groups_[cloud_.tenant(client).group.value], client);
}

void Clients::think(Group& group, TenantId client) {
  const double span = std::get<ClosedLoop>(group.scenario->arrivals).think(group.think);
  // Never in no time: a client that is refused at once would ask again at this instant for ever.
  const Duration pause = std::max(sim::from_seconds(span), Duration{1});
  cloud_.simulator.after(pause, {Kind::think_over, client.value, 0});
}

void Clients::issue(Time now, Group& group, TenantId client) {
  const std::uint32_t index = cloud_.transactions.take();
  Transaction& t = cloud_.transactions[index];
  t.intended = now;
  t.number = group.issued++;
  t.sequence = cloud_.tenant(client).sequence++;
  t.tenant = client;
  t.group = group.id;
  if (group.mix.size() > 1) {
    const double at = group.what.uniform() * group.mix.back();
    while (at >= group.mix[t.kind]) ++t.kind;
  }
  ++issued_;
  cloud_.ledger.issued(client);
  watch_.issued(group.id);
  group.retry.on_first(now);
  send(now, index);
}

void Clients::on_retry(Time now, std::uint32_t transaction) {
  watch_.retried(cloud_.transactions[transaction].group);
  send(now, transaction);
}

void Clients::send(Time now, std::uint32_t index) {
  Transaction& t = cloud_.transactions[index];
  Group& group = group_of(t);
  ++t.attempts;
  cloud_.ledger.attempted(t.tenant);
  if (!group.retry.admits(now)) return retry_or_end(now, index, Outcome::refused);
  ++t.alive;
  const std::uint32_t attempt = cloud_.attempts.take();
  cloud_.attempts[attempt].transaction = index;
  if (group.scenario->timeout) set_deadline(now, group, attempt);
  service_->dispatch(now, attempt);
}

void Clients::answered(Time now, std::uint32_t index, Outcome outcome) {
  const Sending attempt = cloud_.attempts[index];
  Transaction& t = cloud_.transactions[attempt.transaction];
  if (attempt.has_deadline) drop_deadline(group_of(t), index);
  cloud_.attempts.give_back(index);
  --t.alive;
  if (!attempt.waited_for) {
    if (t.ended && t.alive == 0) retire(attempt.transaction);
  } else if (outcome == Outcome::committed) {
    group_of(t).retry.on_success(now);
    if (t.applied) {
      t.acknowledged = true;
      cloud_.ledger.acknowledged(t.tenant, t.sequence);
    }
    end(now, attempt.transaction, outcome, attempt.machine);
  } else {
    not_committed(now, attempt.transaction, outcome);
  }
}

void Clients::on_deadline(Time now, GroupId id) {
  Group& group = groups_[id.value];
  group.timer_set = false;
  while (group.first_attempt != none && cloud_.attempts[group.first_attempt].deadline <= now) {
    const std::uint32_t index = group.first_attempt;
    drop_deadline(group, index);
    cloud_.attempts[index].waited_for = false;
    not_committed(now, cloud_.attempts[index].transaction, Outcome::timed_out);
  }
  if (group.first_attempt != none && !group.timer_set) {
    group.timer_set = true;
    cloud_.simulator.at(cloud_.attempts[group.first_attempt].deadline, {Kind::deadline, id.value, 0});
  }
}

void Clients::not_committed(Time now, std::uint32_t transaction, Outcome outcome) {
  group_of(cloud_.transactions[transaction]).retry.on_failure(now);
  retry_or_end(now, transaction, outcome);
}

void Clients::retry_or_end(Time now, std::uint32_t index, Outcome outcome) {
  const Transaction& t = cloud_.transactions[index];
  Group& group = group_of(t);
  sim::RandomStream jitter{group.jitter_key, t.number * 64 + t.attempts % 64};
  const auto wait = group.retry.retry_after(now, t.attempts, jitter.uniform());
  if (wait) return cloud_.simulator.after(*wait, {Kind::retry, index, 0});
  end(now, index, outcome, none);
}

void Clients::end(Time now, std::uint32_t index, Outcome outcome, std::uint32_t machine) {
  Transaction& t = cloud_.transactions[index];
  t.ended = true;
  cloud_.ledger.ended(t.tenant, outcome);
  watch_.ended(now, t, outcome, MachineId{machine});
  Group& group = group_of(t);
  if (!group.arrivals) think(group, t.tenant);
  if (t.alive == 0) retire(index);
}

void Clients::retire(std::uint32_t index) {
  settle(cloud_.transactions[index]);
  cloud_.transactions.give_back(index);
}

void Clients::settle(const Transaction& t) {
  const bool held = t.applied && t.generation == cloud_.tenant(t.tenant).generation;
  if (held && !t.acknowledged) cloud_.ledger.unacknowledged(t.tenant, t.sequence);
}

void Clients::close() {
  cloud_.transactions.for_each([&](std::uint32_t, const Transaction& t) {
    if (!t.ended) cloud_.ledger.left_in_flight(t.tenant);
    settle(t);
  });
}

void Clients::set_deadline(Time now, Group& group, std::uint32_t index) {
  Sending& attempt = cloud_.attempts[index];
  attempt.deadline = now + *group.scenario->timeout;
  attempt.has_deadline = true;
  attempt.earlier = group.last_attempt;
  if (group.last_attempt != none) cloud_.attempts[group.last_attempt].later = index;
  group.last_attempt = index;
  if (group.first_attempt == none) group.first_attempt = index;
  if (!group.timer_set) {
    group.timer_set = true;
    cloud_.simulator.at(attempt.deadline, {Kind::deadline, group.id.value, 0});
  }
}

void Clients::drop_deadline(Group& group, std::uint32_t index) {
  Sending& attempt = cloud_.attempts[index];
  attempt.has_deadline = false;
  (attempt.earlier == none ? group.first_attempt : cloud_.attempts[attempt.earlier].later) =
      attempt.later;
  (attempt.later == none ? group.last_attempt : cloud_.attempts[attempt.later].earlier) =
      attempt.earlier;
}

}  // namespace vm::model
