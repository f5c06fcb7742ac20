// RunView: a run at one instant, in plain structs, as the panels read it.
//
// A panel gets `const RunView&`, draws, and answers with Commands; it owns no data, asks no
// simulator and opens no file. Whether the run is played live, replayed, or being written by
// somebody else shows in `source` alone. A view is rebuilt once a frame by its Session; what it
// points to stays valid until the Session's next frame.
//
//   Session::frame(dt)  ->  const RunView&  ->  panels  ->  Command  ->  Session::on(command)
//
// Rules. `failing` comes from the run's SLA failures, which were decided with exact arithmetic; no
// panel compares a drawn number with the threshold to find it out. Numbers of things are indices
// into the vectors here: machines[id.value] is the machine, groups[id.value] the client group.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "viz/model/client_view.hpp"
#include "viz/model/series.hpp"
#include "vm/control.hpp"
#include "vm/entities.hpp"

namespace viz::model {

class EventLog;

using vm::FailoverId;
using vm::FlavorId;
using vm::FleetId;
using vm::GroupId;
using vm::MachineId;
using vm::MachineState;
using vm::PerResource;
using vm::Resource;
using vm::TenantId;

// ---- What was asked: does not change while the run goes on -------------------------------------

struct FlavorInfo {
  std::string name;
  vm::Capacity capacity;
  double price = 0;  // per hour
};
struct FleetInfo {
  std::string name;
  FlavorId flavor;
  std::uint32_t machines = 0, spares = 0;  // at the start
  std::string policy;                      // "split", "none" ...
};
struct GroupInfo {
  std::string name;
  std::uint32_t clients = 0, first_client = 0;
};
struct RunInfo {
  std::string title;  // of the window: the scenario's name and seed
  std::string scenario, question, seed;
  std::string world;    // "simulated", "real"
  std::string place;    // the run's directory, or the scenario file
  Duration duration{};  // that it is to last
  Duration warmup{};
  Duration sample{};  // interval
  PerResource<double> threshold{{0.98, 0.98, 0.98, 0.98}};
  std::vector<FlavorInfo> flavors;
  std::vector<FleetInfo> fleets;
  std::vector<GroupInfo> groups;
  std::vector<std::string> names{};  // of machines that are hosts with names, by MachineId

  /// "machine 7", or the host's name.
  std::string name(MachineId machine) const;
  /// Of all groups.
  std::uint32_t clients() const;
  /// The group that a client belongs to, if there is such a client.
  std::optional<GroupId> group_of(TenantId client) const;
};

// ---- What is, at the playhead ------------------------------------------------------------------

/// Life of a machine as the map shows it.
enum class Life : std::uint8_t { not_yet, booting, up, draining, down, released };

struct MachineView {
  MachineId id{};
  FleetId fleet{};
  FlavorId flavor{};
  Life life = Life::not_yet;
  bool spare = false;        // allocated as one
  bool failing = false;      // an SLA failure of this machine is on
  PerResource<float> use{};  // of the last sample, 0 to 1; 0 unless up or draining
  std::uint32_t transactions = 0, tenants = 0;  // of the last sample

