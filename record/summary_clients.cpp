// Who was served: counts, writes and latency of each client group.
#include <algorithm>
#include <map>

#include "record/summary_parts.hpp"
#include "sim/histogram.hpp"

namespace record {
namespace {

/// What the rows after `from` say of each group.
std::map<std::int64_t, Counts> sum_throughput(sqlite3* db, vm::Time from) {
  std::map<std::int64_t, Counts> sums;
  const Statement row =
      prepare(db,
              "SELECT client_group, sum(issued), sum(committed), sum(refused), sum(timed_out), "
              "sum(failed), sum(retries) FROM throughput WHERE at_ns > ? GROUP BY client_group");
  put(row.get(), 1, from);
  while (next_row(row.get())) {
    sums[integer(row, 0)] = {.issued = count(row, 1),
                             .committed = count(row, 2),
                             .refused = count(row, 3),
                             .timed_out = count(row, 4),
                             .failed = count(row, 5),
                             .retries = count(row, 6)};
  }
  return sums;
}

Latency describe(const sim::Histogram& histogram) {
  const auto quantile_ms = [&](double q) {
    return sim::milliseconds(vm::Duration{histogram.quantile(q)});
  };
  return {.mean_ms = histogram.mean() * 1e-6,
          .max_ms = sim::milliseconds(vm::Duration{histogram.max()}),
          .p50_ms = quantile_ms(0.5),
          .p90_ms = quantile_ms(0.9),
          .p99_ms = quantile_ms(0.99),
          .p999_ms = quantile_ms(0.999)};
}

std::map<std::int64_t, sim::Histogram> read_histograms(sqlite3* db) {
  std::map<std::int64_t, std::vector<sim::Histogram::Bucket>> buckets;
  each_row(db, "SELECT client_group, bucket, committed FROM histogram_buckets ORDER BY 1, 2",
           [&](const Statement& row) {
             buckets[integer(row, 0)].emplace_back(number(row, 1), count(row, 2));
           });
  std::map<std::int64_t, sim::Histogram> histograms;
  each_row(db, "SELECT client_group, min_ns, max_ns, sum_high, sum_low FROM histograms",
           [&](const Statement& row) {
             const auto group = integer(row, 0);
             auto histogram =
                 sim::Histogram::from_buckets(buckets[group], {.min = integer(row, 1),
                                                               .max = integer(row, 2),
                                                               .sum_high = count(row, 3),
                                                               .sum_low = count(row, 4)});
             if (!histogram) throw std::runtime_error("histogram: " + histogram.error());
             histograms.emplace(group, *histogram);
           });
  return histograms;
}

void read_finished_groups(sqlite3* db, std::map<std::int64_t, GroupSummary*>& groups, Summary& s) {
  s.writes.emplace();
  each_row(db,
           "SELECT client_group, issued, committed, refused, timed_out, failed, in_flight, "
           "acknowledged, applied, unacknowledged, lost, duplicated FROM books",
           [&](const Statement& row) {
             GroupSummary* group = groups[integer(row, 0)];
             if (group == nullptr) throw std::runtime_error("books of an unknown client group");
             group->counts = {.issued = count(row, 1),
                              .committed = count(row, 2),
                              .refused = count(row, 3),
                              .timed_out = count(row, 4),
                              .failed = count(row, 5),
                              .in_flight = count(row, 6),
                              .retries = group->counts.retries};
             group->writes = Writes{.acknowledged = count(row, 7),
                                    .applied = count(row, 8),
                                    .unacknowledged = count(row, 9),
                                    .lost = count(row, 10),
                                    .duplicated = count(row, 11)};
             *s.writes += *group->writes;
           });
  sim::Histogram all;
  for (const auto& [id, histogram] : read_histograms(db)) {
    if (histogram.count() == 0) continue;
    all.merge(histogram);
    if (GroupSummary* group = groups[id]) group->latency = describe(histogram);
  }
  if (all.count() > 0) s.latency = describe(all);
}

void read_unfinished_groups(sqlite3* db, std::map<std::int64_t, GroupSummary*>& groups,
                            Summary& s) {
  each_row(db,
           "SELECT client_group, in_flight FROM throughput WHERE rowid IN "
           "(SELECT max(rowid) FROM throughput GROUP BY client_group)",
           [&](const Statement& row) {
             if (auto* group = groups[integer(row, 0)]) group->counts.in_flight = count(row, 1);
           });
  double sum_ms = 0, max_ms = 0, committed = 0;
  each_row(
      db,
      "SELECT client_group, sum(committed), sum(committed * mean_ms), max(max_ms) FROM latency "
      "WHERE committed > 0 GROUP BY client_group",
      [&](const Statement& row) {
        if (auto* group = groups[integer(row, 0)]) {
          group->latency = Latency{.mean_ms = real(row, 2) / real(row, 1), .max_ms = real(row, 3)};
        }
        committed += real(row, 1);
        sum_ms += real(row, 2);
        max_ms = std::max(max_ms, real(row, 3));
      });
  if (committed > 0) s.latency = Latency{.mean_ms = sum_ms / committed, .max_ms = max_ms};
}

}  // namespace

void read_clients(sqlite3* db, Summary& s) {
  const auto whole = sum_throughput(db, vm::Time::min());
  const auto last = sum_throughput(db, s.end - s.end.time_since_epoch() / 10);
  std::vector<std::int64_t> ids;
  each_row(db, "SELECT client_group, name, clients FROM client_groups ORDER BY client_group",
           [&](const Statement& row) {
             ids.push_back(integer(row, 0));
             GroupSummary group{.name = string(row, 1), .clients = count(row, 2)};
             if (const auto sum = whole.find(ids.back()); sum != whole.end())
               group.counts = sum->second;
             if (const auto sum = last.find(ids.back()); sum != last.end())
               group.last = sum->second;
             s.groups.push_back(std::move(group));
           });
  std::map<std::int64_t, GroupSummary*> by_id;
  for (std::size_t i = 0; i < ids.size(); ++i) by_id[ids[i]] = &s.groups[i];
  if (s.finished) {
    read_finished_groups(db, by_id, s);
  } else {
    read_unfinished_groups(db, by_id, s);
  }
  for (const GroupSummary& group : s.groups) {
    s.counts += group.counts;
    s.last += group.last;
  }
}

}  // namespace record
