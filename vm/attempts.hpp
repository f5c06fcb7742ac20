// Attempts: numbers for orders and timers, and what each number is about until it is settled.
//
// An answer or a timer whose number is not open any more is late, repeated or foreign, and is
// ignored. Numbers are never used twice.
#pragma once

#include <map>

#include "vm/entities.hpp"

namespace vm {

class Attempts {
 public:
  enum class About : std::uint8_t { migration, restore, replica, boot, loads, cooldown };
  struct Subject {
    About about;
    std::uint32_t index;  // a tenant for the first three, a failover for loads, else a machine
  };

  Attempt open(About about, std::uint32_t index) {
    const Attempt attempt{next_++};
    open_.emplace(attempt, Subject{about, index});
    return attempt;
  }

  /// No answer is awaited any more. Harmless for one that is not open.
  void close(Attempt attempt) { open_.erase(attempt); }

  /// nullptr unless open. Valid until that attempt is closed.
  const Subject* find(Attempt attempt) const {
    const auto found = open_.find(attempt);
    return found == open_.end() ? nullptr : &found->second;
  }

 private:
  std::map<Attempt, Subject> open_;
  std::uint32_t next_ = 1;  // 0 is never open: "no attempt" in those who hold one
};

}  // namespace vm
