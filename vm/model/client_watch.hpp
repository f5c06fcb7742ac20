// ClientWatch: somebody who looks at one client of a run while it is played. There may be a hundred
// thousand of them, so a run does not tell about each; but it knows the books of all, and whoever
// asks for one hears of that one: its books whenever the run is steered, and the end of each of its
// transactions from then on. Who looks changes nothing: the run is the same, and so is its record.
#pragma once

#include <optional>

#include "vm/observation.hpp"
#include "vm/outcome.hpp"

namespace vm::model {

/// A client at an instant. Of `books`, `unacknowledged` is known at the end alone, and what a
/// crash has lost so far is in `lost`.
struct ClientSeen {
  Time at;
  TenantId client;
  MachineId owner;      // where its state is
  bool served = true;   // false from the loss of its owner to its restore
  bool frozen = false;  // by a migration: what it issues is held
  Bytes state{};
  Books books;
  ClientLatency latency;  // after the warm-up
};

class ClientWatch {
 public:
  virtual ~ClientWatch() = default;
  /// Who is looked at from now on, if anybody: asked before each Steering::next. Must exist.
  virtual std::optional<TenantId> whom() = 0;
  virtual void on(const ClientSeen& client) = 0;
  /// A transaction of the client has ended.
  virtual void on(const TransactionRow& transaction) = 0;
};

}  // namespace vm::model
