// Stage: the machines' processes: how each is started, what it says, and its end.
#include <charconv>
#include <csignal>

#include "real/stage.hpp"

namespace real {
namespace {

constexpr std::string_view listening = "listening on ", cgroup = "cgroup: ", group = "group: ",
                           capacity = "capacity: ", process_id = "pid: ";

std::string number(double value) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return {digits.data(), end};
}

}  // namespace

std::vector<std::string> Stage::node_words(vm::MachineId id) const {
  const Machine& machine = machines_.at(id);
  const Host& host = *posts_[machine.up.host].host;
  const vm::Flavor& flavor = options_.scenario.flavors[machine.flavor.value];
  const vm::Capacity& capacity = flavor.capacity;
  const Quarters quarters =
      options_.quarters ? options_.quarters(id) : Quarters{.words = {}, .host = host.address()};
  std::vector<std::string> words = quarters.words;
  const auto add = [&](std::initializer_list<std::string> more) {
    words.insert(words.end(), more);
  };
  add({host.binary(),   "node",
       "--directory",   machine.up.directory,
       "--machine",     std::to_string(id.value),
       "--cores",       number(capacity.cores),
       "--memory",      std::to_string(capacity.memory.count) + "B",
       "--disk",        number(capacity.disk.value) + "B/s",
       "--network",     number(capacity.network.value) + "B/s",
       "--window",      std::to_string(options_.scenario.sla.window.count()) + "ns",
       "--listen",      quarters.host + ":0",
       "--key-file",    host.folder() / "key",
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

/// On the host that is written in its `up`.
void Stage::start_machine(vm::MachineId id) {
  Machine& machine = machines_.at(id);
  Host& host = *posts_[machine.up.host].host;
  machine.listening = machine.killed = false;
  machine.last_error.clear();
  machine.up = {.attempt = machine.attempt, .machine = id, .host = machine.up.host};
  machine.up.directory = host.folder() / ("machine" + std::to_string(id.value));
  machine.process = host.start(
      node_words(id),
      {.on_output = [this, id](const std::string& line) { on_node_line(id, line); },
       .on_error = [this, id](const std::string& line) { machines_.at(id).last_error = line; },
       .on_end = [this, id](const std::string& how) { on_node_end(id, how); }});
}

void Stage::on_node_line(vm::MachineId id, const std::string& line) {
  Machine& machine = machines_.at(id);
  if (line.starts_with(cgroup)) machine.up.cgroup = line.substr(cgroup.size());
  if (line.starts_with(process_id)) {
    const char* const end = line.data() + line.size();
    (void)std::from_chars(line.data() + process_id.size(), end, machine.up.pid);
  }
  if (line.starts_with(group)) {
    machine.group = line.substr(group.size());
    posts_[machine.up.host].host->note_group(machine.group);
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
    forget_files(machine);
    return tell(stopped(id));
  }
  const std::string why = machine.last_error.empty() ? how : how + ": " + machine.last_error;
  const std::string name = "machine " + std::to_string(id.value);
  if (!ready_) return fail(name + (booted ? " ended, " : " did not come up, ") + why);
  if (!machine.killed) handlers_.report(name + " ended by itself (" + why + ")");
  if (!booted && machine.attempt != vm::Attempt{} && !machine.up.returned) {
    return tell(LaunchFailed{.attempt = machine.attempt, .machine = id, .reason = why});
  }
  machine.unreported = true;
  tell(stopped(id));
}

/// Its process is gone, and this is left of it: nothing, where its host is lost.
Stopped Stage::stopped(vm::MachineId id) const {
  const auto found = machines_.find(id);
  if (found == machines_.end()) return {.machine = id};
  const Machine& machine = found->second;
  const bool gone = machine.released || posts_[machine.up.host].lost;
  return {.machine = id,
          .directory = gone ? std::string{} : machine.up.directory,
          .host = machine.up.host};
}

void Stage::forget_files(Machine& machine) {
  posts_[machine.up.host].host->remove_folder(machine.up.directory);
}

/// One that was killed could not remove its own.
void Stage::remove_cgroup(Machine& machine) {
  machine.up.cgroup.clear();
  if (machine.group.empty()) return;
  posts_[machine.up.host].host->remove_group(std::exchange(machine.group, {}));
}

void Stage::kill_machine(vm::MachineId id) {
  const auto found = machines_.find(id);
  if (found == machines_.end() || !found->second.process) return;
  found->second.killed = true;
  found->second.process->kill(SIGKILL);
}

void Stage::bring_back(vm::MachineId id) {
  Machine& machine = machines_.at(id);
  if (closing_ || machine.released || (machine.process && machine.process->running())) return;
  if (posts_[machine.up.host].lost) return;
  start_machine(id);
  machine.up.returned = true;
}

std::vector<vm::MachineId> Stage::machines_up() const {
  std::vector<vm::MachineId> up;
  for (const auto& [id, machine] : machines_) {
    if (machine.listening && !machine.released) up.push_back(id);
  }
  return up;
}

}  // namespace real
