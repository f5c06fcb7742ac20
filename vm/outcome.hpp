// RunOutcome: the figures of a whole run that its rows do not hold. Both worlds end with one.
//
// Counts cover the whole run; latencies the transactions issued after the warm-up; utilisation the
// time after the warm-up in which the machine was up.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/histogram.hpp"
#include "vm/consolidation_outcome.hpp"
#include "vm/entities.hpp"

namespace vm {

/// One client's or group's balance. Balanced when issued == committed + refused + timed_out +
/// failed + in_flight.
struct Books {
  std::uint64_t issued = 0;                          // transactions: the same whatever is retried
  std::array<std::uint64_t, outcome_count> ended{};  // by Outcome
  std::uint64_t in_flight = 0;       // neither ended nor given up when the run ended
  std::uint64_t attempts = 0;        // first ones and retries
  std::uint64_t acknowledged = 0;    // writes that the client was told are committed
  std::uint64_t applied = 0;         // writes that the owner's state holds at the end
  std::uint64_t unacknowledged = 0;  // applied, but the client was told otherwise or nothing yet
  std::uint64_t lost = 0, duplicated = 0;

  std::uint64_t operator[](Outcome outcome) const {
    return ended[static_cast<std::size_t>(outcome)];
  }
  bool balanced() const {
    std::uint64_t sum = in_flight;
    for (const auto n : ended) sum += n;
    return sum == issued;
  }
};

struct GroupOutcome {
  GroupId group;
  Books books;             // sum over its clients
  sim::Histogram latency;  // ns, committed, from the intended instant
};
/// Latencies of one client: what it takes for a mean and the worst, and no more, since there may be
/// a hundred thousand clients.
struct ClientLatency {
  std::uint64_t count = 0;
  Duration sum{}, max{};

  void add(Duration latency) {
    ++count;
    sum += latency;
    max = std::max(max, latency);
  }
};
struct ClientOutcome {
  TenantId client;
  Books books;
  ClientLatency latency;
};
struct MachineOutcome {
  MachineId machine;
  FleetId fleet;
  FlavorId flavor;
  MachineState state = MachineState::up;  // at the end
  Time allocated, released;               // released: the end of the run where it never was
  PerResource<double> utilisation;        // time-weighted mean, 0 to 1
  PerResource<double> utilisation_max;    // of a sample interval
  double cost = 0;
};
struct RunOutcome {
  std::string world;     // "simulated" or "real"
  std::string capacity;  // what held machines to theirs: one world's way is not the other's
  std::uint64_t fingerprint = 0;
  Time end;  // simulated or real time it came to
  bool interrupted = false;
  std::uint64_t events = 0;
  std::vector<GroupOutcome> groups;
  std::vector<ClientOutcome> clients;  // by TenantId
  std::vector<MachineOutcome> machines;
  bool books_balance = false;                         // every client's, and every digest agrees
  std::optional<ConsolidationOutcome> consolidation;  // of a scenario with hosts
  std::vector<std::string> complaints;  // what the ledger found, empty when all is well
};

}  // namespace vm
