// Pacer: shares a rate in bytes/s among steps, in real time.
//
// The arithmetic is vm/model/station.hpp, the very object of the simulated world: processor sharing
// in virtual time, or FIFO. Here a timer calls it at the instants at which it wants to be called,
// and since timers come late, it is first brought up to date with whatever should have happened.
// PacerCore is that without a clock; Pacer adds the timer.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "real/asio.hpp"
#include "vm/model/station.hpp"

namespace real {

class PacerCore {
 public:
  PacerCore(vm::BytesPerSecond rate, vm::Scheduling scheduling)
      : station_({.capacity = rate.value, .scheduling = scheduling}) {}

  void add(vm::Time now, std::uint32_t step, double bytes) {
    catch_up(now);
    station_.add(now, step, bytes);
    rearm();
  }
  void cancel(vm::Time now, std::uint32_t step) {
    catch_up(now);
    std::vector<std::uint32_t> gone;
    station_.take_out(now, gone, [&](std::uint32_t other) { return other == step; });
    std::erase(ended_, step);
    rearm();
  }
  /// From now on `rate` is left for steps.
  void resize(vm::Time now, vm::BytesPerSecond rate) {
    catch_up(now);
    station_.resize(now, rate.value, 0);
    rearm();
  }
  /// The steps that have ended by now, in order; each is told once.
  std::vector<std::uint32_t> due(vm::Time now) {
    catch_up(now);
    return std::exchange(ended_, {});
  }
  /// When due() has something to tell, or sim::never.
  vm::Time alarm() const { return ended_.empty() ? alarm_ : vm::Time::min(); }

 private:
  void catch_up(vm::Time now) {
    while (alarm_ <= now) {
      const vm::Time at = alarm_;
      alarm_ = sim::never;
      station_.due(at, [&](std::uint32_t step) { ended_.push_back(step); });
      rearm();
    }
  }
  void rearm() {
    if (const auto at = station_.alarm()) alarm_ = *at;
  }

  vm::model::Station station_;
  vm::Time alarm_ = sim::never;
  std::vector<std::uint32_t> ended_;
};

class Pacer {
 public:
  using Done = std::function<void(std::uint32_t step)>;

  /// `done` runs on the loop, never within add().
  Pacer(asio::io_context& io, vm::BytesPerSecond rate, vm::Scheduling scheduling, Done done);
  ~Pacer();
  Pacer(const Pacer&) = delete;
  Pacer& operator=(const Pacer&) = delete;

  void add(std::uint32_t step, double bytes);
  void cancel(std::uint32_t step);
  /// Takes part of the rate for something else, or with < 0 gives it back. An eighth is always left
  /// for steps.
  void reserve(double bytes_per_second);
  /// What one more copy may take: what is left of one half of the rate, or where others have taken
  /// that, an eighth of what is left at all. As vm::model::Machine has it.
  double left_for_copy() const {
    return std::max(rate_ / 2 - reserved_, std::max(rate_ - reserved_, rate_ / 8) / 8);
  }

 private:
  void wait();
  void fire();

  const double rate_;
  double reserved_ = 0;
  PacerCore core_;
  Done done_;
  asio::steady_timer timer_;
  vm::Time armed_ = sim::never;
  const std::shared_ptr<Pacer*> self_;  // null once it is gone
};

}  // namespace real
