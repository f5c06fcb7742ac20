#include "vm/sla.hpp"

#include <algorithm>
#include <cmath>

namespace vm {
namespace {

constexpr double parts_of_one = 1e9;
constexpr double evidence_needed = 0.8;  // of the samples that a window holds

std::uint64_t to_parts(double share) {
  return static_cast<std::uint64_t>(std::llround(std::fmax(share, 0) * parts_of_one));
}
double mean(std::uint64_t sum, std::uint32_t count) {
  return static_cast<double>(sum) / (parts_of_one * count);
}
Cause cause_of(Resource resource) {
  return static_cast<Cause>(resource);
}
static_assert(static_cast<int>(Cause::network) == static_cast<int>(Resource::network));

}  // namespace

SlaMonitor::SlaMonitor(const Sla& sla)
    : sla_(sla), latency_(sla.latency.size()), burn_(sla.availability, sla.sample) {
  for (const Resource r : all_resources) {
    threshold_[r] = to_parts(sla.threshold[r]);
    clear_[r] = to_parts(sla.clear[r]);
  }
  const double samples =
      static_cast<double>(sla.window.count()) / static_cast<double>(sla.sample.count());
  window_samples_ = static_cast<std::uint32_t>(std::max(1L, std::lround(samples)));
  needed_samples_ = static_cast<std::uint32_t>(std::ceil(evidence_needed * window_samples_));
  ring_ = window_samples_ + 1;
}

void SlaMonitor::set_threshold(double threshold) {
  for (const Resource r : all_resources) {
    sla_.clear[r] = std::max(0.0, threshold - (sla_.threshold[r] - sla_.clear[r]));
    sla_.threshold[r] = threshold;
    threshold_[r] = to_parts(sla_.threshold[r]);
    clear_[r] = to_parts(sla_.clear[r]);
  }
}

void SlaMonitor::resume(MachineId machine, Resource resource, bool broken, double worst) {
  watch(machine).resources[resource] = broken ? Failure{next_++, worst, {}} : Failure{};
}

SlaMonitor::Watch& SlaMonitor::watch(MachineId machine) {
  if (machine.value >= watches_.size()) {
    watches_.resize(machine.value + 1u);
    slots_.resize(watches_.size() * ring_);
  }
  return watches_[machine.value];
}

SlaMonitor::Slot& SlaMonitor::slot(MachineId machine, std::uint32_t index) {
  return slots_[std::size_t{machine.value} * ring_ + index % ring_];
}

void SlaMonitor::begin(Time now, Time start, Failure& failure, SlaEvent about, double value,
                       double limit, std::vector<SlaEvent>& events) {
  failure.number = next_++;
  failure.worst = value;
  // Two failures of one thing never overlap, though their windows of evidence may.
  start = std::max({start, failure.ended, Time{}});
  about.notice = SlaFailureBegan{failure.number,       about.cause, about.machine,
                                 std::min(start, now), value,       limit};
  events.push_back(about);
}

void SlaMonitor::end(Time now, Failure& failure, SlaEvent about, std::vector<SlaEvent>& events) {
  if (failure.number == none) return;
  about.notice = SlaFailureEnded{failure.number, failure.worst};
  events.push_back(about);
  failure = {none, 0, now};
}

void SlaMonitor::on(Time now, const Sampled& fact, std::vector<SlaEvent>& events) {
  Watch& w = watch(fact.machine);
  const auto drop_oldest = [&] {
    const Slot& oldest = slot(fact.machine, w.first);
    for (const Resource r : all_resources) w.sum[r] -= oldest.parts[r];
    w.first = (w.first + 1) % ring_;
    --w.count;
  };
  const Time oldest_end = now - sla_.window + sla_.sample / 2;  // its middle is on the border
  while (w.count > 0 && slot(fact.machine, w.first).end < oldest_end) drop_oldest();
  if (w.count == 0) w.since = now - sla_.sample;
  if (w.count == ring_) drop_oldest();  // late samples that came all at once

  Slot& newest = slot(fact.machine, w.first + w.count++);
  newest.end = now;
  for (const Resource r : all_resources) {
    const auto parts = to_parts(std::fmin(std::fmax(fact.sample.utilisation[r], 0), 1));
    newest.parts[r] = static_cast<std::uint32_t>(parts);
    w.sum[r] += parts;
  }

  if (w.count < needed_samples_ || now - w.since + sla_.sample / 2 < sla_.window) return;
  const Time start = std::max(slot(fact.machine, w.first).end - sla_.sample, now - sla_.window);
  for (const Resource r : all_resources) {
    Failure& failure = w.resources[r];
    const double value = mean(w.sum[r], w.count);
    const SlaEvent about{fact.machine, cause_of(r), {}};
    if (failure.number == none) {
      if (w.sum[r] >= threshold_[r] * w.count)
        begin(now, start, failure, about, value, sla_.threshold[r], events);
    } else {
      failure.worst = std::max(failure.worst, value);
      if (w.sum[r] < clear_[r] * w.count) end(now, failure, about, events);
    }
  }
}

void SlaMonitor::on(Time now, const LatencyMeasured& fact, std::vector<SlaEvent>& events) {
  if (fact.objective >= sla_.latency.size()) return;
  const LatencyObjective& objective = sla_.latency[fact.objective];
  // A thousandth of slack: 1 - 0.99 is a little more or less than 0.01.
  if (static_cast<double>(fact.transactions) * (1 - objective.quantile) < 0.999) return;
  Failure& failure = latency_[fact.objective];
  const SlaEvent about{no_machine, Cause::latency, {}};
  const double value = sim::seconds(fact.latency);
  if (fact.latency > objective.limit) {
    failure.worst = std::max(failure.worst, value);
    if (failure.number == none)
      begin(now, now - sla_.window, failure, about, value, sim::seconds(objective.limit), events);
  } else {
    end(now, failure, about, events);
  }
}

void SlaMonitor::on(Time now, const OutcomesCounted& fact, std::vector<SlaEvent>& events) {
  if (!sla_.availability) return;
  burn_.add(now, fact.good, fact.bad);
  if (!burn_.warm(now, sla_.sample)) return;
  const double limit = sla_.availability->burn;
  const double value = burn_.short_rate();
  const SlaEvent about{no_machine, Cause::availability, {}};
  if (availability_.number == none) {
    if (value >= limit && burn_.long_rate() >= limit)
      begin(now, now - sla_.availability->short_window, availability_, about, value, limit, events);
  } else {
    availability_.worst = std::max(availability_.worst, value);
    if (value < limit) end(now, availability_, about, events);
  }
}

void SlaMonitor::crashed(Time now, MachineId machine, std::vector<SlaEvent>& events) {
  Watch& w = watch(machine);
  Failure crash = w.crash;  // one that is open goes on: its tenants were not back yet
  w.crash = {};
  gone(now, machine, events);
  if (crash.number == none) begin(now, now, crash, {machine, Cause::crash, {}}, 0, 0, events);
  w.crash = crash;
}

void SlaMonitor::recovered(Time now, MachineId machine, std::vector<SlaEvent>& events) {
  end(now, watch(machine).crash, {machine, Cause::crash, {}}, events);
}

void SlaMonitor::gone(Time now, MachineId machine, std::vector<SlaEvent>& events) {
  Watch& w = watch(machine);
  for (const Resource r : all_resources)
    end(now, w.resources[r], {machine, cause_of(r), {}}, events);
  end(now, w.crash, {machine, Cause::crash, {}}, events);
  w.first = w.count = 0;
  w.sum = {};
}

}  // namespace vm
