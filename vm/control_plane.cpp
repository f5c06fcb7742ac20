#include "vm/control_plane.hpp"

#include "sim/check.hpp"

namespace vm {

ControlPlane::ControlPlane(const Scenario& scenario)
    : monitor_(scenario.sla), failover_(scenario) {}

void ControlPlane::step(Time now, const Fact& fact, std::vector<Order>& orders) {
  SIM_CHECK(now >= last_);
  last_ = now;
  events_.clear();
  if (const auto* sampled = std::get_if<Sampled>(&fact)) {
    if (!failover_.is_up(sampled->machine)) return;  // booting, lost, released or not ours
    monitor_.on(now, *sampled, events_);
    if (events_.empty()) return;
  } else if (const auto* latency = std::get_if<LatencyMeasured>(&fact)) {
    monitor_.on(now, *latency, events_);
  } else if (const auto* outcomes = std::get_if<OutcomesCounted>(&fact)) {
    monitor_.on(now, *outcomes, events_);
  } else if (const auto* changed = std::get_if<ThresholdChanged>(&fact)) {
    monitor_.set_threshold(changed->threshold);
  } else if (const auto* lost = std::get_if<MachineLost>(&fact)) {
    observe_loss(now, lost->machine);
  }

  std::size_t seen = orders.size();
  announce(now, orders);
  failover_.step(now, fact, orders);
  // What the controller did may end SLA failures, and their ends may let it do more.
  do {
    events_.clear();
    for (; seen < orders.size(); ++seen)
      if (const auto* release = std::get_if<Release>(&orders[seen]))
        monitor_.gone(now, release->machine, events_);
    for (const MachineId machine : failover_.take_recovered())
      monitor_.recovered(now, machine, events_);
    announce(now, orders);
  } while (!events_.empty());
}

void ControlPlane::observe_loss(Time now, MachineId machine) {
  if (!failover_.is_up(machine)) return;
  const Inventory& books = failover_.inventory();
  if (books[machine].tenants.empty() && !books.is_missed(machine))
    monitor_.gone(now, machine, events_);  // nobody was cut off, by this crash or the one before
  else
    monitor_.crashed(now, machine, events_);
}

void ControlPlane::announce(Time now, std::vector<Order>& orders) {
  for (const SlaEvent& event : events_) {
    std::visit([&](const auto& notice) { orders.push_back(Notify{notice}); }, event.notice);
    failover_.on(now, event, orders);
  }
}

}  // namespace vm
