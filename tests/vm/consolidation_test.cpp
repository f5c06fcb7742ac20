#include "vm/consolidation.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/random.hpp"

namespace {

using vm::Detector;
using vm::DetectorKind;
using vm::HostIndex;
using vm::VmIndex;
using vm::VmMove;

// HP ProLiant ML110 G4 and G5, SPECpower_ssj2008.
const vm::PowerCurve g4{{86, 89.4, 92.6, 96, 99.5, 102, 106, 108, 112, 114, 117}};
const vm::PowerCurve g5{{93.7, 97, 101, 105, 110, 116, 121, 125, 129, 133, 135}};
const std::vector<vm::HostPower> kinds{{1860, 3720, g4}, {2660, 5320, g5}};

/// Hosts and VMs in a random state, as they would be measured.
struct Random {
  std::vector<vm::HostFacts> hosts;
  std::vector<HostIndex> active;
  std::vector<vm::VmFacts> vms;
  std::vector<vm::OtherUse> others;
  vm::UsageHistory history;

  Random(sim::RandomStream& random, std::size_t host_count, std::size_t vm_count)
      : hosts(host_count), vms(vm_count), others(vm_count), history(vm_count) {
    const std::size_t instants = 5 + random.below(40);
    std::vector<double> level(vm_count);
    for (double& l : level) l = random.uniform() * random.uniform();
    for (std::size_t i = 0; i < instants; ++i) {
      history.begin_instant();
      for (VmIndex v = 0; v < vm_count; ++v)
        history.record(v, random.below(9) == 0 ? 0 : level[v] * (0.5 + 0.5 * random.uniform()));
    }
    for (HostIndex h = 0; h < host_count; ++h) {
      hosts[h].kind = h % 2;
      hosts[h].free = kinds[h % 2].capacity;
    }
    constexpr std::array<double, 4> promised{2500, 2000, 1000, 500};
    constexpr std::array<double, 4> memory{870, 1740, 1740, 613};
    for (VmIndex v = 0; v < vm_count; ++v) {
      const auto kind = random.below(4);
      // Whole percents now and then, so that costs tie.
      double use =
          random.below(2) == 0 ? static_cast<double>(1 + random.below(20)) / 100 : 0.001 + level[v];
      if (random.below(12) == 0) use = 0;  // rests, but lives
      vms[v] = {use * promised[kind], promised[kind], memory[kind]};
      others[v] = {memory[kind], 0, use};
      auto& host = hosts[random.below(host_count) * random.below(2)];
      if (vms[v].demand > kinds[host.kind].core || vms[v].demand > host.free) continue;
      host.vms.push_back(v);
      host.allocated += vms[v].demand;
      host.free -= vms[v].demand;
    }
    for (HostIndex h = 0; h < host_count; ++h) {
      const auto& kind = kinds[hosts[h].kind];
      hosts[h].utilisation = std::min(hosts[h].allocated / kind.capacity, 1.0);
      hosts[h].watts = kind.power.at(hosts[h].utilisation);
      if (!hosts[h].vms.empty()) active.push_back(h);
    }
  }
  vm::ConsolidationFacts facts() const { return {hosts, active, vms, history, others}; }
};

/// The same optimisation as plainly as it can be written: every host is looked at for every VM, and
/// every question is asked of the detector in full.
class PlainPlanner {
 public:
  PlainPlanner(const Random& state, const vm::ConsolidationPolicy& policy,
               const std::vector<vm::HostPower>& with)
      : state_(state), policy_(policy), kinds_(with) {
    policy_.detector.weighted = !policy.quirks.dead_weights;
    for (const auto& host : state.hosts) lists_.push_back(host.vms);
  }

