// ClientRows: what a recorded run says of one client: its books at the end, and its transactions
// where the run keeps them (`--transactions`). For who looks at one of them; a run of all clients
// is retold by RunRows.
//
// Transactions have no index by client, which every run that keeps them would pay for: they are
// looked through in portions, so that whoever asks can stop in between. One thread. Everything
// throws DatabaseError, or std::runtime_error where rows make no sense.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "record/reader.hpp"
#include "vm/observation.hpp"
#include "vm/outcome.hpp"

namespace record {

class ClientRows {
 public:
  explicit ClientRows(const Reader& reader) : db_(reader.database()) {}

  /// None before the end of the run, and in one that an older Brink has written.
  std::optional<vm::ClientOutcome> books(vm::TenantId client) const;

  /// The run has kept at least one transaction so far.
  bool keeps_transactions() const;

  /// Appends what the next `most` transactions behind row `last` hold of this client, in the order
  /// of their ends, and moves `last` on. False when there are no more at the moment.
  ///
  ///   cost  a tenth of a microsecond for each that is looked through
  bool read(vm::TenantId client, std::int64_t& last, std::int64_t most,
            std::vector<vm::TransactionRow>& rows) const;

 private:
  sqlite3* db_;
};

}  // namespace record