  /// The busiest resource, and how busy it is.
  Resource worst_resource() const;
  float worst() const { return use[worst_resource()]; }
  bool is_there() const { return life != Life::not_yet && life != Life::released; }
};

struct MigrationView {      // under way at the playhead, or just over (for fading out)
  std::uint32_t index = 0;  // into RunView::migrations
  float progress = 0;       // 0 to 1; of bytes where the run tells them, else of time
  float strength = 1;       // 1; falls to 0 within half a second or a tenth of its length after it
};

/// One client group's flow to one fleet, by where its tenants live.
struct FlowView {
  GroupId group;
  FleetId fleet;
  double rate = 0;  // transactions/s issued in the last interval
  std::uint32_t tenants = 0;
  bool fails = false;  // a machine of the fleet that serves it is failing
};

struct GroupView {
  GroupId id;
  // Of the last interval.
  double issued_per_s = 0, committed_per_s = 0, refused_per_s = 0, timed_out_per_s = 0;
  double failed_per_s = 0, retries_per_s = 0;
  std::uint64_t in_flight = 0;
  std::optional<double> p50_ms, p99_ms, p999_ms;  // none where nothing committed
  // Since the start.
  std::uint64_t issued = 0, committed = 0, refused = 0, timed_out = 0, failed = 0, retries = 0;
};

/// The numbers in the top bar.
struct Figures {
  std::uint32_t machines = 0;  // there at the playhead
  std::uint32_t up = 0, booting = 0, draining = 0, down = 0;
  std::uint32_t failing = 0;     // machines
  std::uint32_t failures = 0;    // SLA failures that are on, those of the whole scenario included
  std::uint32_t migrations = 0;  // under way
  PerResource<float> mean;       // over machines that are up
  double rate = 0;               // transactions/s issued, all groups
  double cost_per_hour = 0;      // of the machines that are there
  double cost = 0;               // so far
};

// ---- What happened: whole lists, the future included where it is known --------------------------
// Failures in the order in which they were noticed, failovers in that of their triggering,
// migrations in that of their ends, but live ones in that of their beginnings.

struct FailureRecord {
  std::uint32_t number = 0;
  vm::Cause cause = vm::Cause::cpu;
  MachineId machine = vm::no_machine;  // none: latency or availability of the whole scenario
  Time start, noticed;
  std::optional<Time> end;      // none: it is not known to have ended
  double value = 0, limit = 0;  // utilisation 0 to 1, seconds, or burn rate
  std::optional<double> worst;

