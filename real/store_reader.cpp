#include "real/store_reader.hpp"

#include "real/store_file.hpp"

namespace real {
namespace {

constexpr std::int64_t number_of(Standing standing) {
  return static_cast<std::int64_t>(standing);
}

Figures figures_of(const Statement& row, int first) {
  return {.applied = {word(row, first), word(row, first + 1)},
          .rows = word(row, first + 2),
          .contents = word(row, first + 3),
          .bytes = {integer(row, first + 4)}};
}

}  // namespace

StoreReader::StoreReader(const std::filesystem::path& file)
    // For writing, since whoever comes first after a crash has to put the WAL in order.
    : db_(open_database(file, Access::write)) {
  sqlite3* const db = db_.get();
  from_ = prepare(db, "SELECT id, value FROM records WHERE id >= ? AND id < ?");
  one_ = prepare(db, "SELECT value FROM records WHERE id = ?");
  ids_ = prepare(db, "SELECT id FROM records WHERE id >= ? AND id < ?");
  owner_ = prepare(db,
                   "SELECT slot, epoch, standing, keep, new_owner, count, sum, rows, contents, "
                   "bytes FROM holdings WHERE tenant = ?1 AND standing IN (?2, ?3, ?4) "
                   "ORDER BY epoch DESC, standing = ?2 DESC, standing = ?3 DESC, slot DESC LIMIT 1");
  figures_ = prepare(db, "SELECT count, sum, rows, contents, bytes FROM holdings WHERE slot = ?");
}

void StoreReader::begin() {
  execute(db_.get(), "BEGIN");
  execute(db_.get(), "SELECT count(*) FROM holdings");  // the snapshot is taken by the first read
}

void StoreReader::end() {
  sqlite3_reset(from_.get());
  execute(db_.get(), "COMMIT");
}

std::vector<Row> StoreReader::rows(Slot slot, std::uint64_t from, std::size_t size) {
  std::vector<Row> found;
  set_value(from_, 1, row_id(slot, from));
  set_value(from_, 2, row_id(slot + 1, 0));
  std::size_t sum = 0;
  while (sum < size && found.size() < 4 * size / StoreFile::filler_row && next_row(from_)) {
    const std::string_view value = bytes(from_, 1);
    found.push_back({sequence_of(integer(from_, 0)), std::string{value}});
    sum += value.size();
  }
  sqlite3_reset(from_.get());
  return found;
}

std::vector<Row> StoreReader::rows(Slot slot, std::span<const std::uint64_t> sequences) {
  std::vector<Row> found;
  found.reserve(sequences.size());
  for (const std::uint64_t sequence : sequences) {
    set_value(one_, 1, row_id(slot, sequence));
    if (next_row(one_)) found.push_back({sequence, std::string{bytes(one_, 0)}});
    sqlite3_reset(one_.get());
  }
  return found;
}

std::vector<Range> StoreReader::applied(Slot slot) {
  std::vector<Range> ranges;
  set_value(ids_, 1, row_id(slot, 0));
  set_value(ids_, 2, row_id(slot, filler_begin));
  while (next_row(ids_)) {
    const std::uint64_t sequence = sequence_of(integer(ids_, 0));
    if (!ranges.empty() && ranges.back().last + 1 == sequence) {
      ranges.back().last = sequence;
    } else {
      ranges.push_back({sequence, sequence});
    }
  }
  return ranges;
}

std::optional<StoreReader::Found> StoreReader::owner_of(vm::TenantId tenant) {
  set_value(owner_, 1, std::int64_t{tenant.value});
  set_value(owner_, 2, number_of(Standing::owner));
  set_value(owner_, 3, number_of(Standing::incoming));
  set_value(owner_, 4, number_of(Standing::fenced));
  if (!next_row(owner_)) return {};
  Found found{.holding = {.slot = static_cast<Slot>(integer(owner_, 0)),
                          .tenant = tenant,
                          .epoch = static_cast<vm::Epoch>(integer(owner_, 1)),
                          .standing = static_cast<Standing>(integer(owner_, 2)),
                          .keep = {integer(owner_, 3)},
                          .new_owner = std::string{bytes(owner_, 4)}},
              .figures = figures_of(owner_, 5)};
  sqlite3_reset(owner_.get());
  return found;
}

std::optional<Figures> StoreReader::figures(Slot slot) {
  set_value(figures_, 1, std::int64_t{slot});
  if (!next_row(figures_)) return {};
  const Figures found = figures_of(figures_, 0);
  sqlite3_reset(figures_.get());
  return found;
}

void fence_in_file(const std::filesystem::path& file, vm::TenantId tenant, vm::Epoch epoch,
                   const std::string& new_owner) {
  const Database db = open_database(file, Access::write);
  execute(db.get(), "PRAGMA synchronous = FULL");
  const auto fence = prepare(db.get(),
                             "UPDATE holdings SET standing = ?, epoch = ?, new_owner = ? "
                             "WHERE tenant = ? AND standing = ? AND epoch < ?");
  run(fence, number_of(Standing::fenced), std::int64_t{epoch}, std::string_view{new_owner},
      std::int64_t{tenant.value}, number_of(Standing::owner), std::int64_t{epoch});
}

}  // namespace real
