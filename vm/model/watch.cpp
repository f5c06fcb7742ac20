#include "vm/model/watch.hpp"

#include <utility>

namespace vm::model {
namespace {

constexpr std::size_t large_batch = 4096;            // rows
constexpr std::uint64_t many_events = 1'000'000;     // a progress line several times a second

}  // namespace

Watch::Watch(Cloud& cloud, const RunOptions& options)
    : cloud_(cloud),
      sink_(options.sink),
      transactions_(options.transactions && options.sink != nullptr),
      client_(options.client),
      traffic_(cloud.scenario, options.sink != nullptr) {}

void Watch::ended(Time now, const Transaction& t, Outcome outcome, MachineId machine) {
  traffic_.ended(now, t.group, t.tenant, t.intended, outcome);
  const bool looked_at = t.tenant == looked_at_;
  if (!transactions_ && !looked_at) return;
  const TransactionRow row{t.intended, now,     t.tenant,   t.sequence,
                           t.kind,     outcome, t.attempts, machine};
  if (looked_at) client_->on(row);
  if (!transactions_) return;
  batch_.transactions.push_back(row);
  if (batch_.transactions.size() >= large_batch) flush(now, batch_.issued);
}

void Watch::look_at_client(Time now) {
  if (client_ == nullptr) return;
  const auto whom = client_->whom();
  looked_at_ = whom.value_or(nobody);
  if (!whom) return;
  const Tenant& tenant = cloud_.tenant(*whom);
  Books books = cloud_.ledger.of(*whom);
  books.applied = tenant.applied.count;
  books.in_flight = books.issued;
  for (const std::uint64_t ended : books.ended) books.in_flight -= ended;
  client_->on(ClientSeen{now, *whom, tenant.owner, tenant.served, tenant.frozen, tenant.state,
                         books, latency(*whom)});
}

void Watch::allocated(Time now, const Machine& machine, bool spare) {
  if (sink_ == nullptr) return;
  batch_.machines.push_back({now, machine.id, machine.fleet, machine.flavor, spare});
  changed_state(now, machine);
}

void Watch::changed_state(Time now, const Machine& machine) {
  if (sink_ == nullptr) return;
  const bool released = machine.released != sim::never;
  batch_.machine_states.push_back({now, machine.id, machine.seen(), released});
}

void Watch::sampled(Time now, const Machine& machine, const Sample& sample) {
  if (sink_ != nullptr) batch_.samples.push_back({now, machine.id, machine.seen(), sample});
}

void Watch::fault(Time now, MachineId machine, std::string what) {
  urgent_ = true;
  if (sink_ != nullptr) batch_.faults.push_back({now, machine, std::move(what)});
}

void Watch::notice(Time now, const Notice& notice) {
  urgent_ = true;
  if (sink_ != nullptr) batch_.notices.push_back({now, notice});
}

void Watch::round(const MigrationRoundRow& row) {
  if (sink_ != nullptr) batch_.rounds.push_back(row);
}

void Watch::changed(const Change& change, std::string toml) {
  urgent_ = true;
  if (sink_ != nullptr) batch_.changes.push_back({change, std::move(toml)});
}

void Watch::flush_if_due(Time now, std::uint64_t issued) {
  const bool many = cloud_.simulator.fired() - flushed_at_event_ >= many_events;
  if (urgent_ || many || batch_.rows() >= large_batch) flush(now, issued);
}

void Watch::flush(Time now, std::uint64_t issued) {
  urgent_ = false;
  flushed_at_event_ = cloud_.simulator.fired();
  if (sink_ == nullptr) return;
  batch_.now = now;
  batch_.issued = issued;
  sink_->on(batch_);
  batch_.clear();
}

}  // namespace vm::model
