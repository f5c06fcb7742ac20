// Any bytes as the plain text of a sealed body: never a crash; what is read is written to the same.
#include <cstdint>

#include "real/fleet/batch.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view plain{reinterpret_cast<const char*>(data), size};
  const auto batch = real::unpack_batch(plain);
  if (!batch) return 0;
  if (real::pack(*batch) != plain) __builtin_trap();
  for (const real::AgedSample& sample : batch->samples) {
    if (real::to_shares(real::to_utilisation(sample.shares)) != sample.shares) __builtin_trap();
  }
  return 0;
}
