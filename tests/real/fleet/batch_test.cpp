// The plain text of what agents send.
#include "real/fleet/batch.hpp"

#include <cmath>

#include <catch2/catch.hpp>

using namespace real;

namespace {

Batch three_samples() {
  return {.session = 1'700'000'000'000'000'000u,
          .uptime_s = 3600,
          .first = 41,
          .samples = {{2000, {9800, 1, 2, 3}}, {1000, {10'000, 0, 0, 0}}, {0, {0, 0, 0, 10'000}}}};
}

}  // namespace

TEST_CASE("batch: what is packed is unpacked, in twelve bytes a sample") {
  const Batch batch = three_samples();
  const std::string plain = pack(batch);
  CHECK(plain.size() == 3 * 8 + 4 + 3 * 12);
  const auto again = unpack_batch(plain);
  REQUIRE(again);
  CHECK(again->session == batch.session);
  CHECK(again->uptime_s == 3600);
  CHECK(again->first == 41);
  REQUIRE(again->samples.size() == 3);
  CHECK(again->samples[0].age_ms == 2000);
  CHECK(again->samples[0].shares == Shares{9800, 1, 2, 3});
  CHECK(unpack_batch(pack({.session = 5})));  // none, only a sign of life
}

TEST_CASE("batch: bytes that make no sense give a reason and nothing else") {
  const std::string plain = pack(three_samples());
  for (std::size_t size = 0; size < plain.size(); ++size) {
    CHECK_FALSE(unpack_batch(plain.substr(0, size)));
  }
  CHECK_FALSE(unpack_batch(plain + "x"));
  Batch batch = three_samples();
  batch.samples[1].age_ms = 2001;
  CHECK_FALSE(unpack_batch(pack(batch)));
  batch = three_samples();
  batch.samples[2].shares[3] = 10'001;
  CHECK_FALSE(unpack_batch(pack(batch)));
  batch = three_samples();
  batch.first = UINT64_MAX - 1;  // its last number would be 0
  CHECK_FALSE(unpack_batch(pack(batch)));
  batch = three_samples();
  batch.samples.resize(most_samples + 1);
  for (auto& sample : batch.samples) sample.age_ms = 0;
  CHECK_FALSE(unpack_batch(pack(batch)));
}

TEST_CASE("batch: shares are the nearest ten-thousandth, and never outside the whole") {
  CHECK(to_shares({{0.98, 0.123449, 0.12345, 1}}) == Shares{9800, 1234, 1235, 10'000});
  CHECK(to_shares({{-3, 7, std::nan(""), INFINITY}}) == Shares{0, 10'000, 0, 10'000});
  CHECK(to_utilisation({9800, 0, 5000, 10'000}).values == std::array{0.98, 0.0, 0.5, 1.0});
}
