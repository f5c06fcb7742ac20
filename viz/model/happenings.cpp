#include "viz/model/happenings.hpp"

#include <algorithm>
#include <cmath>

namespace viz::model {
namespace {

template <class Record>
Record* find(std::vector<Record>& records, std::uint32_t number) {
  const auto found = std::ranges::lower_bound(records, number, {}, &Record::number);
  return found != records.end() && found->number == number ? &*found : nullptr;
}

template <class Record>
std::uint32_t index_of(const std::vector<Record>& records, const Record* record) {
  return static_cast<std::uint32_t>(record - records.data());
}

}  // namespace

// ---- SLA failures ------------------------------------------------------------------------------

void Happenings::append(Time at, const vm::SlaFailureBegan& n) {
  if (!failures_.empty() && n.failure <= failures_.back().number) return;
  const auto index = static_cast<std::uint32_t>(failures_.size());
  failures_.push_back({n.failure, n.cause, n.machine, n.start, at, {}, n.value, n.limit, {}});
  failure_spans_.push_back({n.start, sim::never});
  events_.add({at, EventKind::failure, n.machine, index});
  failures_changed_ = true;
}

void Happenings::append(Time at, const vm::SlaFailureEnded& n) {
  FailureRecord* const failure = find(failures_, n.failure);
  if (failure == nullptr || failure->end) return;
  failure->end = at;
  failure->worst = n.worst;
  const std::uint32_t index = index_of(failures_, failure);
  failure_spans_[index].to = at;
  events_.add({at, EventKind::recovery, failure->machine, index});
  failures_changed_ = true;
}

/// A sweep over beginnings and ends. A machine with two failures at once is one failing machine.
void Happenings::count_failing(Time now) {
  struct Edge {
    Time at;
    std::uint32_t machine;
    int step;
  };
  std::vector<Edge> edges;
  std::uint32_t machines = 0;
  for (const FailureRecord& f : failures_) {
    if (f.machine == vm::no_machine) continue;
    edges.push_back({f.start, f.machine.value, 1});
    if (f.end) edges.push_back({*f.end, f.machine.value, -1});
    machines = std::max(machines, f.machine.value + 1);
  }
  std::ranges::stable_sort(edges, {}, &Edge::at);
  std::vector<int> failures(machines, 0);
  int failing = 0;
  failing_series_.clear();
  failing_series_.append(Time{}, 0);
  for (const Edge& edge : edges) {
    int& count = failures[edge.machine];
    const int before = failing;
    if (edge.step > 0 && count++ == 0) ++failing;
    if (edge.step < 0 && --count == 0) --failing;
    if (failing != before) failing_series_.append(edge.at, static_cast<float>(before));
  }
  if (now > failing_series_.time(failing_series_.size() - 1))
    failing_series_.append(now, static_cast<float>(failing));
  failures_changed_ = false;
}

// ---- Failovers and migrations ------------------------------------------------------------------

void Happenings::append(Time at, const vm::FailoverTriggered& n) {
  if (!failovers_.empty() && n.failover.value <= failovers_.back().number) return;
  const auto index = static_cast<std::uint32_t>(failovers_.size());
  FailoverRecord& record = failovers_.emplace_back();
  record.number = n.failover.value;
  record.failure = n.failure;
  record.cause = n.cause;
  record.from = n.from;
  record.triggered = at;
  events_.add({at, EventKind::failover, n.from, index});
}

void Happenings::append(Time at, const vm::FailoverEnded& n) {
  FailoverRecord* const record = find(failovers_, n.failover.value);
  if (record == nullptr || record->end) return;
  record->to = n.to;
  record->end = at;
  record->result = to_string(n.result);
  record->moved = n.moved;
  record->aborted = n.aborted;
  record->lost = n.lost;
  record->bytes = n.bytes;
  record->pause_max = n.pause_max;
  events_.add({at, EventKind::failover_end, record->from, index_of(failovers_, record)});
}

std::uint32_t Happenings::begin_migration(Time start, TenantId tenant, MachineId from,
                                          MachineId to) {
  const auto index = static_cast<std::uint32_t>(migrations_.size());
  MigrationRecord& record = migrations_.emplace_back();
  record.tenant = tenant;
  record.from = from;
  record.to = to;
  record.start = start;
  migration_spans_.push_back({start, sim::never});
  return index;
}

void Happenings::append(const vm::MigrationRoundRow& row) {
  const auto [entry, fresh] = moving_.try_emplace(row.tenant);
  Progress& progress = entry->second;
  if (fresh || row.round == 0) {
    // Tried again without having ended: with another target, it is another arrow.
    if (!fresh) migration_spans_[progress.index].to = row.at;
    progress.index = begin_migration(row.at, row.tenant, row.from, row.to);
  }
  progress.round = row.round;
  progress.began = row.at;
  progress.until = row.until;
}

void Happenings::append(Time at, const vm::MigrationEnded& n) {
  const auto known = moving_.find(n.tenant);
  const std::uint32_t index = known != moving_.end()
                                  ? known->second.index
                                  : begin_migration(n.start, n.tenant, n.from, n.to);
  if (known != moving_.end()) moving_.erase(known);
  migrations_[index] = {n.failover.value, n.tenant, n.from,  n.to,     n.start, at,
                        n.rounds,         n.bytes,  n.pause, n.aborted};
  migration_spans_[index] = {n.start, at};
  events_.add({at, EventKind::migration, n.from, index});
}

void Happenings::append(Time at, const vm::FailoverWithheld& n) {
  events_.add({at, EventKind::withheld, n.machine, 0}, std::string{n.reason});
}

void Happenings::append(const vm::NoticeRow& row) {
  std::visit([&](const auto& notice) { append(row.at, notice); }, row.notice);
}

void Happenings::append(const vm::FaultRow& row) {
  const EventKind kind = row.what.starts_with("crash")    ? EventKind::crash
                         : row.what.starts_with("change") ? EventKind::change
                                                          : EventKind::fault;
  events_.add({row.at, kind, row.machine, 0}, row.what);
}

// ---- Under way ---------------------------------------------------------------------------------

/// What is copied already, as far as anybody can know: the first round is most of the way, every
/// round after it most of the rest.
float Happenings::Progress::share(Time at) const {
  constexpr double rest = 0.2;
  const double before = 1 - std::pow(rest, round), after = 1 - std::pow(rest, round + 1);
  const double length = sim::seconds(until - began);
  const double part = length > 0 ? std::clamp(sim::seconds(at - began) / length, 0.0, 1.0) : 1;
  return static_cast<float>(before + part * (after - before));
}

void Happenings::under_way(Time at, std::vector<MigrationView>& views) const {
  views.clear();
  for (std::uint32_t i = 0; i < migration_spans_.size(); ++i) {
    const Span& span = migration_spans_[i];
    if (span.from > at) continue;
    if (span.to == sim::never) {
      const auto progress = moving_.find(migrations_[i].tenant);
      views.push_back({i, progress == moving_.end() ? 0 : progress->second.share(at), 1});
      continue;
    }
    // A short one is over before anybody has seen it: what is drawn stays for half a second more.
    const Duration length = span.to - span.from;
    const Duration fading = std::max<Duration>(length / 10, std::chrono::milliseconds{500});
    if (span.to + fading <= at) continue;
    const double done =
        length > Duration::zero() ? sim::seconds(at - span.from) / sim::seconds(length) : 1;
    const double left = at <= span.to ? 1 : 1 - sim::seconds(at - span.to) / sim::seconds(fading);
    views.push_back({i, static_cast<float>(std::min(done, 1.0)), static_cast<float>(left)});
  }
  std::ranges::stable_sort(views, [&](const MigrationView& a, const MigrationView& b) {
    return migrations_[a.index].bytes > migrations_[b.index].bytes;
  });
}

void Happenings::advance(Time now) {
  const bool grown =
      failing_series_.empty() || failing_series_.time(failing_series_.size() - 1) < now;
  if (failures_changed_ || grown) count_failing(now);
}

std::size_t Happenings::memory() const {
  return failures_.capacity() * (sizeof(FailureRecord) + sizeof(Span)) +
         failovers_.capacity() * sizeof(FailoverRecord) +
         migrations_.capacity() * (sizeof(MigrationRecord) + sizeof(Span)) + events_.memory() +
         failing_series_.memory();
}

}  // namespace viz::model
