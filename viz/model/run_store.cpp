#include "viz/model/run_store.hpp"

#include <algorithm>

#include "vm/placement.hpp"

namespace viz::model {
namespace {

constexpr std::uint32_t slice = 150'000;  // rows of a frame's gathering: about 1 ms

}  // namespace

void learn(const vm::Scenario& scenario, RunStart& start) {
  vm::Layout layout = vm::initial_layout(scenario);
  start.owners = std::move(layout.owner);
  start.tenant_group = std::move(layout.group);
  for (const vm::TransactionKind& kind : scenario.transactions)
    start.writes.push_back(kind.write.count > 0);
}

RunStore::Samples::Samples(const RunInfo& info, bool whole)
    : fleet(info.sample, info.threshold, whole) {}

RunStore::RunStore(RunStart start)
    : info_(std::move(start.info)),
      whole_(info_, true),
      traffic_(info_.groups.size(), info_.sample),
      tenants_(std::move(start.owners), std::move(start.tenant_group)),
      energy_(0) {}

// ---- In ----------------------------------------------------------------------------------------

void RunStore::absorb(const vm::Batch& batch) {
  for (const auto& row : batch.machines) machines_.append(row);
  for (const auto& row : batch.machine_states) {
    machines_.append(row);
    // The machines that a run begins with are no news.
    if (row.at == Time{}) continue;
    if (row.state == MachineState::up) happenings_.booted(row.at, row.machine);
    if (row.released) happenings_.released(row.at, row.machine);
  }
  for (const auto& row : batch.samples) {
    whole_.log.append(row);
    whole_.fleet.append(row);
  }
  for (const auto& row : batch.latencies) traffic_.append(row);
  for (const auto& row : batch.throughputs) traffic_.append(row);
  for (const auto& row : batch.rounds) happenings_.append(row);
  for (const auto& row : batch.notices) {
    happenings_.append(row);
    tenants_.append(row);
  }
  for (const auto& row : batch.faults) happenings_.append(row);
  happenings_.settle();
  for (const auto& row : batch.consolidation)
    energy_.append(row.at, static_cast<float>(row.energy_kwh));
  whole_.fleet.advance(batch.now);
  now_ = std::max(now_, batch.now);
  ++generation_;
}

void RunStore::absorb_selection(const std::vector<vm::SampleRow>& rows) {
  if (!selection_) selection_.emplace(info_, false);
  for (const auto& row : rows) {
    selection_->log.append(row);
    selection_->fleet.append(row);
  }
  if (!rows.empty()) now_ = std::max(now_, rows.back().at);
  ++generation_;
}

void RunStore::caught_up() {
  if (gathering_ && selection_) gathering_.reset();  // it points there
  selection_.reset();
  sought_in_ = nullptr;
  ++generation_;
}

void RunStore::complete() {
  caught_up();
  whole_.fleet.advance(Time::max());
}

// ---- Out ---------------------------------------------------------------------------------------

const RunStore::Samples& RunStore::shown(Time at) const {
  if (!selection_) return whole_;
  const std::uint32_t rows = whole_.log.size();
  return rows > 0 && whole_.log[rows - 1].at > at ? whole_ : *selection_;
}

void RunStore::show(Time at, const Selection& selection, RunView& view) {
  if (selection_) selection_->fleet.advance(Time::max());
  happenings_.advance(now_);
  show_machines(at, view);
  show_figures(at, view);
  show_clients(at, view);
  show_flows(at, view);
  show_client(at, selection, view);
  happenings_.under_way(at, view.under_way);
  const auto moves = [&](const MigrationView& m) {
    return !happenings_.migrations()[m.index].end || at < *happenings_.migrations()[m.index].end;
  };
  view.figures.migrations =
      static_cast<std::uint32_t>(std::ranges::count_if(view.under_way, moves));
  view.failures = &happenings_.failures();
  view.failovers = &happenings_.failovers();
  view.migrations = &happenings_.migrations();
  view.events = &happenings_.events();
  view.failing = &happenings_.failing_series();
  view.energy = energy_.empty() ? nullptr : &energy_;
  view.selection = selection;
  show_series(selection, view);
  view.generation = generation_;
}

void RunStore::show_machines(Time at, RunView& view) {
  machines_.seek(at, view.machines, since_, changes_done_);
  const SampleLog& log = shown(at).log;
  if (sought_in_ != &log) {
    last_row_.clear();
    rows_done_ = 0;
    sought_in_ = &log;
  }
  log.seek(at, last_row_, rows_done_);
  for (std::size_t i = 0; i < view.machines.size(); ++i) {
    MachineView& machine = view.machines[i];
    machine.failing = false;
    const std::uint32_t row = i < last_row_.size() ? last_row_[i] : SampleLog::none;
    const bool serves = machine.life == Life::up || machine.life == Life::draining;
    // A sample from before its machine was down says nothing about now.
    if (!serves || row == SampleLog::none || log[row].at < since_[i]) {
      machine.use = {};
      machine.transactions = machine.tenants = 0;
      continue;
    }
    const SampleLog::Row& sample = log[row];
    machine.use.values = sample.use;
    machine.transactions = sample.transactions;
    machine.tenants = sample.tenants;
  }
  view.figures = {};
  happenings_.for_each_on(at, [&](const FailureRecord& failure) {
    ++view.figures.failures;
    if (failure.machine.value >= view.machines.size()) return;
    // The evidence may reach back to before the machine was up: its window does.
    MachineView& machine = view.machines[failure.machine.value];
    machine.failing = machine.life != Life::booting && machine.life != Life::not_yet;
  });
}

void RunStore::show_figures(Time at, RunView& view) const {
  Figures& sum = view.figures;
  PerResource<double> use{};
  for (const MachineView& machine : view.machines) {
    const double price =
        machine.flavor.value < info_.flavors.size() ? info_.flavors[machine.flavor.value].price : 0;
    const Time allocated = machines_.allocated(machine.id);
    const Time until = std::min(machines_.released(machine.id), at);
    if (until > allocated) sum.cost += price * sim::seconds(until - allocated) / 3600;
    sum.failing += machine.failing ? 1 : 0;
    if (!machine.is_there()) continue;
    ++sum.machines;
    sum.cost_per_hour += price;
    sum.booting += machine.life == Life::booting ? 1 : 0;
    sum.down += machine.life == Life::down ? 1 : 0;
    sum.draining += machine.life == Life::draining ? 1 : 0;
    sum.up += machine.life == Life::up ? 1 : 0;
    for (const Resource r : vm::all_resources) use[r] += double{machine.use[r]};
  }
  const std::uint32_t serving = sum.up + sum.draining;
  for (const Resource r : vm::all_resources)
    sum.mean[r] = serving > 0 ? static_cast<float>(use[r] / serving) : 0;
}

void RunStore::show_clients(Time at, RunView& view) {
  view.groups.resize(info_.groups.size());
  for (std::uint32_t g = 0; g < info_.groups.size(); ++g) {
    view.groups[g] = traffic_.at(at, GroupId{g});
    view.figures.rate += view.groups[g].issued_per_s;
  }
}

/// A group's rate is split by where its tenants live: who issues more than others is not told.
void RunStore::show_flows(Time at, RunView& view) {
  view.flows.clear();
  if (!tenants_.known()) return;
  const std::size_t fleets = info_.fleets.size();
  std::vector<FlowView> flows(info_.groups.size() * fleets);
  const std::vector<MachineId>& owners = tenants_.owners(at);
  for (std::uint32_t t = 0; t < owners.size(); ++t) {
    if (owners[t].value >= view.machines.size()) continue;
    const MachineView& machine = view.machines[owners[t].value];
    FlowView& flow = flows[tenants_.group(TenantId{t}).value * fleets + machine.fleet.value];
    ++flow.tenants;
    flow.fails = flow.fails || machine.failing;
  }
  for (std::uint32_t g = 0; g < info_.groups.size(); ++g) {
    const double clients = std::max(1u, info_.groups[g].clients);
    for (std::uint32_t f = 0; f < fleets; ++f) {
      FlowView flow = flows[g * fleets + f];
      if (flow.tenants == 0) continue;
      flow.group = GroupId{g};
      flow.fleet = FleetId{f};
      flow.rate = view.groups[g].issued_per_s * flow.tenants / clients;
      view.flows.push_back(flow);
    }
  }
}

void RunStore::show_client(Time at, const Selection& selection, RunView& view) {
  view.client.reset();
  const TenantId client{selection.index};
  const auto group = info_.group_of(client);
  if (selection.kind != Selection::Kind::client || !group) return;
  ClientView& shown = view.client.emplace();
  shown.id = client;
  shown.group = *group;
  if (tenants_.known()) shown.machine = tenants_.owners(at)[client.value];
  if (!moves_ || moves_->client != client) moves_ = Moves{client};
  const std::vector<MigrationRecord>& all = happenings_.migrations();
  for (; moves_->looked_at < all.size(); ++moves_->looked_at) {
    if (all[moves_->looked_at].tenant == client)
      moves_->migrations.push_back(static_cast<std::uint32_t>(moves_->looked_at));
  }
  for (const std::uint32_t index : moves_->migrations) {
    const MigrationRecord& move = all[index];
    if (move.start > at) continue;
    const bool over = move.end && *move.end <= at;
    shown.moving = shown.moving || !over;
    shown.migrations += over && !move.aborted ? 1 : 0;
  }
}

void RunStore::show_series(const Selection& selection, RunView& view) {
  const Samples& samples = selection_ ? *selection_ : whole_;
  view.fleet.loading = selection_.has_value();
  for (const Resource r : vm::all_resources) {
    view.fleet.mean[r] = &samples.fleet.mean()[r];
    view.fleet.worst[r] = &samples.fleet.worst()[r];
  }
  view.selected = {};
  if (selection.kind == Selection::Kind::machine &&
      selection.index < std::max<std::size_t>(machines_.machines(), 1)) {
    gather(MachineId{selection.index});
    for (const Resource r : vm::all_resources) view.selected.mean[r] = &gathering_->series[r];
    view.selected.loading = gathering_->next < samples.log.size() || view.fleet.loading;
  }
  std::optional<GroupId> group;
  if (selection.kind == Selection::Kind::group && selection.index < info_.groups.size())
    group = GroupId{selection.index};
  if (view.client) group = view.client->group;
  view.latency = traffic_.latency(group);
  view.throughput = traffic_.throughput(group);
}

void RunStore::gather(MachineId machine) {
  const SampleLog& log = selection_ ? selection_->log : whole_.log;
  if (!gathering_ || gathering_->machine != machine || gathering_->from != &log) {
    gathering_.emplace(machine, log);
    for (const Resource r : vm::all_resources) {
      gathering_->series[r] =
          Series{info_.threshold[r], selection_ ? Duration::max() : info_.sample};
    }
  }
  const std::uint32_t end = std::min(log.size(), gathering_->next + slice);
  for (std::uint32_t i = gathering_->next; i < end; ++i) {
    const SampleLog::Row& row = log[i];
    if (row.machine != machine.value) continue;
    for (std::size_t r = 0; r < vm::resource_count; ++r)
      gathering_->series.values[r].append(row.at, row.use[r]);
  }
  gathering_->next = end;
}

std::size_t RunStore::memory() const {
  std::size_t bytes = whole_.log.memory() + traffic_.memory() + happenings_.memory();
  if (selection_) bytes += selection_->log.memory();
  return bytes;
}

}  // namespace viz::model
