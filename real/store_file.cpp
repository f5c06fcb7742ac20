#include "real/store_file.hpp"

#include <algorithm>

namespace real {
namespace {

constexpr int schema_version = 1;

constexpr const char* schema = R"(
  CREATE TABLE holdings(
    slot      INTEGER PRIMARY KEY,
    tenant    INTEGER NOT NULL,
    epoch     INTEGER NOT NULL,
    standing  INTEGER NOT NULL,             -- real::Standing
    keep      INTEGER NOT NULL,             -- bytes, 0: no limit
    new_owner TEXT    NOT NULL,             -- host:port, when fenced
    count     INTEGER NOT NULL DEFAULT 0,   -- writes applied, as counted then
    sum       INTEGER NOT NULL DEFAULT 0,   -- of vm::Digest
    rows      INTEGER NOT NULL DEFAULT 0,
    contents  INTEGER NOT NULL DEFAULT 0,   -- sum of real::hash_of_row
    bytes     INTEGER NOT NULL DEFAULT 0);  -- of all values
  CREATE TABLE records(id INTEGER PRIMARY KEY, value BLOB NOT NULL);  -- id = slot << 40 | sequence
)";

/// Where a row stands in the order in which values are emptied: filler first, then by sequence.
constexpr std::uint64_t age_of(std::uint64_t sequence) {
  return sequence >= filler_begin ? sequence - filler_begin : sequence + filler_begin;
}
constexpr std::uint64_t sequence_of_age(std::uint64_t age) {
  return age < filler_begin ? age + filler_begin : age - filler_begin;
}

void prepare_file(sqlite3* db, const std::filesystem::path& path, StoreOptions options) {
  // 8 KiB: with 4 a quarter of each page stays empty under rows of 1 KiB, and the system calls of a
  // bulk copy double; with 16 the WAL takes four times the bytes for small writes of many tenants.
  execute(db, "PRAGMA page_size = 8192");
  execute(db, "PRAGMA journal_mode = WAL");
  execute(db, "PRAGMA synchronous = FULL");
  execute(db, "PRAGMA cache_size = -32768");
  if (options.limit.count > 0) {
    const auto pages = std::to_string(std::max<std::int64_t>(16, options.limit.count / 8192));
    execute(db, ("PRAGMA max_page_count = " + pages).c_str());
  }
  std::int64_t version = 0;
  {
    const auto row = prepare(db, "PRAGMA user_version");
    if (next_row(row)) version = integer(row, 0);
  }
  if (version == 0) {
    const std::string all = std::string{"BEGIN IMMEDIATE;"} + schema +
                            "PRAGMA user_version = " + std::to_string(schema_version) + "; COMMIT";
    execute(db, all.c_str());
  } else if (version != schema_version) {
    throw StoreError{path.string(), "a store of version " + std::to_string(version) +
                                        ", expected " + std::to_string(schema_version)};
  }
}

}  // namespace

StoreFile::StoreFile(std::filesystem::path path, StoreOptions options)
    : path_(std::move(path)), db_(open_database(path_, Access::create)) {
  prepare_file(db_.get(), path_, options);
  // Also turns off checkpoints within commits: who waits for one should not pay for all.
  sqlite3_wal_hook(
      db_.get(),
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<StoreFile*>(self)->wal_pages_ = pages;
        return SQLITE_OK;
      },
      this);
  sqlite3* const db = db_.get();
  begin_ = prepare(db, "BEGIN IMMEDIATE");
  commit_ = prepare(db, "COMMIT");
  settle_ = prepare(db,
                    "INSERT INTO holdings(slot, tenant, epoch, standing, keep, new_owner) "
                    "VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(slot) DO UPDATE SET "
                    "tenant = ?2, epoch = ?3, standing = ?4, keep = ?5, new_owner = ?6");
  insert_ = prepare(db, "INSERT OR IGNORE INTO records(id, value) VALUES(?, ?)");
  replace_ = prepare(db, "UPDATE records SET value = ?2 WHERE id = ?1");
  find_ = prepare(db, "SELECT value FROM records WHERE id = ?");
  oldest_ = prepare(db,
                    "SELECT id, value FROM records WHERE id >= ? AND id < ? "
                    "AND length(value) > 0 ORDER BY id LIMIT 1");
  figures_ = prepare(db,
                     "UPDATE holdings SET count = ?2, sum = ?3, rows = ?4, contents = ?5, "
                     "bytes = ?6 WHERE slot = ?1");
  erase_ = prepare(db,
                   "DELETE FROM records WHERE id IN "
                   "(SELECT id FROM records WHERE id >= ? AND id < ? LIMIT ?)");
  forget_ = prepare(db, "DELETE FROM holdings WHERE slot = ?");
}

