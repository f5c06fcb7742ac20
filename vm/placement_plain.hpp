// PlainPlacement: the rules of ours that need no power curve: the first host that fits, or the one
// with the least load. Every host that is filed is looked at, in order of number.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "vm/consolidation_policy.hpp"
#include "vm/placement_candidate.hpp"

namespace vm {

class PlainPlacement {
 public:
  explicit PlainPlacement(std::vector<HostPower> kinds) : kinds_(std::move(kinds)) {}

  void clear() { hosts_.clear(); }
  void update(const Candidate& candidate) { hosts_[candidate.host] = candidate; }
  void remove(HostIndex host) { hosts_.erase(host); }

  /// The first that fits and is acceptable, or of these the one with the least share allocated (the
  /// first among equals).  Cost O(hosts filed).
  template <class Acceptable>
  std::optional<HostIndex> choose(const Seeker& seeker, bool least_loaded,
                                  Acceptable acceptable) const {
    std::optional<HostIndex> best;
    double least = 0;
    for (const auto& [host, c] : hosts_) {
      const HostPower& kind = kinds_[c.kind];
      if (seeker.demand > kind.core || c.free < seeker.demand || c.room < seeker.weight) continue;
      const double load = c.allocated / kind.capacity;
      if ((best && !(load < least)) || !acceptable(host)) continue;
      best = host;
      least = load;
      if (!least_loaded) return best;
    }
    return best;
  }

 private:
  std::vector<HostPower> kinds_;
  std::map<HostIndex, Candidate> hosts_;
};

}  // namespace vm
