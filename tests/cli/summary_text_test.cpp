#include "cli/summary_text.hpp"

#include <algorithm>
#include <sstream>

#include <catch2/catch.hpp>

#include "cli/text_table.hpp"

namespace {

using namespace std::chrono_literals;

vm::Time at(vm::Duration since_start) {
  return vm::Time{since_start};
}

record::GroupSummary shoppers() {
  record::GroupSummary g;
  g.name = "shoppers";
  g.clients = 200;
  g.counts = {.issued = 43'812,
              .committed = 43'309,
              .refused = 0,
              .timed_out = 490,
              .failed = 0,
              .in_flight = 13,
              .retries = 312};
  g.last = {.issued = 2'700, .committed = 2'700};
  g.writes = record::Writes{.acknowledged = 43'309, .applied = 43'420, .unacknowledged = 111};
  g.latency = record::Latency{.mean_ms = 31.42,
                              .max_ms = 1998,
                              .p50_ms = 3.91,
                              .p90_ms = 42.5,
                              .p99_ms = 803,
                              .p999_ms = 1750};
  return g;
}

record::MachineSummary machine(std::uint32_t number, double load) {
  record::MachineSummary m;
  m.machine = {number};
  m.fleet = "fleet";
  m.flavor = "small";
  m.state = "up";
  m.released = at(3min);
  m.mean = {{load, 0.31, 0.04, 0.113}};
  m.max = {{std::min(load * 1.25, 1.0), 0.36, 0.09, 0.22}};
  m.cost = 0.0006;
  return m;
}

/// A crowd from 50 s to 110 s of 180 s: three times the load, late at first, then answered.
std::vector<record::Slice> crowd() {
  std::vector<record::Slice> course(60);
  for (std::size_t i = 0; i < course.size(); ++i) {
    const bool busy = i >= 16 && i < 37;
    const bool late = i >= 17 && i < 22;
    course[i] = {.issued_per_s = busy ? 400.0 : 150.0,
                 .committed_per_s = late   ? 250.0
                                    : busy ? 400.0
                                           : 150.0,
                 .p99_ms = late ? 1900.0 : 12.0};
  }
  return course;
}

record::Summary overload() {
  record::Summary s;
  s.scenario = "overload";
  s.question =
      "two small VMs meet a crowd nearly three times their size. Does moving half of it to fresh "
      "machines save the SLA?";
  s.world = "simulated";
  s.seed = "42";
  s.policies = {"split"};
  s.finished = true;
  s.end = at(3min);
  s.duration = 3min;
  s.fingerprint = "00c0ffee12345678";
  s.wall_s = 0.05;
  s.cpu_s = 0.06;
  s.books_balance = true;
  s.groups = {shoppers()};
  s.counts = s.groups[0].counts;
  s.last = s.groups[0].last;
  s.writes = s.groups[0].writes;
  s.latency = s.groups[0].latency;
  s.sla_failures = {{.number = 0,
                     .cause = "cpu",
                     .machine = {0},
                     .fleet = "fleet",
                     .start = at(50s),
                     .end = at(63s),
                     .value = 0.99,
                     .limit = 0.98,
                     .worst = 1.0},
                    {.number = 1,
                     .cause = "latency",
                     .machine = vm::no_machine,
                     .fleet = "",
                     .start = at(52s),
                     .end = at(66s),
                     .value = 0.7,
                     .limit = 0.5,
                     .worst = 1.9},
                    {.number = 2,
                     .cause = "cpu",
                     .machine = {1},
                     .fleet = "fleet",
                     .start = at(176s),
                     .end = std::nullopt,
                     .value = 0.985,
                     .limit = 0.98,
                     .worst = std::nullopt}};
  s.failovers = {{.number = 0,
                  .cause = "cpu",
                  .from = {0},
                  .to = {2},
                  .fleet = "fleet",
                  .triggered = at(55s),
                  .end = record::Failover::End{.at = at(57s),
                                               .result = "completed",
                                               .moved = 50,
                                               .aborted = 0,
                                               .lost = 0,
                                               .bytes = {13 << 20},
                                               .pause_max = 14200us}},
                 {.number = 1,
                  .cause = "cpu",
                  .from = {1},
                  .to = vm::no_machine,
                  .fleet = "fleet",
                  .triggered = at(179s),
                  .end = std::nullopt}};
  s.withheld = {{"cool-down", 3, at(58s)}};
  s.migrations = {
      .count = 50, .aborted = 0, .bytes = {13 << 20}, .pause_p50 = 4100us, .pause_max = 14200us};
  s.machines = {machine(0, 0.78), machine(1, 0.81), machine(2, 0.305)};
  s.machines[2].spare = true;
  s.cost = 0.0018;
  s.faults = {{at(20s), {0}, "slow to 50 %"}};
  s.slice = 3s;
  s.course = crowd();
  s.verdicts = {{"lost", "== 0", 0, true},
                {"duplicated", "== 0", 0, true},
                {"clients.shoppers.committed_share", ">= 99 %", 0.9888, false},
                {"pause_ms_max", "<= 20", 14.2, true}};
  return s;
}

std::string print(const record::Summary& s, cli::SummaryStyle style) {
  std::ostringstream out;
  cli::print_summary(out, s, style);
  return out.str();
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

std::string without_colour(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = text.find('m', i);
    } else {
      plain += text[i];
    }
  }
  return plain;
}

}  // namespace

