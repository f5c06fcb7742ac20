#include "viz/model/batch_queue.hpp"

#include <algorithm>
#include <utility>

namespace viz::model {
namespace {

template <class Row>
void append(std::vector<Row>& to, const std::vector<Row>& rows) {
  to.insert(to.end(), rows.begin(), rows.end());
}

/// All but samples and transactions.
void append_few(vm::Batch& to, const vm::Batch& batch) {
  to.now = batch.now;
  to.issued = batch.issued;
  append(to.machines, batch.machines);
  append(to.machine_states, batch.machine_states);
  append(to.latencies, batch.latencies);
  append(to.throughputs, batch.throughputs);
  append(to.notices, batch.notices);
  append(to.faults, batch.faults);
  append(to.rounds, batch.rounds);
  append(to.consolidation, batch.consolidation);
}

}  // namespace

bool BatchQueue::push(vm::Batch batch) {
  std::unique_lock lock{mutex_};
  taken_.wait(lock, [&] { return cancelled() || full_.empty() || rows_ + batch.rows() <= room_; });
  if (cancelled()) return false;
  rows_ += batch.rows();
  full_.push_back(std::move(batch));
  lock.unlock();
  come_.notify_one();
  return true;
}

void BatchQueue::offer(const vm::Batch& batch) {
  std::unique_lock lock{mutex_};
  if (!full_.empty() && rows_ + at_the_door_.rows() + batch.rows() > room_) {
    lock.unlock();
    append_few(at_the_door_, batch);
    dropped_.fetch_add(batch.samples.size(), std::memory_order_relaxed);
    return;
  }
  vm::Batch copy;
  if (!empty_.empty()) {
    copy = std::move(empty_.back());
    empty_.pop_back();
  }
  lock.unlock();  // copying a hundred thousand rows must not keep the drawing side waiting
  copy.clear();
  append_few(copy, at_the_door_);
  append_few(copy, batch);
  append(copy.samples, batch.samples);
  at_the_door_.clear();
  lock.lock();
  rows_ += copy.rows();
  full_.push_back(std::move(copy));
  lock.unlock();
  come_.notify_one();
}

void BatchQueue::close(std::string message) {
  {
    const std::lock_guard lock{mutex_};
    if (at_the_door_.rows() > 0) full_.push_back(std::exchange(at_the_door_, {}));
    closed_ = true;
    message_ = std::move(message);
  }
  come_.notify_one();
}

std::optional<vm::Batch> BatchQueue::take() {
  std::unique_lock lock{mutex_};
  if (full_.empty()) return std::nullopt;
  vm::Batch batch = std::move(full_.front());
  full_.pop_front();
  rows_ -= std::min(rows_, batch.rows());
  lock.unlock();
  taken_.notify_one();
  return batch;
}

void BatchQueue::recycle(vm::Batch batch) {
  constexpr std::size_t enough = 8;
  const std::lock_guard lock{mutex_};
  if (empty_.size() < enough) empty_.push_back(std::move(batch));
}

bool BatchQueue::wait() {
  std::unique_lock lock{mutex_};
  come_.wait(lock, [this] { return !full_.empty() || closed_; });
  return !full_.empty();
}

void BatchQueue::cancel() {
  {
    const std::lock_guard lock{mutex_};
    cancelled_ = true;
  }
  taken_.notify_all();
}

bool BatchQueue::finished() const {
  const std::lock_guard lock{mutex_};
  return closed_ && full_.empty();
}

std::string BatchQueue::message() const {
  const std::lock_guard lock{mutex_};
  return message_;
}

}  // namespace viz::model
