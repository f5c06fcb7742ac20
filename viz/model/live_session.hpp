// LiveSession: a scenario simulated while the window looks on, and changed by who looks.
//
// The simulation has a thread of its own and is steered, not stopped and started: before each piece
// of its way it asks how far it may go. How far follows from the window's clock, or is the end when
// it is to go as fast as it can; a piece is a few milliseconds of work, so that it hears soon when
// it is to wait. Its rows come through a BatchQueue: the simulation never waits for the window, and
// the window never for the simulation.
//
// Changes are made at whole milliseconds of the run, which a file can hold, and go with the rows to
// whoever keeps the run: they are what it takes to repeat it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "viz/model/batch_queue.hpp"
#include "viz/model/live_client.hpp"
#include "viz/model/playback_clock.hpp"
#include "viz/model/run_store.hpp"
#include "viz/model/session.hpp"
#include "vm/model/run.hpp"
#include "vm/scenario.hpp"

namespace viz::model {

/// What a scenario says of a run's beginning.
RunStart start_of(const vm::Scenario& scenario);

/// Who keeps the run, called from the simulation's thread; all may be empty.
struct Keeper {
  vm::ObservationSink* sink = nullptr;                    // told every row
  std::function<std::optional<std::string>()> failed{};   // why it can keep no more: the run ends
  std::function<void(const vm::RunOutcome&)> finished{};  // once, at the end
};

class LiveSession final : public Session, vm::ObservationSink, vm::model::Steering {
 public:
  /// Plays at once, at the speed of real time. The keeper's things outlive the session.
  LiveSession(vm::Scenario scenario, std::string place, Keeper keeper);
  ~LiveSession() override;  // the run ends here if it has not ended before

  const RunView& frame(double wall_seconds) override;
  const RunView& frame_at(Time at) override;
  void on(const Command& command) override;
  void load_all() override;

 private:
  using WallClock = std::chrono::steady_clock;

  // The simulation's thread.
  void play();
  void on(const vm::Batch& batch) override;
  Time next(Time now, std::vector<vm::Change>& changes) override;
  Duration piece(Time now);

  // The window's.
  void take_in(double budget_s);
  void set_goal(double wall_seconds);
  void allow(Time goal);
  void run_on();
  void change(vm::Change change);
  bool steer(const Command& command);
  const RunView& show(Time at);
  void pick_client();
  SourceView source() const;

  const vm::Scenario scenario_;
  const Duration step_;  // changes and pieces end at multiples of it
  Keeper keeper_;
  BatchQueue rows_{1u << 20};
  LiveClient client_;

  std::mutex mutex_;  // of the next three
  std::condition_variable allowed_;
  Time goal_{};  // how far the simulation may go
  std::vector<vm::Change> wanted_;
  std::atomic<bool> stop_ = false;

  // Of the simulation's thread.
  WallClock::time_point asked_{};
  Time came_from_{};
  double pace_ = 1e9;  // run nanoseconds per wall second, of late

  // Of the window's thread.
  RunStore store_;
  PlaybackClock clock_;
  Selection selection_;
  RunView view_;
  bool running_ = true;    // the simulation, whatever the playhead does
  bool stepping_ = false;  // until something happens
  bool ended_ = false;
  double lead_ = 0;  // ns: how far the goal is ahead of what has come

  std::thread player_;  // last: all else is there
};

}  // namespace viz::model