// The bars: a mean of 78 % fills 3 and 7/8 of 5 cells (3.9), its maximum of 97.5 % shades the rest;
// 81 % fills 4 (4.05). The slices: 400 /s is the highest, 150 /s 3/8 of it, 250 /s 5/8. The SLA is
// broken from 50 s in slice 16 to 66 s in slice 22, and from 176 s in slice 58 to the end.
TEST_CASE("summary text: the page of an overload, to the letter") {
  CHECK(print(overload(), {.colour = false, .width = 100}) == R"(
overload      seed 42, simulated, fingerprint 00c0ffee12345678
  two small VMs meet a crowd nearly three times their size. Does moving half of it to fresh machines
  save the SLA?

  43,812 transactions in 3 min, simulated in 50 ms (876,240 a second, CPU 60 ms); 98.88 % of those
  that ended committed.
  3 SLA failures, 2 failovers, 50 tenants moved with a longest pause of 14.2 ms; lost 0.

COURSE        from the start to 3 min; figures are the highest
  issued      400 /s  ▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃█████████████████████▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃
  committed   400 /s  ▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃█▅▅▅▅▅███████████████▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃
  p99          1.9 s  ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁█████▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
  SLA broken     3 x  ················━━━━━━━···································━━
  failover       2 x  ··················▲········································▲

CLIENTS
            issued  committed  refused  timed out  failed  retries    share  last tenth
  shoppers  43,812     43,309        0        490       0      312  98.88 %       100 %

LATENCY       of what committed, from the intended instant
               mean      p50      p90     p99   p99.9  max
  shoppers  31.4 ms  3.91 ms  42.5 ms  803 ms  1.75 s  2 s

FAULTS        1
    at  machine
  20 s        0  slow to 50 %

SLA FAILURES  3, together 31 s
     cause    machine        from    lasted   worst   limit
  0  cpu      0 fleet        50 s      13 s   100 %    98 %
  1  latency  -              52 s      14 s   1.9 s  500 ms
  2  cpu      1 fleet  2 min 56 s  over 4 s  98.5 %    98 %

FAILOVERS     2; policy split
     cause          at  from     to  moved  copied    pause  took  result
  0  cpu          55 s  0 fleet  2      50  13 MiB  14.2 ms   2 s  completed
  1  cpu    2 min 59 s  1 fleet                                    under way
  3 failovers not made: cool-down (first at 58 s)

MIGRATIONS    50, 0 aborted; 13 MiB copied; pause 4.1 ms at the median, 14.2 ms at most

MACHINES      3, 0.15 machine hours, cost 0.0018; use in per cent, mean and highest
                  state   time  cpu            memory         disk           network          cost
  0 fleet         up     3 min  ███▉░  78  98  █▌···  31  36  ▎····   4   9  ▋░···  11  22  0.0006
  1 fleet         up     3 min  ████░  81 100  █▌···  31  36  ▎····   4   9  ▋░···  11  22  0.0006
  2 fleet, spare  up     3 min  █▌···  30  38  █▌···  31  36  ▎····   4   9  ▋░···  11  22  0.0006

BOOKS         lost 0, duplicated 0
  43,812 issued = 43,309 committed + 0 refused + 490 timed out + 0 failed + 13 in flight
  43,309 writes acknowledged, 43,420 applied, 111 of these to clients that were told otherwise or
  nothing yet

EXPECTED      1 of 4 NOT MET
  ok       lost                              == 0     got 0
  ok       duplicated                        == 0     got 0
  NOT MET  clients.shoppers.committed_share  >= 99 %  got 98.88 %
  ok       pause_ms_max                      <= 20    got 14.2

)");
}

