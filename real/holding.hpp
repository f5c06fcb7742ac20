// Holding: one copy of one tenant's state in a node's store.
//
// A node may hold two copies of a tenant for a while, the second one that it keeps for others and
// the one that a migration is bringing, so rows belong to a holding's slot and not to the tenant.
//
//   incoming ── TakeOver, Restore ──> owner ── Fence ──> fenced ── rows erased
//   incoming ── CopyEnd ──> replica ── Restore ──> owner
//   any ── not needed any more ──> dropped ── rows erased ──> gone
//
// What is a replica when the node starts has missed what came meanwhile and is dropped. What is
// incoming then nobody goes on with, but it may be what its tenant was to be taken over from.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "vm/entities.hpp"
#include "vm/ledger.hpp"

namespace real {

/// A tenant's sequences: the load engine's from 0, those of people and tools (api.hpp) from here, so
/// that neither is taken for the other's.
inline constexpr std::uint64_t people_begin = std::uint64_t{1} << 38;
/// Where a tenant's initial state begins: filler rows, no transaction's.
inline constexpr std::uint64_t filler_begin = std::uint64_t{1} << 39;
inline constexpr std::uint64_t sequence_end = std::uint64_t{1} << 40;
/// Rows are numbered slot << 40 | sequence, in 63 bits.
inline constexpr std::uint32_t slot_end = 1u << 23;

using Slot = std::uint32_t;

enum class Standing : std::uint8_t { incoming, owner, replica, fenced, dropped };

/// A number for one row, contents included. Their sum over the rows modulo 2^64 says whether two
/// copies are alike, whatever the order in which they were filled.
inline std::uint64_t hash_of_row(std::uint64_t sequence, std::string_view value) {
  constexpr std::uint64_t odd = 0x9fb21c651e98df25u;
  std::uint64_t hash = (sequence + 1) * odd ^ value.size();
  const auto mix = [&](std::uint64_t word) {
    hash = (hash ^ word) * odd;
    hash ^= hash >> 29;
  };
  std::size_t at = 0;
  for (; at + 8 <= value.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, value.data() + at, 8);
    mix(word);
  }
  std::uint64_t tail = 0;
  if (at < value.size()) std::memcpy(&tail, value.data() + at, value.size() - at);
  mix(tail);
  mix(odd);
  return hash;
}

/// What a holding's rows amount to, kept up with every change in the same transaction.
struct Figures {
  vm::Digest applied;          // of the writes, as counted when they were applied
  std::uint64_t rows = 0;      // filler included
  std::uint64_t contents = 0;  // sum of hash_of_row
  vm::Bytes bytes{};           // of all values
  bool operator==(const Figures&) const = default;
};

struct Holding {
  Slot slot = 0;
  vm::TenantId tenant{};
  vm::Epoch epoch = 0;  // of this ownership; of the new one when fenced
  Standing standing = Standing::incoming;
  vm::Bytes keep{};         // bytes never grow beyond this; 0: no limit
  std::string new_owner{};  // host:port, when fenced
};

}  // namespace real
