#include "vm/host_loads.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "sim/check.hpp"

namespace vm {
namespace {

/// Shares of a capacity that differ by less may differ by rounding alone.
constexpr double doubt = 1e-9;
constexpr double unlimited = std::numeric_limits<double>::infinity();

/// Adds history * promised / all. Four at a time by way of a copy, so that the compiler sees that
/// no result is a later operand, and divides them together.
void add_shares(std::span<const double> history, double promised, double all,
                std::span<double> samples) {
  constexpr std::size_t width = 4;
  std::size_t i = 0;
  for (; i + width <= history.size(); i += width) {
    std::array<double, width> share;
    for (std::size_t k = 0; k < width; ++k) share[k] = history[i + k] * promised / all;
    for (std::size_t k = 0; k < width; ++k) samples[i + k] += share[k];
  }
  for (; i < history.size(); ++i) samples[i] += history[i] * promised / all;
}

}  // namespace

HostLoads::HostLoads(const ConsolidationPolicy& policy, std::vector<HostPower> kinds,
                     std::size_t hosts)
    : detector_(policy.detector),
      memory_per_second_(policy.memory_per_second),
      interval_(policy.interval),
      kinds_(std::move(kinds)),
      with_history_(needs_history(policy.detector.kind)),
      straight_(policy.detector.kind == DetectorKind::regression ||
                (policy.detector.kind == DetectorKind::robust && policy.quirks.dead_weights)),
      width_(!with_history_                        ? 0
             : is_regression(policy.detector.kind) ? regression_needs
                                                   : history_length),
      stale_watts_(policy.quirks.stale_watts),
      slot_of_(hosts, no_slot) {
  detector_.weighted = !policy.quirks.dead_weights;
  for (std::size_t age = 0; age < regression_needs; ++age)
    line_weights_[age] = detector_.weighted ? local_weight(age, 1) : forecast_weight(age, 1);
  for (const HostPower& kind : kinds_) {
    limited_ = limited_ || kind.limits != no_limits;
    sure_ = std::max(sure_, 2 * doubt * (1 + 1 / detector_.parameter) * kind.capacity);
  }
}

void HostLoads::begin(const ConsolidationFacts& facts) {
  for (const Load& load : loads_) slot_of_[load.host] = no_slot;
  loads_.clear();
  samples_.clear();
  mark();
  facts_ = &facts;
  one_ahead_ = true;
  for (const HostIndex host : facts.active) {
    const std::uint32_t slot = open(host);
    for (const VmIndex vm : facts.hosts[host].vms) {
      if (with_history_) {
        add_to(loads_[slot], samples(slot), vm);
      } else {
        loads_[slot].demand += facts.vms[vm].demand;
        add_others(loads_[slot], vm);
      }
    }
    if (!with_history_) continue;
    summarise(loads_[slot], samples(slot));
    if (ahead(loads_[slot].memory_max) > 1) one_ahead_ = false;
  }
  sure_by_ = limited_                                    ? SureBy::nothing
             : detector_.kind == DetectorKind::threshold ? SureBy::free
             : straight_ && one_ahead_                   ? SureBy::room
                                                         : SureBy::nothing;
}

std::uint32_t HostLoads::open(HostIndex host) {
  const auto slot = static_cast<std::uint32_t>(loads_.size());
  const HostFacts& facts = facts_->hosts[host];
  Load load;
  load.host = host;
  load.kind = facts.kind;
  load.allocated = facts.allocated;
  load.free = facts.free;
  loads_.push_back(load);
  samples_.resize(samples_.size() + width_);
  slot_of_[host] = slot;
  return slot;
}

void HostLoads::add_others(Load& load, VmIndex vm) const {
  if (!limited_) return;
  for (std::size_t r = 0; r < load.others.size(); ++r) load.others[r] += facts_->others[vm][r];
}

bool HostLoads::beyond_limits(const Load& load) const {
  if (!limited_) return false;
  const OtherUse& limits = kinds_[load.kind].limits;
  for (std::size_t r = 0; r < limits.size(); ++r)
    if (load.others[r] > limits[r]) return true;
  return false;
}

/// Adds demand, memory and history of a VM. `known` is that of the sum, since samples are not
/// negative.
void HostLoads::add_to(Load& load, Samples samples, VmIndex vm) const {
  const VmFacts& facts = facts_->vms[vm];
  load.demand += facts.demand;
  load.memory_max = std::max(load.memory_max, facts.memory);
  add_others(load, vm);
  if (!with_history_) return;
  const auto history = facts_->history.of(vm);
  const double all = capacity(load);
  const std::size_t length = std::min(history.size(), width_);
  add_shares(history.first(length), facts.promised, all, samples);
  load.known = std::max(load.known, facts_->history.known(vm));
}

void HostLoads::summarise(Load& load, std::span<const double> samples) const {
  if (straight_) {
    load.forecast = 0;
    for (std::size_t age = 0; age < regression_needs; ++age)
      load.forecast += line_weights_[age] * samples[age];
  } else if (!is_regression(detector_.kind) && load.known >= spread_needs) {
    load.spread = spread(detector_.kind, samples.first(load.known));
  }
}

double HostLoads::ahead(double memory) const {
  return std::ceil(memory / memory_per_second_ / interval_);
}

bool HostLoads::judge(const Load& load, std::span<const double> samples) const {
  if (beyond_limits(load)) return true;
  return vm::overloaded(detector_, load.demand / capacity(load), LoadHistory{samples, load.known},
                        ahead(load.memory_max));
}

bool HostLoads::overloaded(HostIndex host) const {
  const std::uint32_t slot = slot_of_[host];
  SIM_CHECK(slot != no_slot);
  const Load& load = loads_[slot];
  if (detector_.kind == DetectorKind::threshold || is_regression(detector_.kind) ||
      load.known < spread_needs) {
    return judge(load, samples(slot));
  }
  // The spread is known already.
  return beyond_limits(load) ||
         load.demand / capacity(load) > 1 - detector_.parameter * load.spread.width;
}

bool HostLoads::overloaded_with(HostIndex host, std::span<const VmIndex> vms) const {
  Load load;
  load.host = host;
  load.kind = facts_->hosts[host].kind;
  std::array<double, history_length> sums{};
  for (const VmIndex vm : vms) add_to(load, sums, vm);
  return judge(load, sums);
}

void HostLoads::consider(VmIndex vm) {
  const VmFacts& facts = facts_->vms[vm];
  vm_ = {};
  vm_.vm = vm;
  vm_.demand = facts.demand;
  if (!with_history_) return;
  const auto history = facts_->history.of(vm);
  vm_.known = facts_->history.known(vm);
  if (straight_) {
    for (std::size_t age = 0; age < std::min(history.size(), regression_needs); ++age)
      vm_.line += line_weights_[age] * history[age] * facts.promised;
  } else if (!is_regression(detector_.kind)) {
    const auto [least, most] = std::minmax_element(history.begin(), history.end());
    const double mean =
        std::accumulate(history.begin(), history.end(), 0.0) / static_cast<double>(history.size());
    vm_.history = {*least * facts.promised, mean * facts.promised, *most * facts.promised};
  }
}

double HostLoads::weight() const {
  return straight_ ? vm_.line : vm_.demand;
}

bool HostLoads::accepts(HostIndex host) const {
  const std::uint32_t slot = slot_of_[host];
  const Load& load = loads_[slot];
  if (limited_) {
    Load together = load;
    add_others(together, vm_.vm);
    if (beyond_limits(together)) return false;
  }
  if (load.allocated == 0) return true;
  const double all = capacity(load);
  const double demand = (load.demand + vm_.demand) / all;
  if (detector_.kind == DetectorKind::threshold) return !(demand > detector_.parameter);

  const std::uint32_t known = std::max(load.known, vm_.known);
  if (is_regression(detector_.kind)) {
    if (known < regression_needs) return !(demand > fallback_threshold);
    const double reached = (load.forecast + vm_.line / all) * detector_.parameter;
    if (straight_ && one_ahead_ && std::fabs(reached - 1) > doubt) return reached < 1;
  } else {
    if (known < spread_needs) return !(demand > fallback_threshold);
    if (load.known == known) {
      const double range = (vm_.history.most - vm_.history.least) / all;
      const double least = std::max(0.0, load.spread.width - range);
      const double most = load.spread.width + range;
      if (demand > 1 - detector_.parameter * least + doubt) return false;
      if (demand < 1 - detector_.parameter * most - doubt) return true;
      const SpreadSide side = compare_spread(slot, (1 - demand) / detector_.parameter);
      if (side != SpreadSide::doubtful) return side == SpreadSide::below;
    }
  }
  Load together = load;
  std::array<double, history_length> sums;
  std::copy(samples(slot).begin(), samples(slot).end(), sums.begin());
  add_to(together, sums, vm_.vm);
  return !judge(together, sums);
}

/// On which side of `limit` the host's spread would be with the considered VM.
SpreadSide HostLoads::compare_spread(std::uint32_t slot, double limit) const {
  const Load& load = loads_[slot];
  const double all = capacity(load);
  const double scale = facts_->vms[vm_.vm].promised / all;
  const auto history = facts_->history.of(vm_.vm);
  const auto host = samples(slot);
  CountedSamples together;
  together.fill(std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < load.known; ++i) together[i] = host[i] + history[i] * scale;
  const Addition added{vm_.history.least / all, vm_.history.mean / all, vm_.history.most / all};
  return side_of_limit(detector_.kind, together, load.known, load.spread, added, limit,
                       doubt * (1 + 1 / detector_.parameter));
}

void HostLoads::add(HostIndex host) {
  const std::uint32_t slot = known(host) ? slot_of_[host] : open(host);
  undo_.push_back({slot, loads_[slot]});
  undone_.insert(undone_.end(), samples(slot).begin(), samples(slot).end());
  Load& load = loads_[slot];
  load.allocated += vm_.demand;
  load.free -= vm_.demand;
  if (with_history_) {
    add_to(load, samples(slot), vm_.vm);
    summarise(load, samples(slot));
  } else {
    load.demand += vm_.demand;
    add_others(load, vm_.vm);
  }
}

Candidate HostLoads::candidate(HostIndex host) const {
  const Load& load = loads_[slot_of_[host]];
  const HostFacts& facts = facts_->hosts[host];
  const double all = capacity(load);
  double free = load.free, room = unlimited;
  if (load.allocated > 0) {
    // Where a VM's weight is its demand, the smaller of both limits says it all.
    if (detector_.kind == DetectorKind::threshold) {
      free = std::min(free, (detector_.parameter + doubt) * all - load.demand);
    } else if (!is_regression(detector_.kind)) {
      free = std::min(free, (1 + doubt) * all - load.demand);  // whatever the spread, or fallback
    } else if (straight_ && one_ahead_ && load.known >= regression_needs) {
      room = (1 / detector_.parameter + doubt - load.forecast) * all;
    }
  }
  double watts = facts.watts;
  if (!stale_watts_) {
    const PowerCurve& power = kinds_[facts.kind].power;
    watts = load.allocated > 0 || facts.idling ? power.at(load.allocated / all) : 0;
  }
  return {host, facts.kind, load.allocated, free, room, watts};
}

}  // namespace vm
