#include "real/load.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "real/audit_round.hpp"
#include "real/link.hpp"
#include "real/load_clients.hpp"
#include "real/spawn.hpp"

namespace real {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds redial{50};
constexpr milliseconds dial_limit{1000};
/// What a gateway that does not read is sent at most.
constexpr std::size_t unread_limit = Link::queue_limit / 2;
/// Waking up for every arrival costs more than the arrival: what is due within this leaves at once.
constexpr vm::Duration turn = std::chrono::microseconds{100};
/// How long the end waits for transactions that have no timeout.
constexpr vm::Duration patience = std::chrono::seconds{10};
constexpr std::size_t large_batch = 4096;  // rows

/// What frames and stores cannot hold is refused before anything begins.
void check(const vm::Scenario& scenario) {
  for (const vm::TransactionKind& kind : scenario.transactions) {
    if (kind.write.count > static_cast<std::int64_t>(frame_limit / 2)) {
      throw std::runtime_error(
          "transaction." + kind.name + ": a write of " + std::to_string(kind.write.count) +
          " bytes is more than real processes take (" + std::to_string(frame_limit / 2) + ")");
    }
  }
}

vm::Duration longest_timeout(const vm::Scenario& scenario) {
  vm::Duration longest{};
  for (const vm::ClientGroup& group : scenario.clients) {
    longest = std::max(longest, group.timeout.value_or(patience));
  }
  return longest;
}

}  // namespace

class Load::Engine : public std::enable_shared_from_this<Engine> {
 public:
  Engine(asio::io_context& io, const vm::Scenario& scenario, Options options,
         vm::ObservationSink& sink, Done done);

  void start();
  void stop();
  void move_to(std::string address) { options_.gateway = std::move(address); }
  void shut_down();
  asio::io_context& io() { return io_; }

 private:
  enum class Phase : std::uint8_t { playing, draining, auditing, over };

  /// Of the run; its first instant as long as that lies ahead.
  vm::Time clock() const {
    const vm::Duration since_boot = std::chrono::steady_clock::now().time_since_epoch();
    return vm::Time{std::max(since_boot - vm::Duration{options_.start_ns}, vm::Duration{})};
  }

  awaitable<void> connect(std::shared_ptr<Engine> self);  // which it keeps from now on
  void on_message(Message& message);
  void on_broken();
  bool try_send(vm::Time due, const Perform& attempt);

  void on_turn();
  vm::Time next_due();
  void arm();
  void catch_up(vm::Time now);
  void on_sample(vm::Time now);
  void on_window();
  void keep(const vm::TransactionRow& row);
  void hand_over(vm::Time now);

  void end_issuing(vm::Time now);
  void leave_phase_if_over(vm::Time now);
  void begin_audit(vm::Time now);
  void on_audited(const Audited& answer);
  void finish();
  std::vector<std::string> remarks() const;

  asio::io_context& io_;
  const vm::Scenario& scenario_;
  Options options_;
  vm::ObservationSink& sink_;
  Done done_;
  vm::Traffic traffic_;
  LoadBooks books_;
  LoadClients clients_;
  std::shared_ptr<Link> link_;  // none while broken
  asio::steady_timer turn_, redial_;
  vm::Time armed_for_ = sim::never;
  vm::Time last_turn_{};

  Phase phase_ = Phase::playing;
  bool interrupted_ = false;
  vm::Time end_;         // when issuing ended
  vm::Time drained_by_;  // when waiting for answers ends
  vm::Time next_sample_, next_window_;
  vm::OutcomesCounted untold_;  // to the gateway
  std::vector<vm::LatencyMeasured> measured_;
  vm::Batch batch_;
  Punctuality punctuality_;

  std::optional<AuditRound> audit_;  // once that phase has begun
};

Load::Engine::Engine(asio::io_context& io, const vm::Scenario& scenario, Options options,
                     vm::ObservationSink& sink, Done done)
    : io_(io),
      scenario_(scenario),
      options_(std::move(options)),
      sink_(sink),
      done_(std::move(done)),
      traffic_(scenario, true),
      books_(scenario),
      clients_(
          scenario, traffic_, books_,
          [this](vm::Time due, const Perform& attempt) { return try_send(due, attempt); },
          options_.transactions ? LoadClients::OnEnded{[this](const auto& row) { keep(row); }}
                                : LoadClients::OnEnded{}),
      turn_(io),
      redial_(io),
      end_(scenario.duration),
      next_sample_(scenario.sla.sample),
      next_window_(scenario.sla.latency.empty() ? sim::never : vm::Time{scenario.sla.window}) {
  check(scenario);
}

void Load::Engine::start() {
  spawn(io_, "load", connect(shared_from_this()));
  arm();
}

