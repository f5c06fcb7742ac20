#include "viz/model/traffic_log.hpp"

#include <algorithm>

namespace viz::model {
namespace {

void add(vm::ThroughputRow& to, const vm::ThroughputRow& row) {
  to.issued += row.issued;
  to.committed += row.committed;
  to.refused += row.refused;
  to.timed_out += row.timed_out;
  to.failed += row.failed;
  to.retries += row.retries;
}

}  // namespace

TrafficLog::Rates::Rates(Duration interval)
    : issued(0, interval),
      committed(0, interval),
      refused(0, interval),
      timed_out(0, interval),
      failed(0, interval),
      retries(0, interval),
      in_flight(0, interval) {}

void TrafficLog::Rates::append(Time at, const vm::ThroughputRow& n, double seconds) {
  const auto rate = [&](std::uint64_t count) {
    return static_cast<float>(static_cast<double>(count) / seconds);
  };
  issued.append(at, rate(n.issued));
  committed.append(at, rate(n.committed));
  refused.append(at, rate(n.refused));
  timed_out.append(at, rate(n.timed_out));
  failed.append(at, rate(n.failed));
  retries.append(at, rate(n.retries));
  in_flight.append(at, static_cast<float>(n.in_flight));
}

ThroughputSeries TrafficLog::Rates::view() const {
  return {&issued, &committed, &refused, &timed_out, &failed, &retries, &in_flight};
}

TrafficLog::Latencies::Latencies(Duration interval)
    : p50(0, interval), p90(0, interval), p99(0, interval), p999(0, interval), max(0, interval) {}

void TrafficLog::Latencies::append(const vm::LatencyRow& row) {
  if (row.count == 0) return;  // nobody was answered: a gap, not a nought
  p50.append(row.at, static_cast<float>(row.p50_ms));
  p90.append(row.at, static_cast<float>(row.p90_ms));
  p99.append(row.at, static_cast<float>(row.p99_ms));
  p999.append(row.at, static_cast<float>(row.p999_ms));
  max.append(row.at, static_cast<float>(row.max_ms));
}

LatencySeries TrafficLog::Latencies::view() const {
  return {&p50, &p90, &p99, &p999, &max};
}

TrafficLog::TrafficLog(std::size_t groups, Duration interval)
    : interval_(std::max(interval, Duration{1})), all_(interval_) {
  for (std::size_t i = 0; i < groups; ++i) groups_.emplace_back(interval_);
}

/// The last interval of a run may be shorter than the others.
double TrafficLog::interval_before(Time at, Time previous) const {
  const Duration since = at - previous;
  return sim::seconds(since > Duration::zero() && since < interval_ + interval_ / 2 ? since
                                                                                    : interval_);
}

void TrafficLog::append(const vm::ThroughputRow& row) {
  if (row.group.value >= groups_.size()) return;
  Group& group = groups_[row.group.value];
  vm::ThroughputRow total = group.totals.empty() ? vm::ThroughputRow{} : group.totals.back();
  const double seconds = interval_before(row.at, total.at);
  add(total, row);
  total.at = row.at;
  total.group = row.group;
  total.in_flight = row.in_flight;
  group.totals.push_back(total);
  group.rates.append(row.at, row, seconds);

  if (rates_.groups > 0 && rates_.row.at != row.at) close_rates();
  add(rates_.row, row);
  rates_.row.in_flight += row.in_flight;
  rates_.row.at = row.at;
  if (++rates_.groups == groups_.size()) close_rates();
}

void TrafficLog::close_rates() {
  auto& totals = all_.totals;  // one is enough: for its time
  const double seconds = interval_before(rates_.row.at, totals.empty() ? Time{} : totals[0].at);
  totals.assign(1, rates_.row);
  all_.rates.append(rates_.row.at, rates_.row, seconds);
  rates_ = {};
}

void TrafficLog::append(const vm::LatencyRow& row) {
  if (row.group.value >= groups_.size()) return;
  groups_[row.group.value].latencies.append(row);
  if (latencies_.groups > 0 && latencies_.row.at != row.at) close_latencies();
  vm::LatencyRow& worst = latencies_.row;
  worst.at = row.at;
  if (row.count > 0) {
    worst.count += row.count;
    worst.p50_ms = std::max(worst.p50_ms, row.p50_ms);
    worst.p90_ms = std::max(worst.p90_ms, row.p90_ms);
    worst.p99_ms = std::max(worst.p99_ms, row.p99_ms);
    worst.p999_ms = std::max(worst.p999_ms, row.p999_ms);
    worst.max_ms = std::max(worst.max_ms, row.max_ms);
  }
  if (++latencies_.groups == groups_.size()) close_latencies();
}

void TrafficLog::close_latencies() {
  all_.latencies.append(latencies_.row);
  latencies_ = {};
}

GroupView TrafficLog::at(Time at, GroupId id) const {
  const Group& group = groups_[id.value];
  GroupView view;
  view.id = id;
  const auto behind = std::ranges::upper_bound(group.totals, at, {}, &vm::ThroughputRow::at);
  if (behind == group.totals.begin()) return view;
  const auto i = static_cast<std::size_t>(behind - group.totals.begin()) - 1;
  const vm::ThroughputRow& total = group.totals[i];
  view.issued = total.issued;
  view.committed = total.committed;
  view.refused = total.refused;
  view.timed_out = total.timed_out;
  view.failed = total.failed;
  view.retries = total.retries;
  view.in_flight = total.in_flight;
  view.issued_per_s = double{group.rates.issued.value(i)};
  view.committed_per_s = double{group.rates.committed.value(i)};
  view.refused_per_s = double{group.rates.refused.value(i)};
  view.timed_out_per_s = double{group.rates.timed_out.value(i)};
  view.failed_per_s = double{group.rates.failed.value(i)};
  view.retries_per_s = double{group.rates.retries.value(i)};
  const Latencies& l = group.latencies;
  const std::size_t row = l.p99.lower_bound(total.at);
  if (row < l.p99.size() && l.p99.time(row) == total.at) {
    view.p50_ms = double{l.p50.value(row)};
    view.p99_ms = double{l.p99.value(row)};
    view.p999_ms = double{l.p999.value(row)};
  }
  return view;
}

ThroughputSeries TrafficLog::throughput(std::optional<GroupId> group) const {
  return (group ? groups_[group->value] : all_).rates.view();
}

LatencySeries TrafficLog::latency(std::optional<GroupId> group) const {
  return (group ? groups_[group->value] : all_).latencies.view();
}

std::size_t TrafficLog::memory() const {
  std::size_t bytes = 0;
  const auto count = [&](const Group& g) {
    const auto [issued, committed, refused, timed_out, failed, retries, in_flight] = g.rates.view();
    for (const Series* s : {issued, committed, refused, timed_out, failed, retries, in_flight})
      bytes += s->memory();
    const auto [p50, p90, p99, p999, max] = g.latencies.view();
    for (const Series* s : {p50, p90, p99, p999, max}) bytes += s->memory();
    bytes += g.totals.capacity() * sizeof(vm::ThroughputRow);
  };
  count(all_);
  for (const Group& group : groups_) count(group);
  return bytes;
}

}  // namespace viz::model
