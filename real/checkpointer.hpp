// Checkpointer: moves what the WAL has gathered into the store's file, beside the thread that
// commits, so that no transaction waits for it.
//
// While transactions keep coming, a checkpoint beside them never reaches the WAL's end, and the WAL
// would grow for ever. So when one has done nearly all, `nearly_done` tells the committing thread
// to do the short rest by itself between two commits; after that the WAL starts anew.
#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "real/sqlite.hpp"

namespace real {

class Checkpointer {
 public:
  explicit Checkpointer(const std::filesystem::path& file);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// Begins a checkpoint unless one is under way. From any thread.
  void wake();
  /// Pages of the WAL, counted from its beginning, that the last checkpoint found or made moved.
  int moved() const { return moved_; }

 private:
  void work();

  Database db_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool wanted_ = false, ending_ = false;
  std::atomic<int> moved_ = 0;
  std::thread thread_;
};

}  // namespace real
