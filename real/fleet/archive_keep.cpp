// Archive: packing the minutes that are over, and forgetting what is too old.
#include <algorithm>
#include <map>

#include "real/fleet/archive.hpp"

namespace real {
namespace {

/// What comes later than this after its minute's end is added to what is packed already.
constexpr auto patience = std::chrono::seconds{8};

}  // namespace

void Archive::keep(sim::Time now) {
  const std::int64_t over = slot_of(now - patience, one_minute);  // this one is not
  begin();
  try {
    // A map, so that the rows of one minute are written in their order.
    std::map<std::pair<std::int64_t, std::int64_t>, std::string> minutes;
    const Statement fresh =
        prepare(db_.get(), "SELECT id >> 32, host, samples FROM fresh WHERE id < ?1 << 32");
    set_value(fresh, 1, over);
    while (next_row(fresh)) {
      minutes[{integer(fresh, 0), integer(fresh, 1)}].append(bytes(fresh, 2));
    }
    for (const auto& [of, samples] : minutes) pack_minute(of.first, of.second, samples);
    const Statement packed = prepare(db_.get(), "DELETE FROM fresh WHERE id < ?1 << 32");
    run(packed, over);
    forget(now);
    commit();
  } catch (...) {
    rollback();
    throw;
  }
}

void Archive::pack_minute(std::int64_t minute, std::int64_t host, std::string_view fresh) {
  Samples samples;
  unpack_samples(minute, fresh, samples);
  Sum sum;
  for (const ArchivedSample& sample : samples) {
    ++sum.count;
    for (std::size_t r = 0; r < sum.sum.size(); ++r) {
      sum.sum[r] += sample.shares[r];
      sum.most[r] = std::max(sum.most[r], sample.shares[r]);
    }
  }
  const std::int64_t row = slot_row(minute, host);
  std::string all;
  set_value(find_raw_, 1, row);
  if (next_row(find_raw_)) all = bytes(find_raw_, 0);
  sqlite3_reset(find_raw_.get());
  all.append(fresh);
  run(raw_, row, std::string_view{all});
  add(minutes_, minute, host, sum);
  add(hours_, minute / 60, host, sum);
}

void Archive::add(const Statement& into, std::int64_t slot, std::int64_t host, const Sum& sum) {
  int at = 0;
  set_value(into, ++at, slot_row(slot, host));
  set_value(into, ++at, sum.count);
  for (const std::uint64_t one : sum.sum) set_value(into, ++at, one);
  for (const std::uint16_t one : sum.most) set_value(into, ++at, std::uint64_t{one});
  run(into);
}

void Archive::forget(sim::Time now) {
  const auto forget_from = [&](const char* sql, sim::Duration length, sim::Duration kept) {
    const Statement rows = prepare(db_.get(), sql);
    run(rows, slot_row(slot_of(now - kept, length), 0));
  };
  forget_from("DELETE FROM raw WHERE id < ?", one_minute, options_.raw);
  forget_from("DELETE FROM minutes WHERE id < ?", one_minute, options_.minutes);
  forget_from("DELETE FROM hours WHERE id < ?", one_hour, options_.hours);
  const std::int64_t oldest = since_1970(now - options_.hours);
  for (const char* sql : {"DELETE FROM gaps WHERE end < ?", "DELETE FROM intervals WHERE end < ?",
                          "DELETE FROM outbox WHERE incident IN (SELECT number FROM incidents "
                          "WHERE closed < ?)"}) {
    const Statement rows = prepare(db_.get(), sql);
    run(rows, oldest);
  }
  // The last one stays, whatever its age: numbers are not used twice.
  const Statement incidents = prepare(
      db_.get(),
      "DELETE FROM incidents WHERE closed < ? AND number < (SELECT max(number) FROM incidents)");
  run(incidents, oldest);
}

}  // namespace real
