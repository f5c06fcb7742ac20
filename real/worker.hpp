// Worker: a thread beside the loop for what blocks: reading the store, opening files.
#pragma once

#include "real/asio.hpp"

namespace real {

class Worker {
 public:
  Worker() : pool_(1) {}
  ~Worker() { join(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Waits for what is under way. Nothing may be called after it.
  void join() { pool_.join(); }

  /// Calls `work` there and comes back to the loop with what it returns or throws.
  template <class Work>
  awaitable<std::invoke_result_t<Work>> call(Work work) {
    // A coroutine's lambda must outlive it: `work` lives in this one's frame.
    auto there = [&work]() -> awaitable<std::invoke_result_t<Work>> { co_return work(); };
    co_return co_await asio::co_spawn(pool_.get_executor(), there(), use_awaitable);
  }

 private:
  asio::thread_pool pool_;
};

}  // namespace real
