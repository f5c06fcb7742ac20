// Scenario: everything that a scenario file says, resolved to plain numbers in SI units.
//
// Names have become indices, quantities seconds, bytes and rates, defaults are filled in: whoever
// reads a Scenario needs no TOML and finds nothing impossible in it (vm/scenario_toml.hpp makes one
// from a file or says all that is wrong with it). Both worlds start from this and nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sim/distributions.hpp"
#include "vm/change.hpp"
#include "vm/data_center.hpp"
#include "vm/entities.hpp"
#include "vm/usage_trace.hpp"

namespace vm {

enum class Scheduling : std::uint8_t { processor_sharing, fifo };

/// At most `rate` transactions a second, with bursts up to `burst`; the rest is refused.
struct Admission {
  double rate = 0;   // 1/s, > 0
  double burst = 1;  // transactions, >= 1
};

struct Flavor {
  std::string name;
  Capacity capacity;
  Scheduling cpu_scheduling = Scheduling::processor_sharing;
  Scheduling disk_scheduling = Scheduling::processor_sharing;
  sim::Distribution boot{sim::Constant{0}};  // seconds from allocation to up
  double boot_failure = 0;                   // probability that a boot never comes up
  double price = 0;                          // per hour, from allocation to release
  std::optional<std::uint32_t> queue;        // transactions at once; one more is refused
  std::optional<Admission> admission;
};

enum class FailoverPolicy : std::uint8_t { none, fresh_machine, split, bigger_flavor };
enum class AfterFailover : std::uint8_t { keep, release };

struct FailoverConfig {
  FailoverPolicy policy = FailoverPolicy::none;
  std::optional<FlavorId> flavor;                  // of the target; default: as the source
  Duration pause = std::chrono::milliseconds{20};  // budget for freeze to switch-over
  BytesPerSecond bandwidth{125e6};                 // of one migration's copy
  Duration cooldown = std::chrono::seconds{30};    // no machine fails over twice within it
  std::uint32_t at_once = 2;                       // migrations under way in the whole scenario
  double stop = 1.0;           // no new failover while more than this share of the
                               // fleet's machines is in SLA failure; 1: never stops
  std::uint32_t rounds = 30;   // copy rounds of one migration, at most
  std::uint32_t attempts = 3;  // tries of one migration before it is given up
  Duration timeout = std::chrono::minutes{10};      // of one try of a migration
  Duration boot_timeout = std::chrono::minutes{5};  // a boot that takes longer has failed
  std::uint32_t boot_attempts = 3;
  Duration detect = std::chrono::seconds{1};  // from a crash to MachineLost: the gateway's links
  AfterFailover after = AfterFailover::keep;  // default: keep for split, release otherwise
};

struct Fleet {
  std::string name;  // "fleet", "fleet2", ... where the file gives none
  FlavorId flavor;
  std::uint32_t count = 1;
  std::uint32_t spare = 0;  // booted and waiting
  FailoverConfig failover;  // the scenario's, with what this fleet overrides
};

struct Step {
  Resource resource = Resource::cpu;           // cpu, disk or network
  sim::Distribution demand{sim::Constant{0}};  // cpu: core-seconds; disk, network: bytes
};

struct TransactionKind {
  std::string name;
  std::vector<Step> steps;  // at least one
  Bytes memory{};           // held from the first step to the last
  Bytes write{};            // added to the tenant's state when committed; 0: read-only
};

/// Rate over time: straight lines between points, constant before the first and after the last.
/// Times never go back; two points at one time are a jump.
struct RateCurve {
  struct Point {
    Time at;
    double rate = 0;  // 1/s, >= 0
  };
  std::vector<Point> points;  // at least one
};

struct Poisson {
  RateCurve rate;
};
struct Deterministic {  // evenly spaced in the integral of the rate
  RateCurve rate;
};
struct Mmpp {  // Markov-modulated Poisson process: states visited in a ring
  struct State {
    double rate = 0;       // 1/s
    double mean_stay = 0;  // seconds, exponential
  };
  std::vector<State> states;  // at least two
};
/// Requests per interval; those of one interval arrive as a Poisson process conditioned on their
/// number, so every one of them is issued.
struct CountTrace {
  struct Interval {
    Time start;
    std::uint64_t requests = 0;
  };
  std::string file;
  std::vector<Interval> intervals;  // starts strictly increase
  Time end;                         // of the last interval
};
struct ClosedLoop {  // each of the group's clients: think, issue, wait for the end, think ...
  sim::Distribution think{sim::Constant{1}};  // seconds
};
using Arrivals = std::variant<Poisson, Deterministic, Mmpp, CountTrace, ClosedLoop>;

struct Backoff {
  double base = 0.1;   // seconds before the first retry
  double factor = 2;   // 1: constant, 2: exponential
  double limit = 30;   // seconds, at most
  bool jitter = true;  // full jitter: uniform in (0, backoff]
};
struct Breaker {  // per group: opens after `failures` in a row, lets one through after `open`
  std::uint32_t failures = 5;
  Duration open = std::chrono::seconds{5};
};
struct Retry {
  std::uint32_t attempts = 1;  // in all, the first included
  Backoff backoff;
  std::optional<double> budget;  // retries at most this share of first attempts (token bucket)
  std::optional<Breaker> breaker;
};

struct ClientGroup {
  std::string name;
  std::uint32_t count = 1;  // clients, each a tenant
  Arrivals arrivals{Poisson{}};
  std::string stream;       // names the random streams; groups that share it draw alike
  std::vector<double> mix;  // weight per Scenario::transactions, sums to 1
  double skew = 0;          // Zipf exponent of who issues; 0: all alike
  std::optional<Duration> timeout;
  Retry retry;
  Bytes state{};                 // of each tenant at the start
  std::optional<Bytes> keep;     // a tenant's state never grows beyond this: oldest overwritten
  std::optional<FleetId> fleet;  // where its tenants live; default: spread over all fleets
};

enum class Log : std::uint8_t { memory, synced };
struct Durability {
  Log log = Log::memory;
  std::uint32_t replicas = 1;  // 1 or 2: acknowledged means held by that many machines
};

struct LatencyObjective {
  double quantile = 0.99;  // in (0, 1)
  Duration limit{};
};
struct AvailabilityObjective {  // multi-window burn rate, SRE workbook chapter 5
  double objective = 0.999;
  Duration short_window = std::chrono::minutes{1};
  Duration long_window = std::chrono::minutes{10};
  double burn = 14.4;
};
struct Sla {
  PerResource<double> threshold{{0.98, 0.98, 0.98, 0.98}};
  PerResource<double> clear{{0.95, 0.95, 0.95, 0.95}};  // <= threshold
  Duration window = std::chrono::seconds{5};            // >= sample
  Duration sample = std::chrono::seconds{1};
  std::vector<LatencyObjective> latency;  // judged over `window`, whole scenario
  std::optional<AvailabilityObjective> availability;
};

enum class FaultKind : std::uint8_t {
  crash,         // everything in memory is gone; back after `lasts` if given
  slow,          // CPU capacity times `factor` for `lasts`
  leak,          // memory grows by `rate` until the machine is released or `lasts` is over
  boot_failure,  // boots that end within `lasts` fail
  disk_full,     // writes are refused for `lasts`
  lose_samples,  // samples of the machine do not arrive for `lasts`
  late_samples,  // samples arrive `delay` late for `lasts`
};
enum class MigrationStep : std::uint8_t { copying, frozen, verifying, switching };
enum class Side : std::uint8_t { source, target };

struct Fault {
  FaultKind kind = FaultKind::crash;
  std::optional<Time> at;                  // once ...
  std::optional<sim::Distribution> every;  // ... or again and again (seconds between)
  std::optional<std::uint32_t> machine;    // index in order of allocation; none: drawn
  std::optional<MigrationStep> during;     // crash: at this step of the next migration after
  Side side = Side::source;                //   `at`, on this side of it
  std::optional<Duration> lasts;
  double factor = 0.5;
  BytesPerSecond rate{};
  Duration delay{};
};

enum class Comparison : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal };
struct Expectation {
  std::string name;  // "lost", "pause_ms_max", "clients.fans.p99_ms", ...
  Comparison comparison = Comparison::equal;
  double value = 0;
  std::string want;  // as written: "<= 20"
};

