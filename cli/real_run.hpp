// RealRun: one run with real processes: the stage that starts and breaks them, the clients on a
// thread of their own, the journal that is followed as it grows, and how it ends.
//
//   play() ─> stage up ──ready──> clients play ──report──> everything ended ─> outcome
//                └── a signal, `stop` or a failure ends it early ──^
//
// `brink real` plays through it, and so does the kill table, which holds every migration at its
// moments: what is proved of the one is proved of the other. The thread that calls play() must
// outlive the object, since the processes die with the thread that started them.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "real/stage.hpp"
#include "vm/observation.hpp"
#include "vm/outcome.hpp"

namespace cli {

class RealRun {
 public:
  struct Options {
    const vm::Scenario& scenario;           // outlives the run
    std::filesystem::path directory;        // of the run; the scenario's text is in it already
    std::filesystem::path binary;           // brink itself
    bool transactions = false;              // tell the sink every transaction's end as well
    std::string http{};                     // host:port where people may knock; empty: nowhere
    std::filesystem::path users{};          // their accounts; docs/API.md
    std::vector<std::string> http_words{};  // how that is kept from strangers: HttpSafety::words()
    std::function<void(const std::string&)> report = [](const std::string&) {};  // for people
    /// For tests: called with the stage at each moment of a migration, before it goes on.
    std::function<void(real::Stage&, const real::Reached&)> on_reached{};
    /// For tests: where a machine's process is started; see real::Stage::Options.
    std::function<real::Stage::Quarters(vm::MachineId)> quarters{};
    std::vector<real::Stage::Place> places{};  // other hosts; none: machines are started here
    std::chrono::milliseconds patience = std::chrono::seconds{20};  // with one that is silent
    /// For tests: called every 50 ms while it is played, with the seconds since it began.
    std::function<void(double seconds, real::Stage&)> meanwhile{};
  };

  /// Makes the stage's temporary folder; throws std::system_error. `sink` is called from two
  /// threads, one at a time. Who sets `stop` ends the run within 50 ms.
  RealRun(Options options, vm::ObservationSink& sink, std::atomic<bool>& stop);
  /// Ends whatever still runs.
  ~RealRun();
  RealRun(const RealRun&) = delete;
  RealRun& operator=(const RealRun&) = delete;

  /// Returns when it is over and every process has ended.
  vm::RunOutcome play();

  /// Why it could not be played to its end; empty when it could, or was asked to stop.
  const std::string& failure() const;
  /// Seconds since the run's first instant.
  double wall() const;
  const real::Stage& stage() const;

 private:
  class Play;
  std::unique_ptr<Play> play_;
};

}  // namespace cli
