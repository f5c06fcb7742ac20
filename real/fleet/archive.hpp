// Archive: what a collector knows, in one SQLite file (WAL, synchronous = FULL).
//
//   hosts      one row a host: its last batch (counter, session, number of the next sample)
//   fresh      samples as they came, a row for each batch and minute; a minute or two of them
//   raw        samples of one host and minute, packed: 10 bytes each
//   minutes    sums, maxima and count of one host and minute
//   hours      the same of an hour
//   gaps       samples that were taken and never came, or were not taken
//   intervals  when a host was down, when nobody watched, and when it was taken down on purpose
//              (retirements.hpp)
//   incidents  what was opened and closed
//   outbox     mails to be sent (spool.hpp)
//   meta       the archive's name, and when the collector was last alive
//
// A batch, the counter that it came under and everything that it gave rise to are one transaction:
// after a crash all of it is there or none. Rows of `fresh` are appended, so storing a batch writes
// next to nothing; once a minute keep() packs the minutes that are over and forgets what is older
// than its time. A batch that comes later than that is added to what is there, sums and all.
//
// A row of raw, minutes and hours is named by (slot << 20 | host), its slot being its time divided
// by its length: rows of one time lie together, so the oldest go at once, and one host's are found
// by key. One thread at a time. Everything throws StoreError where the file system refuses; after
// rollback() it goes on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "real/fleet/batch.hpp"
#include "real/posix.hpp"
#include "real/sqlite.hpp"
#include "vm/incidents.hpp"

namespace real {

/// All times of an archive are ns since 1970 by the collector's clock. Samples' are whole ms.
inline std::int64_t since_1970(sim::Time at) {
  return at.time_since_epoch().count();
}

struct ArchivedSample {
  sim::Time at;
  Shares shares{};
};

/// Samples that are missing between two that are there.
struct Gap {
  sim::Time start, end;
  std::uint64_t samples = 0;  // that were taken and dropped; 0: none were taken
  std::string_view cause;     // a literal
};

/// What the last batch of a host left behind.
struct HostState {
  std::uint64_t counter = 0;
  std::uint64_t session = 0;
  std::uint64_t next = 0;  // number of the sample after the last one
  std::uint64_t uptime_s = 0;
  std::optional<sim::Time> heard, last_sample;
};

/// Everything to be stored because of one fact.
struct ArchiveChange {
  std::optional<std::size_t> host{};  // whose batch it is; none: time has passed
  HostState state{};
  std::vector<ArchivedSample> samples{};
  std::optional<Gap> gap{};
  vm::IncidentOrders orders{};
  std::string_view back_from{};  // a literal: why a host that is up again was down
  sim::Time alive{};             // the collector's time
};

class Archive {
 public:
  struct Host {
    std::string name;
    std::vector<std::string> mail;
  };
  struct Options {
    std::filesystem::path file;
    std::vector<Host> hosts;  // at most 2^20 over the archive's life; those gone stay in it
    sim::Duration raw = std::chrono::hours{24};
    sim::Duration minutes = std::chrono::days{30};
    sim::Duration hours = std::chrono::days{730};
    bool mails = false;  // whether incidents go to the outbox
  };

  /// Opens or creates it. Incidents of hosts that are not in the fleet any more are closed. Throws
  /// StoreError, also while another Archive has the file.
  explicit Archive(Options options);
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  // ---- What was known when it was opened ----

  const std::vector<HostState>& states() const { return states_; }  // by host, as in the options
  std::optional<sim::Time> alive() const { return alive_; }
  std::uint64_t next_incident() const;
  /// The last of each host and cause, if it is open or was closed at `since` or later.
  std::vector<vm::IncidentRecord> incidents(sim::Time since) const;
  /// What of the time after `since` nobody watched, in order.
  std::vector<vm::TimeSpan> unwatched(std::size_t host, sim::Time since) const;
  /// Samples of every host in the last `span` before its newest: calls visit(host, samples).
  template <class Visit>
  void recent(sim::Duration span, Visit visit) const {
    const auto fresh = fresh_samples();
    for (std::size_t i = 0; i < states_.size(); ++i) {
      if (states_[i].last_sample) visit(i, recent_of(i, *states_[i].last_sample - span, fresh[i]));
    }
  }

  // ---- Changes ----

  void begin();
  void store(const ArchiveChange& change);
  void commit();
  void rollback() noexcept;

  /// Packs minutes that are over and forgets what is too old: its own transaction.
  ///
  ///   cost  once a minute for 1,000 hosts: about 0.2 s
  void keep(sim::Time now);

 private:
  struct Sum {
    std::uint64_t count = 0;
    std::array<std::uint64_t, vm::resource_count> sum{};
    Shares most{};
  };
  using Samples = std::vector<ArchivedSample>;

  void open_hosts();
  std::vector<Samples> fresh_samples() const;
  Samples recent_of(std::size_t host, sim::Time since, const Samples& fresh) const;
  void store_samples(std::int64_t host, const Samples& samples);
  void store_order(const vm::IncidentOrder& order, std::string_view back_from);
  void fill(std::int64_t host, vm::TimeSpan span);
  void post_ended(std::uint64_t incident);
  void pack_minute(std::int64_t minute, std::int64_t host, std::string_view fresh);
  void add(const Statement& into, std::int64_t slot, std::int64_t host, const Sum& sum);
  void forget(sim::Time now);
  std::int64_t id(vm::MachineId host) const { return ids_[host.value]; }

  Options options_;
  Descriptor lock_;
  Database db_;
  Statement begin_, commit_, state_, alive_now_, fresh_, find_raw_, raw_, minutes_, hours_, gap_;
  Statement down_, up_, unwatched_, enlisted_, incident_, calm_, close_, mail_;
  std::vector<std::int64_t> ids_;  // by host, as in the options
  std::vector<HostState> states_;
  std::optional<sim::Time> alive_;
  std::uint64_t next_fresh_ = 0;
};

/// Number of the row of one host and slot of time; the slot and the host of it.
constexpr std::int64_t slot_row(std::int64_t slot, std::int64_t host) {
  return slot << 20 | host;
}
constexpr std::int64_t row_slot(std::int64_t row) {
  return row >> 20;
}

inline constexpr sim::Duration one_minute = std::chrono::minutes{1};
inline constexpr sim::Duration one_hour = std::chrono::hours{1};
constexpr std::int64_t slot_of(sim::Time at, sim::Duration length) {
  return at.time_since_epoch() / length;
}

/// Samples of one minute, 10 bytes each: u16 ms since its beginning, then the shares.
inline constexpr std::size_t packed_sample = 10;
void pack_sample(const ArchivedSample& sample, std::string& to);
/// What does not make whole samples at the end is left out.
void unpack_samples(std::int64_t minute, std::string_view packed, std::vector<ArchivedSample>& to);

}  // namespace real