void Load::Engine::stop() {
  if (phase_ != Phase::playing) return;
  interrupted_ = true;
  const vm::Time now = clock();
  catch_up(now);
  if (phase_ == Phase::playing) end_issuing(std::min(now, end_));
  leave_phase_if_over(now);
  arm();
}

void Load::Engine::shut_down() {
  phase_ = Phase::over;
  turn_.cancel();
  redial_.cancel();
  if (link_) link_->close();
  link_.reset();
}

// ---- The link ----------------------------------------------------------------------------------

awaitable<void> Load::Engine::connect(std::shared_ptr<Engine> self) {
  while (phase_ != Phase::over && !link_) {
    try {
      Hello hello{.role = Role::client, .token = options_.token ? options_.token() : ""};
      auto link = co_await dial(io_, options_.gateway, std::move(hello), dial_limit);
      if (phase_ == Phase::over) {
        link->close();
        co_return;
      }
      link_ = std::move(link);
      link_->start([self](Message& message) { self->on_message(message); },
                   [self](const std::string&) { self->on_broken(); });
      leave_phase_if_over(clock());  // there may be owners to be asked
      arm();
      co_return;
    } catch (const std::runtime_error&) {
      // It is restarting, or not there yet; what could not be sent meanwhile is counted.
    }
    redial_.expires_after(redial);
    boost::system::error_code cancelled;
    co_await redial_.async_wait(asio::redirect_error(use_awaitable, cancelled));
  }
}

void Load::Engine::on_broken() {
  if (phase_ == Phase::over) return;
  link_.reset();
  ++punctuality_.broken;
  const vm::Time now = clock();
  catch_up(now);
  if (phase_ != Phase::auditing) {
    clients_.link_broken();
  } else {
    audit_->link_broken();
  }
  leave_phase_if_over(now);
  arm();
  if (phase_ != Phase::over) spawn(io_, "load", connect(shared_from_this()));
}

void Load::Engine::on_message(Message& message) {
  if (phase_ == Phase::over) return;
  if (const auto* answer = std::get_if<Answer>(&message)) {
    if (phase_ == Phase::auditing) return;  // nobody waits for it any more
    const vm::Time now = clock();
    catch_up(now);
    clients_.answered(*answer);
    if (phase_ == Phase::draining) leave_phase_if_over(now);
    arm();
  } else if (const auto* audited = std::get_if<Audited>(&message)) {
    on_audited(*audited);
  }
}

bool Load::Engine::try_send(vm::Time due, const Perform& attempt) {
  if (!link_ || link_->closed() || link_->queued() > unread_limit) {
    ++punctuality_.unsent;
    return false;
  }
  const vm::Duration delay = clock() - due;
  punctuality_.latest = std::max(punctuality_.latest, delay);
  if (delay > options_.tolerance) ++punctuality_.late;
  link_->send(attempt);
  return true;
}

// ---- Time --------------------------------------------------------------------------------------

void Load::Engine::on_turn() {
  if (phase_ == Phase::over) return;
  armed_for_ = sim::never;
  const vm::Time now = clock();
  last_turn_ = now;
  catch_up(now);
  leave_phase_if_over(now);
  arm();
}

vm::Time Load::Engine::next_due() {
  if (phase_ == Phase::auditing) {
    return audit_->next_due(link_ != nullptr);
  }
  const vm::Time limit = phase_ == Phase::playing ? end_ : drained_by_;
  return std::min({next_sample_, next_window_, limit, clients_.next_due()});
}

/// Sets the one timer to what is due next, unless it is to fire earlier anyway.
void Load::Engine::arm() {
  if (phase_ == Phase::over) return;
  const vm::Time due = std::max(next_due(), last_turn_ + turn);
  if (due >= armed_for_) return;
  armed_for_ = due;
  const vm::Duration since_boot = due.time_since_epoch() + vm::Duration{options_.start_ns};
  turn_.expires_at(std::chrono::steady_clock::time_point{since_boot});
  turn_.async_wait([self = shared_from_this()](boost::system::error_code cancelled) {
    if (!cancelled) self->on_turn();
  });
}

/// Everything up to `now` happens, each thing at its own instant.
void Load::Engine::catch_up(vm::Time now) {
  while (phase_ != Phase::auditing && phase_ != Phase::over) {
    const vm::Time limit = phase_ == Phase::playing ? end_ : drained_by_;
    const vm::Time next = std::min({now, next_sample_, next_window_, limit});
    clients_.advance(next);
    if (next == next_sample_) on_sample(next);
    if (next == next_window_) on_window();
    if (phase_ == Phase::playing && next == end_) end_issuing(next);
    if (next == now || next == limit) return;
  }
}

void Load::Engine::on_sample(vm::Time now) {
  next_sample_ += scenario_.sla.sample;
  const vm::OutcomesCounted counted = traffic_.interval_over(now, batch_);
  // While there is no link they add up: bad outcomes are worth most when the gateway is away.
  untold_.good += counted.good;
  untold_.bad += counted.bad;
  if (link_) {
    link_->send(OutcomeReport{untold_.good, untold_.bad});
    untold_ = {};
  }
  hand_over(now);
}

