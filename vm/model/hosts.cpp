#include "vm/model/hosts.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <string>

#include "sim/check.hpp"
#include "sim/fingerprint.hpp"
#include "vm/placement_start.hpp"

namespace vm::model {
namespace {

std::vector<HostPower> powers(const DataCenter& center, bool measured) {
  std::vector<HostPower> kinds;
  for (HostKindIndex k = 0; k < center.host_kinds.size(); ++k)
    kinds.push_back(center.power_of(k, measured));
  return kinds;
}

/// Java's hash of the name that the reference gives a VM, spread as its hash tables do.
std::uint32_t name_hash(VmIndex vm) {
  std::uint32_t hash = 0;
  for (const char c : "2-" + std::to_string(vm)) hash = hash * 31 + static_cast<unsigned char>(c);
  return hash ^ (hash >> 16);
}

bool keeps_history(const DataCenter& center) {
  return center.running == Running::consolidated && needs_history(center.policy);
}

}  // namespace

Hosts::Hosts(const DataCenter& center, const UsageTraces& traces)
    : center_(center),
      traces_(traces),
      vms_(center.vms),
      hashes_(center.vms),
      other_lines_(traces.others.empty() ? 0 : center.vms),
      vm_others_(traces.others.empty() && center.policy.quirks.memory_unlimited ? 0 : center.vms),
      hosts_(center.hosts),
      host_facts_(center.hosts),
      others_(traces.others.empty() ? 0 : center.hosts),
      active_bits_((center.hosts + 63) / 64),
      history_(keeps_history(center) ? center.vms : 0, history_needed(center.policy)),
      consolidator_(center.policy, powers(center, !traces.others.empty()), center.hosts),
      random_(center.seed, "consolidation.select") {
  SIM_CHECK(center.hosts > 0 && center.vms > 0 && traces.size() > 0);
  for (HostIndex h = 0; h < center.hosts; ++h) {
    const HostKindIndex kind = center.host_kind(h);
    host_facts_[h].kind = kind;
    host_facts_[h].free = center.host_kinds[kind].capacity();
    host_facts_[h].watts = center.host_kinds[kind].power.idle();
    activate(h);  // all are on until the first measurement finds them empty
  }
  start_vms();
}

void Hosts::start_vms() {
  const auto homes = start_hosts(center_);
  for (VmIndex v = 0; v < center_.vms; ++v) {
    const VmKind& kind = center_.vm_kinds[center_.vm_kind(v)];
    hashes_[v] = name_hash(v);
    vms_[v].promised = kind.mips;
    vms_[v].memory = kind.memory;
    if (traces_.others.empty() && !vm_others_.empty()) vm_others_[v][0] = kind.memory;
    if (!homes[v]) {
      ++outcome_.unplaced;
      continue;
    }
    vms_[v].home = *homes[v];
    host_facts_[*homes[v]].vms.push_back(v);
    living_.push_back(v);
  }
}

ConsolidationOutcome Hosts::play(const OnInterval& on_interval) {
  const double interval = center_.policy.interval;
  for (double now = center_.start + interval; now < center_.end; now += interval) {
    look_up(now);
    record_usage(now);
    tick(now);
    judge_thresholds(now);
    std::span<const VmMove> moves;
    if (center_.running == Running::consolidated) {
      moves = consolidator_.plan({host_facts_, active_, vms_, history_, vm_others_}, random_);
      start_migrations(moves, now);
    }
    if (on_interval && !on_interval(interval_row(now, moves.size()))) break;
    finish_migrations();
  }
  for (HostIndex h = 0; h < center_.hosts; ++h) count_shutdown(h, measured_at_);
  if (!center_.policy.quirks.free_edges) pay_for_the_rest();
  outcome_.energy_kwh = joules_ / 3.6e6;
  sim::Fingerprint fingerprint;
  fingerprint.add(std::bit_cast<std::uint64_t>(joules_));
  fingerprint.add(outcome_.migrations);
  fingerprint.add(std::bit_cast<std::uint64_t>(outcome_.violated_s));
  fingerprint.add(outcome_.host_shutdowns());
  outcome_.fingerprint = fingerprint.value();
  return outcome_;
}

ConsolidationInterval Hosts::interval_row(double now, std::size_t moves) const {
  ConsolidationInterval row;
  row.at = Time{sim::from_seconds(now)};
  row.energy_kwh = joules_ / 3.6e6;
  row.vms = static_cast<std::uint32_t>(living_.size());
  row.active_hosts = static_cast<std::uint32_t>(active_.size());
  row.migrations = static_cast<std::uint32_t>(moves);
  if (center_.running == Running::consolidated)
    row.overloaded_hosts = static_cast<std::uint32_t>(consolidator_.overloaded_hosts());
  row.hosts_above = static_cast<std::uint32_t>(above_.size());
  return row;
}

/// After the last measurement all stays as it is.
void Hosts::pay_for_the_rest() {
  const double rest = std::max(0.0, center_.end - measured_at_);
  for (HostIndex h = 0; h < center_.hosts; ++h) {
    const HostFacts& facts = host_facts_[h];
    if (center_.running == Running::full_power) {
      joules_ += center_.host_kinds[facts.kind].power.full() * rest;
    } else if (!facts.off()) {
      joules_ += facts.watts * rest;
    }
  }
}

double Hosts::utilisation_mean(HostIndex host) const {
  return hosts_[host].on_s > 0 ? hosts_[host].busy_s / hosts_[host].on_s : 0;
}

// ---- Measuring ---------------------------------------------------------------------------------

/// Keeps the stretch of the trace that `now` lies in at hand.
void Hosts::look_up(double now) {
  const auto at = static_cast<std::size_t>(now / traces_.step);
  if (at == looked_up_) return;
  looked_up_ = at;
  std::erase_if(living_, [&](VmIndex v) { return vms_[v].home == nowhere; });
  const std::size_t last = traces_.length - 1;
  for (const VmIndex v : living_) {
    const auto trace = traces_.of(v % traces_.size());
    Vm& vm = vms_[v];
    vm.base = trace[std::min(at, last)];
    vm.slope = (trace[std::min(at + 1, last)] - vm.base) / traces_.step;
    if (!traces_.others.empty()) look_up_others(v, at);
  }
}

void Hosts::record_usage(double now) {
  if (!history_.kept()) return;
  const double since = now - static_cast<double>(looked_up_) * traces_.step;
  history_.begin_instant();
  for (const VmIndex v : living_) history_.record(v, vms_[v].base + vms_[v].slope * since);
}

/// `visit` may deactivate its host, and no other.
template <class Visit>
void Hosts::for_each_active(Visit visit) {
  visiting_.clear();
  for (std::size_t word = 0; word < active_bits_.size(); ++word)
    for (std::uint64_t bits = active_bits_[word]; bits != 0; bits &= bits - 1)
      visiting_.push_back(
          static_cast<HostIndex>(word * 64 + static_cast<std::size_t>(std::countr_zero(bits))));
  for (std::size_t i = 0; i < visiting_.size(); ++i) {
    fetch(visiting_, i);
    visit(visiting_[i]);
  }
}

/// A host's list of VMs lies somewhere in memory, and its VMs elsewhere. Asking for them a few
/// hosts early hides the wait for one behind the work on others.
void Hosts::fetch(std::span<const HostIndex> hosts, std::size_t at) const {
  constexpr std::size_t early = 4;
  if (at + 2 * early < hosts.size())
    __builtin_prefetch(host_facts_[hosts[at + 2 * early]].vms.data());
  if (at + early >= hosts.size()) return;
  for (const VmIndex v : host_facts_[hosts[at + early]].vms) {
    __builtin_prefetch(&vms_[v]);
  }
}

void Hosts::activate(HostIndex host) {
  active_bits_[host / 64] |= std::uint64_t{1} << (host % 64);
}

void Hosts::deactivate(HostIndex host) {
  active_bits_[host / 64] &= ~(std::uint64_t{1} << (host % 64));
}

/// Brings every host up to date and pays for the time since the last measurement.
void Hosts::tick(double now) {
  look_up(now);
  const double elapsed = now - measured_at_;
  double energy = 0;
  active_.clear();
  for_each_active([&](HostIndex h) {
    HostFacts& facts = host_facts_[h];
    if (elapsed > 0) settle(h, elapsed);
    const bool was_off = facts.off();
    const double watts_before = facts.watts;
    measure(h, now);
    // A host that was off a moment ago pays nothing until the next measurement.
    if (elapsed > 0 && !was_off) {
      energy += (watts_before + (facts.watts - watts_before) / 2) * elapsed;
    } else if (measured_at_ == 0 && !center_.policy.quirks.free_edges && !facts.off()) {
      energy += facts.watts * elapsed;
    }
    remove_ended(h);
    if (!facts.vms.empty()) active_.push_back(h);
    if (!keep_active(h)) deactivate(h);
  });
  if (center_.running == Running::full_power) {
    energy = 0;
    for (HostIndex h = 0; h < center_.hosts; ++h)
      energy += center_.host_kinds[host_facts_[h].kind].power.full() * elapsed;
  }
  joules_ += energy;
  measured_at_ = now;
}

/// What the last measurement said has held until now: count it.
void Hosts::settle(HostIndex h, double elapsed) {
  count_shutdown(h, measured_at_);
  const HostFacts& facts = host_facts_[h];
  if (hosts_[h].measured_on && measured_at_ > 0) {
    outcome_.active_s += elapsed;
    const bool violated = center_.policy.quirks.arrivals_violate
                              ? facts.allocated < hosts_[h].requested
                              : hosts_[h].short_of;
    if (violated) outcome_.violated_s += elapsed;
    hosts_[h].on_s += elapsed;
    hosts_[h].busy_s += facts.utilisation * elapsed;
    hosts_[h].highest = std::max(hosts_[h].highest, facts.utilisation);
  }
  double requested = 0, received = 0;
  for (const VmIndex v : facts.vms) {
    const Vm& vm = vms_[v];
    if (vm.home != h) continue;  // counted where it is
    const double demand = vms_[v].demand;
    requested += demand;
    received += vm.received;
    if (!(vm.received < demand)) continue;
    ++outcome_.shortfalls;
    outcome_.shortfall_sum += (demand - vm.received) / demand;
    if (vm.moving) outcome_.missed_in_migration += (demand - vm.received) * elapsed;
  }
  outcome_.requested += requested * elapsed;
  outcome_.received += received * elapsed;
}

/// Counts the host's last measurement, made at `at`, as switched on or off.
void Hosts::count_shutdown(HostIndex h, double at) {
  Host& host = hosts_[h];
  if (host.was_on == host.measured_on) return;
  host.was_on = host.measured_on;
  if (host.was_on) {
    host.on_since = at;
  } else {
    outcome_.before_shutdown.add(at - host.on_since);
  }
}

bool Hosts::keep_active(HostIndex h) const {
  return !host_facts_[h].vms.empty() || host_facts_[h].allocated > 0 ||
         hosts_[h].was_on != hosts_[h].measured_on;
}

void Hosts::measure(HostIndex h, double now) {
  share_out(h, now);
  HostFacts& facts = host_facts_[h];
  const HostKind& kind = center_.host_kinds[facts.kind];
  const double since = now - static_cast<double>(looked_up_) * traces_.step;
  double used = 0, requested = 0;
  for (std::size_t i = 0; i < shares_.size(); ++i) {
    const Share& share = shares_[i];
    double given = share.given;
    if (!share.incoming) {
      const VmIndex v = facts.vms[i];
      vms_[v].received = given;
      vms_[v].demand = share.demand;
      if (!other_lines_.empty())
        for (std::size_t r = 0; r < vm_others_[v].size(); ++r)
          vm_others_[v][r] = other_lines_[v].base[r] + other_lines_[v].slope[r] * since;
      if (share.moving) given /= 0.9;  // its host works for the whole of it
    }
    used += given;
    requested += share.demand;
  }
  const double before = facts.allocated;
  facts.allocated = used;
  hosts_[h].requested = requested;
  facts.idling = used == 0 && !center_.policy.quirks.idle_hosts_off && !facts.vms.empty();
  hosts_[h].measured_on = used > 0 || facts.idling;
  if (used == before && now > 0 && facts.utilisation == used / kind.capacity()) return;
  facts.utilisation = std::min(used / kind.capacity(), 1.0);
  facts.watts = kind.power.at(facts.utilisation);
}

/// Divides the host's processors among its VMs, in the order of its list.
void Hosts::share_out(HostIndex h, double now) {
  HostFacts& facts = host_facts_[h];
  const HostKind& kind = center_.host_kinds[facts.kind];
  const double since = now - static_cast<double>(looked_up_) * traces_.step;
  const double capacity = kind.capacity();
  shares_.resize(facts.vms.size());
  // One more than it holds: who looks for a host is tried on it, and the table never shrinks.
  while (4 * (facts.vms.size() + 1) > 3 * hosts_[h].table) hosts_[h].table *= 2;
  double free = capacity;
  bool short_of = false;
  for (std::size_t i = 0; i < shares_.size(); ++i) {
    const Vm& vm = vms_[facts.vms[i]];
    Share& share = shares_[i];
    share.demand = (vm.base + vm.slope * since) * vm.promised;
    share.capped = std::min(share.demand, kind.mips);
    share.incoming = vm.home != h;
    share.moving = vm.moving;
    share.weight = share.incoming ? 0.1 * share.capped : share.capped;
    share.given = share.incoming ? 0.1 * share.capped
                  : share.moving ? 0.9 * share.capped
                                 : share.capped;
    if (free >= share.weight) {
      free -= share.weight;
    } else {
      short_of = true;
      free = 0;
    }
  }
  facts.free = free;
  hosts_[h].short_of = short_of;
  if (!short_of) return;
  // More is asked for than there is: all get the same part, in whole MIPS.
  const double part = capacity / total_weight(h);
  for (Share& share : shares_) {
    share.given = std::floor(share.incoming ? share.capped * 0.1 * part
                             : share.moving ? share.capped * part * 0.9
                                            : share.capped * part);
  }
}

/// The sum of all weights in the order in which the reference's hash table holds them: rounding
/// decides how many whole MIPS somebody gets.
double Hosts::total_weight(HostIndex h) {
  const auto& vms = host_facts_[h].vms;
  const std::uint32_t mask = hosts_[h].table - 1;
  in_table_order_.resize(vms.size());
  std::iota(in_table_order_.begin(), in_table_order_.end(), 0u);
  std::stable_sort(in_table_order_.begin(), in_table_order_.end(),
                   [&](std::uint32_t a, std::uint32_t b) {
                     return (hashes_[vms[a]] & mask) < (hashes_[vms[b]] & mask);
                   });
  double sum = 0;
  for (const std::uint32_t i : in_table_order_) sum += shares_[i].weight;
  return sum;
}

/// A VM that asks for nothing, and is not under way, has ended. Its host does not idle for it.
void Hosts::remove_ended(HostIndex h) {
  if (!center_.policy.quirks.idle_vms_end) return;
  HostFacts& facts = host_facts_[h];
  auto& list = facts.vms;
  std::erase_if(list, [&](VmIndex v) {
    if (vms_[v].moving || vms_[v].demand != 0) return false;
    vms_[v].home = nowhere;
    ++outcome_.idle_removed;
    return true;
  });
  if (!list.empty() || !facts.idling) return;
  facts.idling = false;
  hosts_[h].measured_on = false;
}

}  // namespace vm::model
