// RandomStream: one independent, named source of chance for each thing that needs one.
//
// A stream is a function of (seed, purpose, index) alone, so a new client or a new model does not
// shift the draws of anyone else, and one transaction has the same demands under every policy.
// Distributions are written out (sim/distributions.hpp): those of <random> differ between standard
// libraries.
//
// Source: Blackman and Vigna, Scrambled linear pseudorandom number generators (2021), xoshiro256++;
// seeded by splitmix64 as its authors advise.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

namespace sim {

/// One step of splitmix64: advances `x` and returns 64 well-mixed bits. Good for hashing numbers.
constexpr std::uint64_t splitmix(std::uint64_t& x) {
  std::uint64_t z = (x += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

class RandomStream {
 public:
  /// The key of a purpose under a seed; the stream of `index` is RandomStream{key, index}. Kept
  /// apart so that a stream for each of a billion transactions costs no string.
  static constexpr std::uint64_t key(std::uint64_t seed, std::string_view purpose) {
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (const char c : purpose) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    std::uint64_t x = seed;
    const std::uint64_t mixed = splitmix(x);
    return mixed ^ hash;
  }

  constexpr RandomStream(std::uint64_t key, std::uint64_t index) {
    std::uint64_t x = key;
    x = splitmix(x) ^ (index * 0xd1342543de82ef95u);
    for (auto& word : state_) word = splitmix(x);
  }
  constexpr RandomStream(std::uint64_t seed, std::string_view purpose, std::uint64_t index = 0)
      : RandomStream(key(seed, purpose), index) {}

  constexpr std::uint64_t bits() {
    const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// Uniform in [0, 1), 53 random bits.
  constexpr double uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }

  /// Uniform in (0, 1]: safe to take the logarithm of.
  constexpr double uniform_positive() {
    return static_cast<double>((bits() >> 11) + 1) * 0x1.0p-53;
  }

  /// Uniform in [0, n), without the bias of a remainder beyond n / 2^64. Requires n > 0.
  constexpr std::uint64_t below(std::uint64_t n) {
    __extension__ using Wide = unsigned __int128;  // the high half of a 64 x 64 bit product
    return static_cast<std::uint64_t>((static_cast<Wide>(bits()) * n) >> 64);
  }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace sim
