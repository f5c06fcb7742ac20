// FarScript: what is done on a machine of the fleet, in the language that every machine has.
//
// One script for /bin/sh, sent through its standard input, so that the user's login shell sees no
// more than "sh -s" and words that are quoted. It works within the agent's folder and knows these
// verbs:
//
//   look               "binary D", "config D", "running D", "pid N", "users yes|no"; D is a SHA-256
//   start D WORDS...   starts ./brink WORDS as a daemon, once it is the program with digest D;
//                      says its number
//   stop               asks the agent to end, and ends it when it has not after five seconds
//   forget FILES...    removes files of ours that are of no use any more
//   remove             stops it and removes what was deployed; says what it did
//
// A daemon is a session of its own, so that it outlives the connection. agent.pid holds its number,
// the instant and the boot in which the kernel has started it, and the digest of its program: only
// a process of which all that is true is ever sent a signal.
#pragma once

#include <span>
#include <string>

#include "real/fleet/ssh.hpp"

namespace real {

/// Runs a verb in `directory`, below the user's home.
///
///   returns  what it said
///   throws   SshError, also when the verb failed
std::string far_script(Ssh& ssh, const std::string& verb, const std::string& directory,
                       std::span<const std::string> words = {});

}  // namespace real
