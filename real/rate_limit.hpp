// Rate limit: so many attempts a second for each key (an address, an account), with a burst.
//
// One token bucket a key, in a table of fixed size: keys that fall into one slot share its bucket.
// The slot is a keyed hash, so nobody can choose names that use up somebody else's attempts, and no
// flood of names makes the table grow.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "sim/units.hpp"

namespace real {

class RateLimit {
 public:
  struct Config {
    double per_second = 1;     // > 0
    double burst = 10;         // >= 1: attempts that a key has at first, and at most
    std::size_t slots = 1024;  // 16 bytes each
  };

  explicit RateLimit(Config config);

  /// Takes one attempt of `key`.
  ///
  ///   now      never earlier than at the call before
  ///   returns  zero when there was one; else how long until there is, and nothing was taken
  sim::Duration take(std::string_view key, sim::Time now);

 private:
  struct Bucket {
    double tokens = 0;
    sim::Time at;
  };

  Config config_;
  std::array<unsigned char, 16> secret_{};
  std::vector<Bucket> buckets_;
};

}  // namespace real
