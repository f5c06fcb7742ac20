// Incidents: what somebody has to be told about the hosts of a fleet. Sans-IO: facts in, orders
// out.
//
//   quiet ──bad──> open ──good──> calming ──good for `calm`──> closed, and quiet
//                    ^               │
//                    └─────bad───────┘
//
// A host has five things that can go bad: each resource, when its mean over the window reaches the
// limit (judged by an SlaMonitor of its own, with its hysteresis), and its silence, when nothing
// has been heard of it for `silence`. An incident is opened once and closed once, whatever happens
// between. What flaps stays one incident: it ends only when it has been good for `calm`, and each
// time it comes back within `memory` of its end, that becomes twice as long, up to `most_calm`. So
// one thing opens at most about memory / most_calm + log2(most_calm / calm) incidents an hour.
//
// Beside incidents stands the plain record of who was there. HostDown and HostUp mark when a host
// was not heard of, exactly and undamped. Time in which nobody watched (the collector was not
// running, or stood still) is no host's fault: it is Unwatched, and a host's silence counts anew
// from its end. Samples that an agent kept for that time and sends later fill it: between two
// samples that are at most `silence` apart, a host was up.
//
// A host that is retired, taken down on purpose, is nobody's concern: what was open about it ends
// quietly, its silence is none, and what it still sends is kept and not judged. Once it is enlisted
// again its silence counts from then on. Whoever goes on sending beyond `farewell` is enlisted: he
// was not taken down, whatever is written; somebody was interrupted.
//
// Samples are judged by their own time, in order within each host, so a batch that comes late opens
// and closes what it would have opened and closed in time. Nothing ends while a host is silent. One
// that was never heard of is awaited, and not missed. After a restart, resume() and warm() bring
// back what was known; what was open stays open, under its number.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "vm/sla.hpp"

namespace vm {

enum class IncidentCause : std::uint8_t { cpu, memory, disk, network, silent };
inline constexpr std::size_t incident_cause_count = 5;

constexpr std::string_view to_string(IncidentCause cause) {
  constexpr std::array<std::string_view, incident_cause_count> names{"cpu", "memory", "disk",
                                                                     "network", "silent"};
  return names[static_cast<std::size_t>(cause)];
}

struct IncidentRules {
  Duration interval = std::chrono::seconds{1};  // between two samples of a host
  Duration window = std::chrono::seconds{5};    // over which a limit must be exceeded
  Duration silence = std::chrono::seconds{5};   // held to 2.5 intervals at the least
  double hysteresis = 0.03;                     // a resource is good again this far below its limit
  Duration calm = std::chrono::seconds{5};
  Duration most_calm = std::chrono::minutes{16};
  Duration memory = std::chrono::hours{1};
  Duration farewell = std::chrono::seconds{30};  // of a retired host; who still sends is not gone
};

struct TimedSample {
  Time at;
  PerResource<double> utilisation;
};

struct TimeSpan {
  Time start, end;
};

// ---- Orders: what to record, and whom to tell --------------------------------------------------

struct IncidentOpened {
  std::uint64_t number = 0;  // from 1, never used twice
  MachineId host{};
  IncidentCause cause = IncidentCause::silent;
  Time start{};      // of the evidence; when silent, the last sign of life
  Time noticed{};    // by the time of what gave it away
  double value = 0;  // utilisation over the window; 0 when silent
  double limit = 0;
  Duration calm{};  // that it has to stay good to be closed
};
struct IncidentCalm {  // since when it has been good, or that it is not any more
  std::uint64_t number = 0;
  std::optional<Time> since;
  double worst = 0;
};
struct IncidentClosed {
  std::uint64_t number = 0;
  Time end;              // since when it has been good
  Time noticed;          // calm was over
  double worst = 0;      // value while it lasted, whatever part of it this machine has seen
  bool quietly = false;  // nobody is to be told
};
struct HostDown {
  MachineId host;
  Time start;  // the last sign of life, or from when on somebody watched again
};
struct HostUp {  // or that its being down is not observed any more, before an Unwatched
  MachineId host;
  Time end;
};
struct Unwatched {  // for every host
  Time start, end;
};
struct Filled {  // the host was up in this part of what was Unwatched
  MachineId host;
  Time start, end;
};
struct Retired {  // taken down on purpose
  MachineId host;
  Time since;
};
struct Enlisted {  // watched again after it was retired
  MachineId host;
  Time since, end;
};
using IncidentOrder = std::variant<IncidentOpened, IncidentCalm, IncidentClosed, HostDown, HostUp,
                                   Unwatched, Filled, Retired, Enlisted>;
using IncidentOrders = std::vector<IncidentOrder>;

/// An incident as it was recorded, to be resumed.
struct IncidentRecord {
  std::uint64_t number = 0;
  MachineId host;
  IncidentCause cause = IncidentCause::silent;
  std::optional<Time> calm_since{};
  std::optional<Time> end{}, closed{};  // both or none
  Duration calm{};
  double worst = 0;
};

class Incidents {
 public:
  explicit Incidents(const IncidentRules& rules);

