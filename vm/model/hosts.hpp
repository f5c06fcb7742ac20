// Hosts: a day of a data center in the simulated world: VMs ask for what their traces say, hosts
// share their processors among them, the Consolidator plans, migrations take their time.
//
//   every interval   measure all hosts (tick) -> plan -> start the migrations
//   a migration ends measure, move the VM, measure again
//
// A VM under way is in its host's list and, as incoming, at the end of its target's. It gets 90 %
// of its share where it is and costs the target 10 %. A VM that asks for exactly nothing when
// measured has ended, says the reference, and is gone for good. A host without VMs is switched off.
//
// The order of every sum is the reference's, since a last bit can send a VM elsewhere and change
// the rest of the day. Source: CloudSim 3.0.3 (Beloglazov and Buyya 2012), docs/MODEL.md.
//
// Only hosts with VMs are touched, so cost goes with VMs, not with hosts.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "sim/random.hpp"
#include "vm/consolidation.hpp"
#include "vm/consolidation_outcome.hpp"
#include "vm/control.hpp"
#include "vm/data_center.hpp"
#include "vm/usage_trace.hpp"

namespace vm::model {

class Hosts {
 public:
  /// Both must outlive this. Requires at least one VM, one host and kinds for both.
  Hosts(const DataCenter& center, const UsageTraces& traces);

  /// Told after each optimisation; false ends the day there.
  using OnInterval = std::function<bool(const ConsolidationInterval&)>;
  /// Plays from start to end. To be called once.
  ConsolidationOutcome play(const OnInterval& on_interval = {});

  /// From the next optimisation on; of a detector of kind `threshold`.
  void set_threshold(double threshold) { consolidator_.set_threshold(threshold); }

  /// As of the last measurement.
  const HostFacts& host(HostIndex host) const { return host_facts_[host]; }
  /// Hosts with VMs when the last plan was made, ascending.
  std::span<const HostIndex> active() const { return active_; }
  /// Mean utilisation while the host was on, and its highest.
  double utilisation_mean(HostIndex host) const;
  /// Of memory, disk and network, as shares; 0 where nobody knows.
  OtherUse other_use(HostIndex host) const;
  /// Mean of the same over the intervals in which the host was on, and their highest.
  OtherUse other_use_mean(HostIndex host) const;
  OtherUse other_use_max(HostIndex host) const;
  double utilisation_max(HostIndex host) const { return hosts_[host].highest; }
  double measured_at() const { return measured_at_; }  // seconds
  /// SLA failures that began or ended when the last plan was made.
  std::span<const Notice> notices() const { return notices_; }

 private:
  static constexpr HostIndex nowhere = 0xffffffffu;
  static constexpr std::uint32_t no_failure = 0xffffffffu;
  struct Peak {  // what is scarcest on a host
    Cause cause = Cause::cpu;
    double use = 0;
  };

  struct alignas(64) Host {  // beside its HostFacts; one line of the cache
    double requested = 0;    // at the last measurement
    double on_since = 0;
    double on_s = 0, busy_s = 0;         // time on; the same times utilisation
    double highest = 0;                  // utilisation
    double worst = 0;                    // of the SLA failure, while it lasts
    std::uint32_t failure = no_failure;  // its SLA failure: above 98 % of anything
    std::uint32_t table = 16;            // size of the reference's hash table for its VMs
    bool measured_on = true;             // at the last measurement: gives something to somebody
    bool was_on = true;                  // at the last one that counts
    bool short_of = false;               // its VMs asked for more than there is
    bool touched = false;                // by the migrations that are being started or finished
  };
  struct Others {  // use of memory, disk and network over the intervals
    OtherUse sum{}, highest{};
    std::uint32_t intervals = 0;
  };
  struct alignas(64) Vm : VmFacts {  // one line of the cache, since all are read at every tick
    double base = 0, slope = 0;      // utilisation at the trace's last instant; per second since
    double received = 0;             // at the last measurement; `demand` is what it asked for
    HostIndex home = nowhere;
    bool moving = false;
  };
  struct OtherLine {  // as of utilisation, in the units of the hosts
    OtherUse base{}, slope{};
  };
  struct Arrival {
    double at = 0;
    VmMove move;
  };
  struct Share {  // of one VM on the host that is being measured
    double demand = 0, capped = 0, weight = 0, given = 0;
    bool incoming = false, moving = false;
  };

  void start_vms();
  void tick(double now);
  void look_up(double now);
  void look_up_others(VmIndex vm, std::size_t at);
  void judge_thresholds(double now);
  Peak peak(HostIndex host, const OtherUse& others) const;
  void pay_for_the_rest();
  void record_usage(double now);
  void settle(HostIndex host, double elapsed);
  void measure(HostIndex host, double now);
  void touch(HostIndex host);
  template <class Visit>
  void for_each_touched(Visit visit);
  void share_out(HostIndex host, double now);
  double total_weight(HostIndex host);
  void remove_ended(HostIndex host);
  bool keep_active(HostIndex host) const;
  void count_shutdown(HostIndex host, double at);

  void start_migrations(std::span<const VmMove> moves, double now);
  void finish_migrations();
  void arrive(const VmMove& move, double now);
  void activate(HostIndex host);
  void deactivate(HostIndex host);
  template <class Visit>
  void for_each_active(Visit visit);
  void fetch(std::span<const HostIndex> hosts, std::size_t at) const;
  ConsolidationInterval interval_row(double now, std::size_t moves) const;

  const DataCenter& center_;
  const UsageTraces& traces_;
  ConsolidationOutcome outcome_;
  double joules_ = 0;
  double measured_at_ = 0;
  double planned_at_ = 0;

  std::vector<Vm> vms_;
  std::vector<std::uint32_t> hashes_;   // by VM: where the reference's tables file it
  std::vector<OtherLine> other_lines_;  // by VM; empty where nobody knows
  std::vector<OtherUse> vm_others_;     // by VM: asked for now; empty where nothing limits it
  std::vector<std::uint32_t> living_;   // by number
  std::vector<Host> hosts_;
  std::vector<HostFacts> host_facts_;
  std::vector<Others> others_;              // by host; empty where nobody knows
  std::vector<std::uint64_t> active_bits_;  // hosts with VMs, or that had some when last measured
  std::vector<HostIndex> active_;           // hosts with VMs, for the Consolidator

  std::vector<HostIndex> above_, above_before_;  // 98 % of anything, ascending
  std::vector<Notice> notices_;

  UsageHistory history_;
  std::size_t looked_up_ = SIZE_MAX;  // instant of the trace that vms_ hold
  Consolidator consolidator_;
  sim::RandomStream random_;
  std::vector<Arrival> arrivals_;  // under way, in order of arrival
  std::vector<HostIndex> touched_;
  std::vector<HostIndex> visiting_;
  std::vector<Share> shares_;
  std::vector<std::uint32_t> in_table_order_;
};

}  // namespace vm::model
