// Processes: the parts of a run as the system sees them, from outside: who they are, the
// connections between them, and what is left of them afterwards.
//
// A run's processes have its temporary folder among their words. Nobody is asked for anything, so
// what is done to a part here it learns no earlier than from what happens to it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "vm/entities.hpp"

namespace kill_table {

struct Part {
  pid_t pid = -1;
  std::string verb;                        // "gateway", "node", "agent"
  vm::MachineId machine = vm::no_machine;  // of a node
};

/// Every process that has `folder` in its words, by number.
std::vector<Part> parts_of(const std::filesystem::path& folder);

std::optional<pid_t> find(const std::vector<Part>& parts, const std::string& verb,
                          vm::MachineId machine = vm::no_machine);

/// Ends the connections between two processes under both of them, as a router would that has
/// forgotten them: each finds its end closed.
///
///   returns  how many there were; none where the kernel does not let us
std::size_t cut(pid_t one, pid_t other);
/// Likewise those that `one` has accepted on its port from anybody but `but`.
std::size_t cut_accepted(pid_t one, pid_t but);

/// Control groups that these nodes have made and that are still there.
std::vector<std::string> groups_of(const std::vector<Part>& nodes);

/// host:port at which a process listens, of IPv4 on this host's own interfaces.
std::vector<std::string> doors_of(pid_t process);

/// Ports of this thread's network on which somebody listens; none where it has none of its own.
std::vector<std::string> listening_here();

}  // namespace kill_table