std::vector<StoreFile::Loaded> StoreFile::load() {
  const auto drop = prepare(db_.get(), "UPDATE holdings SET standing = ? WHERE standing = ?");
  run(drop, static_cast<std::int64_t>(Standing::dropped),
      static_cast<std::int64_t>(Standing::replica));
  std::vector<Loaded> all;
  const auto holdings = prepare(db_.get(),
                                "SELECT slot, tenant, epoch, standing, keep, new_owner, count, "
                                "sum, rows, contents, bytes FROM holdings ORDER BY slot");
  while (next_row(holdings)) {
    Loaded& one = all.emplace_back();
    one.holding = {.slot = static_cast<Slot>(integer(holdings, 0)),
                   .tenant = vm::TenantId{static_cast<std::uint32_t>(integer(holdings, 1))},
                   .epoch = static_cast<vm::Epoch>(integer(holdings, 2)),
                   .standing = static_cast<Standing>(integer(holdings, 3)),
                   .keep = {integer(holdings, 4)},
                   .new_owner = std::string{bytes(holdings, 5)}};
    one.figures = {.applied = {word(holdings, 6), word(holdings, 7)},
                   .rows = word(holdings, 8),
                   .contents = word(holdings, 9),
                   .bytes = {integer(holdings, 10)}};
    books_[one.holding.slot] = {one.holding.tenant, one.figures, one.holding.keep, 0};
  }
  const auto ids = prepare(db_.get(), "SELECT id FROM records WHERE id >= ? AND id < ?");
  for (Loaded& one : all) {
    const Standing standing = one.holding.standing;
    if (standing != Standing::owner && standing != Standing::incoming) continue;
    set_value(ids, 1, row_id(one.holding.slot, 0));
    set_value(ids, 2, row_id(one.holding.slot, filler_begin));
    while (next_row(ids)) one.applied.add(sequence_of(integer(ids, 0)));
  }
  return all;
}

// ---- Transactions ------------------------------------------------------------------------------

void StoreFile::begin() {
  undo_.clear();
  changed_.clear();
  trimmed_.clear();
  run(begin_);
}

void StoreFile::commit() {
  for (const auto& [slot, before] : undo_) {
    const auto book = books_.find(slot);
    if (book == books_.end()) continue;
    write_figures(slot, book->second.figures);
    changed_.emplace_back(slot, book->second.figures);
  }
  run(commit_);
  undo_.clear();
}

void StoreFile::rollback() noexcept {
  // The refusal may have ended the transaction by itself, then this one says so and does nothing.
  sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  for (auto& [slot, before] : undo_) {
    if (before) {
      books_[slot] = *before;
    } else {
      books_.erase(slot);
    }
  }
  undo_.clear();
  changed_.clear();
  trimmed_.clear();
}

StoreFile::Book& StoreFile::touch(Slot slot) {
  const auto found = books_.find(slot);
  // Its creation may have been refused a group before.
  if (found == books_.end()) throw StoreError{path_.string(), "no such holding"};
  undo_.try_emplace(slot, found->second);
  return found->second;
}

void StoreFile::write_figures(Slot slot, const Figures& figures) {
  run(figures_, std::int64_t{slot}, figures.applied.count, figures.applied.sum, figures.rows,
      figures.contents, figures.bytes.count);
}

// ---- Changes -----------------------------------------------------------------------------------

void StoreFile::settle(const Holding& holding) {
  SIM_CHECK(holding.slot < slot_end);
  if (!books_.contains(holding.slot)) {
    undo_.try_emplace(holding.slot);
    books_[holding.slot] = {};
  }
  Book& book = touch(holding.slot);
  book.tenant = holding.tenant;
  book.keep = holding.keep;
  run(settle_, std::int64_t{holding.slot}, std::int64_t{holding.tenant.value},
      std::int64_t{holding.epoch}, static_cast<std::int64_t>(holding.standing), holding.keep.count,
      std::string_view{holding.new_owner});
}

