#include "real/load_clients.hpp"

#include <cstring>

namespace real {
namespace {

std::uint64_t id_of(std::uint32_t slot, std::uint32_t stamp) {
  return std::uint64_t{stamp} << 32 | slot;
}

vm::Outcome outcome_of(Result result) {
  switch (result) {
    case Result::committed:
      return vm::Outcome::committed;
    case Result::refused:
      return vm::Outcome::refused;
    case Result::failed:
    case Result::frozen:  // between gateway and node: no client should hear of them
    case Result::moved:
      return vm::Outcome::failed;
  }
  return vm::Outcome::failed;
}

}  // namespace

LoadClients::LoadClients(const vm::Scenario& scenario, vm::Traffic& traffic, LoadBooks& books,
                         Carrier carrier, OnEnded on_ended)
    : scenario_(scenario),
      traffic_(traffic),
      books_(books),
      carrier_(std::move(carrier)),
      on_ended_(std::move(on_ended)),
      demands_(scenario) {
  std::uint32_t first = 0;
  for (std::uint32_t i = 0; i < scenario.clients.size(); ++i) {
    const vm::ClientGroup& group = scenario.clients[i];
    groups_.push_back({.id = vm::GroupId{i},
                       .scenario = &group,
                       .draw = vm::ClientDraw{scenario, vm::GroupId{i}},
                       .retry = vm::RetryPolicy{group.retry},
                       .first_client = first});
    group_of_client_.insert(group_of_client_.end(), group.count, vm::GroupId{i});
    first += group.count;
  }
  for (Group& group : groups_) {
    if (group.draw.open_loop()) {
      const vm::Time at = group.draw.next_arrival(vm::Time{});
      if (at != sim::never) clock_.at(at, {Kind::issue, group.id.value});
      continue;
    }
    for (std::uint32_t i = 0; i < group.scenario->count; ++i) {
      think(group, vm::TenantId{group.first_client + i});
    }
  }
}

void LoadClients::on(vm::Time now, Event event) {
  switch (event.kind) {
    case Kind::issue:
      return on_issue(now, groups_[event.subject]);
    case Kind::think_over: {
      if (!issuing_) return;
      const vm::TenantId client{event.subject};
      return issue(now, groups_[group_of_client_[client.value].value], client);
    }
    case Kind::deadline:
      return on_deadline(now, groups_[event.subject]);
    case Kind::retry:
      traffic_.retried(transactions_[event.subject].group);
      return send(now, event.subject);
  }
}

// ---- Issuing -----------------------------------------------------------------------------------

void LoadClients::on_issue(vm::Time now, Group& group) {
  if (!issuing_) return;
  const std::uint32_t who = group.draw.client();
  const vm::Time next = group.draw.next_arrival(now);
  if (next != sim::never) clock_.at(next, {Kind::issue, group.id.value});
  issue(now, group, vm::TenantId{group.first_client + who});
}

void LoadClients::think(Group& group, vm::TenantId client) {
  clock_.after(group.draw.think(), {Kind::think_over, client.value});
}

void LoadClients::issue(vm::Time now, Group& group, vm::TenantId client) {
  const std::uint32_t slot = transactions_.take();
  Transaction& t = transactions_[slot];
  t.intended = now;
  t.number = group.issued++;
  t.sequence = books_.issue(client);
  t.client = client;
  t.group = group.id;
  t.kind = group.draw.kind();
  ++issued_;
  traffic_.issued(group.id);
  group.retry.on_first(now);
  send(now, slot);
}

void LoadClients::send(vm::Time now, std::uint32_t slot) {
  Transaction& t = transactions_[slot];
  Group& group = group_of(t);
  ++t.attempts;
  books_.attempted(t.client);
  if (!group.retry.admits(now)) return retry_or_end(now, slot, vm::Outcome::refused);
  if (++last_stamp_ == 0) ++last_stamp_;
  t.awaited = last_stamp_;
  fill_message(t, id_of(slot, t.awaited));
  if (!carrier_(now, message_)) return not_committed(now, slot, vm::Outcome::failed);
  if (group.scenario->timeout) set_deadline(now, group, slot);
}

void LoadClients::fill_message(const Transaction& t, std::uint64_t id) {
  const vm::TransactionKind& kind = scenario_.transactions[t.kind];
  message_.id = id;
  message_.tenant = t.client;
  message_.sequence = t.sequence;
  message_.memory = kind.memory;
  // Different writes differ, as far as there is room for it: a mix-up shows in a digest.
  message_.value.assign(static_cast<std::size_t>(kind.write.count), '.');
  const std::uint64_t mark = std::uint64_t{t.client.value} << 40 ^ t.sequence;
  std::memcpy(message_.value.data(), &mark, std::min(message_.value.size(), sizeof mark));
  message_.steps.clear();
  const auto& steps = demands_.steps(t.kind);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const double amount = demands_.amount(t.group, t.number, t.kind, i);
    message_.steps.push_back({steps[i].resource, amount});
  }
}

