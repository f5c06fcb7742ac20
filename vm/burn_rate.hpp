// BurnRate: how fast an error budget is spent, over a short and a long window.
//
// An objective of 99.9 % affords one bad outcome in a thousand; burning at rate 1 spends exactly
// that, at 14.4 thirty days' worth in fifty hours. Counts are integers, so windows slide without
// rounding. A window in which nothing happened burns nothing.
//
// Source: Beyer et al., The Site Reliability Workbook (2018), chapter 5, multiwindow alerts.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "vm/scenario.hpp"

namespace vm {

class BurnRate {
 public:
  /// Without an objective there is nothing to count: add() must not be called then.
  BurnRate(const std::optional<AvailabilityObjective>& objective, Duration sample)
      : affordable_(objective ? 1 - objective->objective : 1),
        short_{objective ? objective->short_window : sample},
        long_{objective ? std::max(objective->long_window, objective->short_window) : sample},
        ring_(static_cast<std::size_t>(long_.span / sample) + 2) {}

  /// Outcomes of the sample interval that ends now. O(1), no allocation.
  void add(Time now, std::uint64_t good, std::uint64_t bad) {
    if (next_ == 0) since_ = now;
    if (next_ - long_.first == ring_.size()) drop(long_);  // told more often than agreed
    if (short_.first < long_.first) drop(short_, long_.first);
    ring_[next_++ % ring_.size()] = {now, good, bad};
    for (Window* window : {&short_, &long_}) {
      window->good += good;
      window->bad += bad;
      while (ring_[window->first % ring_.size()].end <= now - window->span) drop(*window);
    }
  }

  double short_rate() const { return rate(short_); }
  double long_rate() const { return rate(long_); }

  /// Whether counts have come in for a whole short window.
  bool warm(Time now, Duration sample) const {
    return next_ > 0 && now - since_ + sample >= short_.span;
  }

 private:
  struct Count {
    Time end;
    std::uint64_t good = 0, bad = 0;
  };
  struct Window {
    Duration span{};
    std::uint64_t first = 0;  // its oldest count, numbered from the start of the run
    std::uint64_t good = 0, bad = 0;
  };

  void drop(Window& window) const {
    const Count& oldest = ring_[window.first++ % ring_.size()];
    window.good -= oldest.good;
    window.bad -= oldest.bad;
  }
  void drop(Window& window, std::uint64_t until) const {
    while (window.first < until) drop(window);
  }
  double rate(const Window& window) const {
    const auto all = static_cast<double>(window.good + window.bad);
    return all > 0 ? static_cast<double>(window.bad) / all / affordable_ : 0;
  }

  double affordable_;
  Window short_, long_;
  std::vector<Count> ring_;
  std::uint64_t next_ = 0;
  Time since_;  // end of the first count
};

}  // namespace vm
