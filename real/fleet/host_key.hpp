// HostKey: is this the machine that we know?
#pragma once

#include <string>

#include "real/fleet/fleet_file.hpp"
#include "real/fleet/ssh_library.hpp"

namespace real {

/// Compares the key that a connected machine has shown with those of the known_hosts file.
///
///   returns  empty when it is known; else why it is refused and what to do, with the line to add
///            or the file and line that hold another key
std::string host_key_refused(const SshLibrary& library, ssh_session session, const FleetHost& host);

}  // namespace real
