#include "vm/model/station.hpp"

#include <cmath>

namespace vm::model {

Station::Station(Config config) : config_(config) {
  resize(Time{}, config.capacity, 0);
}

void Station::resize(Time now, double capacity, double reserved) {
  SIM_CHECK(capacity > 0 && reserved >= 0);
  advance(now);
  config_.capacity = capacity;
  reserved_ = reserved;
  if (config_.scheduling == Scheduling::fifo) {
    // A link is one server; a CPU of c cores is ceil(c) servers that share c evenly.
    const double servers = std::isinf(config_.most) ? 1 : std::ceil(capacity / config_.most);
    servers_ = static_cast<std::size_t>(servers);
    speed_ = capacity / servers;
  }
  refill();
  changed();
  sooner_ = true;
}

void Station::add(Time now, std::uint32_t job, double demand) {
  advance(now);
  const Job arrived{demand, job, arrivals_++};
  if (in_service_.size() < servers_) {
    serve(arrived);
    // One more job slows the others down: the alarm they have comes early, never late.
    sooner_ |= in_service_.front().order == arrived.order;
  } else {
    waiting_.push_back(arrived);
  }
  changed();
}

std::optional<Time> Station::alarm() {
  if (answering_ || !sooner_ || in_service_.empty()) return {};
  sooner_ = false;
  const double left = std::max(0.0, in_service_.front().finish - virtual_time_);
  // A thousandth of a nanosecond is what rounding in V may add; it must not cost a whole one.
  const Time done = since_ + sim::from_seconds_up(std::max(0.0, left / rate_ - 1e-12));
  if (done >= alarm_) return {};
  alarm_ = done;
  return done;
}

double Station::work_done(Time now) {
  advance(now);
  return work_;
}

void Station::advance(Time now) {
  if (now == since_) return;
  const double span = sim::seconds(now - since_);
  since_ = now;
  work_ += used_ * span;
  if (in_service_.empty()) {
    virtual_time_ = 0;  // nobody remembers the old one, and small numbers are exact ones
  } else {
    virtual_time_ += rate_ * span;
  }
}

void Station::changed() {
  const auto n = static_cast<double>(in_service_.size());
  if (config_.scheduling == Scheduling::fifo) {
    // After resize() there may be more in service than servers: they share what there is.
    rate_ = in_service_.size() > servers_ ? config_.capacity / n : speed_;
    used_ = reserved_ + n * rate_;
  } else if (in_service_.empty()) {
    rate_ = 0;
    used_ = reserved_;
  } else {
    // The common cases without a division: enough for everybody, or nobody else.
    rate_ = config_.most * n <= config_.capacity ? config_.most
            : in_service_.size() == 1            ? config_.capacity
                                                 : config_.capacity / n;
    used_ = reserved_ + rate_ * n;
  }
}

void Station::serve(Job job) {
  job.finish += virtual_time_;
  in_service_.push_back(job);
  std::push_heap(in_service_.begin(), in_service_.end(), later);
}

void Station::refill() {
  while (first_ < waiting_.size() && in_service_.size() < servers_) {
    serve(waiting_[first_++]);
    if (first_ * 2 > waiting_.size() && first_ > 64) {  // the ring's empty half: amortised O(1)
      waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(first_));
      first_ = 0;
    }
  }
  if (first_ == waiting_.size()) {
    waiting_.clear();
    first_ = 0;
  }
}

std::uint32_t Station::pop() {
  const std::uint32_t job = in_service_.front().number;
  std::pop_heap(in_service_.begin(), in_service_.end(), later);
  in_service_.pop_back();
  refill();
  changed();
  sooner_ = true;
  return job;
}

}  // namespace vm::model
