// Target: a server under attack, and what an attacker knows of it.
//
// Each server that we have is a Target: it serves on a port of loopback until it is destroyed. An
// attack asks for nothing but the paths that are named here, so a new server joins all attacks by
// one more function in targets.cpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "real/token.hpp"

namespace attacks {

/// How a server's tokens are made: known where the test gave it its key.
struct TokenMaking {
  real::Key key;
  std::string subject, audience, scope;
};

class Target {
 public:
  virtual ~Target() = default;

  std::string name;
  std::uint16_t port = 0;
  std::string open = "/healthz";  // GET: answers 200 to everybody
  std::string post;               // takes a body from everybody; empty: there is none
  std::string method = "POST";    // with which it does
  std::string name_member;        // beside "password" in the object that it wants; empty: no login
  std::string guarded;            // GET: wants a token; empty: nothing does
  std::string token;              // that it takes
  std::string admin, admin_body;  // POST: wants more than this token; empty: nothing does
  std::string revoke;             // POST: gives the token back; empty: it cannot be
  std::optional<TokenMaking> making;
  bool is_ours = true;                // the peer may leave us waiting
  std::size_t of_address = 0;         // connections that one address may have; 0: as many as like
  std::size_t bad_tokens = 10'000;    // as many as are tried
  std::chrono::milliseconds limit{};  // for a head, a body and an answer
};

/// Limits of time as they are, or as short as a test wants them.
enum class Pace { real, quick };

std::unique_ptr<Target> agent_here(Pace pace);
std::unique_ptr<Target> gateway_here(Pace pace);
std::unique_ptr<Target> collector_here(Pace pace);
/// `brink agent` as a process; `peak_memory` reads its VmHWM.
struct ProcessTarget : Target {
  virtual std::uint64_t peak_memory() const = 0;  // bytes
};
std::unique_ptr<ProcessTarget> agent_process();
/// The peer, for comparison; none where it is not installed.
std::unique_ptr<Target> node_exporter();

struct NamedTarget {
  std::string name;
  std::function<std::unique_ptr<Target>(Pace)> start;
};
/// All of ours, each in this process.
std::vector<NamedTarget> our_targets();

/// Processes whose names are markup, formulas, line ends and worse stand on the agents above.
const std::vector<std::string>& hostile_names();

/// An address of loopback that nobody has used yet, so that no limit of another attack is met.
std::string fresh_address();

}  // namespace attacks