TEST_CASE("summary text: no line is wider than the page, and colour changes nothing else") {
  for (const int width : {60, 72, 80, 96, 100, 110}) {
    INFO(width);
    const std::string plain = print(overload(), {.colour = false, .width = width});
    CHECK(plain.find('\x1b') == std::string::npos);
    const std::string coloured = print(overload(), {.colour = true, .width = width});
    CHECK(coloured.find('\x1b') != std::string::npos);
    CHECK(without_colour(coloured) == plain);
    if (width < 80) continue;  // below, headings and figures that must not go may reach over
    for (const std::string& line : lines(plain)) {
      INFO(line);
      CHECK(cli::display_width(line) <= static_cast<std::size_t>(width));
      CHECK_FALSE(line.ends_with(' '));
    }
  }
}

TEST_CASE("summary text: a quiet run is a short page") {
  record::Summary s;
  s.scenario = "quiet";
  s.world = "simulated";
  s.seed = "1";
  s.finished = true;
  s.end = at(10s);
  s.duration = 10s;
  s.policies = {"none"};
  s.books_balance = true;
  s.writes.emplace();
  CHECK(print(s, {}) == R"(
quiet         seed 1, simulated

  0 transactions in 10 s.
  The SLA held all the time.

SLA FAILURES  none

FAILOVERS     none; policy none

BOOKS         lost 0, duplicated 0
  0 issued = 0 committed + 0 refused + 0 timed out + 0 failed + 0 in flight
  0 writes acknowledged, 0 applied, 0 of these to clients that were told otherwise or nothing yet

)");
}

