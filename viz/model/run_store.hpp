// RunStore: all that is known of one run, and its view at any instant.
//
// Rows come in as they were told, in batches, and go to the log that keeps their kind. show() asks
// each log what it knows about an instant. Rows of samples may also come as a selection first
// (coarse: a few hundred instants of a long run); until the whole has come past an instant, the
// selection is what is shown of it.
//
// One thread: the one that draws. Whatever takes long (the series of a machine that nobody asked
// for before) is done in slices, one a frame.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "viz/model/fleet_series.hpp"
#include "viz/model/happenings.hpp"
#include "viz/model/machine_log.hpp"
#include "viz/model/run_view.hpp"
#include "viz/model/sample_log.hpp"
#include "viz/model/tenant_log.hpp"
#include "viz/model/traffic_log.hpp"
#include "vm/observation.hpp"
#include "vm/scenario.hpp"

namespace viz::model {

/// What is known of a run before anything has happened in it. Empty where the scenario is not
/// known.
struct RunStart {
  RunInfo info{};
  std::vector<MachineId> owners{};  // by TenantId
  std::vector<GroupId> tenant_group{};
  std::vector<bool> writes{};  // by kind of transaction: whether it writes
};

/// Who lives where at the start, and which transactions write.
void learn(const vm::Scenario& scenario, RunStart& start);

class RunStore {
 public:
  explicit RunStore(RunStart start);

  void absorb(const vm::Batch& batch);
  /// Samples of chosen instants, all of them before the first whole ones.
  void absorb_selection(const std::vector<vm::SampleRow>& rows);
  /// Every row that there is has come, though more may follow: the selection is needed no more.
  void caught_up();
  /// No further rows will come: what is open is closed.
  void complete();

  const RunInfo& info() const { return info_; }
  /// How far the run is known to have come.
  Time now() const { return now_; }
  std::uint64_t samples() const { return whole_.log.size(); }
  std::size_t memory() const;
  const Happenings& happenings() const { return happenings_; }
  /// Grows with everything that comes in.
  std::uint64_t generation() const { return generation_; }

  /// Brings `view` to `at`: everything but its source, its clock and the changes, and of a selected
  /// client but what its group's rows do not tell.
  void show(Time at, const Selection& selection, RunView& view);

 private:
  struct Samples {
    Samples(const RunInfo& info, bool whole);
    SampleLog log;
    FleetSeries fleet;
  };
  struct Gathering {  // one machine's series, slice by slice
    Gathering(MachineId whose, const SampleLog& log) : machine(whose), from(&log) {}
    MachineId machine;
    const SampleLog* from;
    std::uint32_t next = 0;
    PerResource<Series> series;
  };
  struct Moves {  // of one client: indices of its migrations, among the first `looked_at`
    TenantId client;
    std::size_t looked_at = 0;
    std::vector<std::uint32_t> migrations{};
  };
  const Samples& shown(Time at) const;
  void show_machines(Time at, RunView& view);
  void show_figures(Time at, RunView& view) const;
  void show_clients(Time at, RunView& view);
  void show_flows(Time at, RunView& view);
  void show_series(const Selection& selection, RunView& view);
  void show_client(Time at, const Selection& selection, RunView& view);
  void gather(MachineId machine);

  RunInfo info_;
  MachineLog machines_;
  Samples whole_;
  std::optional<Samples> selection_;
  TrafficLog traffic_;
  Happenings happenings_;
  TenantLog tenants_;
  Series energy_;
  std::optional<Gathering> gathering_;
  std::optional<Moves> moves_;
  Time now_{};
  std::uint64_t generation_ = 0;

  // Where the last show() has come to.
  const SampleLog* sought_in_ = nullptr;
  std::vector<std::uint32_t> last_row_;
  std::uint32_t rows_done_ = 0;
  std::size_t changes_done_ = 0;
  std::vector<Time> since_;
};

}  // namespace viz::model
