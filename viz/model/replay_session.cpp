#include "viz/model/replay_session.hpp"

#include <chrono>
#include <exception>
#include <utility>

namespace viz::model {
namespace {

constexpr double frame_budget = 0.004;  // s, for taking in rows

/// A list of handlers as one visitor.
template <class... Handlers>
struct Visitor : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
Visitor(Handlers...) -> Visitor<Handlers...>;

}  // namespace

bool apply(const Command& command, PlaybackClock& clock, Selection& selection,
           const RunStore& store) {
  const Visitor handle{
      [&](const Seek& c) { return clock.seek(c.at), true; },
      [&](const Play& c) { return clock.play(c.on), true; },
      [&](const SetSpeed& c) { return clock.set_speed(c.speed), true; },
      [&](const Follow& c) { return clock.follow(c.on), true; },
      [&](const Select& c) { return selection = c.what, true; },
      [&](const StepEvent& c) {
        const EventLog& events = store.happenings().events();
        const auto found = c.forward ? events.next(clock.now()) : events.previous(clock.now());
        clock.play(false);
        if (found) clock.seek(events[*found].at);
        return true;
      },
      [](const auto&) { return false; },
  };
  return std::visit(handle, command);
}

void LoaderPort::select(std::vector<vm::SampleRow> rows) {
  const std::lock_guard lock{mutex_};
  selection_ = std::move(rows);
}

ReplaySession::ReplaySession(RunStart start, Loader loader, std::unique_ptr<ClientSource> clients)
    : store_(start) {
  if (clients) clients_.emplace(std::move(clients), start.info.warmup, std::move(start.writes));
  view_.info = store_.info();
  loader_ = std::thread{[this, load = std::move(loader)] {
    try {
      load(port_);
      port_.rows_.close();
    } catch (const std::exception& reason) {
      port_.rows_.close(reason.what());
    }
  }};
}

ReplaySession::~ReplaySession() {
  port_.rows_.cancel();
  loader_.join();
}

void ReplaySession::take_in(double budget_s) {
  using WallClock = std::chrono::steady_clock;
  const auto until = WallClock::now() + std::chrono::duration<double>(budget_s);
  {
    const std::lock_guard lock{port_.mutex_};
    if (!port_.selection_.empty() && !whole_) store_.absorb_selection(port_.selection_);
    port_.selection_.clear();
  }
  // Asked before the queue: whatever was told before it is in there.
  const bool caught_up = port_.caught_up_;
  while (auto batch = port_.rows_.take()) {
    store_.absorb(*batch);
    port_.rows_.recycle(std::move(*batch));
    if (WallClock::now() >= until) return;
  }
  if (caught_up && !whole_) {
    whole_ = true;
    store_.caught_up();
  }
  if (!ended_ && port_.rows_.finished()) {
    whole_ = ended_ = true;
    store_.complete();
  }
}

const RunView& ReplaySession::frame(double wall_seconds) {
  take_in(frame_budget);
  clock_.advance(wall_seconds, store_.now(), !ended_);
  return show(clock_.now());
}

const RunView& ReplaySession::frame_at(Time at) {
  take_in(frame_budget);
  clock_.advance(0, store_.now(), !ended_);
  return show(at);
}

const RunView& ReplaySession::show(Time at) {
  store_.show(at, selection_, view_);
  if (view_.client && clients_)
    clients_->ask(view_.client->id, at, store_.generation(), *view_.client);
  view_.clock = clock_.view(Time{store_.info().duration});
  view_.clock.now = at;
  view_.source = source();
  return view_;
}

SourceView ReplaySession::source() const {
  SourceView source;
  source.message = port_.rows_.message();
  source.kind = whole_ && !ended_ ? SourceKind::follow : SourceKind::replay;
  source.state = !source.message.empty() ? SourceState::broken
                 : ended_ ? port_.cut_short_ ? SourceState::cut_short : SourceState::finished
                 : whole_ ? SourceState::growing
                          : SourceState::loading;
  source.loaded = whole_ ? 1.0F : port_.loaded_.load();
  source.samples = store_.samples();
  source.events = store_.happenings().events().size();
  source.memory = store_.memory();
  return source;
}

void ReplaySession::on(const Command& command) {
  apply(command, clock_, selection_, store_);
}

void ReplaySession::load_all() {
  constexpr double no_hurry = 1;  // s
  while (!whole_) {
    port_.rows_.wait();
    take_in(no_hurry);
  }
  if (clients_) clients_->settle();
}

}  // namespace viz::model
