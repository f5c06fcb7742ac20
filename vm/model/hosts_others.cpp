// Hosts: memory, disk and network, where the trace tells them, and who is above 98 % of anything.
#include <algorithm>

#include "vm/model/hosts.hpp"

namespace vm::model {

void Hosts::look_up_others(VmIndex v, std::size_t at) {
  const std::size_t last = traces_.length - 1;
  const auto* trace = traces_.others.data() + v % traces_.size() * traces_.length;
  const OtherUse &from = trace[std::min(at, last)], &to = trace[std::min(at + 1, last)];
  const OtherUse unit{vm_facts_[v].memory, 1, 1};
  for (std::size_t r = 0; r < unit.size(); ++r) {
    other_lines_[v].base[r] = from[r] * unit[r];
    other_lines_[v].slope[r] = (to[r] - from[r]) * unit[r] / traces_.step;
  }
}

OtherUse Hosts::other_use(HostIndex host) const {
  OtherUse use{};
  if (traces_.others.empty()) return use;
  const HostKind& kind = center_.host_kinds[host_facts_[host].kind];
  const OtherUse capacity{kind.memory, kind.disk, kind.network};
  for (const VmIndex v : host_facts_[host].vms)
    for (std::size_t r = 0; r < use.size(); ++r)
      if (capacity[r] > 0 && vms_[v].home == host) use[r] += vm_others_[v][r] / capacity[r];
  return use;
}

OtherUse Hosts::other_use_mean(HostIndex host) const {
  OtherUse mean{};
  if (others_.empty() || others_[host].intervals == 0) return mean;
  for (std::size_t r = 0; r < mean.size(); ++r)
    mean[r] = others_[host].sum[r] / others_[host].intervals;
  return mean;
}

OtherUse Hosts::other_use_max(HostIndex host) const {
  return others_.empty() ? OtherUse{} : others_[host].highest;
}

/// Who went above 98 % of anything since the interval before?
void Hosts::judge_thresholds() {
  constexpr double threshold = 0.98;
  for (const HostIndex h : active_) {
    const OtherUse use = other_use(h);
    const bool above = host_facts_[h].utilisation > threshold ||
                       *std::max_element(use.begin(), use.end()) > threshold;
    if (above && !hosts_[h].above) ++outcome_.threshold_failures;
    hosts_[h].above = above;
    if (others_.empty()) continue;
    Others& others = others_[h];
    ++others.intervals;
    for (std::size_t r = 0; r < use.size(); ++r) {
      others.sum[r] += use[r];
      others.highest[r] = std::max(others.highest[r], use[r]);
    }
  }
}

}  // namespace vm::model
