// Meter: the small file in which a node says how much it has served, and the agent reads it.
//
// One page of 64-bit counters in the node's directory. The node maps it and counts with plain
// atomic adds, which cost a few nanoseconds and no system call; the agent reads it with one pread,
// so a file that is cut short under it is an error and not a SIGBUS. Served bytes only grow; held
// memory, transactions and tenants go up and down. Each word is whole by itself; two words may be a
// moment apart. A node that starts anew begins with zeros: counters.hpp takes the fall for what it
// is.
//
//   word 0  magic "brinkmtr", written last      3  bytes the disk served    6  tenants living here
//   word 1  version                             4  bytes the network served
//   word 2  memory held, bytes                  5  transactions in service
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "real/posix.hpp"
#include "sim/result.hpp"
#include "vm/entities.hpp"

namespace real {

inline constexpr const char* meter_file = "meter";

/// The node's side. Any thread may count.
class Meter {
 public:
  /// Creates the file in `directory`, or begins it anew. Throws std::system_error.
  explicit Meter(const std::filesystem::path& directory);
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  void hold(vm::Bytes size) { add(held, size.count); }
  void let_go(vm::Bytes size) { add(held, -size.count); }
  void disk_served(vm::Bytes size) { add(disk, size.count); }
  void network_served(vm::Bytes size) { add(network, size.count); }
  void transaction_began() { add(transactions, 1); }
  void transaction_ended() { add(transactions, -1); }
  void tenants_are(std::uint32_t count) {
    words()[tenants].store(count, std::memory_order_relaxed);
  }

 private:
  friend class MeterReader;
  enum Word : std::size_t {
    magic,
    version,
    held,
    disk,
    network,
    transactions,
    tenants,
    word_count
  };
  static constexpr std::uint64_t magic_value = 0x72746d6b6e697262;  // "brinkmtr", little-endian
  static constexpr std::uint64_t version_value = 1;
  using Words = std::array<std::atomic<std::uint64_t>, word_count>;
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

  Words& words() const { return *static_cast<Words*>(page_.get()); }
  void add(Word word, std::int64_t by) {
    words()[word].fetch_add(static_cast<std::uint64_t>(by), std::memory_order_relaxed);
  }

  struct Unmap {
    void operator()(void* page) const noexcept;
  };
  std::unique_ptr<void, Unmap> page_;
};

struct MeterReading {
  std::uint64_t held = 0;          // bytes
  std::uint64_t disk = 0;          // bytes served since the node began
  std::uint64_t network = 0;       // the same
  std::uint64_t transactions = 0;  // in service
  std::uint64_t tenants = 0;
};

/// The agent's side: the file is opened at the first reading that finds it, and again when the node
/// has put a new one in its place.
class MeterReader {
 public:
  explicit MeterReader(const std::filesystem::path& directory) : path_(directory / meter_file) {}

  /// Refused while there is no meter, or a file that is none.
  sim::Result<MeterReading> read();

 private:
  std::filesystem::path path_;
  Descriptor file_;
};

}  // namespace real
