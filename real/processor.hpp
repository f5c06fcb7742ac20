// Processor: the CPU of a node. Burns core-seconds for jobs, all of them at once.
//
// ceil(cores) threads ("brink-cpu-0", ...) take turns at the active jobs, a slice of CPU time each,
// which is processor sharing as close as slices allow: with n jobs each gets min(1, cores / n). A
// job is only ever at one thread, so alone it gets at most one core. CPU time is each thread's own
// clock (CLOCK_THREAD_CPUTIME_ID): what the quota or another process takes away is not burnt.
//
// The loop and the burners meet in two lock-free lists only. A burner can be stopped by its quota
// at any instruction for a whole period; were it holding a lock then, the loop would stop with it.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "real/asio.hpp"
#include "real/capacity.hpp"
#include "real/posix.hpp"
#include "vm/scenario.hpp"

namespace real {

class Processor {
 public:
  using Done = std::function<void(std::uint32_t job)>;

  /// `done` runs on the loop when a job has had its CPU time; never for a cancelled one.
  Processor(asio::io_context& io, CpuShare& share, vm::Scheduling scheduling, Done done);
  /// Joins the burners: whatever they are at is given up.
  ~Processor();
  Processor(const Processor&) = delete;
  Processor& operator=(const Processor&) = delete;

  /// `job` is the caller's number, not in use here; `demand` in core-seconds, >= 0.
  void add(std::uint32_t job, double demand);
  /// The job's number is free again at once; the slice under way is still burnt.
  void cancel(std::uint32_t job);
  /// The share of `cores` that is left to the jobs: a machine that others disturb. In (0, 1].
  void slow_down(double left);

  std::size_t jobs() const { return jobs_.size(); }

  /// One turn, in CPU time: short against any quota's period, long against its clock's two calls.
  static constexpr std::int64_t slice_ns = 300'000;

 private:
  struct Job {
    std::uint32_t number = 0;
    std::int64_t left_ns = 0;
    std::atomic<bool> cancelled = false;
    Job* next = nullptr;  // in a list
  };
  using List = std::atomic<Job*>;

  static bool push(List& list, Job* job);
  void burner(std::size_t index);
  Job* take_turn();
  void hand_back(Job* job);
  void finish(Job* job);
  void stay_within_rate(std::int64_t used_ns);
  void listen();
  void collect();

  CpuShare& share_;
  const double cores_;
  const vm::Scheduling scheduling_;
  Done done_;
  std::unordered_map<std::uint32_t, std::unique_ptr<Job>> jobs_;  // the loop's
  std::unordered_map<Job*, std::unique_ptr<Job>> cancelled_;      // until a burner lets go of it
  List arrived_ = nullptr, finished_ = nullptr;
  std::atomic<std::uint32_t> arrivals_ = 0;  // a burner without work waits for it to change
  asio::posix::stream_descriptor bell_;      // an eventfd: a burner has finished something
  std::uint64_t rung_ = 0;

  std::mutex turns_mutex_;  // between burners only
  std::deque<Job*> turns_;

  // Where no quota holds: until then the burners have had their share. And how many nanoseconds of
  // the clock one of CPU time stands for, in thousandths.
  std::atomic<std::int64_t> served_until_ns_ = 0;
  std::atomic<std::int64_t> stretch_ = 1'000;
  std::atomic<bool> ending_ = false;
  std::vector<std::thread> burners_;
  const std::shared_ptr<Processor*> self_;  // null once it is gone
};

}  // namespace real
