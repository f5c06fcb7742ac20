// brink remote: a command on a host of a fleet, with our standard input, output and errors as its.
#include <algorithm>
#include <chrono>
#include <iostream>

#include <unistd.h>

#include "cli/fleet_argument.hpp"
#include "cli/verbs.hpp"
#include "real/fleet/shell_word.hpp"
#include "real/fleet/ssh.hpp"

namespace cli {
namespace {

constexpr const char* explanation =
    "usage: brink remote FILE HOST [--] WORDS...\n\n"
    "Runs a command on a host of a fleet file as if it ran here: what this command reads and\n"
    "writes is what that one does. Each word arrives there as one word; no shell here or there\n"
    "reads more into it. It ends when that one does. When this one's input ends, or when it is\n"
    "killed, the input of that one ends.\n\n"
    "example: brink remote fleet.toml web1 -- cat /proc/loadavg\n"
    "exit: the command's own, 128 + N when signal N ended it; 2 bad usage or fleet file, 3 the "
    "host\n"
    "      cannot be reached or is not who it should be\n";

constexpr std::chrono::seconds patience{10};

}  // namespace

int remote(Arguments arguments) {
  // By hand, since what follows the host belongs to somebody else, options included.
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h") {
    if (arguments.empty()) throw UsageError("expected FILE HOST WORDS...; brink remote --help");
    std::cout << explanation;
    return exit_done;
  }
  if (arguments.size() < 2) throw UsageError("expected FILE HOST WORDS...; brink remote --help");
  Arguments words = arguments.subspan(2);
  if (!words.empty() && words.front() == "--") words = words.subspan(1);
  if (words.empty()) throw UsageError("no command named; brink remote --help");
  const auto fleet = load_fleet(arguments[0]);
  if (!fleet) return exit_usage;
  real::Ssh ssh{host_of(*fleet, arguments[1]), patience};
  return ssh.relay(real::shell_command(words), STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO);
}

}  // namespace cli