/// Hosts with VMs instead of machines with clients. Each kind of host is also a flavor and a fleet,
/// so that whoever watches sees machines.
struct Consolidation {
  DataCenter center;
  std::string method;  // "THR-MMT 0.8", "DVFS"
  std::shared_ptr<const UsageTraces> traces;
};

/// Where `brink real` starts machines instead of here; nothing of it is looked at before that.
struct RealHosts {
  std::string fleet;                 // a fleet file's absolute path; real/fleet/fleet_file.hpp
  std::vector<std::string> hosts;    // of it, by name and in turn; empty: all
  std::string listen = "127.0.0.1";  // address at which the gateway is reached from there
};

struct Scenario {
  std::string name;
  std::string question;  // the comment "# Question: ..." that opens the file, if any
  Duration duration{};
  Duration warmup{};
  std::uint64_t seed = 1;
  std::vector<Flavor> flavors;
  std::vector<Fleet> fleets;
  std::vector<TransactionKind> transactions;
  std::vector<ClientGroup> clients;
  Durability durability;
  Sla sla;
  std::vector<Fault> faults;
  std::vector<Change> changes;  // in the order of their time; simulated runs only
  std::vector<Expectation> expectations;
  std::optional<RealHosts> real;               // none: machines are started here
  std::optional<Consolidation> consolidation;  // then there are no transactions and no clients
  std::string text;  // the resolved file as TOML, `--set` included: a run keeps it

  std::uint32_t tenant_count() const {
    std::uint32_t n = 0;
    for (const ClientGroup& group : clients) n += group.count;
    return n;
  }
};

}  // namespace vm
