// Presence: which of n places are taken, and which taken place comes next. Sixty-four empty places
// are skipped at once.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace vm {

class Presence {
 public:
  /// All of `places` taken.
  void fill(std::size_t places) {
    words_.assign((places + 63) / 64, ~std::uint64_t{0});
    if (places % 64 != 0) words_.back() >>= 64 - places % 64;
  }
  /// None of them.
  void clear(std::size_t places) { words_.assign((places + 63) / 64, 0); }
  void take(std::size_t place) { words_[place / 64] |= bit(place); }
  /// Was it taken?
  bool leave(std::size_t place) {
    const std::uint64_t before = words_[place / 64];
    words_[place / 64] &= ~bit(place);
    return before != words_[place / 64];
  }

  /// The first taken place in [from, end), or end.
  std::size_t next(std::size_t from, std::size_t end) const {
    if (from >= end) return end;
    std::size_t word = from / 64;
    std::uint64_t bits = words_[word] & (~std::uint64_t{0} << (from % 64));
    for (const std::size_t last = (end - 1) / 64; bits == 0;) {
      if (++word > last) return end;
      bits = words_[word];
    }
    const std::size_t place = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
    return place < end ? place : end;
  }

  /// One more than the last taken place in [begin, end), or begin.
  std::size_t previous(std::size_t begin, std::size_t end) const {
    if (begin >= end) return begin;
    std::size_t word = (end - 1) / 64;
    std::uint64_t bits = words_[word] & (~std::uint64_t{0} >> (63 - (end - 1) % 64));
    for (const std::size_t first = begin / 64; bits == 0;) {
      if (word == first) return begin;
      bits = words_[--word];
    }
    const std::size_t after = word * 64 + 64 - static_cast<std::size_t>(std::countl_zero(bits));
    return after > begin ? after : begin;
  }

 private:
  static std::uint64_t bit(std::size_t place) { return std::uint64_t{1} << (place % 64); }
  std::vector<std::uint64_t> words_;
};

}  // namespace vm
