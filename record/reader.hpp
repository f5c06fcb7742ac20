// Reader: a run directory, or its run.sqlite, opened to be read: finished, killed half-way, or
// still being written by someone else.
#pragma once

#include <filesystem>

#include "record/handles.hpp"
#include "record/summary.hpp"
#include "sim/result.hpp"

namespace record {

class Reader {
 public:
  /// Opens `run`, a run's directory or its run.sqlite, without changing it. The error is one line
  /// with the file's name: missing, no database, foreign, truncated, of a newer schema.
  static sim::Result<Reader> open(const std::filesystem::path& run);

  /// The state at this moment, or what is wrong with the file. Cost: one pass over the rows.
  sim::Result<Summary> summary() const;

  /// The CSV files again, to `directory`, which exists. Throws std::filesystem::filesystem_error
  /// where that cannot be written, DatabaseError where the run cannot be read.
  void export_csv(const std::filesystem::path& directory) const;

  sqlite3* database() const { return db_.get(); }

 private:
  explicit Reader(std::filesystem::path file, Database db)
      : file_(std::move(file)), db_(std::move(db)) {}

  std::filesystem::path file_;
  Database db_;
};

}  // namespace record
