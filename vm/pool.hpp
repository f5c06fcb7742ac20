// Pool: slots that are named by index and reused, last freed first, so the ones in use stay in the
// cache and a warm run allocates nothing.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/check.hpp"

namespace vm {

template <class Slot>
class Pool {
 public:
  /// A slot as if newly made. Amortised O(1); allocates only while the number in use grows.
  std::uint32_t take() {
    ++used_;
    if (free_.empty()) {
      SIM_CHECK(slots_.size() < 0xffffffffu);
      slots_.emplace_back();
      taken_.push_back(true);
      return static_cast<std::uint32_t>(slots_.size() - 1);
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    slots_[index] = Slot{};
    taken_[index] = true;
    return index;
  }
  void give_back(std::uint32_t index) {
    SIM_CHECK(taken_[index]);
    taken_[index] = false;
    free_.push_back(index);
    --used_;
  }

  Slot& operator[](std::uint32_t index) { return slots_[index]; }
  const Slot& operator[](std::uint32_t index) const { return slots_[index]; }
  std::size_t used() const { return used_; }
  /// Slots there are, in use or free: every index that take() ever gave is below.
  std::size_t size() const { return slots_.size(); }

  /// Calls visit(index, slot) for each slot in use, by index.
  template <class Visit>
  void for_each(Visit visit) {
    for (std::uint32_t i = 0; i < slots_.size(); ++i) {
      if (taken_[i]) visit(i, slots_[i]);
    }
  }

 private:
  std::vector<Slot> slots_;
  std::vector<std::uint8_t> taken_;
  std::vector<std::uint32_t> free_;
  std::size_t used_ = 0;
};

}  // namespace vm
