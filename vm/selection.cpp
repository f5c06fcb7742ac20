#include "vm/selection.hpp"

#include <algorithm>

namespace vm {
namespace {

/// How many of `loads`, hottest first, make up the hottest half.
std::size_t hottest_half(const std::vector<LoadsReported::Load>& loads) {
  double total = 0;
  for (const auto& load : loads) total += load.cpu;
  if (loads.size() < 2) return 0;
  if (!(total > 0)) return loads.size() / 2;
  double sum = 0;
  std::size_t n = 0;
  while (n + 1 < loads.size() && 2 * sum < total) sum += loads[n++].cpu;
  return n;
}

}  // namespace

std::vector<TenantId> select(FailoverPolicy policy, std::vector<LoadsReported::Load> loads,
                             Bytes room) {
  if (policy == FailoverPolicy::none) return {};
  std::sort(loads.begin(), loads.end(), [](const auto& a, const auto& b) {
    return a.cpu != b.cpu ? a.cpu > b.cpu : a.tenant < b.tenant;
  });
  if (policy == FailoverPolicy::split) loads.resize(hottest_half(loads));

  std::vector<TenantId> chosen;
  for (const auto& load : loads) {
    if (load.state > room) continue;
    room -= load.state;
    chosen.push_back(load.tenant);
  }
  return chosen;
}

}  // namespace vm
