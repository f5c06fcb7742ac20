// Fingerprint: 64 bits that stand for a whole run. Two runs with the same one fired the same events
// at the same times in the same order. FNV-1a over eight-byte words: one multiplication a word, and
// no word can be swapped with its neighbour unnoticed.
#pragma once

#include <cstdint>

#include "sim/units.hpp"

namespace sim {

class Fingerprint {
 public:
  constexpr void add(std::uint64_t word) { hash_ = (hash_ ^ word) * 0x100000001b3u; }
  constexpr void add(Time when) {
    add(static_cast<std::uint64_t>(when.time_since_epoch().count()));
  }
  constexpr std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325u;
};

}  // namespace sim
