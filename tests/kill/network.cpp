#include "tests/kill/network.hpp"

#include <sstream>
#include <stdexcept>

#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace kill_table {
namespace {

real::Descriptor own_namespace() {
  return real::Descriptor{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
}

bool try_run(const std::string& command) {
  std::istringstream text{command};
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(word);
  return run_quietly(words) == 0;
}

void run(const std::string& command) {
  if (!try_run(command)) throw std::runtime_error(command + ": refused");
}

std::string cable(vm::MachineId machine) {
  return "machine" + std::to_string(machine.value);
}

std::string host(vm::MachineId machine) {
  return "10.77.0." + std::to_string(machine.value + 10);
}

}  // namespace

int run_quietly(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int standard : {0, 1, 2}) {
    posix_spawn_file_actions_addopen(&actions, standard, "/dev/null", O_RDWR, 0);
  }
  pid_t pid = -1;
  const int refused =
      ::posix_spawnp(&pid, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  if (refused != 0 || ::waitpid(pid, &status, 0) != pid) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::unique_ptr<Network> Network::try_enter() {
  std::unique_ptr<Network> network{new Network{own_namespace()}};
  if (network->before_.get() < 0 || ::unshare(CLONE_NEWNET) != 0) return nullptr;
  network->here_ = own_namespace();
  // An address of its own: else it has that of one of its cables, and what comes through that one
  // would reach us even when it is cut off.
  const bool made = try_run("ip link set lo up") &&
                    try_run("ip link add bridge0 address 02:00:00:77:00:01 type bridge") &&
                    try_run("ip address add 10.77.0.1/16 dev bridge0") &&
                    try_run("ip link set bridge0 up");
  return made ? std::move(network) : nullptr;  // ~Network() goes back
}

Network::~Network() {
  (void)::setns(before_.get(), CLONE_NEWNET);
}

real::Stage::Quarters Network::quarters(vm::MachineId machine) {
  const auto [entry, fresh] = places_.try_emplace(machine);
  Place& place = entry->second;
  if (fresh) {
    if (::unshare(CLONE_NEWNET) != 0) throw real::refused_by_system("unshare");
    place.name_space = own_namespace();
    run("ip link set lo up");
    (void)::setns(here_.get(), CLONE_NEWNET);
  }
  const std::string there =
      "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(place.name_space.get());
  if (fresh) {
    run("ip link add " + cable(machine) + " type veth peer name eth0 netns " + there);
    run("ip link set " + cable(machine) + " master bridge0 up");
    (void)::setns(place.name_space.get(), CLONE_NEWNET);
    run("ip address add " + host(machine) + "/16 dev eth0");
    run("ip link set eth0 up");
    (void)::setns(here_.get(), CLONE_NEWNET);
  }
  return {.words = {"/usr/bin/nsenter", "--net=" + there, "--"}, .host = host(machine)};
}

void Network::cut_off(vm::MachineId machine) const {
  // Without ARP: asked for our address by the loose end of a cable, the kernel would answer there,
  // and half a minute later, when the machine forgets where we are, what it sends would reach us.
  run("ip link set " + cable(machine) + " nomaster arp off");
}

void Network::reconnect(vm::MachineId machine) const {
  run("ip link set " + cable(machine) + " master bridge0 arp on up");
}

}  // namespace kill_table
