// ReplaySession: a run from its record, finished or still being written by somebody else.
//
// Where the rows come from is another's business: a Loader is called once, in a thread of its own,
// and tells what it finds: first the few rows that matter, then a selection of samples, then all of
// them. It returns when the record is finished or its writer is gone, or follows it as it grows
// until it is cancelled.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "viz/model/batch_queue.hpp"
#include "viz/model/client_desk.hpp"
#include "viz/model/playback_clock.hpp"
#include "viz/model/run_store.hpp"
#include "viz/model/session.hpp"

namespace viz::model {

/// What a loader may tell, from its thread. All but the shares wait for room where there is none.
class LoaderPort {
 public:
  bool cancelled() const { return rows_.cancelled(); }
  /// Rows, those of each kind in the order of their time. `batch.now`: an instant that is known in
  /// whole, as far as the kinds in this batch go.
  void rows(vm::Batch batch) { rows_.push(std::move(batch)); }
  /// Samples of chosen instants in the order of time, told once and before all others.
  void select(std::vector<vm::SampleRow> rows);
  /// 0 to 1: how much of what there is has been told.
  void loaded(float share) { loaded_ = share; }
  /// All that the record holds has been told, and more may come.
  void caught_up() {
    caught_up_ = true;
    rows_.push({});  // whoever waits for rows wakes up and looks
  }
  /// The record has no end, and nobody is there who would write one.
  void cut_short() { cut_short_ = true; }

 private:
  friend class ReplaySession;
  BatchQueue rows_{1u << 18};
  std::mutex mutex_;
  std::vector<vm::SampleRow> selection_;
  std::atomic<float> loaded_ = 0;
  std::atomic<bool> caught_up_ = false, cut_short_ = false;
};

/// What it throws is shown as the reason why there is no more.
using Loader = std::function<void(LoaderPort&)>;

class ReplaySession final : public Session {
 public:
  /// `clients`: where single clients are looked up, or null.
  ReplaySession(RunStart start, Loader loader, std::unique_ptr<ClientSource> clients = nullptr);
  ~ReplaySession() override;

  const RunView& frame(double wall_seconds) override;
  const RunView& frame_at(Time at) override;
  void on(const Command& command) override;
  void load_all() override;

 private:
  void take_in(double budget_s);
  const RunView& show(Time at);
  SourceView source() const;

  LoaderPort port_;
  std::optional<ClientDesk> clients_;
  RunStore store_;
  PlaybackClock clock_;
  Selection selection_;
  RunView view_;
  bool whole_ = false, ended_ = false;
  std::thread loader_;  // last: it uses the port
};

/// What commands that every kind of session knows do: seek, play, speed, follow, step, select.
/// False for all others.
bool apply(const Command& command, PlaybackClock& clock, Selection& selection,
           const RunStore& store);

}  // namespace viz::model