void StoreFile::put(Book& book, Slot slot, const Row& row, bool& is_new) {
  SIM_CHECK(row.sequence < sequence_end);
  const std::int64_t id = row_id(slot, row.sequence);
  run(insert_, id, std::string_view{row.value});
  Figures& figures = book.figures;
  is_new = sqlite3_changes(db_.get()) == 1;
  if (is_new) {
    ++figures.rows;
  } else {
    set_value(find_, 1, id);
    SIM_CHECK(next_row(find_));
    const std::string_view old = bytes(find_, 0);
    figures.contents -= hash_of_row(row.sequence, old);
    figures.bytes -= vm::Bytes{static_cast<std::int64_t>(old.size())};
    sqlite3_reset(find_.get());
    run(replace_, id, std::string_view{row.value});
  }
  figures.contents += hash_of_row(row.sequence, row.value);
  figures.bytes += vm::Bytes{static_cast<std::int64_t>(row.value.size())};
}

void StoreFile::write(Slot slot, const Row& row) {
  Book& book = touch(slot);
  bool is_new = false;
  put(book, slot, row, is_new);
  // The tenant's number is that of the client; the digest mixes in what the ledger mixes in.
  book.figures.applied.add(book.tenant, row.sequence);
  if (book.keep.count > 0) trim(slot, book, row.sequence);
}

void StoreFile::import(Slot slot, std::span<const Row> rows, bool counted) {
  Book& book = touch(slot);
  for (const Row& row : rows) {
    bool is_new = false;
    put(book, slot, row, is_new);
    if (counted && is_new && row.sequence < filler_begin) {
      book.figures.applied.add(book.tenant, row.sequence);
    }
  }
}

void StoreFile::carry(Slot slot, vm::Digest applied) {
  touch(slot).figures.applied = applied;
}

void StoreFile::fill(Slot slot, std::uint64_t first, vm::Bytes size) {
  Book& book = touch(slot);
  Row row{.sequence = filler_begin + first, .value = {}};
  for (; size.count > 0; ++row.sequence) {
    row.value.assign(static_cast<std::size_t>(std::min(size.count, filler_row)),
                     static_cast<char>('a' + row.sequence % 26));
    bool is_new = false;
    put(book, slot, row, is_new);
    size.count -= filler_row;
  }
}

void StoreFile::trim(Slot slot, Book& book, std::uint64_t newest) {
  while (book.figures.bytes > book.keep) {
    if (trim_one(slot, book, newest)) continue;
    if (book.oldest == 0) return;
    book.oldest = 0;  // a late write came in behind: look again from the start
    if (!trim_one(slot, book, newest)) return;
  }
}

bool StoreFile::trim_one(Slot slot, Book& book, std::uint64_t newest) {
  for (const bool filler : {true, false}) {
    if (filler && book.oldest >= filler_begin) continue;
    const std::uint64_t from = filler ? sequence_of_age(book.oldest)
                                      : sequence_of_age(std::max(book.oldest, filler_begin));
    set_value(oldest_, 1, row_id(slot, from));
    set_value(oldest_, 2, filler ? row_id(slot + 1, 0) : row_id(slot, filler_begin));
    if (!next_row(oldest_)) {
      book.oldest = std::max(book.oldest, filler_begin);
      continue;
    }
    const std::uint64_t sequence = sequence_of(integer(oldest_, 0));
    const std::string_view value = bytes(oldest_, 1);
    if (sequence == newest) {  // alone it is more than may be kept: it stays until the next one
      sqlite3_reset(oldest_.get());
      return false;
    }
    book.figures.bytes -= vm::Bytes{static_cast<std::int64_t>(value.size())};
    book.figures.contents += hash_of_row(sequence, {}) - hash_of_row(sequence, value);
    sqlite3_reset(oldest_.get());
    run(replace_, row_id(slot, sequence), std::string_view{});
    book.oldest = age_of(sequence) + 1;
    trimmed_.push_back({slot, sequence});
    return true;
  }
  return false;
}

void StoreFile::erase(Slot slot, std::uint32_t limit) {
  if (!books_.contains(slot)) return;
  Book& book = touch(slot);
  run(erase_, row_id(slot, 0), row_id(slot + 1, 0), std::int64_t{limit});
  const auto gone = static_cast<std::uint64_t>(sqlite3_changes(db_.get()));
  book.figures.rows = gone < limit ? 0 : book.figures.rows - gone;
  if (book.figures.rows == 0) book.figures = {};
}

void StoreFile::forget(Slot slot) {
  if (!books_.contains(slot)) return;
  touch(slot);
  books_.erase(slot);
  run(forget_, std::int64_t{slot});
}

void StoreFile::checkpoint() {
  sqlite3_wal_checkpoint_v2(db_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

}  // namespace real
