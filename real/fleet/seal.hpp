// Seal: what an agent sends to its collector, and what it is told back, under a key of their own.
//
//   body   version (1) | counter u64, big endian | nonce (24) | ciphertext and tag
//
// XChaCha20-Poly1305; version, counter and the name under which it is sent are authenticated with
// it, so a body cannot be shown under another name or with another counter. The counter of a sender
// grows with each body and begins at the time of its start, in ns since 1970: it is beyond those of
// his last life without being kept anywhere. Who opens a body holds the counter against the last
// one he took: the same body shown twice is not new.
//
// The answer is sealed in the same way under the name "NAME/answer" and with the counter that it
// answers. So nobody in between can make an agent believe that something was stored.
//
//   source  RFC 8439; draft-irtf-cfrg-xchacha-03 for the long nonce, which may be drawn at random
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "real/secret_file.hpp"
#include "sim/result.hpp"

namespace real {

/// Bytes by which a body is longer than its plain text.
inline constexpr std::size_t seal_overhead = 1 + 8 + 24 + 16;

struct Opened {
  std::uint64_t counter = 0;
  std::string plain;
};

/// The body that only who has `key` can make, and only under this name and counter.
///
///   cost  about 2 us and 1 ns for each byte
std::string seal(const Key& key, std::string_view name, std::uint64_t counter,
                 std::string_view plain);

/// The plain text of a body, or why there is none. Nothing of a body that was tampered with, cut,
/// or meant for another name comes out.
sim::Result<Opened> open_sealed(const Key& key, std::string_view name, std::string_view body);

/// What a collector says to a body that it could open.
struct SealedAnswer {
  bool stored = false;     // else the counter was not beyond `last`
  std::uint64_t last = 0;  // the largest counter stored of this agent
};
std::string seal_answer(const Key& key, std::string_view name, std::uint64_t counter,
                        const SealedAnswer& answer);
/// None where it is not this collector's answer to this counter.
sim::Result<SealedAnswer> open_answer(const Key& key, std::string_view name, std::uint64_t counter,
                                      std::string_view body);

}  // namespace real
