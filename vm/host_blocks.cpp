#include "vm/host_blocks.hpp"

#include <limits>

// Compiled for each width of vectors, of which the program takes the widest that the processor has:
// the results are the same to the last bit. A program under the thread sanitizer can't start with
// that choice.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FOR_EACH_VECTOR_WIDTH
#endif
#endif
#if !defined(FOR_EACH_VECTOR_WIDTH) && defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
#define FOR_EACH_VECTOR_WIDTH [[gnu::target_clones("default", "avx2", "avx512f")]]
#elif !defined(FOR_EACH_VECTOR_WIDTH)
#define FOR_EACH_VECTOR_WIDTH
#endif

namespace vm {
namespace {

/// As the processor compares many at once.
double smaller(double a, double b) {
  return a < b ? a : b;
}
double larger(double a, double b) {
  return a < b ? b : a;
}

}  // namespace

void HostBlocks::clear(std::size_t places) {
  blocks_.resize((places + width - 1) / width);
  for (Block& block : blocks_) {
    block = {};
    block.watts.fill(nobody);
    block.host.fill(no_choice.host);
  }
  presence_.clear(blocks_.size() * width);
}

void HostBlocks::put(Place place, const MeasuredHost& host) {
  Block& block = blocks_[place / width];
  const std::size_t at = place % width;
  block.allocated[at] = host.allocated;
  block.free[at] = host.free;
  block.room[at] = host.room;
  block.host[at] = host.host;
  take(place, host.watts);
}

/// By the operations of PowerCurve::at. Written as loops without jumps, which the compiler turns
/// into vector instructions.
FOR_EACH_VECTOR_WIDTH
bool HostBlocks::price(const Block& block, const PriceLine& by, double most, Costs& costs) {
  const PriceLine line = by;  // copies: what might be the same memory would be read again and again
  most = smaller(most, std::numeric_limits<double>::max());  // nobody costs more than that
  std::array<double, width> price, margin;
  for (std::size_t i = 0; i < width; ++i) {
    const double grown =
        line.watts +
        line.rise * ((block.allocated[i] + line.demand) / line.capacity - line.origin) * 100;
    price[i] = grown - block.watts[i];
    const double inside = smaller(block.allocated[i] - line.low, line.high - block.allocated[i]);
    const double fits = smaller(block.free[i] - line.demand, block.room[i] - line.weight);
    margin[i] = smaller(smaller(inside, fits), most - price[i]);
  }
  std::array<double, width / 2> wider;
  for (std::size_t i = 0; i < width / 2; ++i) wider[i] = larger(margin[i], margin[i + width / 2]);
  if (larger(larger(wider[0], wider[1]), larger(wider[2], wider[3])) < 0) return false;
  for (std::size_t i = 0; i < width; ++i)
    costs[i] = margin[i] >= 0 ? price[i] : std::numeric_limits<double>::quiet_NaN();
  return true;
}

}  // namespace vm
