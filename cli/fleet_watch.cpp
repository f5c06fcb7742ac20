// brink fleet watch: the collector, its alerts and its mails, in the foreground.
#include "real/fleet/fleet_watch.hpp"

#include <iostream>

#include "cli/fleet_argument.hpp"
#include "cli/options.hpp"
#include "cli/terminal.hpp"
#include "cli/text_table.hpp"
#include "real/descriptor_limit.hpp"
#include "real/ending.hpp"
#include "real/fleet/fleet_status.hpp"

namespace cli {
namespace {

constexpr const char* explanation =
    "usage: brink fleet watch [OPTIONS] FILE\n\n"
    "Takes what the fleet's agents send, keeps it in the fleet file's database, and prints and\n"
    "mails what goes wrong: who answers nobody, who is over a limit, who is back. Runs until it\n"
    "is ended; agents keep what it misses meanwhile, and nothing is told twice.\n\n";

constexpr const char* example =
    "\nexample: brink fleet watch fleet.toml\n"
    "         brink fleet status --watch fleet.toml      (in another terminal)\n"
    "exit: 0 ended by Ctrl-C or SIGTERM, 2 mistakes in the file, 3 the port is taken or the\n"
    "      database cannot be used\n";

/// What happens, a line each.
class Printer {
 public:
  Printer(const real::Fleet& fleet, bool quiet)
      : fleet_(fleet), quiet_(quiet), colour_(wants_colour(stdout)) {}

  void operator()(const vm::IncidentOpened& o) {
    about_[o.number] = {name(o.host), o.cause};
    const bool silent = o.cause == vm::IncidentCause::silent;
    line(o.noticed, name(o.host), Colour::red,
         silent ? "no answer since " + real::utc(o.start)
                : std::string{to_string(o.cause)} + " at " + percent(o.value) + ", limit " +
                      percent(o.limit));
  }
  void operator()(const vm::IncidentClosed& o) {
    const auto about = about_.find(o.number);
    const std::string what = about == about_.end() ? "incident " + std::to_string(o.number)
                                                   : std::string{to_string(about->second.cause)};
    line(o.noticed, about == about_.end() ? "" : about->second.host, Colour::green,
         what + " is over since " + real::utc(o.end));
    if (about != about_.end()) about_.erase(about);
  }
  void operator()(const vm::HostUp& o) { line(o.end, name(o.host), Colour::none, "heard again"); }
  void operator()(const vm::Retired& o) {
    line(o.since, name(o.host), Colour::none, "taken down on purpose, and not watched");
  }
  void operator()(const vm::Enlisted& o) {
    line(o.end, name(o.host), Colour::none, "watched again");
  }
  void operator()(const vm::Unwatched& o) {
    line(o.end, "", Colour::yellow, "nobody watched for " + real::rough(o.end - o.start));
  }
  template <class Other>
  void operator()(const Other&) {}  // is part of another one, or nobody's concern

  /// What an archive knows of incidents that are open already.
  void know(const real::FleetStatus& status) {
    for (const real::IncidentStatus& incident : status.incidents) {
      for (std::size_t i = 0; i < vm::incident_cause_count; ++i) {
        const auto cause = static_cast<vm::IncidentCause>(i);
        if (to_string(cause) == incident.cause) about_[incident.number] = {incident.host, cause};
      }
    }
  }

 private:
  struct About {
    std::string host;
    vm::IncidentCause cause = vm::IncidentCause::silent;
  };

  const std::string& name(vm::MachineId host) const { return fleet_.hosts[host.value].name; }
  static std::string percent(double share) {
    return std::to_string(std::lround(share * 100)) + " %";
  }
  void line(sim::Time at, const std::string& host, Colour colour, const std::string& text) {
    if (quiet_) return;
    std::cout << real::utc(at) << "  " << host << (host.empty() ? "" : ": ")
              << paint(printable(text), colour, colour_) << std::endl;
  }

  const real::Fleet& fleet_;
  bool quiet_, colour_;
  std::map<std::uint64_t, About> about_;
};

}  // namespace

int fleet_watch(Arguments arguments) {
  namespace po = boost::program_options;
  std::vector<std::string> files;
  bool quiet = false;
  Options options;
  options.shown.add_options()("quiet", po::bool_switch(&quiet),
                              "print nothing but what goes wrong with watching itself");
  options.add_rest("file", files);
  if (!options.parse(arguments)) {
    std::cout << explanation << options.shown << example;
    return exit_done;
  }
  if (files.size() != 1) throw UsageError{"brink fleet watch takes one fleet file"};
  const auto fleet = load_fleet(files.front());
  if (!fleet) return exit_usage;

  real::raise_descriptor_limit();
  boost::asio::io_context io{1};
  Printer printer{*fleet, quiet};
  real::FleetWatch watch{
      io,
      *fleet,
      {.told = [&](const vm::IncidentOrder& order) { std::visit(printer, order); },
       .report = [](const std::string& what) { std::cerr << printable(what) << std::endl; }}};
  const auto now = sim::Time{std::chrono::system_clock::now().time_since_epoch()};
  printer.know(real::read_fleet_status(fleet->collector.database, fleet->objective, now));
  const real::Ending ending{io, false, [&] {
                              watch.close();
                              io.stop();
                            }};
  std::cout << "collecting at " << watch.collector().address() << " for " << fleet->hosts.size()
            << (fleet->hosts.size() == 1 ? " host" : " hosts") << std::endl;
  io.run();
  return exit_done;
}

}  // namespace cli
