// Hosts: machines of a fleet, for a test: each a network, a process list and a home of its own,
// with an OpenSSH server that lets the user "brink" in.
//
//   this thread ── bridge ──┬── 10.77.0.10:22  sshd, host key, /home/brink
//                           ├── 10.77.0.11:22  ...
//
// The user is nobody in particular, and its home is a folder of the test. All of it vanishes with
// this process, however that ends: the kernel ends each machine's first process with it, and with
// that one everything that was started there, daemons included.
//
// Needs root (CAP_SYS_ADMIN, CAP_NET_ADMIN) and the packages openssh-server, openssh-client,
// iproute2, util-linux.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "real/fleet/fleet_file.hpp"
#include "tests/kill/network.hpp"
#include "tests/real/fleet/own_processor.hpp"
#include "tests/real/folder.hpp"

namespace fleet_test {

class Hosts {
 public:
  struct Options {
    std::size_t count = 1;
    std::string home_size = {};  // "1m": the homes are disks of that size; else folders here
    /// What their /proc says that processors do. Unless it is what this machine does, the same on
    /// all, disks have nothing to do there and half of the memory is free.
    enum class Processors {
      here,
      idle,
      own,  // see OwnProcessor
    } processors = Processors::here;
  };

  /// Moves the calling thread into the network of the machines and starts them.
  ///
  ///   returns  nullptr where that cannot be done here; `why` tells
  static std::unique_ptr<Hosts> try_start(const Options& options, std::string& why);
  ~Hosts();
  Hosts(const Hosts&) = delete;
  Hosts& operator=(const Hosts&) = delete;

  /// How to reach machine `i`: named "host0", ..., with the right key and the right known_hosts.
  real::FleetHost host(std::size_t i) const;
  /// [defaults] and a [host.NAME] for each machine, with `more` as further lines of [defaults].
  std::string fleet_text(const std::string& more = "") const;

  /// The user's home of machine `i`, as a folder here. Requires homes without a size.
  std::filesystem::path home(std::size_t i) const;
  /// Where keys and other files of the test lie.
  const std::filesystem::path& folder() const { return folder_.path(); }
  /// The user's password, where a test wants one.
  static const char* password() { return "open sesame 17"; }

  /// Its packets go nowhere any more, both ways, and nobody is told.
  void cut_off(std::size_t i) const;
  void reconnect(std::size_t i) const;

  /// Runs a command as root on machine `i`, by no network; its exit code.
  int run_there(std::size_t i, const std::vector<std::string>& words) const;

 private:
  struct Machine {
    pid_t keeper = -1;  // unshare(1), whose child is the machine's first process
    std::string address;
    std::filesystem::path home;
    std::unique_ptr<OwnProcessor> processor{};
  };

  explicit Hosts(std::unique_ptr<kill_table::Network> network) : network_(std::move(network)) {}
  void start(std::size_t i, const Options& options);
  std::string first_process(std::size_t i) const;

  std::unique_ptr<kill_table::Network> network_;
  real_test::Folder folder_;
  std::vector<Machine> machines_;
};

}  // namespace fleet_test
