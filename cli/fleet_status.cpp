// brink fleet status: who is up, how available each host was, and what is wrong.
#include "real/fleet/fleet_status.hpp"

#include <chrono>
#include <cmath>
#include <fstream>
#include <iostream>
#include <thread>

#include "cli/fleet_argument.hpp"
#include "cli/interrupt.hpp"
#include "cli/options.hpp"
#include "cli/terminal.hpp"
#include "cli/text_table.hpp"

namespace cli {
namespace {

using namespace std::chrono_literals;

constexpr const char* explanation =
    "usage: brink fleet status [OPTIONS] FILE\n\n"
    "Shows what the collector of a fleet knows: each host's condition and utilisation, its\n"
    "availability over a day, a week and a month of 30 days, what is left of the month's error\n"
    "budget, and the latest incidents. Reads the fleet file's database, so run it where the\n"
    "collector runs; time in which no collector ran counts neither way.\n\n";

constexpr const char* example =
    "\nexample: brink fleet status fleet.toml\n"
    "         brink fleet status --watch fleet.toml\n"
    "         brink fleet status --csv hosts.csv fleet.toml\n"
    "exit: 0 every host that was ever heard of, and not taken down with brink fleet down, is up;\n"
    "      1 one is not, 2 mistakes in the file, 3 there is no database yet\n";

std::string percent(double share, int digits) {
  std::array<char, 32> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.*f", digits, 100 * share);
  return {text.data(), static_cast<std::size_t>(size)};
}

/// Never rounded up to the full: 100.000 is said only of what was never down.
std::string availability(const real::Uptime& uptime) {
  if (uptime.watched <= sim::Duration{}) return "-";
  return percent(std::floor(uptime.availability() * 1e5) / 1e5, 3);
}

std::string budget(const real::Uptime& uptime) {
  return uptime.watched <= sim::Duration{} ? "-" : percent(uptime.budget_left(), 0);
}

TextTable::Cell share(const real::HostStatus& host, std::size_t resource) {
  const bool tells = host.condition != real::HostCondition::awaited &&
                     host.condition != real::HostCondition::retired;
  if (!host.shares || !tells) return "-";
  const double value = static_cast<double>((*host.shares)[resource]) / real::whole_share;
  return {percent(value, 1), value >= 0.98 ? Colour::red : Colour::none};
}

Colour colour_of(real::HostCondition condition) {
  switch (condition) {
    case real::HostCondition::up:
      return Colour::green;
    case real::HostCondition::down:
      return Colour::red;
    case real::HostCondition::retired:
      return Colour::none;
    case real::HostCondition::awaited:
    case real::HostCondition::unwatched:
      break;
  }
  return Colour::yellow;
}

void print_hosts(std::ostream& out, const real::FleetStatus& status, std::size_t width,
                 bool colour) {
  using Align = TextTable::Align;
  TextTable table{{{"host", Align::left},
                   {"", Align::left},
                   {"for", Align::left, true},
                   {"cpu %"},
                   {"memory %"},
                   {"disk %"},
                   {"network %"},
                   {"day %"},
                   {"week %", Align::right, true},
                   {"month %"},
                   {"budget %", Align::right, true},
                   {"last down", Align::left, true}}};
  for (const real::HostStatus& host : status.hosts) {
    std::string last = "-";
    if (host.last_down) {
      last = real::rough(host.last_down->end - host.last_down->start) + ", " + host.last_down_cause;
    }
    const double left = host.uptime[2].budget_left();
    table.add({host.name,
               {std::string{to_string(host.condition)}, colour_of(host.condition)},
               host.condition == real::HostCondition::awaited ? "-" : real::rough(host.lasts),
               share(host, 0),
               share(host, 1),
               share(host, 2),
               share(host, 3),
               availability(host.uptime[0]),
               availability(host.uptime[1]),
               availability(host.uptime[2]),
               {budget(host.uptime[2]), left < 0 ? Colour::red : Colour::none},
               last});
  }
  table.print(out, 0, width, colour);
}

void print_incidents(std::ostream& out, const real::FleetStatus& status, std::size_t width,
                     bool colour, std::size_t most) {
  if (status.incidents.empty()) return;
  using Align = TextTable::Align;
  TextTable table{{{"incident", Align::right},
                   {"host", Align::left},
                   {"", Align::left},
                   {"since", Align::left},
                   {"for", Align::left},
                   {"worst %", Align::right, true},
                   {"mail", Align::left, true}}};
  for (const real::IncidentStatus& one : status.incidents) {
    if (most-- == 0) break;
    const bool silent = one.cause == "silent";
    table.add({std::to_string(one.number),
               one.host,
               {one.cause, one.end ? Colour::none : Colour::red},
               real::utc(one.start),
               one.end ? real::rough(*one.end - one.start)
                       : "goes on, " + real::rough(status.at - one.start),
               silent ? "-" : percent(one.worst, 1),
               one.mail.empty() ? "-" : one.mail});
  }
  out << '\n';
  table.print(out, 0, width, colour);
}

void print_page(std::ostream& out, const real::FleetStatus& status, const real::Fleet& fleet) {
  const bool colour = wants_colour(stdout);
  const auto width = static_cast<std::size_t>(columns(stdout));
  out << "fleet " << fleet.name << " at " << real::utc(status.at) << ", objective "
      << percent(fleet.objective, 3) << " %\n";
  if (!status.collecting) {
    out << paint("no collector is running" +
                     (status.alive ? " since " + real::utc(*status.alive) : std::string{}),
                 Colour::yellow, colour)
        << '\n';
  }
  out << '\n';
  print_hosts(out, status, width, colour);
  print_incidents(out, status, width, colour, 10);
}

/// RFC 4180. A cell that a spreadsheet would take for a formula begins with a quote mark.
std::string csv_cell(const std::string& text) {
  std::string cell = text;
  if (!cell.empty() && std::string_view{"=+-@\t\r"}.find(cell.front()) != std::string::npos) {
    cell.insert(cell.begin(), '\'');
  }
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string quoted = "\"";
  for (const char c : cell) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

void write_csv(const std::string& file, const real::FleetStatus& status) {
  std::ofstream out{file};
  out << "host,condition,lasts_s,cpu,memory,disk,network,day_availability,week_availability,"
         "month_availability,month_down_s,month_budget_left,open_incidents,last_down_start_s,"
         "last_down_end_s,last_down_cause\r\n";
  for (const real::HostStatus& host : status.hosts) {
    out << csv_cell(host.name) << ',' << to_string(host.condition) << ','
        << sim::seconds(host.lasts);
    for (std::size_t r = 0; r < vm::resource_count; ++r) {
      out << ',';
      if (host.shares) out << static_cast<double>((*host.shares)[r]) / real::whole_share;
    }
    for (const real::Uptime& uptime : host.uptime) {
      out << ',' << percent(uptime.availability() / 100, 6);
    }
    out << ',' << sim::seconds(host.uptime[2].down) << ',' << host.uptime[2].budget_left() << ','
        << host.incidents << ',';
    if (host.last_down) {
      out << percent(sim::seconds(host.last_down->start) / 100, 3) << ','
          << percent(sim::seconds(host.last_down->end) / 100, 3) << ','
          << csv_cell(host.last_down_cause);
    } else {
      out << ",,";
    }
    out << "\r\n";
  }
  if (!out.flush()) throw std::runtime_error(file + ": cannot be written");
}

real::FleetStatus read(const real::Fleet& fleet) {
  if (!std::filesystem::exists(fleet.collector.database)) {
    throw std::runtime_error(fleet.collector.database.string() +
                             ": there is no such database: brink fleet watch makes it");
  }
  const auto now = sim::Time{std::chrono::system_clock::now().time_since_epoch()};
  return real::read_fleet_status(fleet.collector.database, fleet.objective, now);
}

void keep_showing(const real::Fleet& fleet) {
  const auto& interrupted = watch_for_interrupt();
  const bool terminal = is_terminal(stdout);
  while (!interrupted) {
    // Home, page, and what was below: nothing flickers.
    if (terminal) std::cout << "\x1b[H\x1b[2J";
    print_page(std::cout, read(fleet), fleet);
    std::cout << std::flush;
    for (int i = 0; i < 10 && !interrupted; ++i) std::this_thread::sleep_for(100ms);
  }
}

}  // namespace

int fleet_status(Arguments arguments) {
  namespace po = boost::program_options;
  std::vector<std::string> files;
  std::string csv;
  bool watch = false, json = false;
  Options options;
  options.shown.add_options()("watch", po::bool_switch(&watch), "keep it on the screen")(
      "csv", po::value(&csv)->value_name("FILE"), "also write the hosts' rows there")(
      "json", po::bool_switch(&json), "print it as JSON and nothing else");
  options.add_rest("file", files);
  if (!options.parse(arguments)) {
    std::cout << explanation << options.shown << example;
    return exit_done;
  }
  if (files.size() != 1) throw UsageError{"brink fleet status takes one fleet file"};
  if (watch && (json || !csv.empty())) throw UsageError{"--watch goes with no other option"};
  const auto fleet = load_fleet(files.front());
  if (!fleet) return exit_usage;
  if (watch) {
    keep_showing(*fleet);
    return exit_done;
  }
  const real::FleetStatus status = read(*fleet);
  if (!csv.empty()) write_csv(csv, status);
  if (json) {
    std::cout << real::to_json(status, fleet->name);
  } else {
    print_page(std::cout, status, *fleet);
  }
  for (const real::HostStatus& host : status.hosts) {
    const bool counts = host.condition != real::HostCondition::awaited &&
                        host.condition != real::HostCondition::retired;
    if (counts && host.condition != real::HostCondition::up) return exit_unmet;
  }
  return exit_done;
}

}  // namespace cli
