#include "real/transactions.hpp"

#include <algorithm>
#include <cmath>

#include "real/now.hpp"

namespace real {
namespace {

double network_bytes(const Perform& order) {
  double sum = 0;
  for (const Demand& step : order.steps) {
    if (step.resource == vm::Resource::network) sum += step.amount;
  }
  return sum;
}

/// What no scenario asks for, and no station could count.
bool makes_sense(const Perform& order) {
  return order.sequence < filler_begin && order.memory.count >= 0 &&
         std::ranges::all_of(order.steps, [](const Demand& step) {
           return std::isfinite(step.amount) && step.amount >= 0 && step.amount < 1e15 &&
                  step.resource != vm::Resource::memory;
         });
}

}  // namespace

Transactions::Transactions(NodeParts& node, Writes& writes, CpuShare& share, Options options)
    : node_(node),
      writes_(writes),
      options_(std::move(options)),
      processor_(node.io, share, options_.flavor.cpu_scheduling,
                 [this](std::uint32_t number) { end_part(number); }),
      disk_(node.io, options_.flavor.capacity.disk, options_.flavor.disk_scheduling,
            [this](std::uint32_t number) { end_part(number); }),
      network_(node.io, options_.flavor.capacity.network, vm::Scheduling::processor_sharing,
               [this](std::uint32_t number) { end_part(number); }),
      scratch_(node.io, options_.directory, [this](std::uint32_t number) { end_part(number); }) {
  if (options_.flavor.admission) tokens_ = options_.flavor.admission->burst;
  tokens_at_ = now();
}

std::uint32_t Transactions::window() const {
  return static_cast<std::uint32_t>(now().time_since_epoch() / options_.window);
}

// ---- Admission ---------------------------------------------------------------------------------

void Transactions::perform(Perform& order) {
  const Waiter waiter{node_.gateway.number(), order.id, network_bytes(order)};
  Tenant* const tenant = node_.find(order.tenant);
  if (tenant == nullptr || !tenant->owned() || tenant->holding.epoch != order.epoch) {
    return node_.answer(waiter, Result::moved,
                        tenant == nullptr ? std::string{} : tenant->holding.new_owner);
  }
  if (tenant->frozen) return node_.answer(waiter, Result::frozen);
  if (!makes_sense(order) || !admit(order)) {
    return node_.answer(waiter, Result::refused);
  }
  const std::uint32_t number = place();
  Transaction& t = slots_[number];
  t.waiter = waiter;
  t.tenant = order.tenant;
  t.sequence = order.sequence;
  t.memory = order.memory;
  t.block = Block{order.memory};
  t.value = std::move(order.value);
  t.steps = std::move(order.steps);
  t.step = 0;
  ++in_service_;
  node_.meter.transaction_began();
  begin_step(number);
}

bool Transactions::admit(const Perform& order) {
  if (node_.disk_full && !order.value.empty()) return false;
  if (options_.flavor.queue && in_service_ >= *options_.flavor.queue) return false;
  return take_token() && node_.memory.try_hold(order.memory);
}

bool Transactions::take_token() {
  if (!options_.flavor.admission) return true;
  const vm::Admission& admission = *options_.flavor.admission;
  const vm::Time at = now();
  tokens_ = std::min(admission.burst, tokens_ + admission.rate * sim::seconds(at - tokens_at_));
  tokens_at_ = at;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

std::uint32_t Transactions::place() {
  if (free_.empty()) {
    slots_.emplace_back();
    free_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
  }
  const std::uint32_t number = free_.back();
  free_.pop_back();
  slots_[number].in_use = true;
  return number;
}

// ---- Steps -------------------------------------------------------------------------------------

void Transactions::begin_step(std::uint32_t number) {
  Transaction& t = slots_[number];
  if (t.step == t.steps.size()) return complete(number);
  const Demand step = t.steps[t.step];
  t.parts = 1;
  switch (step.resource) {
    case vm::Resource::cpu:
      if (Tenant* const tenant = node_.find(t.tenant)) tenant->add_work(window(), step.amount);
      return processor_.add(number, step.amount);
    case vm::Resource::disk:
      t.parts = 2;
      scratch_.write(number, step.amount);
      return disk_.add(number, step.amount);
    case vm::Resource::network:
      return network_.add(number, step.amount);
    case vm::Resource::memory:
      break;  // not let in
  }
}

void Transactions::end_part(std::uint32_t number) {
  Transaction& t = slots_[number];
  if (--t.parts > 0) return;
  const Demand& step = t.steps[t.step];
  const vm::Bytes served{static_cast<std::int64_t>(step.amount)};
  if (step.resource == vm::Resource::disk) node_.meter.disk_served(served);
  if (step.resource == vm::Resource::network) node_.meter.network_served(served);
  ++t.step;
  begin_step(number);
}

void Transactions::complete(std::uint32_t number) {
  Transaction& t = slots_[number];
  const Waiter waiter = t.waiter;
  const std::uint64_t sequence = t.sequence;
  std::string value = std::move(t.value);
  Tenant* const tenant = node_.find_owned(t.tenant);
  leave(number);
  if (tenant == nullptr) return node_.answer(waiter, Result::moved);
  if (value.empty()) return node_.answer(waiter, Result::committed);
  writes_.apply(*tenant, sequence, std::move(value), waiter);
}

void Transactions::leave(std::uint32_t number) {
  Transaction& t = slots_[number];
  node_.memory.let_go(t.memory);
  node_.meter.transaction_ended();
  t.block = {};
  t.value = {};
  t.steps.clear();
  t.in_use = false;
  free_.push_back(number);
  --in_service_;
}

void Transactions::take_back(vm::TenantId tenant, Result result, const std::string& owner) {
  for (std::uint32_t number = 0; number < slots_.size(); ++number) {
    Transaction& t = slots_[number];
    if (!t.in_use || t.tenant != tenant) continue;
    processor_.cancel(number);
    disk_.cancel(number);
    network_.cancel(number);
    scratch_.cancel(number);
    const Waiter waiter = t.waiter;
    leave(number);
    node_.answer(waiter, result, owner);
  }
}

}  // namespace real
