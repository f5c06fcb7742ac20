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

}  // namespace

TEST_CASE("summary text: the page of an overload, to the letter") {
  CHECK(print(overload(), {.colour = false, .width = 100}) == R"()");
}
