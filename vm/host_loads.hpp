// HostLoads: what hosts would be with all that is planned for them, and whether one more VM would
// be too much for a host.
//
// The detector's answer for host plus VM is the reference's to the last bit, but it is seldom
// computed: a forecast is a weighted sum of the history, so the sums of host and VM tell it within
// rounding; a quartile range or median deviation cannot change by more than the VM's own range, and
// where that leaves doubt, counting mostly tells (SpreadLimit). Only where all that leaves doubt
// are the samples added up and judged; so is a robust regression with weights, which no bound fits.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "vm/consolidation_policy.hpp"
#include "vm/host_facts.hpp"
#include "vm/placement_candidate.hpp"
#include "vm/spread_limit.hpp"

namespace vm {

class HostLoads {
 public:
  HostLoads(const ConsolidationPolicy& policy, std::vector<HostPower> kinds, std::size_t hosts);

  /// Starts over with every active host as it is. `facts` must outlive what is asked of it.
  void begin(const ConsolidationFacts& facts);

  /// Active, or with something planned?
  bool known(HostIndex host) const { return slot_of_[host] != no_slot; }
  bool overloaded(HostIndex host) const;
  /// Would `host` be overloaded with just `vms`?
  bool overloaded_with(HostIndex host, std::span<const VmIndex> vms) const;

  /// The VM that looks for a host, for the questions that follow.
  void consider(VmIndex vm);
  /// Its weight, in the unit of Candidate::room.
  double weight() const;
  /// Could `host` take it without being overloaded? An empty host always can.
  bool accepts(HostIndex host) const;

  /// Is that so of any host with that much to spare? `spare`: of its candidate().
  bool surely_accepts(const Spare& spare) const {
    switch (sure_by_) {
      case SureBy::free:
        return spare.free > sure_;
      case SureBy::room:
        return (spare.room > sure_) & (spare.room < std::numeric_limits<double>::infinity());
      case SureBy::nothing:
        break;
    }
    return false;
  }

  /// Plans the considered VM for `host`.
  void add(HostIndex host);
  /// Forgets what was added since the last mark, latest first; tells which hosts changed.
  void mark() {
    undo_.clear();
    undone_.clear();
  }
  template <class Changed>
  void roll_back(Changed changed) {
    for (; !undo_.empty(); undo_.pop_back()) {
      const Undo& last = undo_.back();
      loads_[last.slot] = last.load;
      std::copy(undone_.end() - static_cast<std::ptrdiff_t>(width_), undone_.end(),
                samples(last.slot).begin());
      undone_.resize(undone_.size() - width_);
      changed(last.load.host);
    }
  }

  /// From the next begin() on, of a detector of kind `threshold`.
  void set_threshold(double threshold) { detector_.parameter = threshold; }

  /// How placement should file the host.
  Candidate candidate(HostIndex host) const;

 private:
  static constexpr std::uint32_t no_slot = 0xffffffffu;
  using Samples = std::span<double>;  // newest first, as shares of the capacity

  enum class SureBy : std::uint8_t { nothing, free, room };

  struct Load {  // first what accepts() asks for: one line of the cache, mostly
    HostIndex host = 0;
    HostKindIndex kind = 0;
    double allocated = 0, free = 0;
    double demand = 0;        // sum over its VMs
    std::uint32_t known = 0;  // samples without the oldest zeros
    HistorySpread spread;     // quartiles, deviation
    double forecast = 0;      // regression: what the line comes to, but for rounding
    double memory_max = 0;    // of its VMs
    OtherUse others{};        // sums over its VMs, where anything limits them
  };
  struct Undo {
    std::uint32_t slot;
    Load load;
  };
  struct Considered {
    VmIndex vm = 0;
    double demand = 0;
    std::uint32_t known = 0;
    double line = 0;     // what it adds to a forecast, times the capacity
    Addition history{};  // times the capacity
  };

  std::uint32_t open(HostIndex host);
  void add_to(Load& load, Samples samples, VmIndex vm) const;
  void summarise(Load& load, std::span<const double> samples) const;
  bool judge(const Load& load, std::span<const double> samples) const;
  SpreadSide compare_spread(std::uint32_t slot, double limit) const;
  Samples samples(std::uint32_t slot) { return Samples{samples_}.subspan(slot * width_, width_); }
  std::span<const double> samples(std::uint32_t slot) const {
    return std::span<const double>{samples_}.subspan(slot * width_, width_);
  }
  void add_others(Load& load, VmIndex vm) const;
  bool beyond_limits(const Load& load) const;
  double capacity(const Load& load) const { return kinds_[load.kind].capacity; }
  double ahead(double memory) const;

  Detector detector_;
  double memory_per_second_, interval_;
  std::vector<HostPower> kinds_;
  bool with_history_;
  bool straight_;         // the forecast is a weighted sum of samples
  std::size_t width_;     // samples of a host that are added up; 0: none
  bool limited_ = false;  // does memory, disk or network limit any kind?
  bool stale_watts_;
  std::array<double, regression_needs> line_weights_{};  // one sample ahead
  bool one_ahead_ = true;                                // no VM takes longer than an interval
  SureBy sure_by_ = SureBy::nothing;
  double sure_ = 0;  // more than what rounding and doubt can do

  const ConsolidationFacts* facts_ = nullptr;
  std::vector<std::uint32_t> slot_of_;  // by host
  std::vector<Load> loads_;             // by slot
  std::vector<double> samples_;         // by slot, width_ each
  std::vector<Undo> undo_;
  std::vector<double> undone_;  // samples of undo_, width_ each
  Considered vm_;
};

}  // namespace vm