// ---- What becomes of it ------------------------------------------------------------------------

void LoadClients::answered(const Answer& answer) {
  const auto slot = static_cast<std::uint32_t>(answer.id);
  const auto stamp = static_cast<std::uint32_t>(answer.id >> 32);
  if (slot >= transactions_.size() || stamp == 0 || transactions_[slot].awaited != stamp) return;
  Transaction& t = transactions_[slot];
  const vm::Time now = clock_.now();
  const vm::Outcome outcome = outcome_of(answer.result);
  if (outcome != vm::Outcome::committed) return not_committed(now, slot, outcome);
  group_of(t).retry.on_success(now);
  if (scenario_.transactions[t.kind].write.count > 0) books_.acknowledge(t.client, t.sequence);
  end(now, slot, outcome, answer.machine);
}

void LoadClients::link_broken() {
  std::vector<std::uint32_t> waiting;
  transactions_.for_each([&](std::uint32_t slot, const Transaction& t) {
    if (t.awaited != 0) waiting.push_back(slot);
  });
  for (const std::uint32_t slot : waiting) {
    not_committed(clock_.now(), slot, vm::Outcome::failed);
  }
}

void LoadClients::not_committed(vm::Time now, std::uint32_t slot, vm::Outcome outcome) {
  group_of(transactions_[slot]).retry.on_failure(now);
  retry_or_end(now, slot, outcome);
}

void LoadClients::retry_or_end(vm::Time now, std::uint32_t slot, vm::Outcome outcome) {
  Transaction& t = transactions_[slot];
  Group& group = group_of(t);
  t.awaited = 0;
  const double jitter = group.draw.jitter(t.number, t.attempts);
  const auto wait = group.retry.retry_after(now, t.attempts, jitter);
  if (wait) return clock_.after(*wait, {Kind::retry, slot});
  end(now, slot, outcome, vm::no_machine);
}

void LoadClients::end(vm::Time now, std::uint32_t slot, vm::Outcome outcome,
                      vm::MachineId machine) {
  const Transaction t = transactions_[slot];
  transactions_[slot].awaited = 0;
  transactions_.give_back(slot);
  books_.ended(t.client, outcome);
  traffic_.ended(now, t.group, t.client, t.intended, outcome);
  if (on_ended_) {
    on_ended_({t.intended, now, t.client, t.sequence, t.kind, outcome, t.attempts, machine});
  }
  Group& group = group_of(t);
  if (!group.draw.open_loop()) think(group, t.client);
}

void LoadClients::close() {
  transactions_.for_each(
      [&](std::uint32_t, const Transaction& t) { books_.left_in_flight(t.client); });
}

// ---- Timeouts ----------------------------------------------------------------------------------

void LoadClients::set_deadline(vm::Time now, Group& group, std::uint32_t slot) {
  const vm::Time at = now + *group.scenario->timeout;
  group.deadlines.push_back({at, slot, transactions_[slot].awaited});
  arm_deadlines(group);
}

void LoadClients::arm_deadlines(Group& group) {
  if (group.timer_set) return;
  const auto settled = [this](const Deadline& d) {
    return transactions_[d.transaction].awaited != d.stamp;
  };
  while (!group.deadlines.empty() && settled(group.deadlines.front())) group.deadlines.pop_front();
  if (group.deadlines.empty()) return;
  group.timer_set = true;
  clock_.at(group.deadlines.front().at, {Kind::deadline, group.id.value});
}

void LoadClients::on_deadline(vm::Time now, Group& group) {
  group.timer_set = false;
  while (!group.deadlines.empty() && group.deadlines.front().at <= now) {
    const Deadline due = group.deadlines.front();
    group.deadlines.pop_front();
    if (transactions_[due.transaction].awaited != due.stamp) continue;
    not_committed(now, due.transaction, vm::Outcome::timed_out);
  }
  arm_deadlines(group);
}

}  // namespace real
