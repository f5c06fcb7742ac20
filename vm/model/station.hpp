// Station: one resource of one machine at work: a CPU, a disk or a network card, and its jobs.
//
// Processor sharing by virtual time (Parekh and Gallager 1993): all n jobs in service advance at
// the same rate min(most, capacity / n), so V(t), the work that each job in service has received,
// is one number. A job that needs `demand` more work leaves when V reaches V(now) + demand; that
// instant of virtual time never changes, whoever comes and goes. Arrival and departure are O(log n)
// in a heap, and nothing else is ever updated.
//
//   most      work a single job can use per second: one core for a CPU, the whole link otherwise
//   capacity  work per second that the resource gives to all
//
// Under FIFO the first `servers` jobs are in service at a fixed speed and the others wait in order;
// V runs at that speed, so the same heap serves. A station that shrinks under more jobs than it has
// servers left shares among them until enough are done.
//
// A station never schedules anything itself: after each change `alarm()` says when its first job is
// done, if that is earlier than what is already scheduled. An alarm that has become too early costs
// one comparison when it fires (`due`), and is then set anew.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "sim/check.hpp"
#include "sim/units.hpp"
#include "vm/scenario.hpp"

namespace vm::model {

class Station {
 public:
  struct Config {
    double capacity = 1;  // work per second, > 0
    double most = std::numeric_limits<double>::infinity();  // work per second of one job
    Scheduling scheduling = Scheduling::processor_sharing;
  };
  explicit Station(Config config);

  /// A job comes with `demand` >= 0 units of work. `job` is the caller's number for it.
  void add(Time now, std::uint32_t job, double demand);

  /// When the caller should call due() next, if no call is pending for then or earlier.
  std::optional<Time> alarm();

  /// Answers an alarm: hands each job that is done by `now` to `done(job)`, one after the other;
  /// `done` may add jobs here. Call alarm() afterwards.
  template <class Done>
  void due(Time now, Done done) {
    if (now != alarm_) return;  // outdated: an earlier alarm has taken its place
    alarm_ = sim::never;
    sooner_ = true;  // whatever comes next needs an alarm
    answering_ = true;
    advance(now);
    while (!in_service_.empty() && in_service_.front().finish - virtual_time_ <= tolerance()) {
      const std::uint32_t job = pop();
      done(job);
    }
    answering_ = false;
  }

  /// Takes out every job for which leaves(job) holds, in order of arrival. O(n).
  template <class Leaves>
  void take_out(Time now, std::vector<std::uint32_t>& out, Leaves leaves) {
    advance(now);
    std::vector<Job> gone;
    const auto split = [&](std::vector<Job>& jobs) {
      const auto keep = [&](const Job& job) { return !leaves(job.number); };
      const auto middle = std::stable_partition(jobs.begin(), jobs.end(), keep);
      gone.insert(gone.end(), middle, jobs.end());
      jobs.erase(middle, jobs.end());
    };
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
    split(in_service_);
    split(waiting_);
    std::sort(gone.begin(), gone.end(),
              [](const Job& a, const Job& b) { return a.order < b.order; });
    for (const Job& job : gone) out.push_back(job.number);
    std::make_heap(in_service_.begin(), in_service_.end(), later);
    refill();
    changed();
    sooner_ = true;
  }

  /// From now on the resource gives `capacity` to its jobs and `reserved` to something else, which
  /// counts as used. Requires capacity > 0.
  void resize(Time now, double capacity, double reserved);

  /// Work done since the start, reserved share included: unit x seconds / second. O(1).
  double work_done(Time now);
  std::size_t jobs() const { return in_service_.size() + waiting_.size() - first_; }

 private:
  struct Job {
    double finish;         // virtual time at which it is done; while waiting: its demand
    std::uint32_t number;  // the caller's
    std::uint32_t order;   // of arrival: decides ties
  };
  static bool later(const Job& a, const Job& b) {
    return a.finish != b.finish ? a.finish > b.finish : a.order > b.order;
  }

  void advance(Time now);
  void changed();
  void refill();
  void serve(Job job);
  std::uint32_t pop();
  // Half a nanosecond's work: alarms are rounded up to whole nanoseconds, and this covers what
  // rounding in V may lack.
  double tolerance() const { return rate_ * 0.5e-9; }

  Config config_;
  double reserved_ = 0;
  std::size_t servers_ = std::numeric_limits<std::size_t>::max();
  double speed_ = 0;  // of one server, FIFO only

  std::vector<Job> in_service_;  // heap, first to finish in front
  std::vector<Job> waiting_;     // FIFO: ring in a vector, from first_ on
  std::size_t first_ = 0;
  double virtual_time_ = 0;
  double rate_ = 0;  // of each job in service, work per second
  double used_ = 0;  // of the whole resource, work per second
  double work_ = 0;
  Time since_{};  // virtual_time_ and work_ are true at this instant
  Time alarm_ = sim::never;
  bool sooner_ = false;     // something may be done earlier than the alarm says
  bool answering_ = false;  // within due(): one alarm is set after it, not one for each job
  std::uint32_t arrivals_ = 0;
};

}  // namespace vm::model
