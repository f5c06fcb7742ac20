// run: plays a scenario in the simulated world, from its first instant to its last.
//
// Deterministic: the scenario (its seed included) alone decides what happens; the sink, the stop
// flag and recording only watch. One thread; many seeds run in parallel as many calls.
#pragma once

#include <atomic>
#include <vector>

#include "vm/model/client_watch.hpp"
#include "vm/observation.hpp"
#include "vm/outcome.hpp"
#include "vm/scenario.hpp"

namespace vm::model {

/// Ways to break a migration on purpose, so that tests can see the books catch it. Nothing a
/// scenario says can reach these.
struct Sabotage {
  bool forget_last_delta = false;  // the target starts without what was written in the last round
  bool verify_blindly = false;     // and nobody compares the digests
  bool apply_twice = false;        // retries of applied writes are applied again
};

/// Somebody who steers a run while it is played: sets its pace and changes the world.
class Steering {
 public:
  virtual ~Steering() = default;
  /// All that is due up to and including `now` has happened, and the sink knows. Says up to when to
  /// go on, after the changes that are appended here have been made; takes its time over it. Where
  /// there are changes, `now` has to be an instant that a file can hold (vm::settled). A run of
  /// hosts asks once an interval, and again while it is told to stay, and knows one change, that of
  /// the threshold where it has one.
  virtual Time next(Time now, std::vector<Change>& changes) = 0;
};

struct RunOptions {
  ObservationSink* sink = nullptr;          // told in batches; may be null
  bool transactions = false;                // tell every transaction's end as well
  const std::atomic<bool>* stop = nullptr;  // set: the run ends at the next sample, `interrupted`
  Steering* steering = nullptr;             // none: straight to the end
  ClientWatch* client = nullptr;            // heard of by who steers alone
  Sabotage sabotage{};
};

/// Throws nothing of its own. Cost: about a third of a microsecond per transaction.
RunOutcome run(const Scenario& scenario, const RunOptions& options = {});

}  // namespace vm::model
