#include "real/moves.hpp"

namespace real {

Moves::~Moves() {
  for (const auto& weak : copies_) {
    if (const auto copy = weak.lock()) copy->close();
  }
}

void Moves::keep(const std::shared_ptr<CopySource>& copy) {
  std::erase_if(copies_, [](const auto& weak) { return weak.expired(); });
  copies_.push_back(copy);
}

Tenant* Moves::moving(vm::Attempt attempt) {
  const auto found = moving_.find(attempt.value);
  Tenant* const tenant = found == moving_.end() ? nullptr : node_.find_owned(found->second);
  if (tenant != nullptr && tenant->move) return tenant;
  node_.gateway.send(Broken{attempt, "no such migration here"});
  return nullptr;
}

// ---- Migrations --------------------------------------------------------------------------------

void Moves::on(const StartCopy& order) {
  if (moving_.contains(order.attempt.value)) return;
  Tenant* const tenant = node_.find_owned(order.tenant);
  if (tenant == nullptr) {
    return node_.gateway.send(Broken{order.attempt, "the tenant does not live here"});
  }
  stop_move(*tenant);
  moving_[order.attempt.value] = order.tenant;
  rounds_[order.attempt.value] = 0;
  try {
    tenant->move = std::make_shared<CopySource>(node_, *tenant,
                                                CopySource::Order{.attempt = order.attempt,
                                                                  .tenant = order.tenant,
                                                                  .address = order.address,
                                                                  .bandwidth = order.bandwidth},
                                                tell_of_move(order.tenant, order.attempt));
  } catch (const StoreError& refused) {
    return node_.gateway.send(Broken{order.attempt, refused.what()});
  }
  keep(tenant->move);
  tenant->move->start();
}

CopySource::Tell Moves::tell_of_move(vm::TenantId id, vm::Attempt attempt) {
  return {.round_stored =
              [this, id, attempt](vm::Bytes copied) {
                const Tenant* const tenant = node_.find_owned(id);
                if (tenant == nullptr || !tenant->move) return;
                node_.gateway.send(
                    Copied{attempt, copied, tenant->move->dirty(), rounds_[attempt.value]});
              },
          .digest = [this, id](const TellDigest& theirs) { verify(id, theirs); },
          .stored = {},
          .broken =
              [this, id, attempt](const std::string& reason) {
                // Frozen or not stays as it is until the gateway says what is to be.
                if (Tenant* const tenant = node_.find(id)) tenant->move.reset();
                node_.gateway.send(Broken{attempt, reason});
              }};
}

void Moves::on(const CopyRound& order) {
  Tenant* const tenant = moving(order.attempt);
  if (tenant == nullptr) return;
  rounds_[order.attempt.value] = order.round;
  tenant->move->copy_round();
}

void Moves::on(const Freeze& order) {
  Tenant* const tenant = moving(order.attempt);
  if (tenant == nullptr || tenant->frozen) return;
  tenant->frozen = order.attempt;
  tenant->frozen_told = false;
  transactions_.take_back(tenant->holding.tenant, Result::frozen);
  settled(*tenant);
}

void Moves::settled(Tenant& tenant) {
  if (!tenant.frozen || tenant.frozen_told || !tenant.pending.empty() || !tenant.move) return;
  tenant.frozen_told = true;
  node_.gateway.send(Frozen{*tenant.frozen, tenant.move->dirty()});
}

void Moves::on(const Verify& order) {
  if (Tenant* const tenant = moving(order.attempt)) tenant->move->ask_digest();
}

void Moves::verify(vm::TenantId id, const TellDigest& theirs) {
  const Tenant* const tenant = node_.find_owned(id);
  if (tenant == nullptr) return;
  const Figures& ours = node_.store.figures(tenant->holding.slot);
  const bool equal = ours.applied == vm::Digest{theirs.count, theirs.sum} &&
                     ours.rows == theirs.rows && ours.contents == theirs.contents;
  node_.gateway.send(Verified{theirs.attempt, equal});
}

bool Moves::on(const Abort& order) {
  const auto found = moving_.find(order.attempt.value);
  if (found == moving_.end()) return false;
  if (Tenant* const tenant = node_.find_owned(found->second)) {
    if (tenant->frozen == order.attempt) tenant->frozen.reset();
    if (tenant->move && tenant->move->order().attempt == order.attempt) stop_move(*tenant);
  }
  moving_.erase(order.attempt.value);
  rounds_.erase(order.attempt.value);
  return true;
}

void Moves::stop_move(Tenant& tenant) {
  if (!tenant.move) return;
  const vm::Attempt attempt = tenant.move->order().attempt;
  tenant.move->stop();
  tenant.move.reset();
  if (tenant.frozen == attempt) tenant.frozen.reset();
  moving_.erase(attempt.value);
  rounds_.erase(attempt.value);
}

// ---- Second copies -----------------------------------------------------------------------------

void Moves::on(const Replicate& order) {
  Tenant* const tenant = node_.find_owned(order.tenant);
  if (tenant == nullptr) {
    return node_.gateway.send(Broken{order.attempt, "the tenant does not live here"});
  }
  if (tenant->replica && tenant->replica->order().attempt == order.attempt) {
    const auto done = replicated_.find(order.tenant);
    if (done != replicated_.end()) node_.gateway.send(Replicated{order.attempt});
    return;
  }
  stop_replica(*tenant);
  try {
    tenant->replica = std::make_shared<CopySource>(node_, *tenant,
                                                   CopySource::Order{.attempt = order.attempt,
                                                                     .tenant = order.tenant,
                                                                     .address = order.address,
                                                                     .bandwidth = order.bandwidth,
                                                                     .replica = true},
                                                   tell_of_replica(order.tenant, order.attempt));
  } catch (const StoreError& refused) {
    return node_.gateway.send(Broken{order.attempt, refused.what()});
  }
  keep(tenant->replica);
  tenant->replica->start();
}

CopySource::Tell Moves::tell_of_replica(vm::TenantId id, vm::Attempt attempt) {
  return {.round_stored =
              [this, id, attempt](vm::Bytes) {
                Tenant* const tenant = node_.find_owned(id);
                if (tenant == nullptr || !tenant->replica) return;
                if (!tenant->replica->follows()) return tenant->replica->begin_to_follow();
                replicated_[id] = attempt;
                node_.gateway.send(Replicated{attempt});
              },
          .digest = [](const TellDigest&) {},
          .stored =
              [this, id](std::uint64_t chunk) {
                if (Tenant* const tenant = node_.find_owned(id)) {
                  writes_.replica_stored(*tenant, chunk);
                }
              },
          .broken = [this, id,
                     attempt](const std::string& reason) { replica_broken(id, attempt, reason); }};
}

void Moves::replica_broken(vm::TenantId id, vm::Attempt attempt, const std::string& reason) {
  Tenant* const tenant = node_.find_owned(id);
  if (tenant != nullptr && !replicated_.contains(id)) stop_replica(*tenant);
  node_.gateway.send(Broken{attempt, reason});
}

bool Moves::on(const DropReplica& order) {
  Tenant* const tenant = node_.find_owned(order.tenant);
  if (tenant == nullptr) return false;
  stop_replica(*tenant);
  return true;
}

void Moves::stop_replica(Tenant& tenant) {
  replicated_.erase(tenant.holding.tenant);
  if (!tenant.replica) return;
  tenant.replica->stop();
  tenant.replica.reset();
  writes_.replica_dropped(tenant);
}

// ---- Comings and goings ------------------------------------------------------------------------

void Moves::ended(Tenant& tenant) {
  // Nothing more may be acknowledged: first what waits is given up, then what it waits for ends.
  transactions_.take_back(tenant.holding.tenant, Result::moved, tenant.holding.new_owner);
  writes_.give_up(tenant);
  tenant.frozen.reset();
  stop_move(tenant);
  stop_replica(tenant);
}

void Moves::taken_over(Tenant& tenant, const TakeOver& order) {
  if (order.address.empty()) return;
  tenant.replica = std::make_shared<CopySource>(node_, tenant,
                                                CopySource::Order{.attempt = order.replica,
                                                                  .tenant = order.tenant,
                                                                  .address = order.address,
                                                                  .replica = true,
                                                                  .takes_over = true},
                                                tell_of_replica(order.tenant, order.replica));
  keep(tenant.replica);
  replicated_[order.tenant] = order.replica;
  tenant.replica->take_over();
}

}  // namespace real
