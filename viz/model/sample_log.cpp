#include "viz/model/sample_log.hpp"

#include <algorithm>

#include "sim/check.hpp"

namespace viz::model {

void SampleLog::append(const vm::SampleRow& row) {
  SIM_CHECK(size_ == 0 || row.at >= (*this)[size_ - 1].at);
  SIM_CHECK(size_ < none);
  if (size_ % block_rows == 0) blocks_.push_back(std::make_unique_for_overwrite<Block>());
  const std::size_t apart = std::max<std::size_t>(4096, 2 * newest_.size());
  if (keys_.empty() || size_ - keys_.back().row >= apart) keys_.push_back({size_, newest_});
  const std::uint32_t machine = row.machine.value;
  Row& stored = (*blocks_.back())[size_ % block_rows];
  stored = {row.at, machine, {}, row.sample.transactions, row.sample.tenants};
  for (const Resource r : vm::all_resources)
    stored.use[static_cast<std::size_t>(r)] = static_cast<float>(row.sample.utilisation[r]);
  if (machine >= newest_.size()) newest_.resize(machine + std::size_t{1}, none);
  newest_[machine] = size_++;
}

std::uint32_t SampleLog::rows_until(Time at) const {
  const auto later_block = std::ranges::upper_bound(
      blocks_, at, {}, [](const auto& block) { return block->front().at; });
  if (later_block == blocks_.begin()) return 0;
  const auto number = static_cast<std::uint32_t>(later_block - blocks_.begin()) - 1;
  const Block& rows = *blocks_[number];
  const std::uint32_t filled = std::min(block_rows, size_ - number * block_rows);
  const auto end = std::upper_bound(rows.begin(), rows.begin() + filled, at,
                                    [](Time t, const Row& row) { return t < row.at; });
  return number * block_rows + static_cast<std::uint32_t>(end - rows.begin());
}

void SampleLog::apply(std::uint32_t from, std::uint32_t to,
                      std::vector<std::uint32_t>& last) const {
  last.resize(std::max(last.size(), newest_.size()), none);
  for (std::uint32_t i = from; i < to; ++i) last[(*this)[i].machine] = i;
}

void SampleLog::seek(Time at, std::vector<std::uint32_t>& last, std::uint32_t& done) const {
  const std::uint32_t wanted = rows_until(at);
  if (wanted == size_) {
    last = newest_;
    done = wanted;
    return;
  }
  // On from the last answer, or from the key frame, whichever is nearer.
  const auto behind = std::ranges::upper_bound(keys_, wanted, {}, &KeyFrame::row);
  if (behind != keys_.begin() && (last.empty() || done > wanted || done < (behind - 1)->row)) {
    last = (behind - 1)->last;
    done = (behind - 1)->row;
  }
  apply(done, wanted, last);
  done = wanted;
}

std::size_t SampleLog::memory() const {
  std::size_t bytes = blocks_.size() * sizeof(Block) + newest_.capacity() * sizeof(std::uint32_t);
  for (const KeyFrame& key : keys_)
    bytes += sizeof key + key.last.capacity() * sizeof(std::uint32_t);
  return bytes;
}

}  // namespace viz::model
