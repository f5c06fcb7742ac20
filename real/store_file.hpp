// StoreFile: a node's state in one SQLite file, as one thread changes it.
//
//   holdings(slot, tenant, epoch, standing, keep, new_owner, count, sum, rows, contents, bytes)
//   records(id = slot << 40 | sequence, value)
//
// WAL with synchronous = FULL: what commit() has returned from survives the process and the power.
// A holding's figures are written in the same transaction as the rows that they are about; a write
// applied twice would show as a count above the rows. With `keep`, the values of the oldest rows
// are emptied, but the rows stay: they are what says that a write was applied.
//
// Everything throws StoreError where the file system refuses; after rollback() the file and the
// figures are as they were at begin(), and it goes on.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "real/holding.hpp"
#include "real/messages.hpp"
#include "real/sequence_set.hpp"
#include "real/sqlite.hpp"

namespace real {

struct StoreOptions {
  /// The file never grows beyond this; 0: what the disk has. For tests of a full disk.
  vm::Bytes limit{};
};

class StoreFile {
 public:
  struct Loaded {
    Holding holding;
    Figures figures;
    SequenceSet applied;  // of owners, and of who may become one
  };
  struct Trimmed {  // a row whose value has been emptied to keep within `keep`
    Slot slot;
    std::uint64_t sequence;
  };

  explicit StoreFile(std::filesystem::path path, StoreOptions options = {});
  StoreFile(const StoreFile&) = delete;
  StoreFile& operator=(const StoreFile&) = delete;

  /// What the file held when it was opened, in order of slots. Reads every row's number once.
  std::vector<Loaded> load();

  void begin();
  void commit();
  void rollback() noexcept;

  // All of these between begin() and commit().

  /// Creates the holding or changes everything but its figures.
  void settle(const Holding& holding);
  /// One write of a transaction: one more in count and sum, whether the row is new or not.
  void write(Slot slot, const Row& row);
  /// Rows of a copy, new or in the place of older ones. `counted`: new ones add to count and sum.
  void import(Slot slot, std::span<const Row> rows, bool counted);
  /// Count and sum as the sender of a copy carries them.
  void carry(Slot slot, vm::Digest applied);
  /// `size` bytes of filler, split into rows of filler_row, as rows from `first` on.
  void fill(Slot slot, std::uint64_t first, vm::Bytes size);
  /// Erases up to `limit` rows. Count and sum are void from then on.
  void erase(Slot slot, std::uint32_t limit);
  /// Forgets a holding without rows.
  void forget(Slot slot);

  /// By slot: what changed in the transaction last committed.
  const std::vector<std::pair<Slot, Figures>>& changed() const { return changed_; }
  const std::vector<Trimmed>& trimmed() const { return trimmed_; }

  const std::filesystem::path& path() const { return path_; }
  /// Pages in the WAL after the last commit.
  int wal_pages() const { return wal_pages_; }
  /// Moves the WAL's pages into the file, so that the next commit may start it anew.
  void checkpoint();

  static constexpr std::int64_t filler_row = 1024;

 private:
  struct Book {
    vm::TenantId tenant{};
    Figures figures;
    vm::Bytes keep{};
    std::uint64_t oldest = 0;  // rows before it are empty; counted from the filler on
  };

  Book& touch(Slot slot);
  void put(Book& book, Slot slot, const Row& row, bool& is_new);
  void trim(Slot slot, Book& book, std::uint64_t newest);
  bool trim_one(Slot slot, Book& book, std::uint64_t newest);
  void write_figures(Slot slot, const Figures& figures);

  std::filesystem::path path_;
  Database db_;
  Statement begin_, commit_, settle_, insert_, replace_, find_, oldest_, figures_, erase_, forget_;
  std::map<Slot, Book> books_;
  std::map<Slot, std::optional<Book>> undo_;  // of the slots that this transaction touched
  std::vector<std::pair<Slot, Figures>> changed_;
  std::vector<Trimmed> trimmed_;
  int wal_pages_ = 0;
};

/// The first row of a slot, and one past its last one.
constexpr std::int64_t row_id(Slot slot, std::uint64_t sequence) {
  return static_cast<std::int64_t>(std::uint64_t{slot} << 40 | sequence);
}
constexpr std::uint64_t sequence_of(std::int64_t id) {
  return static_cast<std::uint64_t>(id) & (sequence_end - 1);
}

}  // namespace real
