#include "record/recorder.hpp"

#include <chrono>
#include <cstdio>
#include <exception>

#include "record/csv.hpp"
#include "record/reader.hpp"
#include "record/run_directory.hpp"
#include "record/schema.hpp"
#include "record/text_file.hpp"
#include "sim/check.hpp"

namespace record {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr auto commit_every = std::chrono::milliseconds{250};

std::string describe_kept(std::uint64_t rows, vm::Time until) {
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.1f", sim::seconds(until));
  return "kept " + std::to_string(rows) + " rows, up to " + seconds + " s of the run";
}

}  // namespace

Recorder::Recorder(std::filesystem::path directory, const vm::Scenario& scenario,
                   std::string_view world, Options options)
    : directory_(std::move(directory)), lock_(directory_), scenario_text_(scenario.text) {
  SIM_CHECK(options.queue >= 1);
  write_text_file(directory_ / scenario_name, scenario.text);
  db_ = open(directory_ / database_name, Access::create);
  // WAL lets a window read while we write. NORMAL survives a kill at any moment; only a power cut
  // may cost the last commits, and never the file.
  execute(db_.get(), "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  if (options.size_limit) {
    constexpr std::int64_t page = 4096;
    const auto pages = std::to_string(options.size_limit->count / page);
    execute(db_.get(), ("PRAGMA page_size = 4096; PRAGMA max_page_count = " + pages).c_str());
  }
  create_schema(db_.get());
  rows_.emplace(db_.get());
  execute(db_.get(), "BEGIN");
  rows_->write(scenario, world);
  execute(db_.get(), "COMMIT");
  empty_.resize(options.queue);
  writer_ = std::thread{[this] { write_batches(); }};
}

Recorder::~Recorder() {
  stop_writing();
}

void Recorder::on(const vm::Batch& batch) {
  if (has_failed_.load(std::memory_order_relaxed)) return;
  std::unique_lock lock{mutex_};
  emptied_.wait(lock, [this] { return !empty_.empty(); });
  vm::Batch buffer = std::move(empty_.back());
  empty_.pop_back();
  lock.unlock();
  buffer = batch;  // into the room that its vectors have from earlier rounds
  lock.lock();
  full_.push_back(std::move(buffer));
  lock.unlock();
  filled_.notify_one();
}

std::optional<std::string> Recorder::failed() const {
  const std::lock_guard lock{mutex_};
  return failure_;
}

// ---- The writer thread -------------------------------------------------------------------------

void Recorder::write_batches() {
  auto commit_due = SteadyClock::time_point::max();
  std::unique_lock lock{mutex_};
  for (;;) {
    const auto something = [this] { return !full_.empty() || stopping_; };
    if (in_transaction_) {
      filled_.wait_until(lock, commit_due, something);
    } else {
      filled_.wait(lock, something);
    }
    if (full_.empty() && stopping_) break;
    std::optional<vm::Batch> batch;
    if (!full_.empty()) {
      batch = std::move(full_.front());
      full_.pop_front();
    }
    lock.unlock();
    if (batch) {
      if (!in_transaction_) commit_due = SteadyClock::now() + commit_every;
      write(*batch);
    }
    if (in_transaction_ && SteadyClock::now() >= commit_due) commit();
    lock.lock();
    if (batch) {
      empty_.push_back(std::move(*batch));
      emptied_.notify_one();
    }
  }
  lock.unlock();
  if (in_transaction_) commit();
}

void Recorder::write(const vm::Batch& batch) {
  if (has_failed_.load(std::memory_order_relaxed)) return;  // only empties the queue
  try {
    if (!in_transaction_) execute(db_.get(), "BEGIN");
    in_transaction_ = true;
    rows_->write(batch);
    for (const vm::ChangeRow& row : batch.changes) remember(row);
    pending_ += batch.rows();
    pending_until_ = batch.now;
  } catch (const std::exception& refused) {
    fail(refused.what());
  }
}

/// The scenario that repeats this run has one change more.
void Recorder::remember(const vm::ChangeRow& row) {
  scenario_text_ += row.toml;
  write_text_file(directory_ / scenario_name, scenario_text_);
  run(prepare(db_.get(), "UPDATE meta SET value = ? WHERE key = 'toml'"), scenario_text_);
}

void Recorder::commit() {
  try {
    execute(db_.get(), "COMMIT");
    in_transaction_ = false;
    kept_ += std::exchange(pending_, 0);
    kept_until_ = pending_until_;
  } catch (const std::exception& refused) {
    fail(refused.what());
  }
}

void Recorder::fail(const std::string& reason) {
  // A full disk may have rolled back already, and then this has nothing to do.
  sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  in_transaction_ = false;
  const std::lock_guard lock{mutex_};
  if (failure_) return;
  failure_ = reason + "; " + describe_kept(kept_, kept_until_);
  has_failed_ = true;
}

void Recorder::stop_writing() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  filled_.notify_one();
  if (writer_.joinable()) writer_.join();
}

// ---- The end -----------------------------------------------------------------------------------

std::optional<Summary> Recorder::finish(const vm::RunOutcome& outcome, double wall_s,
                                        double cpu_s) {
  stop_writing();
  if (!has_failed_) write_outcome(outcome, wall_s, cpu_s);
  std::optional<Summary> summary;
  try {
    summary = read_summary(db_.get());
    if (has_failed_) return summary;
    execute(db_.get(), "BEGIN");
    rows_->write(summary->verdicts);
    execute(db_.get(), "COMMIT");
    export_csv(db_.get(), directory_);
    write_text_file(directory_ / summary_name, to_json(*summary) + "\n");
    rows_.reset();
    // One plain file is what people copy and archive. Someone who reads right now keeps the log
    // beside it, and that is as good.
    execute(db_.get(), "PRAGMA wal_checkpoint(TRUNCATE)");
    sqlite3_exec(db_.get(), "PRAGMA journal_mode = DELETE", nullptr, nullptr, nullptr);
  } catch (const std::exception& refused) {
    fail(refused.what());
  }
  return summary;
}

void Recorder::write_outcome(const vm::RunOutcome& outcome, double wall_s, double cpu_s) {
  try {
    execute(db_.get(), "BEGIN");
    in_transaction_ = true;
    rows_->write(outcome, wall_s, cpu_s);
    pending_until_ = outcome.end;
  } catch (const std::exception& refused) {
    return fail(refused.what());
  }
  commit();
}

}  // namespace record
