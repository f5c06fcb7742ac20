// ClientView: one client at the playhead: where its state lives, its books, its latency and its
// last transactions, as far as anybody knows them.
//
// A run tells of groups. Of one client it knows, by what it is:
//
//   with its transactions recorded   everything until the playhead
//   live                             its books at the newest instant, which the simulation keeps
//   for
//                                    every client; percentiles since it was picked
//   finished                         its books of the whole run, without percentiles
//   none of these                    where its state lives, and how to learn more
//
// `basis` says which it is, and a panel says so too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vm/observation.hpp"
#include "vm/outcome.hpp"

namespace viz::model {

using sim::Duration;
using sim::Time;

struct ClientView {
  enum class Basis : std::uint8_t { nothing, transactions, newest, whole_run };

  vm::TenantId id{};
  vm::GroupId group{};

  // From the run's own story, at the playhead.
  vm::MachineId machine = vm::no_machine;  // where its state lives; none: nobody knows
  std::uint32_t migrations = 0;            // of it that are over, given up ones left out
  bool moving = false;                     // a migration of it is under way
  bool served = true, frozen = false;      // live: without an owner; held by a migration

  Basis basis = Basis::nothing;
  Time at{};             // what follows is as of this instant
  bool loading = false;  // it is still being looked for
  std::string message;   // why there is no more; may be empty

  std::uint64_t issued = 0, committed = 0, refused = 0, timed_out = 0, failed = 0;
  std::uint64_t in_flight = 0, retries = 0;
  // Writes. Lost and duplicated are known when the books are closed; live, what crashes have lost.
  std::optional<std::uint64_t> acknowledged, lost, duplicated;

  // Of what committed and was issued after the warm-up.
  std::uint64_t measured = 0;
  std::optional<double> mean_ms, max_ms, p50_ms, p99_ms;
  std::optional<Time> percentiles_since;  // where they do not cover all that the mean does

  std::vector<vm::TransactionRow> last;  // newest first, a handful
};

/// The books into a view: counts, writes, mean and worst latency.
void show_books(const vm::Books& books, const vm::ClientLatency& latency, ClientView& view);

}  // namespace viz::model
