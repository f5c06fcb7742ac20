// Deploy: puts the agent on every machine of a fleet, and takes it away again.
//
// Each machine gets a private folder with what its agent needs:
//
//   brink          this program             agent.pid      which process it is
//   agent.key      seals what it sends      agent.config   how it was started
//   commands.toml  what POST /run may do    agent.log      what it complained about
//   certificate.*  of its API, where there is one, with its key
//   collector.pem  the certificate by which it knows the collector, where that has one
//
// Deploying again is harmless: what is there already is neither sent nor started again, and an
// agent whose program, key or options differ is replaced. Whether an agent runs is told by its
// number together with the instant at which the kernel started it, so that a process that has got
// the number since is never taken for it. The program that is started is compared once more, as the
// kernel has it open, with the one that was sent.
//
// Machines are worked on side by side, a bounded number at once; what fails on one is said of that
// one and stops none of the others.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>

#include "real/fleet/fleet_file.hpp"

namespace real {

struct DeployOptions {
  std::filesystem::path binary = "/proc/self/exe";
  std::chrono::seconds patience{10};  // for each answer of a machine
  std::size_t connections = 16;       // at once
};

/// What happened to one host.
struct Deployed {
  std::string host;
  bool done = false;
  std::string what;  // one line: "started (pid 7, new binary)", or why not
};

/// Called once for each host, as it is through; never twice at once.
using TellDeployed = std::function<void(const Deployed&)>;

/// Deploys the agent on all hosts, and makes their keys here where there are none.
///
///   returns  whether all went well
///   throws   std::runtime_error when nothing could be begun: the binary, the folder of keys or
///            the collector's certificate is of no use, or somebody else deploys this fleet just
///            now
bool deploy_fleet(const Fleet& fleet, const DeployOptions& options, const TellDeployed& tell);

/// Stops the agents of all hosts and removes what was deployed, keys included. What is not ours in
/// their folders stays: the users of the agent's API and the audit of what they did. The collector,
/// whether it runs or not, is told that they are not to be missed (retirements.hpp).
///
///   returns, throws  as deploy_fleet; StoreError
bool retire_fleet(const Fleet& fleet, const DeployOptions& options, const TellDeployed& tell);

/// How the agent of a host is started: its words after the program's name, which hold no secret.
///
///   with_users  somebody may log in to its API there, so that its commands can be allowed
std::vector<std::string> agent_words(const Fleet& fleet, const FleetHost& host, bool with_users);

}  // namespace real