TEST_CASE("summary text: long lists are cut, and say where the rest is") {
  auto s = overload();
  while (s.sla_failures.size() < 25) s.sla_failures.push_back(s.sla_failures[0]);
  while (s.failovers.size() < 1'211) s.failovers.push_back(s.failovers[0]);
  while (s.faults.size() < 11) s.faults.push_back(s.faults[0]);
  const std::string page = print(s, {});
  CHECK_THAT(page, Catch::Contains("  and 15 more: sla_failures.csv\n"));
  CHECK_THAT(page, Catch::Contains("  and 1,201 more: failovers.csv\n"));
  CHECK_THAT(page, Catch::Contains("  and 1 more: faults.csv\n"));
}

TEST_CASE("summary text: many machines are a line for each fleet and the five busiest") {
  auto s = overload();
  s.machines.clear();
  for (std::uint32_t i = 0; i < 40; ++i) s.machines.push_back(machine(i, 0.01 * i + 0.001));
  for (std::uint32_t i = 40; i < 50; ++i) {
    s.machines.push_back(machine(i, 0.5));
    s.machines.back().fleet = "other";
  }
  const std::string page = print(s, {});
  // Mean of 0.1 % to 39.1 %: 19.6 %, 7.8 eighths of a cell; highest 1.25 * 39.1 %, in the third.
  CHECK_THAT(page, Catch::Contains("fleet  40 machines     2 h  █░░··  20  49"));
  CHECK_THAT(page, Catch::Contains("other  10 machines"));
  CHECK_THAT(page, Catch::Contains("the busiest:"));
  CHECK_THAT(page, Catch::Contains("  and 45 more: machines.csv\n"));
  // Those at 50 % come first, in the order of their numbers.
  CHECK_THAT(page, Catch::Contains("40 other"));
  CHECK_THAT(page, Catch::Contains("44 other"));
  CHECK_THAT(page, !Catch::Contains("45 other"));
}

TEST_CASE("summary text: an unfinished and an interrupted run say how far they came") {
  auto s = overload();
  s.finished = false;
  s.end = at(37s);
  s.writes.reset();
  CHECK_THAT(print(s, {}), Catch::Contains("UNFINISHED: recording ended at 37 s of 3 min.") &&
                               Catch::Contains("BOOKS         unknown: the run did not finish"));
  auto stopped = overload();
  stopped.interrupted = true;
  stopped.end = at(37s);
  CHECK_THAT(print(stopped, {}), Catch::Contains("INTERRUPTED at 37 s of 3 min."));
}

TEST_CASE("summary text: books that do not balance are not overlooked") {
  auto s = overload();
  s.books_balance = false;
  s.complaints = {"client 3: digest of what was applied differs"};
  CHECK_THAT(print(s, {}), Catch::Contains("THE BOOKS DO NOT BALANCE") &&
                               Catch::Contains("client 3: digest of what was applied differs"));
}

TEST_CASE("summary text: an escape sequence in a file does not reach the terminal") {
  auto s = overload();
  const std::string evil = "a\x1b[31mb\nc";
  s.scenario = s.question = s.groups[0].name = s.machines[0].fleet = s.faults[0].what = evil;
  s.sla_failures[0].cause = s.failovers[0].cause = s.withheld[0].reason = evil;
  s.verdicts[0].name = s.world = s.seed = evil;
  s.policies = {evil};
  s.complaints = {evil};
  const std::string page = print(s, {.colour = false, .width = 100});
  CHECK(page.find('\x1b') == std::string::npos);
  CHECK(page.find("a?[31mb?c") != std::string::npos);
}

TEST_CASE("text table: columns line up by characters, not bytes") {
  using Table = cli::TextTable;
  Table table{{{"näme", Table::Align::left}, {"count"}}};
  table.add({"█▌", "1"});
  table.add({"abcdefg", "1,234"});
  std::ostringstream out;
  table.print(out, 1, 80, false);
  CHECK(out.str() == " näme     count\n █▌           1\n abcdefg  1,234\n");
}

TEST_CASE(
    "text table: on a narrow page columns that may go do, the last first, then names are cut") {
  using Table = cli::TextTable;
  Table table{{{"", Table::Align::left},
               {"a", Table::Align::right, true},
               {"b", Table::Align::right, true},
               {"c"}}};
  table.add({"a long name", "111", "222", "333"});
  const auto at_width = [&](std::size_t width) {
    std::ostringstream out;
    table.print(out, 0, width, false);
    return lines(out.str()).at(1);
  };
  CHECK(table.width() == 26);
  CHECK(at_width(26) == "a long name  111  222  333");
  CHECK(at_width(25) == "a long name  111  333");
  CHECK(at_width(20) == "a long name  333");
  CHECK(at_width(15) == "a long na…  333");
  CHECK(at_width(13) == "a long …  333");
  CHECK(at_width(5) == "a long …  333");  // below this nothing can be read
}
