// A run small enough to know by heart: two machines, two groups of clients, one SLA failure that is
// over and one that is not, one failover with two migrations. What the tests of record/ expect is
// derived from the numbers written here.
#pragma once

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <string>
#include <system_error>

#include <catch2/catch.hpp>
#include <stdlib.h>

#include "record/reader.hpp"
#include "vm/observation.hpp"
#include "vm/outcome.hpp"
#include "vm/scenario.hpp"

namespace small_run {

using namespace std::chrono_literals;

/// An empty directory, gone with all that is in it at the end of the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "brink_test_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      throw std::system_error{errno, std::generic_category(), name};
    }
    path = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::filesystem::path path;
};

inline vm::Scenario scenario() {
  vm::Scenario s;
  s.name = "small";
  s.question = "is it all kept?";
  s.duration = 10s;
  s.warmup = 1s;
  s.seed = 18446744073709551615u;  // the largest: exceeds a signed integer
  s.text = "[scenario]\nname = \"small\"\n";
  vm::Flavor flavor;
  flavor.name = "tiny";
  flavor.price = 0.36;  // per hour, so 0.0001 per second
  s.flavors.push_back(flavor);
  vm::Fleet fleet;
  fleet.name = "web, \"main\"";  // wants quotes in CSV
  fleet.count = 1;
  fleet.spare = 1;
  fleet.failover.policy = vm::FailoverPolicy::split;
  s.fleets.push_back(fleet);
  s.transactions.push_back({"checkout", {}, {}, {}});
  for (const char* name : {"fans", "press"}) {
    vm::ClientGroup group;
    group.name = name;
    group.count = 2;  // clients 0, 1 and 2, 3
    s.clients.push_back(group);
  }
  s.expectations.push_back({"pause_ms_max", vm::Comparison::less_equal, 20, "<= 20"});
  s.expectations.push_back({"clients.fans.issued", vm::Comparison::greater, 100, "> 100"});
  return s;
}

inline vm::Time at(vm::Duration since_start) {
  return vm::Time{since_start};
}

/// Before the failover: both machines, a sample each, one interval of each group.
inline vm::Batch first_batch() {
  const vm::MachineId one{0}, two{1};
  vm::Batch b;
  b.now = at(2s);
  b.machines = {{at(0s), one, {0}, {0}, false}, {at(0s), two, {0}, {0}, true}};
  b.machine_states = {{at(0s), one, vm::MachineState::up}, {at(0s), two, vm::MachineState::up}};
  b.samples = {
      {at(1500ms), one, vm::MachineState::up, {{{0.5, 0.25, 0.125, 0.1}}, 3, 4}},
      {at(1500ms), two, vm::MachineState::up, {{{0, 0, 0, 0}}, 0, 0}},
      {at(2s), one, vm::MachineState::up, {{{1, 0.25, 0.125, 0.1}}, 7, 4}},
  };
  b.latencies = {{at(2s), {0}, 40, 10, 9, 12, 20, 21, 22},
                 {at(2s), {1}, 10, 20, 18, 22, 30, 31, 32}};
  b.throughputs = {{at(2s), {0}, 50, 40, 4, 3, 2, 5, 1}, {at(2s), {1}, 10, 10, 0, 0, 0, 0, 0}};
  b.faults = {{at(1s + 1ns), one, "slow to 50 %"}};
  return b;
}

/// The failover; the last tenth of the run begins at 9 s.
inline vm::Batch second_batch() {
  const vm::MachineId one{0}, two{1};
  vm::Batch b;
  b.now = at(10s);
  b.notices = {
      {at(4s), vm::SlaFailureBegan{0, vm::Cause::cpu, one, at(3s), 0.99, 0.98}},
      {at(4s), vm::FailoverTriggered{{0}, one, 0, vm::Cause::cpu}},
      {at(5s), vm::MigrationEnded{{0}, {1}, one, two, at(4100ms), 3, {1000}, 12500us, false}},
      {at(5s), vm::MigrationEnded{{0}, {3}, one, two, at(4100ms), 30, {500}, 90ms, true}},
      {at(6s),
       vm::FailoverEnded{{0}, one, two, vm::FailoverResult::partial, 1, 1, {1500}, 12500us, 0}},
      {at(7s), vm::SlaFailureEnded{0, 1}},
      {at(8s), vm::SlaFailureBegan{1, vm::Cause::latency, vm::no_machine, at(7500ms), 0.75, 0.5}},
      {at(8s), vm::FailoverWithheld{one, "cool-down"}},
  };
  b.throughputs = {{at(10s), {0}, 60, 30, 0, 10, 0, 0, 11}, {at(10s), {1}, 0, 0, 0, 0, 0, 0, 0}};
  b.transactions = {
      {at(1s), at(1010ms), {3}, 17, 0, vm::Outcome::committed, 2, one},
      {at(2s), at(4s), {0}, 18, 0, vm::Outcome::timed_out, 1, vm::no_machine},
  };
  return b;
}

inline vm::RunOutcome outcome() {
  vm::RunOutcome o;
  o.world = "simulated";
  o.fingerprint = 0x00c0ffee12345678u;
  o.end = at(10s);
  o.events = 4711;
  o.books_balance = true;
  vm::GroupOutcome fans;
  fans.group = {0};
  fans.books.issued = 110;
  fans.books.ended = {70, 4, 13, 2};
  fans.books.in_flight = 21;
  fans.books.attempts = 115;
  fans.books.acknowledged = 70;
  fans.books.applied = 72;
  fans.books.unacknowledged = 2;
  for (int ms = 1; ms <= 100; ++ms) fans.latency.add(ms * 1'000'000);
  vm::GroupOutcome press;
  press.group = {1};
  press.books.issued = 10;
  press.books.ended = {10, 0, 0, 0};
  press.books.attempts = 10;
  press.latency.add(500'000'000, 2);
  o.groups = {fans, press};
  o.machines = {
      {{0},
       {0},
       {0},
       vm::MachineState::up,
       at(0s),
       at(10s),
       {{0.8, 0.25, 0.125, 0.1}},
       {{1, 0.25, 0.125, 0.1}},
       0.001},
      {{1},
       {0},
       {0},
       vm::MachineState::down,
       at(0s),
       at(5s),
       {{0.3, 0, 0, 0}},
       {{0.4, 0, 0, 0}},
       0.0005},
  };
  return o;
}

inline record::Reader open(const std::filesystem::path& run) {
  auto reader = record::Reader::open(run);
  REQUIRE(reader);
  return std::move(*reader);
}

}  // namespace small_run
