#include "real/tenancy.hpp"

#include <algorithm>

#include "real/spawn.hpp"
#include "real/store_reader.hpp"

namespace real {
namespace {

constexpr vm::Bytes filled_at_once{std::int64_t{4} << 20};
constexpr std::size_t ranges_in_a_frame = 100'000;

}  // namespace

Tenancy::Tenancy(NodeParts& node, CopyTarget& target, Sweeper& sweeper, Tell tell)
    : node_(node), target_(target), sweeper_(sweeper), tell_(std::move(tell)) {}

void Tenancy::load() {
  for (auto& found : node_.store.take_loaded()) {
    if (found.holding.standing == Standing::dropped) {
      sweeper_.drop(found.holding);
      continue;
    }
    if (found.holding.standing == Standing::incoming) {
      target_.keep_interrupted(found.holding, std::move(found.applied));
      continue;
    }
    Tenant& tenant = node_.tenants[found.holding.tenant];
    tenant.holding = found.holding;
    tenant.applied = std::move(found.applied);
    node_.settle_memory(tenant);
  }
  node_.count_tenants();
}

void Tenancy::adopt(const Holding& holding, SequenceSet applied, vm::Bytes held) {
  if (const auto before = node_.tenants.find(holding.tenant); before != node_.tenants.end()) {
    Tenant& old = before->second;
    if (old.owned()) tell_.ended(old);
    node_.memory.let_go(old.held);
    const Holding gone = old.holding;
    node_.tenants.erase(before);
    if (gone.slot != holding.slot) sweeper_.drop(gone);
  }
  target_.forget_replica(holding.tenant);  // owner and second copy on one machine are one copy
  target_.forget_interrupted(holding.tenant, holding.epoch + 1);
  Tenant& tenant = node_.tenants[holding.tenant];
  tenant.holding = holding;
  tenant.applied = std::move(applied);
  tenant.held = held;
  node_.settle_memory(tenant);
  node_.count_tenants();
}

// ---- New tenants -------------------------------------------------------------------------------

void Tenancy::on(const Own& order) {
  const Tenant* const tenant = node_.find(order.tenant);
  if (tenant != nullptr && tenant->holding.epoch >= order.epoch) {
    return node_.gateway.send(Owned{order.tenant});
  }
  if (!creating_.insert(order.tenant).second) return;
  spawn(node_.io, "own", own(order));
}

awaitable<void> Tenancy::own(Own order) {
  const std::weak_ptr<bool> alive = node_.alive;
  const Holding holding{.slot = node_.store.new_slot(),
                        .tenant = order.tenant,
                        .epoch = order.epoch,
                        .standing = Standing::owner,
                        .keep = order.keep,
                        .new_owner = {}};
  const bool created = co_await create(holding, order.state);
  if (alive.expired()) co_return;
  creating_.erase(order.tenant);
  if (created) node_.gateway.send(Owned{order.tenant});  // else it is asked again, or given up
}

awaitable<bool> Tenancy::create(Holding holding, vm::Bytes state) {
  const std::weak_ptr<bool> alive = node_.alive;
  const Holding owner = holding;
  holding.standing = Standing::incoming;
  const vm::Bytes whole = state;
  node_.memory.hold(whole);
  // Large states in pieces, so that others commit in between; dropped at a restart until the last.
  Change change = Settle{holding};
  bool stored = co_await commit(node_.store, change);
  for (std::uint64_t first = 0; stored && state.count > 0;) {
    if (alive.expired()) co_return false;
    const vm::Bytes some = std::min(state, filled_at_once);
    change = Fill{holding.slot, first, some};
    stored = co_await commit(node_.store, change);
    first += static_cast<std::uint64_t>(some.count / StoreFile::filler_row);
    state -= some;
  }
  if (alive.expired()) co_return false;
  change = Settle{owner};
  if (stored) stored = co_await commit(node_.store, change);
  if (alive.expired()) co_return false;
  if (stored) {
    adopt(owner, {}, whole);
  } else {
    node_.memory.let_go(whole);
    sweeper_.drop(holding);
  }
  co_return stored;
}

// ---- Migrations --------------------------------------------------------------------------------

void Tenancy::on(const TakeOver& order) {
  const Tenant* const tenant = node_.find_owned(order.tenant);
  if (tenant != nullptr && tenant->holding.epoch >= order.epoch) {
    return node_.gateway.send(TakenOver{order.attempt});
  }
  auto found = taking_.find(order.attempt.value);
  if (found == taking_.end()) {
    auto taken = target_.take(order.attempt);
    if (!taken) return node_.gateway.send(Broken{order.attempt, "there is no copy to take over"});
    found = taking_.emplace(order.attempt.value, Taking{order, std::move(*taken), false}).first;
  }
  settle(order.attempt.value);
}

void Tenancy::settle(std::uint32_t attempt) {
  Taking& taking = taking_.at(attempt);
  if (taking.under_way) return;
  taking.under_way = true;
  Holding& holding = taking.taken.holding;
  holding.standing = Standing::owner;
  holding.epoch = taking.order.epoch;
  node_.store.submit(Settle{holding}, [this, attempt](bool stored) {
    const auto found = taking_.find(attempt);
    found->second.under_way = false;
    if (!stored) return;  // there is no way back any more: it is told again until the disk takes it
    const Taking done = std::move(found->second);
    taking_.erase(found);
    adopt(done.taken.holding, done.taken.applied, done.taken.held);
    tell_.taken_over(node_.tenants.at(done.order.tenant), done.order);
    node_.gateway.send(TakenOver{done.order.attempt});
  });
}

void Tenancy::on(const Fence& order) {
  target_.forget_interrupted(order.tenant, order.epoch);
  Tenant* const tenant = node_.find(order.tenant);
  const Fenced answer{order.tenant, order.epoch};
  if (tenant == nullptr || tenant->holding.epoch >= order.epoch) {
    return node_.gateway.send(answer);  // nothing of it here, or something later
  }
  const bool first = tenant->owned();
  tenant->holding.standing = Standing::fenced;
  tenant->holding.new_owner = order.owner;
  if (first) tell_.ended(*tenant);
  node_.settle_memory(*tenant);
  node_.count_tenants();
  Holding fenced = tenant->holding;
  fenced.epoch = order.epoch;
  node_.store.submit(Settle{fenced}, [this, fenced, first, answer](bool stored) {
    Tenant* const here = node_.find(answer.tenant);
    if (!stored || here == nullptr || here->holding.slot != fenced.slot) return;  // told again
    here->holding.epoch = fenced.epoch;
    if (first) sweeper_.empty(fenced);
    node_.gateway.send(answer);
  });
}

// ---- After a loss ------------------------------------------------------------------------------

void Tenancy::on(const Restore& order) {
  Tenant* const tenant = node_.find_owned(order.tenant);
  if (tenant != nullptr && tenant->holding.epoch >= order.epoch) return restored(order);
  if (!restoring_.insert(order.attempt.value).second) return;  // it is being done
  const bool own_log = order.directory.empty() ||
                       std::filesystem::path{order.directory} == node_.store.path().parent_path();
  switch (order.from) {
    case vm::RestoreFrom::nothing:
      return spawn(node_.io, "restore", restore_from_nothing(order));
    case vm::RestoreFrom::replica:
      if (auto taken = target_.take_replica(order.tenant)) return promote(order, std::move(*taken));
      break;
    case vm::RestoreFrom::log:
      if (!own_log) return spawn(node_.io, "restore", restore_from_log(order));
      if (tenant != nullptr) return restore_in_place(order, *tenant);
      if (auto taken = target_.take_interrupted(order.tenant)) {
        return promote(order, std::move(*taken));
      }
      break;
  }
  restoring_.erase(order.attempt.value);
  node_.gateway.send(Broken{order.attempt, "there is nothing here to restore it from"});
}

void Tenancy::restored(const Restore& order) {
  restoring_.erase(order.attempt.value);
  const Tenant* const tenant = node_.find_owned(order.tenant);
  SIM_CHECK(tenant != nullptr);
  const auto& figures = node_.store.figures(tenant->holding.slot);
  node_.gateway.send(Restored{order.attempt, figures.applied.count});
}

void Tenancy::restore_in_place(const Restore& order, Tenant& tenant) {
  Holding holding = tenant.holding;
  holding.epoch = order.epoch;
  node_.store.submit(Settle{holding}, [this, order, holding](bool stored) {
    Tenant* const here = node_.find_owned(order.tenant);
    if (!stored || here == nullptr || here->holding.slot != holding.slot) {
      restoring_.erase(order.attempt.value);
      return node_.gateway.send(Broken{order.attempt, node_.store.trouble()});
    }
    here->holding.epoch = order.epoch;
    restored(order);
  });
}

void Tenancy::promote(const Restore& order, CopyTarget::Taken taken) {
  Holding holding = taken.holding;
  holding.standing = Standing::owner;
  holding.epoch = order.epoch;
  node_.store.submit(
      Settle{holding}, [this, order, holding, taken = std::move(taken)](bool stored) {
        if (stored) {
          adopt(holding, taken.applied, taken.held);
          return restored(order);
        }
        restoring_.erase(order.attempt.value);
        node_.memory.let_go(taken.held);
        if (order.from == vm::RestoreFrom::log) {  // all there is of it: the disk may take it later
          target_.keep_interrupted(taken.holding, taken.applied);
        }
        node_.gateway.send(Broken{order.attempt, node_.store.trouble()});
      });
}

awaitable<void> Tenancy::restore_from_nothing(Restore order) {
  const std::weak_ptr<bool> alive = node_.alive;
  const Holding holding{.slot = node_.store.new_slot(),
                        .tenant = order.tenant,
                        .epoch = order.epoch,
                        .standing = Standing::owner,
                        .keep = order.keep,
                        .new_owner = {}};
  const bool created = co_await create(holding, order.state);
  if (alive.expired()) co_return;
  if (created) co_return restored(order);
  restoring_.erase(order.attempt.value);
  node_.gateway.send(Broken{order.attempt, node_.store.trouble()});
}

awaitable<void> Tenancy::restore_from_log(Restore order) {
  const std::weak_ptr<bool> alive = node_.alive;
  std::string failure;
  try {
    failure = co_await import(order);
  } catch (const StoreError& e) {
    failure = e.what();
  }
  if (alive.expired()) co_return;
  if (failure.empty()) co_return restored(order);
  restoring_.erase(order.attempt.value);
  node_.gateway.send(Broken{order.attempt, failure});
}

awaitable<std::string> Tenancy::import(Restore order) {
  constexpr std::size_t chunk = std::size_t{1} << 20;
  const std::weak_ptr<bool> alive = node_.alive;
  const std::filesystem::path file = std::filesystem::path{order.directory} / Store::file_name;
  std::unique_ptr<StoreReader> reader;
  const auto found = co_await worker_.call([&] {
    reader = std::make_unique<StoreReader>(file);
    return reader->owner_of(order.tenant);
  });
  if (!found) co_return file.string() + ": the tenant did not live there";
  if (!node_.memory.try_hold(found->figures.bytes)) co_return "there is no memory for it";
  Holding holding = found->holding;
  holding.slot = node_.store.new_slot();
  holding.standing = Standing::incoming;
  holding.epoch = order.epoch;
  holding.new_owner.clear();
  Change change = Settle{holding};
  bool stored = co_await commit(node_.store, change);
  SequenceSet applied;
  for (std::uint64_t from = 0; stored;) {
    auto rows =
        co_await worker_.call([&] { return reader->rows(found->holding.slot, from, chunk); });
    if (alive.expired()) co_return "the node ends";
    if (rows.empty()) break;
    from = rows.back().sequence + 1;
    for (const Row& row : rows) {
      if (row.sequence < filler_begin) applied.add(row.sequence);
    }
    change = Import{holding.slot, std::move(rows), false};
    stored = co_await commit(node_.store, change);
  }
  change = Carry{holding.slot, found->figures.applied};
  if (stored) stored = co_await commit(node_.store, change);
  // What lies here must be what was there, or it is not served.
  const bool same = node_.store.figures(holding.slot) == found->figures;
  holding.standing = Standing::owner;
  change = Settle{holding};
  if (stored && same) stored = co_await commit(node_.store, change);
  if (!stored || !same) {
    node_.memory.let_go(found->figures.bytes);
    sweeper_.drop(holding);
    co_return stored ? "it is damaged there" : node_.store.trouble();
  }
  adopt(holding, std::move(applied), found->figures.bytes);
  co_await worker_.call([&] {
    reader.reset();
    fence_in_file(file, order.tenant, order.epoch, "");
    return true;
  });
  co_return std::string{};
}

// ---- The books ---------------------------------------------------------------------------------

void Tenancy::on(const Audit& question) {
  const Tenant* const tenant = node_.find_owned(question.tenant);
  if (tenant == nullptr) {
    return node_.gateway.send(Audited{.tenant = question.tenant, .served = false, .held = {}});
  }
  spawn(node_.io, "audit", audit(question, tenant->holding.slot));
}

awaitable<void> Tenancy::audit(Audit question, Slot slot) {
  const std::weak_ptr<bool> alive = node_.alive;
  std::vector<Range> ranges;
  Figures figures;
  // From the file, not from memory: what counts is what would be there after a crash.
  co_await worker_.call([&] {
    StoreReader reader{node_.store.path()};
    reader.begin();
    ranges = reader.applied(slot);
    figures = reader.figures(slot).value_or(Figures{});
    reader.end();
    return true;
  });
  if (alive.expired()) co_return;
  for (std::size_t at = 0; at == 0 || at < ranges.size();) {
    const std::size_t some = std::min(ranges.size() - at, ranges_in_a_frame);
    Audited part{.tenant = question.tenant,
                 .served = true,
                 .count = figures.applied.count,
                 .sum = figures.applied.sum,
                 .held = {}};
    const auto from = ranges.begin() + static_cast<std::ptrdiff_t>(at);
    part.held.assign(from, from + static_cast<std::ptrdiff_t>(some));
    at += std::max<std::size_t>(some, 1);
    part.more = at < ranges.size();
    node_.gateway.send(part);
  }
}

}  // namespace real
