#include "vm/consolidation.hpp"

#include <algorithm>

#include <boost/sort/pdqsort/pdqsort.hpp>

namespace vm {

Consolidator::Consolidator(const ConsolidationPolicy& policy, const std::vector<HostPower>& kinds,
                           std::size_t hosts)
    : selection_(policy.selection),
      rule_(policy.placement),
      quirks_(policy.quirks),
      kinds_(kinds),
      loads_(policy, kinds, hosts),
      placement_(kinds, hosts),
      plain_(kinds),
      left_alone_(hosts),
      arriving_(hosts) {}

std::span<const VmMove> Consolidator::plan(const ConsolidationFacts& facts,
                                           sim::RandomStream& random) {
  facts_ = &facts;
  moves_.clear();
  lowest_off_.assign(kinds_.size(), 0);
  fresh_.clear();
  loads_.begin(facts);
  relieve_overloaded(random);
  empty_underloaded();
  for (const VmMove& move : moves_) arriving_[move.to].clear();
  return moves_;
}

void Consolidator::begin_placement() {
  plain_.clear();
  if (rule_ == HostPlacement::first_fit || rule_ == HostPlacement::least_loaded) {
    for (const Candidate& candidate : candidates_) plain_.update(candidate);
    return;
  }
  // Hosts whose watts are not those of their use have no place among the measured ones.
  leaving_.clear();
  std::erase_if(candidates_, [&](const Candidate& c) {
    if (quirks_.stale_watts || c.allocated > 0) return false;
    leaving_.push_back(c.host);
    return true;
  });
  placement_.begin(candidates_);
  for (const HostIndex host : leaving_) file(host);
  leaving_.clear();
}

// ---- Steps 1 and 2 -----------------------------------------------------------------------------

void Consolidator::relieve_overloaded(sim::RandomStream& random) {
  overloaded_.clear();
  leaving_.clear();
  candidates_.clear();
  for (const HostIndex host : facts_->active) {
    if (loads_.overloaded(host)) {
      overloaded_.push_back(host);
    } else {
      candidates_.push_back(loads_.candidate(host));
    }
  }
  begin_placement();
  for (const HostIndex host : overloaded_) unload(host, random);
  sort_by_demand(leaving_);
  for (const VmIndex vm : leaving_) {
    const auto host = place(vm, true);
    if (!host) continue;
    commit(*host);
    moves_.push_back({vm, *host});
    arriving_[*host].push_back(vm);
  }
}

/// Lets VMs leave `host` until what stays is no overload.
void Consolidator::unload(HostIndex host, sim::RandomStream& random) {
  staying_ = facts_->hosts[host].vms;
  do {
    leavers_.clear();
    for (const VmIndex vm : staying_) {
      const VmFacts& facts = facts_->vms[vm];
      leavers_.push_back({facts.memory, facts.demand / facts.promised, facts_->history.of(vm)});
    }
    const auto gone =
        staying_.begin() + static_cast<std::ptrdiff_t>(select_vm(selection_, leavers_, random));
    leaving_.push_back(*gone);
    staying_.erase(gone);
  } while (!staying_.empty() && loads_.overloaded_with(host, staying_));
}

// ---- Step 3 ------------------------------------------------------------------------------------

void Consolidator::empty_underloaded() {
  std::fill(left_alone_.begin(), left_alone_.end(), std::uint8_t{0});
  for (const HostIndex host : overloaded_) left_alone_[host] = 1;
  for (const VmMove& move : moves_)  // what was off before this plan is no target any more
    if (facts_->hosts[move.to].off()) withdraw(move.to);
  if (!quirks_.double_moves)
    for (const VmMove& move : moves_) left_alone_[move.to] = 1;

  by_utilisation_.clear();
  for (const HostIndex host : facts_->active) {
    const HostFacts& facts = facts_->hosts[host];
    if (facts.off()) withdraw(host);
    if (!facts.off() && facts.utilisation < 1 && !left_alone_[host])
      by_utilisation_.push_back({facts.utilisation, host, host});
  }
  boost::sort::pdqsort_branchless(by_utilisation_.begin(), by_utilisation_.end());
  for (const auto& [utilisation, number, host] : by_utilisation_) {
    if (left_alone_[host]) continue;  // a target of this step
    left_alone_[host] = 1;
    withdraw(host);
    if (try_empty(host)) continue;
    loads_.roll_back([&](HostIndex changed) { file(changed); });
  }
}

/// Plans a new home for every VM of `host`. False where one finds none: to be rolled back.
bool Consolidator::try_empty(HostIndex host) {
  loads_.mark();
  leaving_ = facts_->hosts[host].vms;
  leaving_.insert(leaving_.end(), arriving_[host].begin(), arriving_[host].end());
  sort_by_demand(leaving_);
  const std::size_t before = moves_.size();
  for (const VmIndex vm : leaving_) {
    const auto to = place(vm, false);
    if (!to) {
      moves_.resize(before);
      return false;
    }
    commit(*to);
    moves_.push_back({vm, *to});
  }
  for (std::size_t i = before; i < moves_.size(); ++i) left_alone_[moves_[i].to] = 1;
  return true;
}

// ---- One VM ------------------------------------------------------------------------------------

std::optional<HostIndex> Consolidator::place(VmIndex vm, bool may_switch_on) {
  const double demand = facts_->vms[vm].demand;
  loads_.consider(vm);
  const Seeker seeker{demand, loads_.weight()};
  const bool plain = rule_ == HostPlacement::first_fit || rule_ == HostPlacement::least_loaded;
  if (plain) {
    if (const auto host = place_plainly(seeker)) return host;
  } else if (may_switch_on && rule_ == HostPlacement::fresh_machine) {
    if (const auto host = place_on_fresh(seeker)) return host;
  }
  std::optional<PlacementChoice> off;
  if (may_switch_on) off = cheapest_off(demand);
  const auto best = placement_.choose(seeker, off, [&](HostIndex host, const Spare& spare) {
    return loads_.surely_accepts(spare) || loads_.accepts(host);
  });
  if (!best) return std::nullopt;
  return best->host;
}

std::optional<HostIndex> Consolidator::place_plainly(const Seeker& seeker) {
  return plain_.choose(seeker, rule_ == HostPlacement::least_loaded,
                       [&](HostIndex host) { return loads_.accepts(host); });
}

/// The first of those switched on for this plan that takes it, or one more.
std::optional<HostIndex> Consolidator::place_on_fresh(const Seeker& seeker) {
  for (const HostIndex host : fresh_) {
    const Candidate c = loads_.candidate(host);
    if (seeker.demand <= kinds_[c.kind].core && seeker.demand <= c.free &&
        seeker.weight <= c.room && loads_.accepts(host))
      return host;
  }
  const auto off = cheapest_off(seeker.demand);
  if (!off) return std::nullopt;
  return off->host;
}

/// All hosts of a kind that are off cost the same, so the first of each kind stands for them.
std::optional<PlacementChoice> Consolidator::cheapest_off(double demand) {
  std::optional<PlacementChoice> best;
  for (HostKindIndex k = 0; k < kinds_.size(); ++k) {
    HostIndex& first = lowest_off_[k];
    while (first < facts_->hosts.size() && (facts_->hosts[first].kind != k || loads_.known(first)))
      ++first;
    const HostPower& kind = kinds_[k];
    if (first == facts_->hosts.size() || demand > kind.core || demand > kind.capacity) continue;
    const PlacementChoice choice{
        first, power_cost(kind, 0, demand, quirks_.stale_watts ? kind.power.idle() : 0.0)};
    if (!best || beats(choice, *best)) best = choice;
  }
  return best;
}

/// Plans the VM that was placed last.
void Consolidator::commit(HostIndex host) {
  if (!loads_.known(host)) fresh_.push_back(host);
  loads_.add(host);
  file(host);
}

void Consolidator::file(HostIndex host) {
  if (rule_ == HostPlacement::first_fit || rule_ == HostPlacement::least_loaded) {
    plain_.update(loads_.candidate(host));
  } else {
    placement_.update(loads_.candidate(host));
  }
}

void Consolidator::withdraw(HostIndex host) {
  plain_.remove(host);
  placement_.remove(host);
}

/// The most demanding first, equals in the order in which they stand.
void Consolidator::sort_by_demand(std::vector<VmIndex>& vms) {
  by_demand_.clear();
  for (std::size_t i = 0; i < vms.size(); ++i)
    by_demand_.push_back({-facts_->vms[vms[i]].demand, static_cast<std::uint32_t>(i), vms[i]});
  boost::sort::pdqsort_branchless(by_demand_.begin(), by_demand_.end());
  for (std::size_t i = 0; i < vms.size(); ++i) vms[i] = by_demand_[i].index;
}

}  // namespace vm
