#include "real/copy_target.hpp"

#include <algorithm>
#include <type_traits>

namespace real {

CopyTarget::~CopyTarget() {
  for (const auto& weak : links_) {
    if (const auto link = weak.lock()) link->close();
  }
}

void CopyTarget::accept(std::shared_ptr<Link> link) {
  std::erase_if(links_, [](const auto& weak) { return weak.expired(); });
  links_.push_back(link);
  // Its reading keeps it while it is open; by a handler of its own it would keep itself for ever.
  link->start([this, weak = std::weak_ptr{link}](Message& message) { on(weak.lock(), message); },
              [](const std::string&) {});
}

void CopyTarget::on(const std::shared_ptr<Link>& link, Message& message) {
  if (const auto* order = std::get_if<CopyBegin>(&message)) {
    begin(link, *order);
  } else if (auto* chunk = std::get_if<CopyRows>(&message)) {
    rows(*link, *chunk);
  } else if (const auto* round = std::get_if<CopyEnd>(&message)) {
    end(*link, *round);
  } else if (const auto* question = std::get_if<AskDigest>(&message)) {
    digest(*link, *question);
  } else {
    link->say_goodbye("a node does not say that to a node");
  }
}

// ---- Beginning ---------------------------------------------------------------------------------

std::string CopyTarget::objection(const CopyBegin& order) {
  const Tenant* const tenant = node_.find(order.tenant);
  if (tenant != nullptr && tenant->holding.epoch > order.epoch) {
    return "tenant " + std::to_string(order.tenant.value) + " has a later owner, of epoch " +
           std::to_string(tenant->holding.epoch);
  }
  if (tenant != nullptr && tenant->owned()) return "it is owned here";
  if (node_.disk_full) return "the disk is full";
  return {};
}

void CopyTarget::begin(const std::shared_ptr<Link>& link, const CopyBegin& order) {
  const auto found = copies_.find(order.attempt.value);
  if (found != copies_.end() && order.epoch >= found->second.holding.epoch) {
    Copy& copy = found->second;  // the source dialled again, or a new owner goes on
    copy.holding.epoch = order.epoch;
    copy.link = link;
    copy.received = copy.stored;
    link->send(CopyStored{order.attempt, copy.stored});
    return;
  }
  if (found != copies_.end()) return refuse(*link, order.attempt, "a later owner keeps it");
  if (const auto reason = objection(order); !reason.empty()) {
    return refuse(*link, order.attempt, reason);
  }
  forget_older(order);
  if (!node_.memory.try_hold(order.state)) {
    return refuse(*link, order.attempt, "there is no memory for it");
  }
  Copy& copy = copies_[order.attempt.value];
  copy.holding = {.slot = node_.store.new_slot(),
                  .tenant = order.tenant,
                  .epoch = order.epoch,
                  .standing = order.replica ? Standing::replica : Standing::incoming,
                  .keep = order.keep,
                  .new_owner = {}};
  copy.replica = order.replica;
  copy.link = link;
  copy.held = order.state;
  copy.rate = order.rate;
  const Slot slot = copy.holding.slot;
  node_.store.submit(Settle{copy.holding}, [this, attempt = order.attempt, slot](bool ok) {
    stored(attempt, slot, 0, ok);
  });
}

void CopyTarget::forget_older(const CopyBegin& order) {
  for (auto it = copies_.begin(); it != copies_.end();) {
    const Copy& copy = it->second;
    const bool older = copy.holding.tenant == order.tenant && copy.replica == order.replica;
    const auto here = it++;
    if (older) forget(here);
  }
  if (!order.replica) forget_interrupted(order.tenant, order.epoch + 1);
}

// ---- Chunks ------------------------------------------------------------------------------------

CopyTarget::Copy* CopyTarget::next(Link& link, vm::Attempt attempt, std::uint64_t chunk) {
  const auto found = copies_.find(attempt.value);
  if (found == copies_.end()) {
    refuse(link, attempt, "no such copy here");
    return nullptr;
  }
  Copy& copy = found->second;
  if (copy.link.lock().get() != &link || chunk <= copy.received) return nullptr;  // an old link's
  if (chunk != copy.received + 1) {
    refuse(link, attempt, "a chunk is missing");
    return nullptr;
  }
  copy.received = chunk;
  return &copy;
}

void CopyTarget::rows(Link& link, CopyRows& chunk) {
  Copy* const copy = next(link, chunk.attempt, chunk.chunk);
  if (copy == nullptr) return;
  reserve(*copy, !(copy->replica && copy->complete));
  std::int64_t size = 0;
  for (const Row& row : chunk.rows) {
    size += static_cast<std::int64_t>(row.value.size() + sizeof row.sequence);
    if (row.sequence >= sequence_end) return link.say_goodbye("a row beyond all sequences");
    if (row.sequence < filler_begin) copy->applied.add(row.sequence);
  }
  node_.meter.network_served({size});
  const Slot slot = copy->holding.slot;
  node_.store.submit(Import{slot, std::move(chunk.rows), copy->replica},
                     [this, attempt = chunk.attempt, slot, n = chunk.chunk](bool ok) {
                       stored(attempt, slot, n, ok);
                     });
}

void CopyTarget::end(Link& link, const CopyEnd& chunk) {
  Copy* const copy = next(link, chunk.attempt, chunk.chunk);
  if (copy == nullptr) return;
  reserve(*copy, false);
  const Slot slot = copy->holding.slot;
  // A second copy counts for itself, since writes that the owner is still syncing are among its
  // rows; a migration carries the owner's count along, and with it whatever was counted twice.
  Change change = Nothing{};
  if (!copy->replica) change = Carry{slot, {chunk.count, chunk.sum}};
  node_.store.submit(std::move(change),
                     [this, attempt = chunk.attempt, slot, n = chunk.chunk](bool ok) {
                       const auto found = copies_.find(attempt.value);
                       if (ok && found != copies_.end() && found->second.holding.slot == slot) {
                         found->second.complete = true;
                       }
                       stored(attempt, slot, n, ok);
                     });
}

void CopyTarget::stored(vm::Attempt attempt, Slot slot, std::uint64_t chunk, bool ok) {
  const auto found = copies_.find(attempt.value);
  if (found == copies_.end() || found->second.holding.slot != slot) return;
  Copy& copy = found->second;
  const std::shared_ptr<Link> link = copy.link.lock();
  std::string failure;
  if (!ok) failure = node_.store.trouble();
  const vm::Bytes growth = node_.store.figures(slot).bytes - copy.held;
  if (growth.count > 0 && failure.empty()) {
    if (node_.memory.try_hold(growth)) {
      copy.held += growth;
    } else {
      failure = "there is no memory for it";
    }
  }
  if (!failure.empty()) {
    forget(found);
    if (link) refuse(*link, attempt, failure);
    return;
  }
  copy.stored = std::max(copy.stored, chunk);
  if (link) link->send(CopyStored{attempt, copy.stored});
}

void CopyTarget::digest(Link& link, const AskDigest& question) {
  const auto found = copies_.find(question.attempt.value);
  if (found == copies_.end()) return refuse(link, question.attempt, "no such copy here");
  const Figures& figures = node_.store.figures(found->second.holding.slot);
  link.send(TellDigest{question.attempt, figures.applied.count, figures.applied.sum, figures.rows,
                       figures.contents});
}

void CopyTarget::refuse(Link& link, vm::Attempt attempt, const std::string& reason) {
  link.send(Broken{attempt, reason});
}

void CopyTarget::reserve(Copy& copy, bool wanted) {
  if (copy.reserved == wanted) return;
  copy.reserved = wanted;
  node_.network->reserve(wanted ? copy.rate : -copy.rate);
}

// ---- Ending ------------------------------------------------------------------------------------

std::optional<CopyTarget::Taken> CopyTarget::take(vm::Attempt attempt) {
  return take(copies_.find(attempt.value));
}

std::optional<CopyTarget::Taken> CopyTarget::take_replica(vm::TenantId tenant) {
  return take(std::ranges::find_if(copies_, [&](const auto& entry) {
    return entry.second.replica && entry.second.holding.tenant == tenant;
  }));
}

std::optional<CopyTarget::Taken> CopyTarget::take(Copies::iterator found) {
  // Of a second copy, what was received and is not stored yet is in the store's hands, before
  // whatever its new owner does.
  if (found == copies_.end() || !found->second.complete) return {};
  Copy& copy = found->second;
  reserve(copy, false);
  Taken taken{copy.holding, std::move(copy.applied), copy.held};
  copies_.erase(found);
  return taken;
}

void CopyTarget::keep_interrupted(const Holding& holding, SequenceSet applied) {
  const auto [found, only] = interrupted_.try_emplace(holding.tenant);
  if (!only) drop_(found->second.holding);  // in order of their slots: the last one counts
  found->second = {holding, std::move(applied), {}};
}

std::optional<CopyTarget::Taken> CopyTarget::take_interrupted(vm::TenantId tenant) {
  const auto found = interrupted_.find(tenant);
  if (found == interrupted_.end()) return {};
  Taken taken = std::move(found->second);
  interrupted_.erase(found);
  return taken;
}

void CopyTarget::forget_interrupted(vm::TenantId tenant, vm::Epoch epoch) {
  const auto found = interrupted_.find(tenant);
  if (found == interrupted_.end() || found->second.holding.epoch >= epoch) return;
  const Holding holding = found->second.holding;
  interrupted_.erase(found);
  drop_(holding);
}

void CopyTarget::forget(vm::Attempt attempt) {
  const auto found = copies_.find(attempt.value);
  if (found != copies_.end()) forget(found);
}

void CopyTarget::forget_replica(vm::TenantId tenant) {
  const auto found = std::ranges::find_if(copies_, [&](const auto& entry) {
    return entry.second.replica && entry.second.holding.tenant == tenant;
  });
  if (found != copies_.end()) forget(found);
}

void CopyTarget::forget(Copies::iterator found) {
  reserve(found->second, false);
  node_.memory.let_go(found->second.held);
  const Holding holding = found->second.holding;
  copies_.erase(found);
  drop_(holding);
}

}  // namespace real
