// Hosts: memory, disk and network, where the trace tells them, and who is above 98 % of anything.
#include <algorithm>
#include <array>

#include "vm/model/hosts.hpp"

namespace vm::model {

void Hosts::look_up_others(VmIndex v, std::size_t at) {
  const std::size_t last = traces_.length - 1;
  const auto* trace = traces_.others.data() + v % traces_.size() * traces_.length;
  const OtherUse &from = trace[std::min(at, last)], &to = trace[std::min(at + 1, last)];
  const OtherUse unit{vms_[v].memory, 1, 1};
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

Hosts::Peak Hosts::peak(HostIndex host, const OtherUse& others) const {
  constexpr std::array causes{Cause::memory, Cause::disk, Cause::network};
  Peak peak{Cause::cpu, host_facts_[host].utilisation};
  for (std::size_t r = 0; r < causes.size(); ++r)
    if (others[r] > peak.use) peak = {causes[r], others[r]};
  return peak;
}

/// Who went above 98 % of anything since the interval before, and who is below again? A host that
/// was switched off is below.
void Hosts::judge_thresholds(double now) {
  constexpr double threshold = 0.98;
  notices_.clear();
  above_before_.swap(above_);
  above_.clear();
  for (const HostIndex h : active_) {
    const OtherUse use = other_use(h);
    const Peak now_at = peak(h, use);
    if (now_at.use > threshold) {
      Host& host = hosts_[h];
      above_.push_back(h);
      if (host.failure == no_failure) {
        host.failure = static_cast<std::uint32_t>(outcome_.threshold_failures++);
        host.worst = 0;
        notices_.emplace_back(SlaFailureBegan{host.failure, now_at.cause, MachineId{h},
                                              Time{sim::from_seconds(now)}, now_at.use, threshold});
      }
      host.worst = std::max(host.worst, now_at.use);
    }
    if (others_.empty()) continue;
    Others& others = others_[h];
    ++others.intervals;
    for (std::size_t r = 0; r < use.size(); ++r) {
      others.sum[r] += use[r];
      others.highest[r] = std::max(others.highest[r], use[r]);
    }
  }
  for (const HostIndex h : above_before_) {
    if (std::binary_search(above_.begin(), above_.end(), h)) continue;
    notices_.emplace_back(SlaFailureEnded{hosts_[h].failure, hosts_[h].worst});
    hosts_[h].failure = no_failure;
  }
}

}  // namespace vm::model
