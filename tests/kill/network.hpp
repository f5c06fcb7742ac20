// Network: a network of its own for one run, in which machines can be cut off.
//
//   this thread, gateway, agent ── bridge ──┬── machine 0
//                                           └── machine 1 ... each in a namespace of its own
//
// Cutting a machine off takes its cable out of the bridge: packets go nowhere, both ways, and no
// side is told anything. All of it vanishes with the last process and descriptor that is in it, so
// nothing has to be cleaned up, however the test ends. Needs CAP_NET_ADMIN (root, or `unshare
// --user --map-root-user`) and the `ip` command.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "real/posix.hpp"
#include "real/stage.hpp"

namespace kill_table {

class Network {
 public:
  /// Moves the calling thread, and with it all that it starts, into a new network with nothing in
  /// it but a loopback and the bridge.
  ///
  ///   returns  nullptr where that is not allowed here
  static std::unique_ptr<Network> try_enter();
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  /// A namespace for `machine`, made when it is asked for first. From the thread that entered.
  real::Stage::Quarters quarters(vm::MachineId machine);
  /// From any thread that was started after try_enter(), or that entered.
  void cut_off(vm::MachineId machine) const;
  /// Puts the cable back.
  void reconnect(vm::MachineId machine) const;

 private:
  explicit Network(real::Descriptor before) : before_(std::move(before)) {}
  struct Place {
    real::Descriptor name_space;
  };

  real::Descriptor before_;  // where the thread was
  real::Descriptor here_;
  std::map<vm::MachineId, Place> places_;
};

/// Runs a command without a shell and without its output; its exit code, or -1.
int run_quietly(const std::vector<std::string>& words);

}  // namespace kill_table
