// brink janitor: removes what a real run that was killed leaves behind.
#include "real/janitor.hpp"

#include <iostream>

#include "cli/options.hpp"
#include "cli/verbs.hpp"

namespace cli {

int janitor(Arguments arguments) {
  std::vector<std::string> folders;
  Options options;
  options.add_rest("FOLDER", folders);
  if (!options.parse(arguments)) {
    std::cout << "usage: brink janitor FOLDER\n\n"
                 "Waits for the end of standard input, then removes FOLDER, a run's temporary\n"
                 "folder, and the control groups that are listed in it. Started by brink real,\n"
                 "for the case that it is killed.\n\n"
              << options.shown
              << "\nexample: brink janitor /tmp/brink-x7Qd2L < /dev/null\n"
                 "exit: 0 nothing is left, 2 bad usage, 3 something is\n";
    return exit_done;
  }
  if (folders.size() != 1) throw UsageError("expected one FOLDER; brink janitor --help");
  return real::clean_up_after(folders.front()) ? exit_done : exit_outside;
}

}  // namespace cli
