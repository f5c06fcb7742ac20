// brink warden: the hand of `brink real` on another host.
#include "real/warden.hpp"

#include <iostream>

#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "real/ending.hpp"
#include "vm/quantity.hpp"

namespace cli {
namespace {

constexpr const char* explanation =
    "usage: brink warden DIRECTORY [OPTIONS]\n\n"
    "Starts processes for a brink real on another host that is at the end of standard input, in a\n"
    "folder that it makes in DIRECTORY, and ends with it: then, or after TIME without a word, it\n"
    "kills them and removes the folder. Folders of wardens that were killed it removes too.\n"
    "Started by brink real over SSH, on the hosts of a scenario's [real] section.\n\n";
constexpr const char* example =
    "\nexample: brink warden --look     what this host can give, as one line of JSON\n"
    "exit: 0 nothing is left, 2 bad usage, 3 the folder cannot be made\n";

}  // namespace

int warden(Arguments arguments) {
  namespace po = boost::program_options;
  std::vector<std::string> directories;
  std::string patience = "20s";
  bool look = false;
  Options options;
  options.shown.add_options()  //
      ("patience", po::value(&patience)->value_name("TIME"), "20s")(
          "look", po::bool_switch(&look), "say what this host can give, and end");
  options.add_rest("DIRECTORY", directories);
  if (!options.parse(arguments)) {
    std::cout << explanation << options.shown << example;
    return exit_done;
  }
  if (look) {
    std::cout << real::hello_of_this_host({}) << std::endl;
    return exit_done;
  }
  if (directories.size() != 1) throw UsageError("expected one DIRECTORY; brink warden --help");
  const auto span = vm::parse_duration(patience);
  if (!span) throw UsageError("--patience: " + span.error());
  if (span->count() <= 0) throw UsageError("--patience: must be more than 0");

  boost::asio::io_context io{1};
  real::Warden here{io,
                    {.directory = directories.front(),
                     .patience = std::chrono::duration_cast<std::chrono::milliseconds>(*span),
                     .stop = [&] { io.stop(); }}};
  const real::Ending ending{io, false, [&] { io.stop(); }};
  io.run();
  return exit_done;
}

}  // namespace cli
