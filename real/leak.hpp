// Leak: memory that goes and does not come back, at so many bytes a second, until there is none.
#pragma once

#include <vector>

#include "real/asio.hpp"
#include "real/memory.hpp"
#include "real/now.hpp"

namespace real {

class Leak {
 public:
  Leak(asio::io_context& io, Memory& memory) : timer_(io), memory_(memory) {}

  /// From now on; 0 ends it, and what has leaked stays so.
  void at_rate(double bytes_per_second) {
    rate_ = bytes_per_second;
    since_ = now();
    timer_.cancel();
    if (rate_ > 0) drip();
  }

 private:
  void drip() {
    timer_.expires_after(std::chrono::milliseconds{100});
    timer_.async_wait([this](boost::system::error_code cancelled) {
      if (cancelled) return;
      const double due = owed_ + rate_ * sim::seconds(now() - since_);
      since_ = now();
      const vm::Bytes size{std::min(static_cast<std::int64_t>(due), memory_.left().count)};
      owed_ = due - static_cast<double>(static_cast<std::int64_t>(due));
      if (size.count > 0) {
        memory_.hold(size);
        lost_.emplace_back(size);
      }
      drip();
    });
  }

  asio::steady_timer timer_;
  Memory& memory_;
  std::vector<Block> lost_;
  double rate_ = 0, owed_ = 0;
  vm::Time since_{};
};

}  // namespace real
