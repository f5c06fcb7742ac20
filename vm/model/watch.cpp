#include "vm/model/watch.hpp"

#include <utility>

namespace vm::model {
namespace {

constexpr std::size_t large_batch = 4096;            // rows
constexpr std::uint64_t many_events = 1'000'000;     // a progress line several times a second

double ms(std::int64_t nanoseconds) {
  return static_cast<double>(nanoseconds) * 1e-6;
}

}  // namespace

Watch::Watch(Cloud& cloud, const RunOptions& options)
    : cloud_(cloud),
      sink_(options.sink),
      transactions_(options.transactions && options.sink != nullptr),
      groups_(cloud.scenario.clients.size()) {
  for (std::uint32_t i = 0; i < groups_.size(); ++i) groups_[i].now.group = GroupId{i};
}

void Watch::ended(Time now, const Transaction& t, Outcome outcome, MachineId machine) {
  Group& group = groups_[t.group.value];
  switch (outcome) {
    case Outcome::committed: ++group.now.committed; break;
    case Outcome::refused: ++group.now.refused; break;
    case Outcome::timed_out: ++group.now.timed_out; break;
    case Outcome::failed: ++group.now.failed; break;
  }
  if (outcome == Outcome::committed) {
    const std::int64_t latency = (now - t.intended).count();
    if (sink_ != nullptr) group.interval.add(latency);
    if (!cloud_.scenario.sla.latency.empty()) window_.add(latency);
    if (t.intended.time_since_epoch() >= cloud_.scenario.warmup) group.whole.add(latency);
  }
  if (transactions_) {
    batch_.transactions.push_back({t.intended, now, t.tenant, t.sequence, t.kind, outcome,
                                   t.attempts, machine});
    if (batch_.transactions.size() >= large_batch) flush(now, batch_.issued);
  }
}

void Watch::allocated(Time now, const Machine& machine, bool spare) {
  if (sink_ == nullptr) return;
  batch_.machines.push_back({now, machine.id, machine.fleet, machine.flavor, spare});
  changed_state(now, machine);
}

void Watch::changed_state(Time now, const Machine& machine) {
  if (sink_ != nullptr) batch_.machine_states.push_back({now, machine.id, machine.seen()});
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

OutcomesCounted Watch::interval_over(Time now) {
  OutcomesCounted counted;
  for (Group& group : groups_) {
    ThroughputRow& row = group.now;
    const std::uint64_t bad = row.refused + row.timed_out + row.failed;
    group.in_flight += row.issued;
    group.in_flight -= row.committed + bad;
    counted.good += row.committed;
    counted.bad += bad;
    if (sink_ != nullptr) {
      row.at = now;
      row.in_flight = group.in_flight;
      batch_.throughputs.push_back(row);
      if (group.interval.count() > 0) {
        batch_.latencies.push_back(latency_row(now, row.group, group.interval));
        group.interval.clear();
      }
    }
    row = {.at = now, .group = row.group};
  }
  return counted;
}

LatencyRow Watch::latency_row(Time now, GroupId group, const sim::Histogram& latencies) const {
  return {.at = now,
          .group = group,
          .count = latencies.count(),
          .mean_ms = latencies.mean() * 1e-6,
          .p50_ms = ms(latencies.quantile(0.5)),
          .p90_ms = ms(latencies.quantile(0.9)),
          .p99_ms = ms(latencies.quantile(0.99)),
          .p999_ms = ms(latencies.quantile(0.999)),
          .max_ms = ms(latencies.max())};
}

void Watch::latency_window_over(std::vector<LatencyMeasured>& measured) {
  measured.clear();
  const auto& objectives = cloud_.scenario.sla.latency;
  for (std::uint32_t i = 0; i < objectives.size(); ++i) {
    const Duration latency{window_.quantile(objectives[i].quantile)};
    measured.push_back({i, latency, window_.count()});
  }
  window_.clear();
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
