// Recorder: the sink that keeps a run. Batches go to a thread of its own, which writes them to
// run.sqlite and commits several times a second, so a window can follow and a killed run is whole
// up to its last commit.
//
//   world ──on(batch)──> queue of at most `queue` batches ──writer thread──> run.sqlite (WAL)
//                                                                finish() ──> CSV, summary.json
//
// - Memory is bounded: when the writer is behind by the whole queue, on() waits for it. Buffers go
//   round, so once they have grown, recording allocates nothing.
// - When the disk refuses (full, broken, gone), recording stops and the run goes on: what was
//   committed stays, failed() says why and how far it goes.
// - No wall clock reaches a row or a CSV file: the same run gives the same bytes.
//
// on(), finish() and the destructor belong to one thread, that of the run; failed() to any.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "record/handles.hpp"
#include "record/row_writer.hpp"
#include "record/summary.hpp"
#include "record/writer_lock.hpp"
#include "vm/observation.hpp"

namespace record {

class Recorder final : public vm::ObservationSink {
 public:
  struct Options {
    std::size_t queue = 8;                // batches between the run and the writer, >= 1
    std::optional<vm::Bytes> size_limit;  // of run.sqlite; beyond it is as if the disk were full
  };

  /// Starts run.sqlite and scenario.toml in `directory`, which exists.
  ///
  ///   world   "simulated" or "real"
  ///   throws  std::runtime_error with the name of the file that cannot be written
  Recorder(std::filesystem::path directory, const vm::Scenario& scenario, std::string_view world)
      : Recorder(std::move(directory), scenario, world, Options{}) {}
  Recorder(std::filesystem::path directory, const vm::Scenario& scenario, std::string_view world,
           Options options);

  /// Without finish() the run stays marked as unfinished, with all that on() was given.
  ~Recorder() override;
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// Copies the batch and returns. Never throws for what the disk does; waits when the queue is
  /// full. Cost: a copy of the rows, one lock.
  void on(const vm::Batch& batch) override;

  /// Writes what the run came to, the CSV files and summary.json. To be called once, at the end.
  ///
  ///   wall_s, cpu_s  what the run took, for the summary; in no CSV file
  ///   returns        the summary, read back from the file; none if not even that can be read
  std::optional<Summary> finish(const vm::RunOutcome& outcome, double wall_s, double cpu_s);

  /// Why recording stopped and what was kept, in one line; none while all is well.
  std::optional<std::string> failed() const;

  const std::filesystem::path& directory() const { return directory_; }

 private:
  void write_batches();  // the writer thread
  void write(const vm::Batch& batch);
  void remember(const vm::ChangeRow& row);
  void commit();
  void fail(const std::string& reason);
  void stop_writing();
  void write_outcome(const vm::RunOutcome& outcome, double wall_s, double cpu_s);

  std::filesystem::path directory_;
  WriterLock lock_;
  std::string scenario_text_;  // with the changes made so far
  Database db_;                // the writer thread's until it has been joined
  std::optional<RowWriter> rows_;
  bool in_transaction_ = false;
  std::uint64_t pending_ = 0, kept_ = 0;  // rows: written, committed
  vm::Time pending_until_{}, kept_until_{};

  mutable std::mutex mutex_;  // of all below
  std::condition_variable filled_, emptied_;
  std::deque<vm::Batch> full_;
  std::vector<vm::Batch> empty_;
  bool stopping_ = false;
  std::optional<std::string> failure_;
  std::atomic<bool> has_failed_ = false;  // a copy of the above that costs on() no lock

  std::thread writer_;  // last: starts when all else is there
};

}  // namespace record
