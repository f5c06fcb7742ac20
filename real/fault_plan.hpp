// FaultPlan: when the scenario's faults strike in the real world, and whom.
//
// The same streams of chance as in the simulated world decide what is drawn, so a fault that comes
// again and again comes at the same instants. Whom it strikes is drawn among the machines that are
// up at that moment, as it is there. What a stroke does is the stage's work.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "real/asio.hpp"
#include "sim/random.hpp"
#include "vm/scenario.hpp"

namespace real {

class FaultPlan {
 public:
  struct Stroke {
    const vm::Fault& fault;
    vm::MachineId machine;  // no_machine for those that strike no machine
  };
  struct Handlers {
    std::function<std::vector<vm::MachineId>()> machines_up;  // in order of their numbers
    std::function<void(const Stroke&)> strike;
    std::function<void(const Stroke&)> heal;  // after `lasts`; a crash's return too
    std::function<void(vm::MachineId, std::string what)> tell;  // for people and the record
  };

  FaultPlan(asio::io_context& io, const vm::Scenario& scenario, Handlers handlers);
  ~FaultPlan() { *alive_ = false; }
  FaultPlan(const FaultPlan&) = delete;
  FaultPlan& operator=(const FaultPlan&) = delete;

  /// From `start` on, the instant 0 of the run.
  void begin(std::chrono::steady_clock::time_point start);

  /// A migration has come to `step`: the machine that a trap for it takes down, if one is set, and
  /// after how long it returns.
  struct Sprung {
    vm::MachineId machine;
    const vm::Fault& fault;
  };
  std::optional<Sprung> spring(vm::MigrationStep step, vm::MachineId from, vm::MachineId to);

 private:
  void schedule(std::uint32_t fault, vm::Time at);
  void schedule_next(std::uint32_t fault, vm::Time after);
  void strike(std::uint32_t fault);
  void later(std::chrono::steady_clock::time_point at, std::function<void()> what);

  asio::io_context& io_;
  const vm::Scenario& scenario_;
  Handlers handlers_;
  std::vector<sim::RandomStream> streams_;  // by fault
  std::vector<vm::Time> due_;               // by fault: the last instant that was drawn
  std::vector<std::uint32_t> traps_;        // faults, in order of their setting
  std::chrono::steady_clock::time_point start_{};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// "slow to 50 %": for people, in the words of the simulated world.
std::string describe(const vm::Fault& fault);

}  // namespace real