void Load::Engine::on_window() {
  next_window_ += scenario_.sla.window;
  traffic_.latency_window_over(measured_);
  if (!link_) return;
  for (const vm::LatencyMeasured& fact : measured_) {
    link_->send(LatencyReport{fact.objective, fact.latency, fact.transactions});
  }
}

void Load::Engine::keep(const vm::TransactionRow& row) {
  batch_.transactions.push_back(row);
  if (batch_.transactions.size() >= large_batch) hand_over(row.ended);
}

void Load::Engine::hand_over(vm::Time now) {
  batch_.now = now;
  batch_.issued = clients_.issued();
  sink_.on(batch_);
  batch_.clear();
}

// ---- The end -----------------------------------------------------------------------------------

void Load::Engine::end_issuing(vm::Time now) {
  end_ = now;
  drained_by_ = now + longest_timeout(scenario_);
  clients_.stop_issuing();
  phase_ = Phase::draining;
}

void Load::Engine::leave_phase_if_over(vm::Time now) {
  if (phase_ == Phase::draining && (clients_.unended() == 0 || now >= drained_by_)) {
    begin_audit(now);
  }
  if (phase_ != Phase::auditing) return;
  if (audit_->over(now)) return finish();
  while (link_) {
    const auto tenant = audit_->next(now);
    if (!tenant) return;
    link_->send(Audit{*tenant});
  }
}

void Load::Engine::begin_audit(vm::Time now) {
  phase_ = Phase::auditing;
  // What came after the last sample gets its rows as well.
  if (now > next_sample_ - scenario_.sla.sample) traffic_.interval_over(now, batch_);
  hand_over(now);
  audit_.emplace(books_.clients(), options_.audit_patience, now);
}

void Load::Engine::on_audited(const Audited& answer) {
  if (phase_ != Phase::auditing) return;
  const vm::Time now = clock();
  audit_->answered(now, answer.tenant, books_.try_audit(answer));
  leave_phase_if_over(now);
  arm();
}

void Load::Engine::finish() {
  clients_.close();
  LoadBooks::Closed closed = books_.close();
  Report report;
  vm::RunOutcome& outcome = report.outcome;
  outcome.world = "real";
  outcome.end = end_;
  outcome.interrupted = interrupted_;
  outcome.events = clients_.issued();
  outcome.books_balance = closed.balance;
  outcome.complaints = std::move(closed.complaints);
  for (std::uint32_t g = 0; g < closed.groups.size(); ++g) {
    outcome.groups.push_back({.group = vm::GroupId{g},
                              .books = closed.groups[g],
                              .latency = traffic_.latency(vm::GroupId{g})});
  }
  for (std::uint32_t c = 0; c < closed.clients.size(); ++c) {
    const vm::TenantId client{c};
    outcome.clients.push_back({client, closed.clients[c], traffic_.latency(client)});
  }
  report.punctuality = punctuality_;
  report.remarks = remarks();
  shut_down();
  asio::post(io_, [done = std::move(done_), report = std::move(report)]() mutable {
    done(std::move(report));
  });
}

std::vector<std::string> Load::Engine::remarks() const {
  std::vector<std::string> said;
  const auto in_ms = [](vm::Duration span) {
    return std::to_string(std::chrono::ceil<milliseconds>(span).count()) + " ms";
  };
  if (punctuality_.late > 0) {
    said.push_back(std::to_string(punctuality_.late) + " attempts left more than " +
                   in_ms(options_.tolerance) + " after their instant, the latest by " +
                   in_ms(punctuality_.latest) +
                   ": the latencies contain delays of the load engine's own");
  }
  if (punctuality_.unsent > 0) {
    said.push_back(std::to_string(punctuality_.unsent) +
                   " attempts could not be sent and count as failed: no gateway took them");
  }
  if (punctuality_.broken > 0) {
    said.push_back("the link to the gateway broke " + std::to_string(punctuality_.broken) +
                   " times; what was in flight on it failed");
  }
  return said;
}

// ---- Load --------------------------------------------------------------------------------------

Load::Load(asio::io_context& io, const vm::Scenario& scenario, Options options,
           vm::ObservationSink& sink, Done done)
    : engine_(std::make_shared<Engine>(io, scenario, std::move(options), sink, std::move(done))) {}

Load::~Load() {
  engine_->shut_down();
}

void Load::start() {
  engine_->start();
}

void Load::stop() {
  asio::post(engine_->io(), [engine = engine_] { engine->stop(); });
}

void Load::gateway_is_at(std::string address) {
  asio::post(engine_->io(), [engine = engine_, address = std::move(address)]() mutable {
    engine->move_to(std::move(address));
  });
}

}  // namespace real
