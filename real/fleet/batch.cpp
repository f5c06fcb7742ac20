#include "real/fleet/batch.hpp"

#include <algorithm>
#include <cmath>

namespace real {

Shares to_shares(const vm::PerResource<double>& utilisation) {
  Shares shares{};
  for (const vm::Resource r : vm::all_resources) {
    const double held = std::fmin(std::fmax(utilisation[r], 0), 1);
    shares[static_cast<std::size_t>(r)] =
        static_cast<std::uint16_t>(std::lround(held * whole_share));
  }
  return shares;
}

vm::PerResource<double> to_utilisation(const Shares& shares) {
  vm::PerResource<double> utilisation;
  for (const vm::Resource r : vm::all_resources) {
    utilisation[r] = static_cast<double>(shares[static_cast<std::size_t>(r)]) / whole_share;
  }
  return utilisation;
}

std::string pack(const Batch& batch) {
  std::vector<std::byte> bytes;
  Packer{bytes}(batch);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

sim::Result<Batch> unpack_batch(std::string_view plain) {
  Batch batch;
  Unpacker unpacker{std::as_bytes(std::span{plain})};
  unpacker(batch);
  if (!unpacker.complete()) return sim::Error{"a batch with too few bytes or too many"};
  if (batch.samples.size() > most_samples) return sim::Error{"a batch of too many samples"};
  if (batch.first > UINT64_MAX / 2) return sim::Error{"samples numbered beyond all reason"};
  std::uint32_t age = UINT32_MAX;
  for (const AgedSample& sample : batch.samples) {
    if (sample.age_ms > age) return sim::Error{"samples that are not in order"};
    age = sample.age_ms;
    if (std::ranges::any_of(sample.shares, [](auto share) { return share > whole_share; })) {
      return sim::Error{"a share above the whole"};
    }
  }
  return batch;
}

}  // namespace real
