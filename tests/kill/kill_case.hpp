// KillCase: one line of the kill table: a whole run with real processes, in which one migration is
// held at one of its moments while somebody is struck.
//
// Four tenants live on machine 0, which its memory's SLA makes give half of them to machine 1;
// machine 2 is a spare, and machine 3 has four tenants of its own and, with two copies, the second
// ones of machine 0's. Half of the clients ask again as soon as they are answered, so their longest
// wait is how long the service was away; the others ask at their own instants whatever happens.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "real/messages.hpp"

namespace kill_table {

enum class Blow : std::uint8_t {
  kill,     // SIGKILL
  hang,     // SIGSTOP: it is there and does nothing
  cut,      // the connections between the two end
  cut_off,  // packets from and to it are dropped, both ways
};
enum class Role : std::uint8_t { source, target, second, gateway, agent, clients };

struct KillCase {
  real::Moment moment = real::Moment::copying;
  Blow blow = Blow::kill;
  std::vector<Role> victims;  // one or two
  std::uint32_t replicas = 1;
  bool held = true;                   // before the step's order leaves; else a little after
  std::chrono::microseconds after{};  // that much; 0: as suits the step
};

/// "copying, under way: kill source and second, 2 copies"
std::string describe(const KillCase& c);

struct KillResult {
  bool struck = false;    // the migration came to that moment
  std::string skipped{};  // why it could not be played here
  std::uint64_t acknowledged = 0, lost = 0, duplicated = 0;
  std::optional<double> away{};  // seconds: the longest wait of a client; none: not back at the end
  std::uint32_t moved = 0, aborted = 0;   // migrations
  std::vector<std::string> complaints{};  // all else that is not as it should be

  bool well() const {
    return struck && lost == 0 && duplicated == 0 && away.has_value() && complaints.empty();
  }
};

/// Plays it, in about seven seconds, most of them waiting. From a thread that does nothing else:
/// it may be moved into a network of its own.
KillResult play(const KillCase& c);

}  // namespace kill_table
