// StoreReader: reads rows of a store file while others write it, on whatever thread calls.
//
// Each has a connection of its own. Between begin() and end() it sees the file as it was at
// begin(), however long that takes; meanwhile the WAL cannot start anew, so it grows by what is
// written.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "real/holding.hpp"
#include "real/messages.hpp"
#include "real/sqlite.hpp"

namespace real {

class StoreReader {
 public:
  explicit StoreReader(const std::filesystem::path& file);

  void begin();
  void end();

  /// The next rows of a slot from `from` on, until their values exceed `size`; empty after the
  /// last.
  std::vector<Row> rows(Slot slot, std::uint64_t from, std::size_t size);
  /// Those of `sequences`, ascending, that there are.
  std::vector<Row> rows(Slot slot, std::span<const std::uint64_t> sequences);

  /// The sequences of applied writes, as ranges.
  std::vector<Range> applied(Slot slot);

  struct Found {
    Holding holding;
    Figures figures;
  };
  /// The tenant's copy that is or was the owner's: the one of the highest epoch. Whoever asks knows
  /// that the tenant belonged here, so a copy that is still to be taken over is the owner's too: it
  /// was compared with its source before it was given to us, and the word did not arrive.
  std::optional<Found> owner_of(vm::TenantId tenant);
  std::optional<Figures> figures(Slot slot);

 private:
  Database db_;
  Statement from_, one_, ids_, owner_, figures_;
};

/// Says in a store that no node has open that the tenant is owned elsewhere under `epoch`. Throws
/// StoreError.
void fence_in_file(const std::filesystem::path& file, vm::TenantId tenant, vm::Epoch epoch,
                   const std::string& new_owner);

}  // namespace real
