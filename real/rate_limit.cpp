#include "real/rate_limit.hpp"

#include <algorithm>

#include <sodium.h>

#include "sim/check.hpp"

namespace real {

static_assert(crypto_shorthash_KEYBYTES == 16 && crypto_shorthash_BYTES == sizeof(std::uint64_t));

RateLimit::RateLimit(Config config)
    : config_(config), buckets_(config.slots, Bucket{config.burst, sim::Time{}}) {
  SIM_CHECK(config.per_second > 0 && config.burst >= 1 && config.slots > 0);
  SIM_CHECK(sodium_init() >= 0);
  randombytes_buf(secret_.data(), secret_.size());
}

sim::Duration RateLimit::take(std::string_view key, sim::Time now) {
  std::uint64_t hash = 0;
  crypto_shorthash(reinterpret_cast<unsigned char*>(&hash),
                   reinterpret_cast<const unsigned char*>(key.data()), key.size(), secret_.data());
  Bucket& bucket = buckets_[hash % buckets_.size()];
  const double gained = sim::seconds(now - bucket.at) * config_.per_second;
  bucket.tokens = std::min(config_.burst, bucket.tokens + std::max(0.0, gained));
  bucket.at = now;
  if (bucket.tokens < 1) return sim::from_seconds_up((1 - bucket.tokens) / config_.per_second);
  bucket.tokens -= 1;
  return {};
}

}  // namespace real
