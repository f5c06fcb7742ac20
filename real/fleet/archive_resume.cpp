// Archive: what was known when it was opened.
#include <algorithm>
#include <map>

#include "real/fleet/archive.hpp"
#include "sim/check.hpp"

namespace real {
namespace {

std::optional<sim::Time> time(const Statement& row, int column) {
  if (sqlite3_column_type(row.get(), column) == SQLITE_NULL) return {};
  return sim::Time{sim::Duration{integer(row, column)}};
}

vm::IncidentCause cause_named(std::string_view name) {
  for (std::size_t i = 0; i < vm::incident_cause_count; ++i) {
    const auto cause = static_cast<vm::IncidentCause>(i);
    if (to_string(cause) == name) return cause;
  }
  throw std::runtime_error("incidents: no cause is called " + std::string{name});
}

}  // namespace

std::uint64_t Archive::next_incident() const {
  const Statement last = prepare(db_.get(), "SELECT coalesce(max(number), 0) + 1 FROM incidents");
  SIM_CHECK(next_row(last));
  return word(last, 0);
}

std::vector<vm::IncidentRecord> Archive::incidents(sim::Time since) const {
  std::map<std::int64_t, std::uint32_t> hosts;
  for (std::size_t i = 0; i < ids_.size(); ++i) hosts[ids_[i]] = static_cast<std::uint32_t>(i);
  const Statement rows = prepare(
      db_.get(),
      "SELECT number, host, cause, calm_since, end, closed, calm, worst FROM incidents WHERE "
      "closed IS NULL OR closed >= ? ORDER BY number");
  set_value(rows, 1, since_1970(since));
  std::map<std::pair<std::uint32_t, vm::IncidentCause>, vm::IncidentRecord> last;
  while (next_row(rows)) {
    const auto host = hosts.find(integer(rows, 1));
    if (host == hosts.end()) continue;
    const auto cause = cause_named(bytes(rows, 2));
    last[{host->second, cause}] = {.number = word(rows, 0),
                                   .host = vm::MachineId{host->second},
                                   .cause = cause,
                                   .calm_since = time(rows, 3),
                                   .end = time(rows, 4),
                                   .closed = time(rows, 5),
                                   .calm = sim::Duration{integer(rows, 6)},
                                   .worst = sqlite3_column_double(rows.get(), 7)};
  }
  std::vector<vm::IncidentRecord> records;
  for (const auto& [of, record] : last) records.push_back(record);
  return records;
}

std::vector<vm::TimeSpan> Archive::unwatched(std::size_t host, sim::Time since) const {
  const Statement rows = prepare(
      db_.get(),
      "SELECT start, end FROM intervals WHERE host = ? AND kind = 'unwatched' AND end > ? ORDER "
      "BY start");
  set_value(rows, 1, ids_[host]);
  set_value(rows, 2, since_1970(since));
  std::vector<vm::TimeSpan> spans;
  while (next_row(rows)) spans.push_back({*time(rows, 0), *time(rows, 1)});
  return spans;
}

std::vector<Archive::Samples> Archive::fresh_samples() const {
  std::map<std::int64_t, std::size_t> hosts;
  for (std::size_t i = 0; i < ids_.size(); ++i) hosts[ids_[i]] = i;
  std::vector<Samples> samples(ids_.size());
  const Statement rows = prepare(db_.get(), "SELECT id >> 32, host, samples FROM fresh");
  while (next_row(rows)) {
    const auto host = hosts.find(integer(rows, 1));
    if (host == hosts.end()) continue;
    unpack_samples(integer(rows, 0), bytes(rows, 2), samples[host->second]);
  }
  return samples;
}

Archive::Samples Archive::recent_of(std::size_t host, sim::Time since, const Samples& fresh) const {
  Samples samples;
  const Statement raw = prepare(db_.get(), "SELECT samples FROM raw WHERE id = ?");
  const std::int64_t end = slot_of(*states_[host].last_sample, one_minute);
  for (std::int64_t minute = slot_of(since, one_minute); minute <= end; ++minute) {
    set_value(raw, 1, slot_row(minute, ids_[host]));
    if (next_row(raw)) unpack_samples(minute, bytes(raw, 0), samples);
    sqlite3_reset(raw.get());
  }
  samples.insert(samples.end(), fresh.begin(), fresh.end());
  std::erase_if(samples, [since](const ArchivedSample& sample) { return sample.at <= since; });
  std::ranges::sort(samples, {}, &ArchivedSample::at);
  return samples;
}

}  // namespace real