  bool is_on(Time at) const { return start <= at && (!end || at < *end); }
};
struct FailoverRecord {
  std::uint32_t number = 0;
  std::uint32_t failure = 0;
  vm::Cause cause = vm::Cause::cpu;
  MachineId from = vm::no_machine, to = vm::no_machine;
  Time triggered;
  std::optional<Time> end;
  std::string result;  // "completed", "partial", "failed"; empty while it goes on
  std::uint64_t moved = 0, aborted = 0, lost = 0;
  vm::Bytes bytes{};
  Duration pause_max{};
};
struct MigrationRecord {
  std::uint32_t failover = 0;
  TenantId tenant;
  MachineId from = vm::no_machine, to = vm::no_machine;
  Time start;
  std::optional<Time> end;  // none: under way
  std::uint32_t rounds = 0;
  vm::Bytes bytes{};  // copied
  Duration pause{};
  bool aborted = false;
};

enum class EventKind : std::uint8_t {
  failure,
  recovery,
  failover,
  failover_end,
  migration,
  crash,
  fault,
  boot,
  release,
  withheld,
  change
};
inline constexpr std::size_t event_kinds = 11;
std::string_view to_string(EventKind kind);

/// Short: its text is made when somebody looks (EventLog::text).
struct Event {
  Time at;
  EventKind kind = EventKind::failure;
  MachineId machine = vm::no_machine;  // that it is about
  std::uint32_t index = 0;  // into failures, failovers, migrations or EventLog's own texts, by kind
};

// ---- Charts ------------------------------------------------------------------------------------

/// Lines of one chart lane. All share one time axis; a pointer is null where there is nothing.
struct UtilisationSeries {
  PerResource<const Series*> mean{};   // of one machine: its values; of the fleet: over those up
  PerResource<const Series*> worst{};  // of the fleet only
  bool loading = false;                // more of it is on its way
};
struct LatencySeries {  // milliseconds; of one group, or the worst of all groups
  const Series *p50 = nullptr, *p90 = nullptr, *p99 = nullptr, *p999 = nullptr, *max = nullptr;
};
struct ThroughputSeries {  // per second; of one group, or the sum
  const Series *issued = nullptr, *committed = nullptr, *refused = nullptr, *timed_out = nullptr,
               *failed = nullptr, *retries = nullptr, *in_flight = nullptr;
};

// ---- The source and the clock ------------------------------------------------------------------

enum class SourceKind : std::uint8_t { replay, follow, live };
enum class SourceState : std::uint8_t {
  loading,
  growing,
  finished,
  cut_short,  // whoever wrote it is gone, and it has no end
  broken
};

struct SourceView {
  SourceKind kind = SourceKind::replay;
  SourceState state = SourceState::loading;
  std::string message;      // for a person: why it is broken, what is missing; may be empty
  float loaded = 0;         // 0 to 1, of what there is
  bool can_change = false;  // crash_machine etc. are welcome
  std::uint64_t samples = 0, events = 0;  // in memory
  std::uint64_t dropped = 0;              // rows that the live feed could not keep
  std::size_t memory = 0;                 // bytes held
};

struct ClockView {
  Time now;   // the playhead
  Time end;   // how far the run is known
  Time last;  // how far it will go: the scenario's duration, or end where that lies beyond
  bool playing = false;
  bool following = false;  // playhead sticks to `end`
  double speed = 1;        // run seconds per wall second; infinity: as fast as it goes
};

// ---- Commands ----------------------------------------------------------------------------------

struct Selection {
  enum class Kind : std::uint8_t { nothing, machine, migration, failover, failure, group, client };
  Kind kind = Kind::nothing;
  std::uint32_t index = 0;  // id of machine, group or client, or index into the list of its kind
  bool operator==(const Selection&) const = default;
};

struct Seek {
  Time at;
};
struct Play {
  bool on = true;
};
struct SetSpeed {
  double speed = 1;
};  // infinity: as fast as it goes
struct Follow {
  bool on = true;
};  // stick to the newest
/// To the event after (or before) the playhead. Live and at the newest: plays on until one comes.
struct StepEvent {
  bool forward = true;
};
struct Select {
  Selection what;
};
// Live only; each is written into the run's record.
struct SetLoad {
  std::optional<GroupId> group;
  double factor = 1;
};  // of the scenario's rates
struct CrashMachine {
  MachineId machine;
  std::optional<Duration> lasts;
};
struct SlowMachine {
  MachineId machine;
  double factor = 0.5;
};  // 1: as fast as before
struct SetThreshold {
  double threshold = 0.98;
};  // of all resources

using Command = std::variant<Seek, Play, SetSpeed, Follow, StepEvent, Select, SetLoad, CrashMachine,
                             SlowMachine, SetThreshold>;

/// What the run is made to differ by, now; and what of it can be changed at all.
struct ChangesView {
  bool can_load = true, can_threshold = true, can_strike = true;
  std::string why_not{};  // in plain words, where something cannot
  double load = 1;  // of all groups, where they agree
  std::vector<double> load_of_group;
  double threshold = 0.98;
  std::vector<std::pair<MachineId, double>> slowed;  // CPU factor
};

// ---- All of it ---------------------------------------------------------------------------------

struct RunView {
  RunInfo info;
  SourceView source;
  ClockView clock;
  Selection selection;

  Figures figures;
  std::vector<MachineView> machines;     // by id; all that the run ever has, as far as known
  std::vector<GroupView> groups;         // by id
  std::vector<FlowView> flows;           // group by group, fleets in order; those with tenants
  std::vector<MigrationView> under_way;  // drawn ones, largest first

  const std::vector<FailureRecord>* failures = nullptr;
  const std::vector<FailoverRecord>* failovers = nullptr;
  const std::vector<MigrationRecord>* migrations = nullptr;
  const EventLog* events = nullptr;
  std::optional<ClientView> client;  // that is selected

  UtilisationSeries fleet;          // mean and worst of all machines
  UtilisationSeries selected;       // of the selected machine; mean only
  LatencySeries latency;            // of the selected group or client's group, else the worst
  ThroughputSeries throughput;      // likewise, else the sum
  const Series* failing = nullptr;  // number of failing machines: a staircase
  const Series* energy = nullptr;   // kWh so far, in a consolidation

  ChangesView changes;
  std::uint64_t generation = 0;  // grows whenever anything but the clock has changed
};

}  // namespace viz::model
