// SampleLog: all samples of all machines in the order of their time, and the fleet at any instant.
//
// Playing forward costs the rows between two frames. A jump goes to the last key frame before the
// instant and on from there: it holds for each machine the number of its last row before it. Key
// frames stand so far apart that they cost two bytes a row at most. One machine's series is
// gathered from all rows in slices, since nobody knows beforehand which of a hundred thousand will
// be asked for.
//
// Rows live in blocks that never move, so that the ten-millionth costs what the first did.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "viz/model/run_view.hpp"
#include "vm/observation.hpp"

namespace viz::model {

class SampleLog {
 public:
  struct Row {
    Time at;
    std::uint32_t machine = 0;
    std::array<float, vm::resource_count> use{};
    std::uint32_t transactions = 0, tenants = 0;
  };
  static constexpr std::uint32_t none = 0xffffffffu;

  /// Requires the time never to go back; at most 2^32 - 1 rows.
  void append(const vm::SampleRow& row);

  std::uint32_t size() const { return size_; }
  const Row& operator[](std::uint32_t index) const {
    return (*blocks_[index / block_rows])[index % block_rows];
  }
  /// Rows whose time is not after `at`. O(log n).
  std::uint32_t rows_until(Time at) const;

  /// For each machine, the number of its last row not after `at`, or `none`.
  ///
  ///   last   the answer to an earlier call with this log, which makes what follows cheap, or empty
  ///   done   rows that it already takes into account; set to those it does now
  void seek(Time at, std::vector<std::uint32_t>& last, std::uint32_t& done) const;

  std::size_t memory() const;

 private:
  static constexpr std::uint32_t block_rows = 1u << 16;
  using Block = std::array<Row, block_rows>;
  struct KeyFrame {
    std::uint32_t row = 0;            // the first one behind it
    std::vector<std::uint32_t> last;  // by machine, before that row
  };
  void apply(std::uint32_t from, std::uint32_t to, std::vector<std::uint32_t>& last) const;

  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<KeyFrame> keys_;
  std::uint32_t size_ = 0;
  std::vector<std::uint32_t> newest_;  // by machine
};

}  // namespace viz::model
