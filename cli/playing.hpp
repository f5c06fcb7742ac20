// Playing: what verbs that play scenarios share, in whichever world: their options, what is shown
// while a run goes on and after it, and which exit code it comes to.
#pragma once

#include <atomic>
#include <filesystem>
#include <optional>

#include "cli/options.hpp"
#include "cli/progress.hpp"
#include "record/recorder.hpp"
#include "vm/observation.hpp"

namespace cli {

struct Playing {
  std::filesystem::path out = "results";
  bool quiet = false;
  bool json = false;
  bool transactions = false;

  /// Adds --out, --transactions, --quiet and --json, which fill in this object when they are
  /// parsed: it stays where it is until then.
  void add_to(Options& options);
  /// Says where the run goes, on standard output that is not for JSON alone.
  void announce(const vm::Scenario& scenario, const std::filesystem::path& directory) const;
  /// The summary, and how to see it again.
  void show(const record::Summary& summary, const std::filesystem::path& directory) const;
  Progress::Style progress_style() const;
  bool chatty() const { return !quiet && !json; }
};

/// Keeps a run and shows it. When it can no longer be kept, it stops: what nobody can look at
/// afterwards is not worth hours of anybody's time.
class Watcher : public vm::ObservationSink {
 public:
  Watcher(record::Recorder& recorder, Progress& progress, std::atomic<bool>& stop)
      : recorder_(recorder), progress_(progress), stop_(stop) {}
  void on(const vm::Batch& batch) override {
    recorder_.on(batch);
    progress_.on(batch);
    if (recorder_.failed()) stop_ = true;
  }

 private:
  record::Recorder& recorder_;
  Progress& progress_;
  std::atomic<bool>& stop_;
};

/// Of this process and its children that have ended.
double cpu_seconds();

/// The exit code of a run that is over, with a word to stderr where it is exit_outside.
int verdict(const record::Recorder& recorder, const vm::Scenario& scenario,
            const vm::RunOutcome& outcome, const std::optional<record::Summary>& summary);

}  // namespace cli
