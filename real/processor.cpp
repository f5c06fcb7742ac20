#include "real/processor.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <string>

#include <pthread.h>
#include <sys/eventfd.h>

namespace real {
namespace {

std::int64_t read_clock(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// Uses about `wanted` ns of this thread's CPU time; returns how much it was.
std::int64_t burn(std::int64_t wanted) {
  const std::int64_t begin = read_clock(CLOCK_THREAD_CPUTIME_ID);
  std::uint64_t x = static_cast<std::uint64_t>(begin) | 1;
  while (true) {
    for (int i = 0; i < 500; ++i) x = x * 0x5851f42d4c957f2du + 0x14057b7ef767814fu;  // ~1 us
    asm volatile("" : : "r"(x));
    const std::int64_t used = read_clock(CLOCK_THREAD_CPUTIME_ID) - begin;
    if (used >= wanted) return used;
  }
}

}  // namespace

Processor::Processor(asio::io_context& io, CpuShare& share, vm::Scheduling scheduling, Done done)
    : share_(share),
      cores_(share.cores()),
      scheduling_(scheduling),
      done_(std::move(done)),
      bell_(io, ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      self_(std::make_shared<Processor*>(this)) {
  slow_down(1);
  listen();
  const auto count = static_cast<std::size_t>(std::ceil(cores_));
  for (std::size_t i = 0; i < count; ++i) burners_.emplace_back([this, i] { burner(i); });
}

Processor::~Processor() {
  *self_ = nullptr;
  ending_ = true;
  ++arrivals_;
  arrivals_.notify_all();
  for (std::thread& thread : burners_) thread.join();
}

// ---- The loop's side ---------------------------------------------------------------------------

void Processor::add(std::uint32_t number, double demand) {
  auto job = std::make_unique<Job>();
  job->number = number;
  job->left_ns = sim::from_seconds(demand).count();
  push(arrived_, job.get());
  jobs_[number] = std::move(job);
  ++arrivals_;
  arrivals_.notify_one();
}

void Processor::cancel(std::uint32_t number) {
  const auto found = jobs_.find(number);
  if (found == jobs_.end()) return;
  Job* const job = found->second.get();
  job->cancelled = true;
  cancelled_[job] = std::move(found->second);
  jobs_.erase(found);
}

void Processor::slow_down(double left) {
  const double cores = cores_ * left;
  share_.change(cores);
  stretch_ = share_.kind() == CpuShare::Kind::rated ? std::llround(1e3 / cores) : 0;
}

void Processor::listen() {
  bell_.async_read_some(asio::buffer(&rung_, sizeof rung_),
                        [self = self_](boost::system::error_code error, std::size_t) {
                          Processor* const here = *self;
                          if (error || here == nullptr) return;
                          here->collect();
                          if (*self != nullptr) here->listen();
                        });
}

void Processor::collect() {
  Job* list = finished_.exchange(nullptr);
  Job* in_order = nullptr;
  while (list != nullptr) {
    Job* const job = std::exchange(list, list->next);
    job->next = std::exchange(in_order, job);
  }
  const auto self = self_;
  while (in_order != nullptr) {
    Job* const job = std::exchange(in_order, in_order->next);
    if (cancelled_.erase(job) == 1) continue;
    const std::uint32_t number = job->number;
    jobs_.erase(number);
    done_(number);
    if (*self == nullptr) return;
  }
}

// ---- The burners' side -------------------------------------------------------------------------

bool Processor::push(List& list, Job* job) {
  Job* before = list.load(std::memory_order_relaxed);
  do {
    job->next = before;
  } while (!list.compare_exchange_weak(before, job, std::memory_order_release,
                                       std::memory_order_relaxed));
  return before == nullptr;  // the job is whoever's who has taken the list since
}

void Processor::burner(std::size_t index) {
  ::pthread_setname_np(::pthread_self(), ("brink-cpu-" + std::to_string(index)).c_str());
  share_.enter();
  while (!ending_) {
    const std::uint32_t seen = arrivals_;
    Job* const job = take_turn();
    if (job == nullptr) {
      arrivals_.wait(seen);
      continue;
    }
    if (job->cancelled) {
      finish(job);
      continue;
    }
    const std::int64_t used = job->left_ns > 0 ? burn(std::min(slice_ns, job->left_ns)) : 0;
    job->left_ns -= used;
    if (job->left_ns <= 0) {
      finish(job);
    } else {
      hand_back(job);
    }
    stay_within_rate(used);
  }
}

Processor::Job* Processor::take_turn() {
  const std::lock_guard lock{turns_mutex_};
  // The list has the latest in front.
  const auto at = turns_.end() - turns_.begin();
  for (Job* list = arrived_.exchange(nullptr); list != nullptr;) {
    Job* const job = std::exchange(list, list->next);
    turns_.insert(turns_.begin() + at, job);
  }
  if (turns_.empty()) return nullptr;
  Job* const job = turns_.front();
  turns_.pop_front();
  return job;
}

void Processor::hand_back(Job* job) {
  const std::lock_guard lock{turns_mutex_};
  if (scheduling_ == vm::Scheduling::fifo) {
    turns_.push_front(job);  // it goes on with this one
  } else {
    turns_.push_back(job);
  }
}

void Processor::finish(Job* job) {
  if (!push(finished_, job)) return;  // the bell was rung for one before, and not answered yet
  const std::uint64_t one = 1;
  (void)!::write(bell_.native_handle(), &one, sizeof one);
}

void Processor::stay_within_rate(std::int64_t used_ns) {
  const std::int64_t stretch = stretch_;
  if (stretch == 0) return;
  // What was not used in the last 10 ms is gone, as under a quota.
  constexpr std::int64_t period_ns = 10'000'000;
  const std::int64_t now = read_clock(CLOCK_MONOTONIC);
  std::int64_t until = served_until_ns_.load();
  std::int64_t next = 0;
  do {
    next = std::max(until, now - period_ns) + used_ns * stretch / 1'000;
  } while (!served_until_ns_.compare_exchange_weak(until, next));
  if (next <= now) return;
  const std::int64_t sleep = std::min(next - now, std::int64_t{100'000'000});
  std::this_thread::sleep_for(std::chrono::nanoseconds{sleep});
}

}  // namespace real
