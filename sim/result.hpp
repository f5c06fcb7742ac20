// Result<T>: a value, or the reason there is none. For bytes that we did not write ourselves; our
// own mistakes are SIM_CHECKs, and what the environment refuses is an exception.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "sim/check.hpp"

namespace sim {

struct Error {
  std::string what;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return held_.index() == 0; }
  T& operator*() {
    SIM_CHECK(*this);
    return *std::get_if<0>(&held_);
  }
  const T& operator*() const {
    SIM_CHECK(*this);
    return *std::get_if<0>(&held_);
  }
  T* operator->() { return &**this; }
  const T* operator->() const { return &**this; }
  const std::string& error() const {
    SIM_CHECK(!*this);
    return std::get_if<1>(&held_)->what;
  }

 private:
  std::variant<T, Error> held_;
};

}  // namespace sim
