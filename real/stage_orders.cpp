// Stage: its link to the gateway, what comes over it, and the scenario's faults.
#include <algorithm>

#include "real/spawn.hpp"
#include "real/stage.hpp"

namespace real {

using namespace std::chrono_literals;

namespace {

constexpr auto ping = 200ms;
constexpr int pings_until_hung = 25;
/// While there is no link: one that was started again reads its journal first.
constexpr int pings_until_stuck = 150;

}  // namespace

// ---- The gateway -------------------------------------------------------------------------------

awaitable<void> Stage::connect(std::shared_ptr<bool> alive) {
  if (!*alive) co_return;  // it begins later than it is called
  asio::steady_timer rest{io_};
  while (*alive && !closing_) {
    std::shared_ptr<Link> link;
    try {
      const Hello hello{.role = Role::stage, .token = token(Role::stage)};
      link = co_await dial(io_, gateway_address_, hello, 1s);
    } catch (const std::runtime_error&) {  // it is being started; its end has a reason of its own
    }
    if (!*alive) co_return;
    if (link) {
      link_ = link;
      connecting_ = false;
      link->start([this](Message& message) { on_message(message); },
                  [this, raw = link.get()](const std::string&) {
                    if (link_.get() != raw) return;
                    link_.reset();
                    if (!closing_ && !std::exchange(connecting_, true)) {
                      spawn(io_, "stage's link", connect(alive_));
                    }
                  });
      co_return introduce();
    }
    rest.expires_after(20ms);
    co_await rest.async_wait(use_awaitable);
  }
}

/// Silence is counted in pings, not on the clock: where we were stopped ourselves, it was not.
awaitable<void> Stage::watch(std::shared_ptr<bool> alive) {
  asio::steady_timer next{io_};
  std::uint64_t number = 0;
  while (*alive && !closing_) {
    watch_gateway();
    for (std::uint32_t host = 0; host < posts_.size(); ++host) watch_agent(host);
    tell(Ping{++number});
    next.expires_after(ping);
    co_await next.async_wait(use_awaitable);
  }
}

void Stage::watch_gateway() {
  const int most = link_ ? pings_until_hung : pings_until_stuck;
  if (!gateway_ || !gateway_->running() || ++unanswered_ <= most) return;
  handlers_.report("gateway hangs: no answer for " + std::to_string(most * ping / 1s) + " s");
  unanswered_ = 0;
  kill_gateway();
}

void Stage::watch_agent(std::uint32_t host) {
  Post& post = posts_[host];
  const bool sampled = std::ranges::any_of(machines_, [&](const auto& entry) {
    return entry.second.up.host == host && entry.second.listening;
  });
  // Nor are there any while the gateway is not well, or a fault keeps them back.
  const bool due = sampled && start_ && post.agent && post.agent->running() && link_ &&
                   unanswered_ <= 1 && unsampled_.empty();
  post.unheard = due ? post.unheard + 1 : 0;
  const auto most = std::max<long>(pings_until_hung, 10 * options_.scenario.sla.sample / ping);
  if (post.unheard <= most) return;
  handlers_.report("agent hangs: no sample for " + std::to_string(most * ping / 1s) + " s");
  post.unheard = 0;
  post.agent->kill(SIGKILL);
}

/// Everything that a gateway has to know, whatever the one before did.
void Stage::introduce() {
  handlers_.read_journal();
  const std::int64_t start_ns = start_ ? start_->time_since_epoch() / 1ns : 0;
  tell(Begin{.start_ns = start_ns, .moments = moments_});
  for (const auto& [id, machine] : machines_) {
    if (machine.released) continue;
    const bool gone = !machine.process || !machine.process->running();
    if (gone || machine.unreported || machine.lost) tell(stopped(id));
    if (machine.listening) tell(machine.up);
  }
}

void Stage::heard(const vm::Fact& fact) {
  if (const auto* sampled = std::get_if<vm::Sampled>(&fact)) {
    const auto found = machines_.find(sampled->machine);
    if (found != machines_.end() && found->second.up.host < posts_.size()) {
      posts_[found->second.up.host].unheard = 0;
    }
  } else if (const auto* lost = std::get_if<vm::MachineLost>(&fact)) {
    const auto found = machines_.find(lost->machine);
    if (found == machines_.end()) return;
    found->second.unreported = false;
    found->second.lost = true;
  } else if (const auto* returned = std::get_if<vm::MachineReturned>(&fact)) {
    const auto found = machines_.find(returned->machine);
    if (found != machines_.end()) found->second.lost = false;
  }
}

void Stage::on_message(Message& message) {
  unanswered_ = 0;
  if (const auto* launch = std::get_if<Launch>(&message)) return on(*launch);
  if (const auto* stop = std::get_if<Stop>(&message)) return on(*stop);
  if (const auto* reached = std::get_if<Reached>(&message)) return on(*reached);
  if (const auto* wish = std::get_if<Bring>(&message)) return bring(*wish);
  if (std::holds_alternative<Ready>(message) && !std::exchange(ready_, true)) {
    handlers_.on_ready();
  }
}

bool Stage::boot_fails(vm::MachineId machine, vm::FlavorId flavor_id) const {
  if (boots_fail_until_ && std::chrono::steady_clock::now() < *boots_fail_until_) return true;
  const vm::Flavor& flavor = options_.scenario.flavors[flavor_id.value];
  sim::RandomStream chance{options_.scenario.seed, "boot", machine.value};
  (void)flavor.boot(chance);  // the real one takes what it takes
  return chance.uniform() < flavor.boot_failure;
}

void Stage::on(const Launch& launch) {
  if (launch.flavor.value >= options_.scenario.flavors.size()) return;
  auto [entry, fresh] = machines_.try_emplace(launch.machine);
  Machine& machine = entry->second;
  if (fresh) {
    machine.flavor = launch.flavor;
    machine.attempt = launch.attempt;
    const auto host = host_for(launch.machine);
    if (host && !boot_fails(launch.machine, launch.flavor)) {
      machine.up.host = *host;
      if (!options_.places.empty()) {
        handlers_.report("machine " + std::to_string(launch.machine.value) + " is started on " +
                         posts_[*host].host->name());
      }
      return start_machine(launch.machine);
    }
  }
  const bool running = machine.process && machine.process->running();
  if (machine.listening) {
    tell(machine.up);
  } else if (!running) {
    tell(LaunchFailed{
        .attempt = launch.attempt, .machine = launch.machine, .reason = "the boot has failed"});
  }
}

void Stage::on(const Stop& stop) {
  const auto found = machines_.find(stop.machine);
  if (found == machines_.end()) return tell(stopped(stop.machine));
  Machine& machine = found->second;
  if (stop.release) machine.released = true;
  if (!machine.process || !machine.process->running()) {
    if (machine.released) forget_files(machine);
    return tell(stopped(stop.machine));
  }
  if (!stop.release) return kill_machine(stop.machine);  // it may hang: it is not asked
  machine.process->close_input();
  later(1s, [this, id = stop.machine] { kill_machine(id); });
}

void Stage::on(const Reached& reached) {
  const std::optional<vm::MigrationStep> step =
      reached.moment == Moment::copying     ? std::optional{vm::MigrationStep::copying}
      : reached.moment == Moment::frozen    ? std::optional{vm::MigrationStep::frozen}
      : reached.moment == Moment::verifying ? std::optional{vm::MigrationStep::verifying}
      : reached.moment == Moment::switching ? std::optional{vm::MigrationStep::switching}
                                            : std::nullopt;
  if (step) {
    const auto sprung = faults_.spring(*step, reached.from, reached.to);
    if (sprung) kill_machine(sprung->machine);
  }
  if (options_.on_reached) options_.on_reached(reached);
  tell(Proceed{.moment = reached.moment, .attempt = reached.attempt});
}

// ---- Faults ------------------------------------------------------------------------------------

void Stage::begin(std::chrono::steady_clock::time_point start) {
  start_ = start;
  tell(Begin{.start_ns = start.time_since_epoch() / 1ns, .moments = moments_});
  faults_.begin(start);
}

void Stage::strike(const FaultPlan::Stroke& stroke) {
  if (closing_) return;
  if (stroke.fault.kind == vm::FaultKind::crash) return kill_machine(stroke.machine);
  if (stroke.fault.kind == vm::FaultKind::boot_failure) {
    const auto now = std::chrono::steady_clock::now();
    boots_fail_until_ = now + stroke.fault.lasts.value_or(options_.scenario.duration);
    return;
  }
  disturb(stroke.machine, stroke.fault, false);
}

void Stage::heal(const FaultPlan::Stroke& stroke) {
  if (closing_ || stroke.machine == vm::no_machine) return;
  if (stroke.fault.kind == vm::FaultKind::crash) return bring_back(stroke.machine);
  disturb(stroke.machine, stroke.fault, true);
}

void Stage::disturb(vm::MachineId machine, const vm::Fault& fault, bool over) {
  using enum vm::FaultKind;
  if (fault.kind == lose_samples || fault.kind == late_samples) {
    if (over) unsampled_.erase(machine);
    if (!over) unsampled_.insert(machine);
  }
  Disturb message;
  message.machine = machine;
  switch (fault.kind) {
    case vm::FaultKind::slow:
      message.kind = Disturbance::slow;
      message.amount = over ? 1 : fault.factor;
      break;
    case vm::FaultKind::leak:
      message.kind = Disturbance::leak;
      message.amount = over ? 0 : fault.rate.value;
      break;
    case vm::FaultKind::disk_full:
      message.kind = Disturbance::disk_full;
      message.amount = over ? 0 : 1;
      break;
    case vm::FaultKind::lose_samples:
      message.kind = Disturbance::lose_samples;
      message.amount = over ? 0 : 1;
      break;
    case vm::FaultKind::late_samples:
      message.kind = Disturbance::late_samples;
      message.amount = over ? 0 : sim::seconds(fault.delay);
      break;
    case vm::FaultKind::crash:
    case vm::FaultKind::boot_failure:
      return;
  }
  tell(message);
}

}  // namespace real
