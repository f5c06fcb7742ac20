#include "real/stage.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "real/janitor.hpp"
#include "real/posix.hpp"
#include "real/spawn.hpp"

namespace real {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::chrono::seconds life_of_token{60};
constexpr std::string_view listening = "listening on ", http_on = "http on ",
                           cgroup = "cgroup: ", group = "group: ", capacity = "capacity: ";
/// A part that ends this often in ten seconds will not be well by starting it again.
constexpr std::size_t most_restarts = 20;

fs::path make_folder() {
  std::string name = (fs::temp_directory_path() / (std::string{folder_prefix} + "XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) throw refused_by_system(name);
  return name;
}

std::string number(double value) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return {digits.data(), end};
}

}  // namespace

Stage::Stage(asio::io_context& io, Options options, Handlers handlers)
    : io_(io),
      options_(std::move(options)),
      handlers_(std::move(handlers)),
      layout_(vm::initial_layout(options_.scenario)),
      folder_(make_folder()),
      faults_(io, options_.scenario,
              {.machines_up = [this] { return machines_up(); },
               .strike = [this](const FaultPlan::Stroke& stroke) { strike(stroke); },
               .heal = [this](const FaultPlan::Stroke& stroke) { heal(stroke); },
               .tell = handlers_.on_fault}) {
  tokens_.emplace(create_key_file(folder_ / "key"));
  moments_ = static_cast<bool>(options_.on_reached) ||
             std::ranges::any_of(options_.scenario.faults,
                                 [](const vm::Fault& fault) { return fault.during.has_value(); });
}

Stage::~Stage() {
  close();
  *alive_ = false;
  (void)clean_up(folder_, 1s);
}

void Stage::close() {
  if (std::exchange(closing_, true)) return;
  if (link_) link_->close();
  std::vector<Child*> children;
  for (auto& [id, machine] : machines_) children.push_back(machine.child.get());
  children.push_back(agent_.get());
  children.push_back(gateway_.get());
  std::erase(children, nullptr);
  for (Child* child : children) child->close_input();
  const auto patience = std::chrono::steady_clock::now() + 2s;
  const auto any_left = [&] {
    return std::ranges::any_of(children, [](Child* child) { return child->still_there(); });
  };
  while (any_left() && std::chrono::steady_clock::now() < patience) {
    std::this_thread::sleep_for(5ms);  // nothing else is left to do
  }
  gateway_.reset();
  agent_.reset();
  for (auto& [id, machine] : machines_) {
    machine.child.reset();
    remove_cgroup(machine);
  }
}

std::string Stage::token(Role role) const {
  return tokens_->issue(to_string(role), to_string(role), unix_now(), life_of_token);
}

void Stage::later(std::chrono::milliseconds delay, std::function<void()> what) {
  const auto timer = std::make_shared<asio::steady_timer>(io_, delay);
  timer->async_wait([timer, alive = alive_, what = std::move(what)](boost::system::error_code) {
    if (*alive) what();
  });
}

void Stage::fail(std::string why) {
  if (closing_ || std::exchange(failed_, true)) return;
  handlers_.on_failure(std::move(why));
}

// ---- Processes ---------------------------------------------------------------------------------

void Stage::start() {
  janitor_ =
      std::make_unique<Child>(io_, std::vector<std::string>{options_.binary, "janitor", folder_},
                              Child::Handlers{}, Child::Fate::its_own);
  for (std::uint32_t i = 0; i < layout_.machines.size(); ++i) {
    machines_[{i}].flavor = layout_.machines[i].flavor;
    start_machine({i});
  }
  start_gateway();
}

void Stage::start_gateway() {
  const std::string address = gateway_address_.empty() ? "127.0.0.1:0" : gateway_address_;
  std::vector<std::string> words{
      options_.binary, "gateway",        "--scenario",    options_.scenario_file,
      "--journal",     options_.journal, "--listen",      address,
      "--key-file",    folder_ / "key",  "--follow-stdin"};
  if (!options_.http.empty()) {
    words.insert(words.end(), {"--http", options_.http, "--users", options_.users});
    words.insert(words.end(), options_.http_words.begin(), options_.http_words.end());
  }
  gateway_ = std::make_unique<Child>(
      io_, std::move(words),
      Child::Handlers{.on_output = [this](const std::string& line) { on_gateway_line(line); },
                      .on_error = [this](const std::string& line) { gateway_error_ = line; },
                      .on_end = [this](const std::string& how) { on_gateway_end(how); }});
}

void Stage::on_gateway_line(const std::string& line) {
  if (line.starts_with(http_on)) {
    options_.http = line.substr(http_on.size());  // where it will be when it is started again
    if (!ready_) handlers_.report(line);
    return;
  }
  if (!line.starts_with(listening)) return;
  const bool first = gateway_address_.empty();
  gateway_address_ = line.substr(listening.size());
  if (first) start_agent();
  if (!std::exchange(connecting_, true)) spawn(io_, "stage's link", connect(alive_));
}

void Stage::on_gateway_end(const std::string& how) {
  if (closing_) return;
  const std::string why = gateway_error_.empty() ? how : how + ": " + gateway_error_;
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(restarts_, [&](auto at) { return at < now - 10s; });
  restarts_.push_back(now);
  if (!ready_ || restarts_.size() > most_restarts) return fail("the gateway ended, " + why);
  handlers_.report("gateway ended (" + why + "), started again");
  later(1ms, [this] {  // not inside the handler of the child that this replaces
    if (!closing_) start_gateway();
  });
}

void Stage::start_agent() {
  const auto interval =
      std::chrono::duration_cast<std::chrono::milliseconds>(options_.scenario.sla.sample);
  agent_ = std::make_unique<Child>(
      io_,
      std::vector<std::string>{options_.binary, "agent", "--gateway", gateway_address_,
                               "--key-file", folder_ / "key", "--interval",
                               std::to_string(std::max<long>(100, interval.count())) + "ms",
                               "--follow-stdin"},
      Child::Handlers{.on_end = [this](const std::string& how) {
        if (closing_) return;
        handlers_.report("agent ended (" + how + "), started again");
        later(200ms, [this] {
          if (!closing_) start_agent();
        });
      }});
}

std::vector<std::string> Stage::node_words(vm::MachineId id) const {
  const vm::Flavor& flavor = options_.scenario.flavors[machines_.at(id).flavor.value];
  const vm::Capacity& capacity = flavor.capacity;
  const Quarters quarters = options_.quarters ? options_.quarters(id) : Quarters{};
  std::vector<std::string> words = quarters.words;
  const auto add = [&](std::initializer_list<std::string> more) {
    words.insert(words.end(), more);
  };
  add({options_.binary, "node",
       "--directory",   folder_ / ("machine" + std::to_string(id.value)),
       "--machine",     std::to_string(id.value),
       "--cores",       number(capacity.cores),
       "--memory",      std::to_string(capacity.memory.count) + "B",
       "--disk",        number(capacity.disk.value) + "B/s",
       "--network",     number(capacity.network.value) + "B/s",
       "--window",      std::to_string(options_.scenario.sla.window.count()) + "ns",
       "--listen",      quarters.host + ":0",
       "--key-file",    folder_ / "key",
       "--follow-stdin"});
  if (flavor.queue) add({"--queue", std::to_string(*flavor.queue)});
  if (flavor.admission) {
    add({"--admission-rate", number(flavor.admission->rate), "--admission-burst",
         number(flavor.admission->burst)});
  }
  if (flavor.cpu_scheduling == vm::Scheduling::fifo) add({"--cpu-fifo"});
  if (flavor.disk_scheduling == vm::Scheduling::fifo) add({"--disk-fifo"});
  return words;
}

void Stage::start_machine(vm::MachineId id) {
  Machine& machine = machines_.at(id);
  machine.listening = machine.killed = false;
  machine.last_error.clear();
  machine.up = {.attempt = machine.attempt, .machine = id};
  machine.up.directory = folder_ / ("machine" + std::to_string(id.value));
  machine.child = std::make_unique<Child>(
      io_, node_words(id),
      Child::Handlers{
          .on_output = [this, id](const std::string& line) { on_node_line(id, line); },
          .on_error = [this, id](const std::string& line) { machines_.at(id).last_error = line; },
          .on_end = [this, id](const std::string& how) { on_node_end(id, how); }});
  machine.up.pid = machine.child->pid();
}

void Stage::on_node_line(vm::MachineId id, const std::string& line) {
  Machine& machine = machines_.at(id);
  if (line.starts_with(cgroup)) machine.up.cgroup = line.substr(cgroup.size());
  if (line.starts_with(group)) {
    machine.group = line.substr(group.size());
    note_group(folder_, machine.group);
  }
  if (line.starts_with(capacity) && !std::exchange(capacity_told_, true)) {
    handlers_.report("machines: " + line.substr(capacity.size()));
  }
  if (!line.starts_with(listening)) return;
  machine.up.address = line.substr(listening.size());
  machine.listening = true;
  tell(machine.up);
}

void Stage::on_node_end(vm::MachineId id, const std::string& how) {
  if (closing_) return;
  Machine& machine = machines_.at(id);
  const bool booted = std::exchange(machine.listening, false);
  remove_cgroup(machine);
  if (machine.released) {
    std::error_code ignored;
    fs::remove_all(machine.up.directory, ignored);
    return tell(Stopped{.machine = id});
  }
  const std::string why = machine.last_error.empty() ? how : how + ": " + machine.last_error;
  const std::string name = "machine " + std::to_string(id.value);
  if (!ready_) return fail(name + (booted ? " ended, " : " did not come up, ") + why);
  if (!machine.killed) handlers_.report(name + " ended by itself (" + why + ")");
  if (!booted && machine.attempt != vm::Attempt{} && !machine.up.returned) {
    return tell(LaunchFailed{.attempt = machine.attempt, .machine = id, .reason = why});
  }
  machine.unreported = true;
  tell(Stopped{.machine = id, .directory = machine.up.directory});
}

/// One that was killed could not remove its own. The kernel lets go of it a moment after the last
/// thread has ended.
void Stage::remove_cgroup(Machine& machine) {
  for (int tries = 0; tries < 100 && !machine.group.empty(); ++tries) {
    const bool gone = ::rmdir(machine.group.c_str()) == 0 || errno != EBUSY;
    if (gone) machine.group.clear();
    if (!gone) std::this_thread::sleep_for(1ms);
  }
  machine.up.cgroup.clear();
}

void Stage::kill_machine(vm::MachineId id) {
  const auto found = machines_.find(id);
  if (found == machines_.end() || !found->second.child) return;
  found->second.killed = true;
  found->second.child->kill(SIGKILL);
}

void Stage::kill_gateway() {
  if (gateway_) gateway_->kill(SIGKILL);
}

void Stage::kill_agent() {
  if (agent_) agent_->kill(SIGKILL);
}

void Stage::bring_back(vm::MachineId id) {
  Machine& machine = machines_.at(id);
  if (closing_ || machine.released || (machine.child && machine.child->running())) return;
  start_machine(id);
  machine.up.returned = true;
}

}  // namespace real
