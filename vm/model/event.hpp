// Event: what can happen in the simulated world, and to whom. Twelve bytes, copied by value.
//
// `subject` is the index of a group, tenant, machine or transaction; `detail` an attempt or a
// resource. The kernel orders events by time and by order of scheduling and looks no further.
#pragma once

#include <cstdint>
#include <type_traits>

namespace vm::model {

enum class Kind : std::uint8_t {
  issue,             // group: the next open-loop transaction
  think_over,        // tenant: a closed-loop client issues its next one
  work_done,         // machine, resource: the first job of a station may be done
  deadline,          // group: its earliest attempt may have run out of time
  retry,             // transaction: its backoff is over
  sample,            // all machines
  latency_window,    // the SLA window of the latency objectives
  late_sample,       // index into the samples under way
  warmup_over,       //
  machine_ready,     // machine, attempt
  boot_failed,       // machine, attempt
  machine_detected,  // machine: the gateway has noticed that it is lost
  machine_returns,   // machine
  loads_reported,    // machine, attempt
  copied,            // -, attempt
  frozen,            // -, attempt
  verified,          // -, attempt
  switched_over,     // -, attempt
  broken,            // -, attempt
  restored,          // tenant, attempt
  replicated,        // tenant, attempt
  timer,             // -, attempt
  fault_begins,      // index into Scenario::faults
  fault_ends,        // index into the faults under way
};

struct Event {
  Kind kind{};
  std::uint32_t subject = 0;
  std::uint32_t detail = 0;
};
static_assert(std::is_trivially_copyable_v<Event> && sizeof(Event) == 12);

}  // namespace vm::model