  /// The next host, numbered from 0.
  MachineId add_host(const PerResource<double>& limits);

  // ---- After a restart, in this order and before any fact ----

  /// The last incident of each host and cause that is open, or was closed within `memory`.
  void resume(const IncidentRecord& incident);
  /// A host that has been heard of. `last`: time of its last sample before those given to warm();
  /// `unwatched`: what of the time since then is Unwatched and not Filled, in order.
  void resume(MachineId host, std::optional<Time> last, std::span<const TimeSpan> unwatched);
  /// Samples that were recorded with what was ordered because of them, in order of time: all of the
  /// last two windows and an interval. They fill the windows; nothing is ordered again.
  void warm(MachineId host, std::span<const TimedSample> samples);
  /// alive  when the last fact was recorded; none at the first start of all
  /// next   number of the next incident
  void start(Time now, std::optional<Time> alive, std::uint64_t next, IncidentOrders& orders);

  // ---- Facts; `now` never goes back ----

  /// Something came from a host: samples in order of time, later than all before; maybe none.
  void heard(Time now, MachineId host, std::span<const TimedSample> samples,
             IncidentOrders& orders);
  /// Time has passed. To be told several times within `silence`: a pause of more than half of it
  /// counts as Unwatched. O(hosts).
  void tick(Time now, IncidentOrders& orders);

  /// Nothing where that retirement is over.
  ///
  ///   since  as it was recorded; tells this retirement from others of the host
  void retire(Time now, MachineId host, Time since, IncidentOrders& orders);
  /// Nothing where it is not retired.
  void enlist(Time now, MachineId host, IncidentOrders& orders);

  /// Since when; none: it is watched.
  std::optional<Time> retired(MachineId host) const { return hosts_[host.value].retired; }
  bool is_down(MachineId host) const { return hosts_[host.value].down; }
  bool is_awaited(MachineId host) const { return !hosts_[host.value].known; }
  /// What the rules' silence was held to.
  Duration silence() const { return rules_.silence; }

 private:
  struct Thing {
    std::optional<std::uint64_t> number;  // of its open incident
    std::optional<Time> calm_since;
    double worst = 0;
    Duration calm{};
    std::optional<Time> end, closed;  // of its last incident
  };
  struct Host {
    explicit Host(const Sla& sla) : monitor(sla) {}
    SlaMonitor monitor;
    std::array<Thing, incident_cause_count> things;
    bool known = false, down = false;
    std::optional<Time> retired;  // since when
    Time told;                    // when we heard of that
    std::optional<Time> back;     // the retirement that is over, by its beginning
    Time heard;                   // or from when on it was watched again
    std::optional<Time> last_sample;
    std::vector<TimeSpan> unwatched;  // not filled yet, in order
  };
  struct What {
    MachineId host;
    IncidentCause cause = IncidentCause::silent;
  };

  Thing& thing(What what) {
    return hosts_[what.host.value].things[static_cast<std::size_t>(what.cause)];
  }
  void watched(Time now, IncidentOrders& orders);
  void sampled(MachineId host, const TimedSample& sample, IncidentOrders& orders);
  void fill(MachineId host, std::span<const TimedSample> samples, IncidentOrders& orders);
  void bad(Time now, Time start, What what, double value, double limit, IncidentOrders& orders);
  void good(Time now, What what, double worst, IncidentOrders& orders);
  void close_if_calm(Time now, What what, IncidentOrders& orders);
  static void leave_unwatched(Host& host, TimeSpan span);

  IncidentRules rules_;
  std::vector<Host> hosts_;
  std::vector<SlaEvent> events_;
  Time now_;
  std::uint64_t next_ = 1;
};

}  // namespace vm
