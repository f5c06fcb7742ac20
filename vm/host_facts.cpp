#include "vm/host_facts.hpp"

#include <algorithm>

namespace vm {

void UsageHistory::begin_instant() {
  if (head_ == 0) {
    const std::size_t keep = std::min(length_, most_ - 1);
    for (std::size_t vm = 0; vm < vms_; ++vm) {
      const auto first = samples_.begin() + static_cast<std::ptrdiff_t>(vm * width_);
      std::copy_backward(first, first + static_cast<std::ptrdiff_t>(keep),
                         first + static_cast<std::ptrdiff_t>(width_));
    }
    head_ = width_ - keep;
  }
  --head_;
  length_ = std::min(length_ + 1, most_);
}

}  // namespace vm
