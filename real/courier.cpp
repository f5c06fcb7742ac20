#include "real/courier.hpp"

namespace real {
namespace {

/// A transaction that is taken back again and again would go round for ever.
constexpr std::uint32_t most_sent_on = 20;

std::uint64_t ticket(std::uint32_t slot, std::uint32_t version) {
  return std::uint64_t{version} << 32 | slot;
}

}  // namespace

Courier::Courier(Options options, FindLink find_link)
    : options_(options),
      find_link_(std::move(find_link)),
      routes_(options.tenants),
      acknowledged_(options.tenants) {}

// ---- In ----------------------------------------------------------------------------------------

void Courier::perform(vm::Time now, Perform transaction, std::shared_ptr<Link> client) {
  const std::uint64_t id = transaction.id;
  Slot slot = 0;
  Entry* entry = take_slot(now, transaction, slot);
  if (entry == nullptr) return client->send(Answer{.id = id, .result = Result::refused});
  entry->client = std::move(client);
  dispatch(now, slot);
}

void Courier::perform(vm::Time now, Perform transaction, Reply reply) {
  Answer refused{.id = transaction.id, .result = Result::refused};
  Slot slot = 0;
  Entry* entry = take_slot(now, transaction, slot);
  if (entry == nullptr) return reply(refused);
  entry->reply = std::move(reply);
  dispatch(now, slot);
}

Courier::Entry* Courier::take_slot(vm::Time, Perform& transaction, Slot& slot) {
  if (under_way_ >= options_.limit || !routes_.knows(transaction.tenant)) return nullptr;
  if (free_.empty()) {
    free_.push_back(static_cast<Slot>(entries_.size()));
    entries_.emplace_back();
  }
  slot = free_.back();
  free_.pop_back();
  ++under_way_;
  Entry& entry = entries_[slot];
  entry.busy = true;
  entry.sent_on = 0;
  entry.client_id = transaction.id;
  entry.transaction = std::move(transaction);
  return &entry;
}

void Courier::dispatch(vm::Time now, Slot slot) {
  Entry& entry = entries_[slot];
  const vm::TenantId tenant = entry.transaction.tenant;
  const Routes::Route& route = routes_[tenant];
  entry.machine = vm::no_machine;
  if (route.frozen) {
    if (!routes_.try_hold(tenant, slot, now + options_.patience)) finish(slot, Result::refused);
    return;
  }
  Link* link = route.served ? find_link_(route.owner) : nullptr;
  if (link == nullptr) return finish(slot, Result::failed);
  entry.machine = route.owner;
  entry.transaction.id = ticket(slot, entry.version);
  entry.transaction.epoch = route.epoch;
  link->send(entry.transaction);
}

void Courier::dispatch(vm::Time now, const Routes::Slots& slots) {
  for (const Slot slot : slots) dispatch(now, slot);
}

void Courier::send_on(vm::Time now, Slot slot) {
  if (++entries_[slot].sent_on > most_sent_on) return finish(slot, Result::failed);
  dispatch(now, slot);
}

// ---- Back --------------------------------------------------------------------------------------

void Courier::on(vm::Time now, vm::MachineId from, Answer& answer) {
  const auto slot = static_cast<Slot>(answer.id);
  if (slot >= entries_.size()) return;
  Entry& entry = entries_[slot];
  const bool ours = entry.busy && entry.machine == from && answer.id == ticket(slot, entry.version);
  if (!ours) return;  // late: it has been answered without this one
  const Routes::Route& route = routes_[entry.transaction.tenant];
  const bool of_owner = route.owner == from && route.epoch == entry.transaction.epoch;
  switch (answer.result) {
    case Result::frozen:
      return send_on(now, slot);
    case Result::moved:
      if (!of_owner || route.frozen) return send_on(now, slot);
      return finish(slot, Result::failed);  // we know of no other owner than the one who refuses
    case Result::committed:
      if (!of_owner || !route.served) return finish(slot, Result::failed);
      if (!entry.transaction.value.empty()) ++acknowledged_[entry.transaction.tenant.value];
      return finish(slot, answer);
    case Result::refused:
    case Result::failed:
      return finish(slot, answer);
  }
}

void Courier::finish(Slot slot, Result result) {
  Answer answer{.id = 0, .result = result};
  finish(slot, answer);
}

void Courier::finish(Slot slot, Answer& answer) {
  Entry& entry = entries_[slot];
  answer.id = entry.client_id;
  answer.owner.clear();  // where tenants live is no client's business
  const auto client = std::move(entry.client);
  const Reply reply = std::exchange(entry.reply, nullptr);
  entry.client.reset();
  entry.transaction.value.clear();  // keeps its memory for the next one
  ++entry.version;
  entry.busy = false;
  --under_way_;
  free_.push_back(slot);
  if (reply) {
    reply(answer);
  } else {
    client->send(answer);
  }
}

void Courier::link_lost(vm::MachineId machine) {
  for (Slot slot = 0; slot < entries_.size(); ++slot) {
    if (entries_[slot].busy && entries_[slot].machine == machine) finish(slot, Result::failed);
  }
  std::erase_if(audits_, [&](const auto& entry) {
    if (entry.second.machine != machine) return false;
    entry.second.reply(Audited{.tenant = entry.first});
    return true;
  });
}

void Courier::expire(vm::Time now) {
  for (const Slot slot : routes_.expired(now)) finish(slot, Result::refused);
}

// ---- Audits ------------------------------------------------------------------------------------

void Courier::audit(vm::TenantId tenant, AuditReply reply) {
  const Routes::Route route = routes_.knows(tenant) ? routes_[tenant] : Routes::Route{};
  Link* link = route.served && !route.frozen ? find_link_(route.owner) : nullptr;
  if (link == nullptr) return reply(Audited{.tenant = tenant});
  audits_.insert({tenant, {route.owner, std::move(reply)}});
  link->send(Audit{tenant});
}

void Courier::on(vm::MachineId from, const Audited& answer) {
  for (auto [at, end] = audits_.equal_range(answer.tenant); at != end; ++at) {
    if (at->second.machine != from) continue;
    const AuditReply reply = at->second.reply;
    if (!answer.more) audits_.erase(at);
    return reply(answer);  // one answer for one question
  }
}

// ---- Decisions ---------------------------------------------------------------------------------

void Courier::thaw(vm::Time now, vm::TenantId tenant) {
  dispatch(now, routes_.thaw(tenant));
}

void Courier::move(vm::Time now, vm::TenantId tenant, vm::MachineId owner, vm::Epoch epoch) {
  dispatch(now, routes_.move(tenant, owner, epoch));
}

void Courier::cut_off(vm::TenantId tenant) {
  for (const Slot slot : routes_.cut_off(tenant)) finish(slot, Result::failed);
}

std::uint64_t Courier::acknowledged(vm::TenantId tenant, bool forget) {
  const std::uint64_t count = acknowledged_[tenant.value];
  if (forget) acknowledged_[tenant.value] = 0;
  return count;
}

}  // namespace real