  std::vector<VmMove> plan(sim::RandomStream& random) {
    const std::size_t n = state_.hosts.size();
    std::vector<bool> overloaded(n), excluded(n), tried(n);
    std::vector<VmIndex> leaving;
    for (HostIndex h = 0; h < n; ++h) overloaded[h] = over(h, lists_[h]);
    for (HostIndex h = 0; h < n; ++h) {
      while (overloaded[h] && !lists_[h].empty() && over(h, lists_[h])) {
        std::vector<vm::Leaver> leavers;
        for (const VmIndex v : lists_[h])
          leavers.push_back({state_.vms[v].memory, state_.vms[v].demand / state_.vms[v].promised,
                             state_.history.of(v)});
        const auto i = vm::select_vm(policy_.selection, leavers, random);
        leaving.push_back(lists_[h][i]);
        lists_[h].erase(lists_[h].begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
    std::vector<VmMove> moves;
    sort(leaving);
    for (const VmIndex v : leaving)
      if (const auto to = place(v, overloaded, true)) {
        if (lists_[*to].empty() && off(*to)) fresh_.push_back(*to);
        moves.push_back(take(v, *to));
      }

    for (HostIndex h = 0; h < n; ++h) excluded[h] = tried[h] = overloaded[h] || off(h);
    if (!policy_.quirks.double_moves)
      for (const VmMove& move : moves) excluded[move.to] = true;
    while (const auto host = least_used(excluded)) {
      excluded[*host] = tried[*host] = true;
      auto all = lists_[*host];
      sort(all);
      std::vector<VmMove> here;
      for (const VmIndex v : all) {
        const auto to = place(v, tried, false);
        if (!to) {
          for (const VmMove& move : here) lists_[move.to].pop_back();
          here.clear();
          break;
        }
        here.push_back(take(v, *to));
      }
      for (const VmMove& move : here) excluded[move.to] = true;
      moves.insert(moves.end(), here.begin(), here.end());
    }
    return moves;
  }

 private:
  bool off(HostIndex h) const { return state_.hosts[h].utilisation == 0; }

  bool beyond_limits(HostIndex h, const std::vector<VmIndex>& vms) const {
    vm::OtherUse others{};
    for (const VmIndex v : vms)
      for (std::size_t r = 0; r < 3; ++r) others[r] += state_.others[v][r];
    for (std::size_t r = 0; r < 3; ++r)
      if (others[r] > kinds_[h % 2].limits[r]) return true;
    return false;
  }

  bool over(HostIndex h, const std::vector<VmIndex>& vms) const {
    const double capacity = kinds_[h % 2].capacity;
    double demand = 0, memory = 0;
    std::vector<double> samples(30);
    for (const VmIndex v : vms) {
      demand += state_.vms[v].demand;
      memory = std::max(memory, state_.vms[v].memory);
      const auto history = state_.history.of(v);
      for (std::size_t i = 0; i < history.size(); ++i)
        samples[i] += history[i] * state_.vms[v].promised / capacity;
    }
    if (beyond_limits(h, vms)) return true;
    return vm::overloaded(policy_.detector, demand / capacity, samples,
                          std::ceil(memory / policy_.memory_per_second / policy_.interval));
  }

  /// Each rule of ours in turn, then what the power says.
  std::optional<HostIndex> place(VmIndex v, const std::vector<bool>& excluded,
                                 bool may_switch_on) const {
    using Rule = vm::HostPlacement;
    const Rule rule = policy_.placement;
    if (rule == Rule::power_aware_best_fit || (rule == Rule::fresh_machine && !may_switch_on))
      return cheapest(v, excluded);
    if (rule == Rule::fresh_machine) {
      for (const HostIndex h : fresh_)
        if (cost(v, h)) return h;
      std::vector<bool> on(lists_.size());
      for (HostIndex h = 0; h < on.size(); ++h) on[h] = !lists_[h].empty() || excluded[h];
      const auto fresh = cheapest(v, on);
      return fresh ? fresh : cheapest(v, excluded);
    }
    std::optional<HostIndex> best;
    double least = 0;
    for (HostIndex h = 0; h < lists_.size(); ++h) {
      if (excluded[h] || lists_[h].empty() || !cost(v, h)) continue;
      double load = 0;
      for (const VmIndex other : lists_[h]) load += state_.vms[other].demand;
      load /= kinds_[h % 2].capacity;
      if (best && (rule == Rule::first_fit || load >= least)) continue;
      best = h;
      least = load;
    }
    return best ? best : cheapest(v, excluded);
  }

  std::optional<HostIndex> cheapest(VmIndex v, const std::vector<bool>& excluded) const {
    std::optional<HostIndex> best;
    double best_cost = 0;
    for (HostIndex h = 0; h < lists_.size(); ++h) {
      if (excluded[h]) continue;
      const auto watts = cost(v, h);
      if (!watts || (best && *watts >= best_cost)) continue;
      best = h;
      best_cost = *watts;
    }
    return best;
  }

  /// Watts; none where it does not fit.
  std::optional<double> cost(VmIndex v, HostIndex h) const {
    const double demand = state_.vms[v].demand;
    const auto& kind = kinds_[h % 2];
    double allocated = 0, free = kind.capacity;
    for (const VmIndex other : lists_[h]) {
      allocated += state_.vms[other].demand;
      free -= state_.vms[other].demand;
    }
    if (demand > kind.core || demand > free) return std::nullopt;
    auto with = lists_[h];
    with.push_back(v);
    if (!lists_[h].empty() && beyond_limits(h, with)) return std::nullopt;
    if (allocated != 0 && over(h, with)) return std::nullopt;
    double before = kind.power.at(state_.hosts[h].utilisation);
    if (!policy_.quirks.stale_watts)
      before = allocated > 0 ? kind.power.at(allocated / kind.capacity) : 0;
    return kind.power.at((allocated + demand) / kind.capacity) - before;
  }

  VmMove take(VmIndex v, HostIndex to) {
    lists_[to].push_back(v);
    return {v, to};
  }

  std::optional<HostIndex> least_used(const std::vector<bool>& excluded) const {
    std::optional<HostIndex> least;
    for (HostIndex h = 0; h < lists_.size(); ++h) {
      const double use = state_.hosts[h].utilisation;
      if (excluded[h] || !(use > 0 && use < 1)) continue;
      if (!least || use < state_.hosts[*least].utilisation) least = h;
    }
    return least;
  }

  void sort(std::vector<VmIndex>& vms) const {
    std::stable_sort(vms.begin(), vms.end(), [&](VmIndex a, VmIndex b) {
      return state_.vms[a].demand > state_.vms[b].demand;
    });
  }

  const Random& state_;
  vm::ConsolidationPolicy policy_;
  std::vector<vm::HostPower> kinds_;
  std::vector<std::vector<VmIndex>> lists_;
  std::vector<HostIndex> fresh_;
};

void compare(const vm::ConsolidationPolicy& policy,
             const std::vector<vm::HostPower>& with_kinds = kinds) {
  std::size_t moved = 0, several = 0;
  for (std::uint64_t seed = 0; seed < 25; ++seed) {
    CAPTURE(static_cast<int>(policy.detector.kind), static_cast<int>(policy.selection), seed);
    sim::RandomStream chance(seed, "test.consolidation");
    const std::size_t hosts = 4 + chance.below(60);
    vm::Consolidator consolidator(policy, with_kinds, hosts);
    for (int round = 0; round < 2; ++round) {  // nothing may be left over from the round before
      const Random state(chance, hosts, 10 + chance.below(120));
      sim::RandomStream one(seed, "select"), other(seed, "select");
      const auto plan = consolidator.plan(state.facts(), one);
      const auto plain = PlainPlanner(state, policy, with_kinds).plan(other);
      REQUIRE(std::vector<VmMove>(plan.begin(), plan.end()) == plain);
      moved += plain.size();
      several += plain.size() > 5;
    }
  }
  CHECK(moved > 500);  // plans that nobody makes agree easily
  CHECK(several > 20);
}

TEST_CASE("consolidation: the plan is the plain planner's, to the last VM") {
  const auto detector =
      GENERATE(Detector{DetectorKind::threshold, 0.8}, Detector{DetectorKind::quartiles, 1.5},
               Detector{DetectorKind::deviation, 2.5}, Detector{DetectorKind::regression, 1.2},
               Detector{DetectorKind::robust, 1.9});
  const auto selection =
      GENERATE(vm::VmSelection::least_migration_time, vm::VmSelection::random,
               vm::VmSelection::least_utilisation, vm::VmSelection::highest_correlation);
  compare({detector, selection});
}

TEST_CASE("consolidation: every placement, without the quirks, with limits: still the plain plan") {
  using Rule = vm::HostPlacement;
  const auto rule = GENERATE(Rule::power_aware_best_fit, Rule::least_loaded, Rule::first_fit,
                             Rule::fresh_machine);
  const auto detector =
      GENERATE(Detector{DetectorKind::threshold, 0.8}, Detector{DetectorKind::quartiles, 1.5},
               Detector{DetectorKind::regression, 1.2}, Detector{DetectorKind::robust, 1.2});
  const bool honest = GENERATE(false, true);
  const bool limited = GENERATE(false, true);
  CAPTURE(static_cast<int>(rule), honest, limited);
  vm::ConsolidationPolicy policy{detector};
  policy.placement = rule;
  if (honest) policy.quirks = vm::Quirks::none();
  auto limited_kinds = kinds;
  if (limited)
    for (auto& kind : limited_kinds) kind.limits = {4096, 1, 2.5};
  compare(policy, limited_kinds);
}

TEST_CASE("consolidation: nothing moves where there is nowhere to go") {
  sim::RandomStream random(1, "test");
  vm::Consolidator consolidator({}, kinds, 1);
  std::vector<vm::HostFacts> hosts(1);
  hosts[0] = {{0}, 0, 1000, 2720, 1000 / 3720.0, g4.at(1000 / 3720.0)};
  const std::vector<vm::VmFacts> vms{{1000, 2000, 613}};
  const std::vector<HostIndex> active{0};
  const vm::UsageHistory none(0);
  CHECK(consolidator.plan({hosts, active, vms, none}, random).empty());
  CHECK(consolidator.overloaded_hosts() == 0);
}

TEST_CASE("consolidation: a history keeps the newest thirty samples, newest first") {
  vm::UsageHistory history(3);
  for (int i = 1; i <= 100; ++i) {
    history.begin_instant();
    for (VmIndex v = 0; v < 3; ++v) history.record(v, i + v * 1000.0);
    const auto seen = history.of(2);
    REQUIRE(seen.size() == static_cast<std::size_t>(std::min(i, 30)));
    for (std::size_t age = 0; age < seen.size(); ++age)
      REQUIRE(seen[age] == i - static_cast<double>(age) + 2000);
  }
}

TEST_CASE("consolidation: a history that keeps ten samples still knows of thirty") {
  vm::UsageHistory cut(1, 10), whole(1);
  sim::RandomStream random(3, "history");
  for (int i = 0; i < 300; ++i) {
    const double use = random.below(20) < 18 ? 0 : random.uniform_positive();
    cut.begin_instant();
    cut.record(0, use);
    whole.begin_instant();
    whole.record(0, use);
    REQUIRE(cut.of(0).size() == static_cast<std::size_t>(std::min(i + 1, 10)));
    for (std::size_t age = 0; age < cut.of(0).size(); ++age)
      REQUIRE(cut.of(0)[age] == whole.of(0)[age]);
    REQUIRE(cut.known(0) == vm::known_length(whole.of(0)));
    REQUIRE(whole.known(0) == cut.known(0));
  }
}

}  // namespace
