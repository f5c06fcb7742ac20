// Memory: how much of a flavor's memory is held, and memory that is really held.
//
// Transactions hold theirs from the first step to the last, tenants' states are counted although
// they lie on the disk, and a leak holds what it has leaked: as in the simulated world. What does
// not fit is refused.
#pragma once

#include <cstddef>
#include <memory>

#include "real/meter.hpp"

namespace real {

class Memory {
 public:
  Memory(vm::Bytes capacity, Meter& meter) : capacity_(capacity), meter_(meter) {}

  bool try_hold(vm::Bytes size) {
    if (held_ + size > capacity_ && size.count > 0) return false;
    hold(size);
    return true;
  }
  /// For what is there already, whether there is room or not.
  void hold(vm::Bytes size) {
    held_ += size;
    meter_.hold(size);
  }
  void let_go(vm::Bytes size) {
    held_ -= size;
    meter_.let_go(size);
  }
  vm::Bytes left() const { return capacity_ - held_; }

 private:
  vm::Bytes capacity_, held_{};
  Meter& meter_;
};

/// So many bytes, of which every page has been touched.
class Block {
 public:
  Block() = default;
  explicit Block(vm::Bytes size) {
    constexpr std::size_t page = 4096;
    const auto count = static_cast<std::size_t>(size.count);
    if (count == 0) return;
    // Not make_unique: zeroing every byte costs more than the page faults that are wanted.
    bytes_ = std::make_unique_for_overwrite<std::byte[]>(count);
    for (std::size_t at = 0; at < count; at += page) {
      const_cast<volatile std::byte&>(bytes_[at]) = std::byte{1};
    }
  }

 private:
  std::unique_ptr<std::byte[]> bytes_;
};

}  // namespace real
