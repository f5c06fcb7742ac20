// Progress: shows a run while it runs: what happens, as it happens, and how far it has come.
//
// SLA failures, failovers, migrations and faults are lines of text on `events`. How far it is goes
// to standard error: a bar that redraws itself on a terminal, a plain line every few seconds
// otherwise. A sink like any other: it is called by the run's thread, reads the wall clock at most
// once a batch and draws at most ten times a second.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "cli/terminal.hpp"
#include "vm/observation.hpp"
#include "vm/scenario.hpp"

namespace cli {

class Progress : public vm::ObservationSink {
 public:
  struct Style {
    std::FILE* events = stdout;  // where events go
    bool bar = false;            // stderr is a terminal
    bool colour = false;         // of the events
    bool quiet = false;          // neither events nor progress
  };
  Progress(const vm::Scenario& scenario, Style style);
  ~Progress() override { clear_bar(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void on(const vm::Batch& batch) override;

  /// Takes the bar off the screen, so that other text can follow.
  void clear_bar();

 private:
  using WallClock = std::chrono::steady_clock;

  void tell(const vm::FaultRow& fault);
  void tell(vm::Time at, const vm::SlaFailureBegan& notice);
  void tell(vm::Time at, const vm::SlaFailureEnded& notice);
  void tell(vm::Time at, const vm::FailoverTriggered& notice);
  void tell(vm::Time at, const vm::FailoverEnded& notice);
  void tell(vm::Time at, const vm::MigrationEnded& notice);
  void tell(vm::Time at, const vm::FailoverWithheld& notice);
  void line(vm::Time at, const std::string& what, Colour colour, const std::string& text);
  void show_progress(const vm::Batch& batch);
  std::string progress_text(const vm::Batch& batch, double wall) const;

  const vm::Scenario& scenario_;
  Style style_;
  std::vector<vm::SlaFailureBegan> failures_;  // by number
  WallClock::time_point started_ = WallClock::now();
  WallClock::time_point shown_ = started_;
  bool bar_shown_ = false;
};

/// "machine 3: cpu at 99.8 %, over 98 %": what an SLA failure is about, for a person.
std::string describe(const vm::SlaFailureBegan& failure, const vm::Scenario& scenario);

}  // namespace cli
