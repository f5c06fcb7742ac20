// BatchQueue: rows on their way from the thread that has them to the thread that draws.
//
// Two ways in. A loader waits for room: nothing is lost and no more is held than is being looked
// at. A simulation never waits: what does not fit is dropped, samples only, and counted; rows that
// are few and matter (states, notices, faults, throughput) wait at the door for the next batch. The
// lossless record of a live run is the recorder's.
//
// One lock, held for a few pointer swaps; buffers go round, so that a warm queue does not allocate.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "vm/observation.hpp"

namespace viz::model {

class BatchQueue {
 public:
  /// Holds up to `rows` rows, or one batch where that alone is larger.
  explicit BatchQueue(std::size_t rows) : room_(rows) {}

  // ---- the side that has them

  /// Waits for room. False when nobody wants any more.
  bool push(vm::Batch batch);
  /// Copies what there is room for; never waits.
  void offer(const vm::Batch& batch);
  /// Nothing more will come; `message`: why, where that is not simply its end.
  void close(std::string message = {});
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

  // ---- the side that wants them

  /// The next batch, if one is there; give it back with recycle() afterwards.
  std::optional<vm::Batch> take();
  void recycle(vm::Batch batch);
  /// Waits until take() has something or nothing more will come. False in the latter case.
  bool wait();
  /// Nobody wants any more: push() returns false from now on.
  void cancel();
  /// Closed, and everything taken.
  bool finished() const;
  std::string message() const;
  /// Rows of samples that offer() had no room for.
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  const std::size_t room_;
  std::atomic<bool> cancelled_ = false;
  std::atomic<std::uint64_t> dropped_ = 0;
  vm::Batch at_the_door_;  // of the offering side alone

  mutable std::mutex mutex_;  // of all below
  std::condition_variable taken_, come_;
  std::deque<vm::Batch> full_;
  std::vector<vm::Batch> empty_;
  std::size_t rows_ = 0;
  bool closed_ = false;
  std::string message_;
};

}  // namespace viz::model
