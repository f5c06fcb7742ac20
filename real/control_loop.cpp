#include "real/control_loop.hpp"

#include <algorithm>
#include <ctime>

namespace real {
namespace {

/// What must not be forgotten when the whole machine goes down: who owns what, which machines there
/// are, and who is no longer trusted with a second copy. All else can be begun again.
bool must_last(const vm::Fact& fact, const std::vector<vm::Order>& orders) {
  if (std::holds_alternative<vm::MachineLost>(fact)) return true;
  if (std::holds_alternative<vm::ReplicaBroken>(fact)) return true;
  return std::ranges::any_of(orders, [](const vm::Order& order) {
    return std::holds_alternative<vm::SwitchOver>(order) ||
           std::holds_alternative<vm::Restore>(order) ||
           std::holds_alternative<vm::Replicate>(order) ||
           std::holds_alternative<vm::Allocate>(order) ||
           std::holds_alternative<vm::Release>(order);
  });
}

std::int64_t monotonic_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds{1};
}

}  // namespace

ControlLoop::ControlLoop(asio::io_context& io, Options options)
    : io_(io),
      options_(std::move(options)),
      scenario_(options_.scenario),
      layout_(vm::initial_layout(scenario_)),
      plane_(scenario_),
      undone_(layout_),
      nodes_(io, {.token = options_.token},
             {.on_message = [this](vm::MachineId m, Message& message) { on_node(m, message); },
              .on_up = [this](vm::MachineId m) { on_up(m); },
              .on_broken = [this](vm::MachineId m) { on_broken(m); },
              .on_silent = [this](vm::MachineId m) { on_silent(m); }}),
      courier_({.tenants = layout_.owner.size()},
               [this](vm::MachineId m) { return nodes_.find(m); }),
      settling_(scenario_, layout_, nodes_),
      timer_(io) {
  if (!options_.past.facts.empty()) recover();
}

ControlLoop::~ControlLoop() {
  *alive_ = false;
  if (stage_) stage_->close();
  for (const auto& [host, agent] : agents_) agent->close();
}

vm::Time ControlLoop::now() const {
  if (start_ns_ == 0) return last_;
  return std::max(last_, vm::Time{std::chrono::nanoseconds{monotonic_ns() - start_ns_}});
}

// ---- Facts in, orders out ----------------------------------------------------------------------

void ControlLoop::tell(const vm::Fact& fact) {
  if (phase_ != Phase::running) return;
  SIM_CHECK(orders_.empty());
  last_ = now();
  options_.log.append(last_, fact);
  plane_.step(last_, fact, orders_);
  for (const vm::Order& order : orders_) options_.log.append(last_, order);
  if (must_last(fact, orders_)) {
    options_.log.sync();
  } else {
    options_.log.flush();
  }

  undone_.told(fact);
  settle_routes(fact);
  for (const vm::Order& order : orders_) {
    if (const auto* abort = std::get_if<vm::AbortMigration>(&order)) take_back(*abort);
    undone_.ordered(last_, order);
  }
  for (const vm::Order& order : orders_) {
    std::visit([this](const auto& o) { carry_out(o); }, order);
  }
  orders_.clear();
  reconcile_streams();
  arm_timer();
}

void ControlLoop::later(vm::Fact fact, vm::Duration delay) {
  const auto timer = std::make_shared<asio::steady_timer>(io_, delay);
  timer->async_wait([this, timer, alive = alive_, fact](boost::system::error_code) {
    if (*alive) tell(fact);
  });
}

/// Whom a crash has cut off, nobody serves from now on.
void ControlLoop::settle_routes(const vm::Fact& fact) {
  const auto* lost = std::get_if<vm::MachineLost>(&fact);
  if (lost == nullptr || !inventory().knows(lost->machine)) return;
  for (std::uint32_t i = 0; i < inventory().tenant_count(); ++i) {
    const vm::TenantId tenant{i};
    if (inventory()[tenant].served) continue;
    recovering_.erase(tenant);
    courier_.cut_off(tenant);
  }
}

/// Before the order is booked: afterwards nobody knows any more what it was about.
void ControlLoop::take_back(const vm::AbortMigration& order) {
  const Undone::Transfer* t = undone_.transfer(order.attempt);
  if (t == nullptr) return;
  nodes_.try_send(t->from, Abort{order.attempt});
  nodes_.try_send(t->to, Abort{order.attempt});
  if (!recovering_.contains(t->tenant)) courier_.thaw(last_, t->tenant);
}

void ControlLoop::arm_timer() {
  const auto next = undone_.next_timer();
  if (!next || phase_ != Phase::running) return;
  const auto since_boot = std::chrono::nanoseconds{start_ns_} + next->at.time_since_epoch();
  timer_.expires_at(std::chrono::steady_clock::time_point{since_boot});
  timer_.async_wait([this, alive = alive_](boost::system::error_code cancelled) {
    if (cancelled || !*alive) return;
    const auto due = undone_.next_timer();
    if (due && due->at <= now()) return tell(vm::TimerFired{due->attempt});
    arm_timer();
  });
}

// ---- Phases ------------------------------------------------------------------------------------

void ControlLoop::begin(std::int64_t start_ns) {
  if (start_ns != 0) start_ns_ = start_ns;
  if (start_ns_ == 0) return;
  if (phase_ == Phase::recovering) return resume();
  if (phase_ != Phase::settled) return;
  phase_ = Phase::running;
  for (std::uint32_t i = 0; i < inventory().machine_count(); ++i) tell_host({i});
}

void ControlLoop::settled() {
  if (phase_ != Phase::settling || !settling_.over()) return;
  phase_ = Phase::settled;
  for (std::uint32_t i = 0; i < layout_.owner.size(); ++i) {
    const vm::TenantId tenant{i};
    courier_.move(now(), tenant, layout_.owner[i], 0);
    keep_stream(tenant);
  }
  to_stage(Ready{options_.clients});
  begin(0);
}

/// Plays the past into the control plane. Its orders were carried out, or will be taken up.
void ControlLoop::recover() {
  phase_ = Phase::recovering;
  for (const auto& [at, fact] : options_.past.facts) {
    orders_.clear();
    plane_.step(at, fact, orders_);
    undone_.told(fact);
    for (const vm::Order& order : orders_) undone_.ordered(at, order);
    last_ = at;
  }
  for (std::size_t i = options_.past.orders_after_last; i < orders_.size(); ++i) {
    options_.log.append(last_, orders_[i]);  // they had not reached the file
  }
  options_.log.sync();
  orders_.clear();
  for (std::uint32_t i = 0; i < inventory().tenant_count(); ++i) {
    courier_.freeze({i});
    recovering_.insert({i});
  }
}

/// The stage has said when the run began: time goes on from here.
void ControlLoop::resume() {
  phase_ = Phase::running;
  for (std::uint32_t i = 0; i < inventory().tenant_count(); ++i) {
    keep_stream({i});
    if (inventory()[vm::TenantId{i}].served) continue;
    recovering_.erase({i});
    courier_.cut_off({i});
  }
  for (const auto& [attempt, transfer] : undone_.transfers()) {
    if (transfer.step == Step::switching) {
      recovering_.erase(transfer.tenant);  // held until the target has taken over
    } else {
      later(vm::MigrationBroken{attempt});
    }
  }
  arm_timer();
  to_stage(Ready{options_.clients});
}

}  // namespace real
