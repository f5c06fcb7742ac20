// SlaMonitor: when is the SLA broken, and when is it whole again?
//
//   whole --broken over a full window--> broken --below `clear` (or the machine is gone)--> whole
//
// A resource is judged by its mean utilisation over a window of samples: a single sample near the
// limit says little (one second at a true 97 % reads 98 % or more once in 40 times). A sample
// belongs to the window when its middle does. Lost samples are neither healthy nor sick: they are
// missing, and at least 80 % of a window's samples must be there to judge. When a window is empty,
// watching starts afresh, and nothing is judged until it has lasted a whole window.
//
// Latency and availability are objectives of the whole scenario and have no machine. A crash is a
// failure of its machine until all tenants that it cut off are served again.
//
// Utilisations are kept as integer parts, so that sums over a sliding window stay exact for ever
// and a mean of exactly 98 % is recognised. A sample costs O(1) and allocates only when its machine
// is seen for the first time.
#pragma once

#include <array>
#include <variant>
#include <vector>

#include "vm/burn_rate.hpp"
#include "vm/control.hpp"
#include "vm/scenario.hpp"

namespace vm {

struct SlaEvent {
  MachineId machine = no_machine;  // none for latency and availability
  Cause cause = Cause::cpu;
  std::variant<SlaFailureBegan, SlaFailureEnded> notice;
};

class SlaMonitor {
 public:
  explicit SlaMonitor(const Sla& sla);

  /// One sample of a machine that is up; the caller leaves out all others. O(1), no allocation but
  /// for the first sample of a machine. Utilisations outside [0, 1] are held to that range.
  void on(Time now, const Sampled& fact, std::vector<SlaEvent>& events);

  /// Judged only when the window holds at least 1 / (1 - quantile) transactions: of fewer, the
  /// quantile is no more than the slowest one. A window that is not judged changes nothing, since
  /// silence may mean that nobody asked or that nobody was answered.
  void on(Time now, const LatencyMeasured& fact, std::vector<SlaEvent>& events);

  /// Broken while the error budget burns at `burn` times the affordable rate or faster over both
  /// windows, so that a failure is both real (long) and still going on (short); ends when the short
  /// one is below. Judged from one short window after the first count.
  void on(Time now, const OutcomesCounted& fact, std::vector<SlaEvent>& events);

  /// The threshold of every resource is `threshold` from the next sample on, and what ends a
  /// failure stays as far below it as it was, or is all the way down. Nothing is judged anew now.
  void set_threshold(double threshold);

  /// Another monitor has judged the machine's samples up to now and left this resource broken, with
  /// `worst` so far, or whole. It goes on from there; nothing is told about it.
  void resume(MachineId machine, Resource resource, bool broken, double worst);

  /// The machine crashed with tenants on it. Its other failures end.
  void crashed(Time now, MachineId machine, std::vector<SlaEvent>& events);
  /// Every tenant that the crash of `machine` cut off is served again.
  void recovered(Time now, MachineId machine, std::vector<SlaEvent>& events);
  /// The machine is gone, by release or by a crash that concerned nobody: its failures end.
  void gone(Time now, MachineId machine, std::vector<SlaEvent>& events);

 private:
  static constexpr std::uint32_t none = 0xffffffffu;

  struct Failure {  // of one thing that can fail: open, or the end of the last one
    std::uint32_t number = none;
    double worst = 0;
    Time ended;
  };
  struct Slot {  // one sample
    Time end;
    PerResource<std::uint32_t> parts;
  };
  struct Watch {                         // one machine
    std::uint32_t first = 0, count = 0;  // its ring in slots_
    Time since;                          // start of the first sample of an unbroken watch
    PerResource<std::uint64_t> sum;
    PerResource<Failure> resources;
    Failure crash;
  };

  Watch& watch(MachineId machine);
  Slot& slot(MachineId machine, std::uint32_t index);
  void begin(Time now, Time start, Failure& failure, SlaEvent about, double value, double limit,
             std::vector<SlaEvent>& events);
  void end(Time now, Failure& failure, SlaEvent about, std::vector<SlaEvent>& events);

  Sla sla_;
  PerResource<std::uint64_t> threshold_, clear_;  // in parts
  std::uint32_t window_samples_;                  // that a window holds when none is lost
  std::uint32_t needed_samples_;                  // to judge it
  std::uint32_t ring_;                            // slots of a machine
  std::vector<Watch> watches_;                    // by MachineId
  std::vector<Slot> slots_;                       // ring_ for each machine
  std::vector<Failure> latency_;                  // by objective
  BurnRate burn_;
  Failure availability_;
  std::uint32_t next_ = 0;  // number of the next failure
};

}  // namespace vm
