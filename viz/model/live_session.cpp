#include "viz/model/live_session.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <utility>

#include "viz/model/replay_session.hpp"

namespace viz::model {
namespace {

constexpr double frame_budget = 0.004;  // s, for taking in rows
constexpr double piece_s = 0.005;       // of the simulation's work, between two questions
constexpr double most_lead_s = 0.25;    // of wall time: a window that stalls does not run away

/// Whole milliseconds, and whole seconds where a run is so long that doubles tell no finer.
Duration step_of(const vm::Scenario& scenario) {
  constexpr Duration long_run = std::chrono::days{10};
  return scenario.duration > long_run ? Duration{std::chrono::seconds{1}}
                                      : Duration{std::chrono::milliseconds{1}};
}

/// A consolidation plays a trace by its reference's rules, which leave little to change.
void limit(const vm::Consolidation& consolidation, ChangesView& changes) {
  changes.can_load = changes.can_strike = false;
  changes.can_threshold = vm::has_threshold(consolidation.center);
  changes.threshold = consolidation.center.policy.detector.parameter;
  changes.why_not =
      "What VMs ask for is in their trace, and the reference's hosts neither crash nor slow down.";
  if (!changes.can_threshold) {
    changes.why_not += " " + consolidation.method + " has no threshold to move.";
  }
}

std::string_view name_of(vm::FailoverPolicy policy) {
  constexpr std::array<std::string_view, 4> names{"none", "fresh-machine", "split",
                                                  "bigger-flavor"};
  return names[static_cast<std::size_t>(policy)];
}

}  // namespace

RunStart start_of(const vm::Scenario& scenario) {
  RunStart start;
  RunInfo& info = start.info;
  info.scenario = scenario.name;
  info.question = scenario.question;
  info.seed = std::to_string(scenario.seed);
  info.title = info.scenario + ", seed " + info.seed;
  info.world = "simulated";
  info.duration = scenario.duration;
  info.warmup = scenario.warmup;
  info.sample = scenario.sla.sample;
  info.threshold = scenario.sla.threshold;
  for (const vm::Flavor& f : scenario.flavors)
    info.flavors.push_back({f.name, f.capacity, f.price});
  for (const vm::Fleet& f : scenario.fleets) {
    info.fleets.push_back(
        {f.name, f.flavor, f.count, f.spare, std::string{name_of(f.failover.policy)}});
  }
  std::uint32_t first = 0;
  for (const vm::ClientGroup& g : scenario.clients) {
    info.groups.push_back({g.name, g.count, first});
    first += g.count;
  }
  learn(scenario, start);
  return start;
}

LiveSession::LiveSession(vm::Scenario scenario, std::string place, Keeper keeper)
    : scenario_(std::move(scenario)),
      step_(step_of(scenario_)),
      keeper_(std::move(keeper)),
      client_(scenario_.warmup),
      store_(start_of(scenario_)) {
  view_.info = store_.info();
  view_.info.place = std::move(place);
  view_.changes.load_of_group.assign(scenario_.clients.size(), 1);
  view_.changes.threshold = scenario_.sla.threshold[Resource::cpu];
  if (scenario_.consolidation) limit(*scenario_.consolidation, view_.changes);
  clock_.follow(true);
  player_ = std::thread{[this] { play(); }};
}

LiveSession::~LiveSession() {
  {
    const std::lock_guard lock{mutex_};
    stop_ = true;
  }
  allowed_.notify_one();
  player_.join();
}

// ---- The simulation's thread -------------------------------------------------------------------

void LiveSession::play() {
  try {
    asked_ = WallClock::now();
    const vm::RunOutcome outcome = vm::model::run(
        scenario_, {.sink = this, .stop = &stop_, .steering = this, .client = &client_});
    client_.finished(outcome.clients);
    if (keeper_.finished) keeper_.finished(outcome);
    const auto failure = keeper_.failed ? keeper_.failed() : std::nullopt;
    rows_.close(failure.value_or(""));
  } catch (const std::exception& reason) {
    rows_.close(reason.what());
  }
}

void LiveSession::on(const vm::Batch& batch) {
  rows_.offer(batch);
  if (keeper_.sink == nullptr) return;
  keeper_.sink->on(batch);
  // What nobody can look at afterwards is not worth going on with.
  if (keeper_.failed && keeper_.failed()) stop_ = true;
}

/// So much of the run as costs about piece_s, by what the last pieces cost; whole steps.
Duration LiveSession::piece(Time now) {
  const auto wall = WallClock::now();
  const double took = std::chrono::duration<double>(wall - asked_).count();
  if (now > came_from_ && took > 0) {
    const double pace = static_cast<double>((now - came_from_).count()) / took;
    pace_ = std::clamp((pace_ + pace) / 2, 1e6, 1e15);
  }
  came_from_ = now;
  const auto steps = static_cast<std::int64_t>(pace_ * piece_s) / step_.count();
  return step_ * std::max<std::int64_t>(steps, 1);
}

Time LiveSession::next(Time now, std::vector<vm::Change>& changes) {
  const Duration most = piece(now);
  // Behind a change that a file remembers at an odd instant: to the next whole step first. Hosts
  // have no instants but their own, once an interval.
  const Duration odd = scenario_.consolidation ? Duration::zero() : now.time_since_epoch() % step_;
  const Duration rest = odd > Duration::zero() ? step_ - odd : Duration::zero();
  std::unique_lock lock{mutex_};
  allowed_.wait(lock, [&] {
    return stop_ || client_.waits() || goal_ >= now + rest + step_ ||
           (rest == Duration::zero() && !wanted_.empty());
  });
  if (rest == Duration::zero()) changes.swap(wanted_);
  const Time goal = goal_;
  lock.unlock();
  asked_ = WallClock::now();
  if (stop_) return Time::max();  // to the next sample, where it ends
  if (!changes.empty() || client_.waits()) return now;
  const Duration ahead = std::min(goal - now - rest, most);
  return now + rest + ahead / step_ * step_;
}

// ---- The window's thread -----------------------------------------------------------------------

void LiveSession::take_in(double budget_s) {
  const auto until = WallClock::now() + std::chrono::duration<double>(budget_s);
  while (auto batch = rows_.take()) {
    store_.absorb(*batch);
    rows_.recycle(std::move(*batch));
    if (WallClock::now() >= until) return;
  }
  if (!ended_ && rows_.finished()) {
    ended_ = true;
    store_.complete();
  }
}

void LiveSession::allow(Time goal) {
  {
    const std::lock_guard lock{mutex_};
    goal_ = goal;
  }
  allowed_.notify_one();
}

/// The simulation may go as far as the wall clock has come since it was last allowed to, at this
/// speed; what it could not do in time is not made up for.
void LiveSession::set_goal(double wall_seconds) {
  const Time come = store_.now();
  if (ended_) return;
  if (stepping_) return allow(come + scenario_.sla.sample);
  if (!running_) return allow(come);
  if (std::isinf(clock_.speed())) return allow(Time::max());
  const double most = most_lead_s * clock_.speed() * 1e9 + static_cast<double>(step_.count());
  lead_ = std::min(lead_ + wall_seconds * clock_.speed() * 1e9, most);
  Time goal;
  {
    const std::lock_guard lock{mutex_};
    goal = goal_ == Time::max() ? come : std::max(goal_, come);
  }
  // Never further ahead of what has come than `most`.
  const double ahead = std::min(lead_, most - static_cast<double>((goal - come).count()));
  if (ahead < static_cast<double>(step_.count())) return;
  lead_ -= ahead;
  allow(goal + Duration{static_cast<std::int64_t>(ahead)});
}

const RunView& LiveSession::frame(double wall_seconds) {
  take_in(frame_budget);
  const Time looked_at = clock_.now();
  clock_.advance(0, store_.now(), !ended_);  // how far it may be sought
  if (stepping_) {
    const EventLog& events = store_.happenings().events();
    const auto found = events.next(looked_at);
    if (found || ended_) {
      stepping_ = running_ = false;
      clock_.play(false);
      if (found) clock_.seek(events[*found].at);
    }
  }
  set_goal(wall_seconds);
  clock_.advance(wall_seconds, store_.now(), !ended_);
  return show(clock_.now());
}

const RunView& LiveSession::frame_at(Time at) {
  take_in(frame_budget);
  clock_.advance(0, store_.now(), !ended_);
  return show(at);
}

const RunView& LiveSession::show(Time at) {
  pick_client();
  store_.show(at, selection_, view_);
  if (view_.client) client_.show(*view_.client);
  view_.clock = clock_.view(Time{scenario_.duration});
  view_.clock.now = at;
  view_.clock.playing = clock_.playing() || (running_ && !ended_);
  view_.source = source();
  return view_;
}

/// Also a simulation that stands still answers: it is asked to look up, not to go on.
void LiveSession::pick_client() {
  std::optional<TenantId> client;
  if (selection_.kind == Selection::Kind::client && selection_.index < scenario_.tenant_count())
    client = TenantId{selection_.index};
  if (!client_.pick(client)) return;
  { const std::lock_guard lock{mutex_}; }  // whoever is about to wait for it waits by now
  allowed_.notify_one();
}

SourceView LiveSession::source() const {
  SourceView source;
  source.kind = SourceKind::live;
  source.message = rows_.message();
  source.state = !source.message.empty() ? SourceState::broken
                 : ended_                ? SourceState::finished
                                         : SourceState::growing;
  source.loaded = 1;
  source.can_change = !ended_;
  source.samples = store_.samples();
  source.events = store_.happenings().events().size();
  source.dropped = rows_.dropped();
  source.memory = store_.memory();
  return source;
}

// ---- Commands ----------------------------------------------------------------------------------

void LiveSession::change(vm::Change wanted) {
  if (ended_) return;
  {
    const std::lock_guard lock{mutex_};
    wanted_.push_back(vm::settled(wanted));
  }
  allowed_.notify_one();
}

void LiveSession::run_on() {
  running_ = true;
  if (clock_.now() >= store_.now()) {
    clock_.follow(true);
  } else {
    clock_.play(true);
  }
}

/// Commands that mean more here than in a replay. False: as everywhere.
bool LiveSession::steer(const Command& command) {
  if (const auto* play = std::get_if<Play>(&command)) {
    if (ended_) return false;
    stepping_ = false;
    if (play->on) return run_on(), true;
    running_ = false;
    return false;
  }
  if (const auto* follow = std::get_if<Follow>(&command)) {
    if (follow->on) running_ = true;
    return false;
  }
  if (const auto* step = std::get_if<StepEvent>(&command)) {
    const bool known = store_.happenings().events().next(clock_.now()).has_value();
    running_ = false;
    if (!step->forward || known || ended_) return false;
    stepping_ = true;
    return true;
  }
  return false;
}

void LiveSession::on(const Command& command) {
  if (steer(command)) return;
  if (apply(command, clock_, selection_, store_)) return pick_client();
  ChangesView& changes = view_.changes;
  const bool strikes =
      std::holds_alternative<CrashMachine>(command) || std::holds_alternative<SlowMachine>(command);
  if (strikes && !changes.can_strike) return;
  if (const auto* load = std::get_if<SetLoad>(&command)) {
    if (!changes.can_load) return;
    if (load->group && load->group->value >= scenario_.clients.size()) return;
    for (std::size_t g = 0; g < changes.load_of_group.size(); ++g)
      if (!load->group || load->group->value == g) changes.load_of_group[g] = load->factor;
    if (!load->group) changes.load = load->factor;
    change({.kind = vm::ChangeKind::load, .group = load->group, .value = load->factor});
  } else if (const auto* crash = std::get_if<CrashMachine>(&command)) {
    change({.kind = vm::ChangeKind::crash, .machine = crash->machine, .lasts = crash->lasts});
  } else if (const auto* slow = std::get_if<SlowMachine>(&command)) {
    std::erase_if(changes.slowed, [&](const auto& s) { return s.first == slow->machine; });
    if (slow->factor < 1) changes.slowed.emplace_back(slow->machine, slow->factor);
    change({.kind = vm::ChangeKind::slow, .machine = slow->machine, .value = slow->factor});
  } else if (const auto* threshold = std::get_if<SetThreshold>(&command)) {
    if (!changes.can_threshold) return;
    changes.threshold = threshold->threshold;
    change({.kind = vm::ChangeKind::threshold, .value = threshold->threshold});
  }
}

void LiveSession::load_all() {
  constexpr double no_hurry = 1;  // s
  allow(Time::max());
  while (!ended_) {
    rows_.wait();
    take_in(no_hurry);
  }
}

}  // namespace viz::model
