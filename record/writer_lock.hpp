// WriterLock: says of a run's directory that somebody writes it, for as long as he lives.
//
// A lock of the kernel (flock) on the directory itself: a process that is killed lets go of it, a
// finished run carries no trace of it, and no file has to be cleaned up. So whoever finds a run
// unfinished can tell one that still grows from one that was killed.
#pragma once

#include <filesystem>

namespace record {

class WriterLock {
 public:
  /// Where the file system knows no locks, the run only looks as if nobody wrote it.
  explicit WriterLock(const std::filesystem::path& directory);
  ~WriterLock();
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  int directory_;
};

/// Whether a recorder, in whatever process, is writing `run`: its directory or its run.sqlite.
bool being_written(const std::filesystem::path& run);

}  // namespace record
