#include "real/pacer.hpp"

#include <algorithm>

#include "real/now.hpp"

namespace real {

Pacer::Pacer(asio::io_context& io, vm::BytesPerSecond rate, vm::Scheduling scheduling, Done done)
    : rate_(rate.value),
      core_(rate, scheduling),
      done_(std::move(done)),
      timer_(io),
      self_(std::make_shared<Pacer*>(this)) {}

Pacer::~Pacer() {
  *self_ = nullptr;
}

void Pacer::add(std::uint32_t step, double bytes) {
  core_.add(now(), step, bytes);
  wait();
}

void Pacer::cancel(std::uint32_t step) {
  core_.cancel(now(), step);
  wait();
}

void Pacer::reserve(double bytes_per_second) {
  reserved_ += bytes_per_second;
  core_.resize(now(), {std::max(rate_ - reserved_, rate_ / 8)});
  wait();
}

void Pacer::wait() {
  const vm::Time at = core_.alarm();
  if (at == armed_) return;
  armed_ = at;
  if (at == sim::never) {
    timer_.cancel();
    return;
  }
  const auto span = std::max(vm::Duration{}, at == vm::Time::min() ? vm::Duration{} : at - now());
  timer_.expires_after(std::chrono::nanoseconds{span.count()});
  timer_.async_wait([self = self_](boost::system::error_code cancelled) {
    if (!cancelled && *self != nullptr) (*self)->fire();
  });
}

void Pacer::fire() {
  armed_ = sim::never;
  const auto self = self_;
  for (const std::uint32_t step : core_.due(now())) {
    done_(step);
    if (*self == nullptr) return;
  }
  wait();
}

}  // namespace real
