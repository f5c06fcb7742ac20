#include "real/control_loop.hpp"

#include "record/journal_text.hpp"
#include "tests/real/gateway_rig.hpp"

namespace {

using namespace gateway_rig;

/// Two machines and a spare with three tenants each; windows of 50 ms, so that a failover takes a
/// fraction of a second.
vm::Scenario quick_scenario() {
  vm::Scenario s = control_rig::small_scenario(vm::FailoverPolicy::split, 2, 1, 6);
  s.sla.window = 50ms;
  s.sla.sample = 10ms;
  s.fleets[0].failover.cooldown = 100ms;
  s.fleets[0].failover.detect = 600ms;
  s.fleets[0].failover.pause = 200ms;
  s.durability.log = vm::Log::synced;
  return s;
}

/// The orders of a fresh control plane are those that the loop got, text for text.
void check_replay(const Rig& rig) {
  vm::ControlPlane plane{rig.scenario};
  std::vector<std::string> again, then;
  for (const auto& [at, fact] : rig.log.facts) {
    std::vector<vm::Order> orders;
    plane.step(at, fact, orders);
    for (const vm::Order& order : orders) again.push_back(record::journal_line(at, order));
  }
  for (const auto& [at, order] : rig.log.orders) then.push_back(record::journal_line(at, order));
  CHECK(again == then);
}

}  // namespace

TEST_CASE(
    "control loop: an overloaded machine gives half of its tenants to the spare, under load") {
  Rig rig{quick_scenario()};
  rig.until([&] { return rig.ready; });
  rig.overload({0});
  rig.until([&] { return !rig.failovers().empty(); });
  const vm::FailoverEnded end = rig.failovers().front();
  CHECK(end.result == vm::FailoverResult::completed);
  CHECK(end.moved == 2);  // the fewest of three equal ones that carry half of the load
  CHECK(end.to == vm::MachineId{2});
  CHECK(end.pause_max > vm::Duration::zero());
  CHECK(end.pause_max < 200ms);
  rig.run_for(100ms);
  CHECK(rig.failed == 0);  // what came during the pause was held
  rig.check_books();
  const auto& source = rig.nodes.at({0})->tenants;
  CHECK(std::ranges::count_if(source, [](const auto& entry) {
          return entry.second.state == FakeNode::State::fenced;
        }) == 2);
  check_replay(rig);
}

TEST_CASE(
    "control loop: answers that are lost are asked for again, and repeated ones change nothing") {
  Rig rig{quick_scenario()};
  rig.answer_times = 2;
  rig.until([&] { return rig.ready; });
  rig.lose_once = {type_of<Loads>(), type_of<TakenOver>(), type_of<Fenced>()};
  rig.overload({0});
  rig.until([&] { return !rig.failovers().empty(); });
  CHECK(rig.failovers().front().result == vm::FailoverResult::completed);
  CHECK(rig.lose_once.empty());
  rig.run_for(100ms);
  rig.check_books();
  check_replay(rig);
}

TEST_CASE(
    "control loop: a gateway that ends at any moment of a migration goes on from its journal") {
  const auto moment = static_cast<Moment>(GENERATE(range(0, 7)));
  CAPTURE(to_string(moment));
  Rig rig{quick_scenario()};
  bool ended = false, now = false;
  rig.on_reached = [&](const Reached& reached) {
    if (!ended && reached.moment == moment) now = ended = true;
  };
  // A copy round is ordered only when the rest does not fit the pause: it is not reached here.
  if (moment == Moment::copy_round) return;
  rig.until([&] { return rig.ready; });
  rig.overload({0});
  rig.until([&] { return now; });
  rig.restart_gateway();
  rig.until([&] { return !rig.failovers().empty(); });
  CHECK(rig.failovers().front().result == vm::FailoverResult::completed);
  rig.run_for(150ms);
  rig.check_books();
  check_replay(rig);
}

TEST_CASE("control loop: a silent machine is cut off, ended, and its log brings its tenants back") {
  Rig rig{quick_scenario()};
  rig.until([&] { return rig.ready && rig.acknowledged.size() == 6; });
  rig.run_for(100ms);
  rig.nodes.at({1})->end();
  rig.until([&] { return !rig.failovers().empty(); });
  CHECK(rig.log.every<vm::MachineLost>().size() == 1);
  CHECK(rig.failovers().front().result == vm::FailoverResult::completed);
  CHECK(rig.failovers().front().lost == 0);
  REQUIRE_FALSE(rig.stops.empty());  // it may have been alive: nobody can tell silence from death
  CHECK(rig.stops.front().machine == vm::MachineId{1});
  CHECK_FALSE(rig.stops.front().release);
  rig.run_for(100ms);
  rig.check_books();
  check_replay(rig);
}

TEST_CASE("control loop: each host's agent watches the machines of its own, and is heard") {
  Rig rig{quick_scenario(), 2};
  const auto all_watched = [&] {
    return rig.watched[0] == std::set<vm::MachineId>{{0}, {2}} &&
           rig.watched[1] == std::set<vm::MachineId>{{1}};
  };
  rig.until([&] { return rig.ready && all_watched(); });
  rig.overload({1});
  rig.until([&] { return !rig.failovers().empty(); });
  CHECK(rig.failovers().front().from == vm::MachineId{1});
  CHECK(rig.failovers().front().result == vm::FailoverResult::completed);
  CHECK(rig.brought.empty());  // nobody has died
  rig.restart_gateway();
  rig.until(all_watched);
  rig.check_books();
}

TEST_CASE("control loop: what a dead machine wrote is brought to the host of who is to read it") {
  Rig rig{quick_scenario(), 2};
  rig.until([&] { return rig.ready && rig.acknowledged.size() == 6; });
  rig.run_for(100ms);
  rig.nodes.at({1})->end();
  rig.until([&] { return !rig.failovers().empty(); });
  CHECK(rig.failovers().front().result == vm::FailoverResult::completed);
  CHECK(rig.failovers().front().lost == 0);
  REQUIRE(rig.failovers().front().to == vm::MachineId{2});  // the spare, on the other host
  REQUIRE_FALSE(rig.brought.empty());
  CHECK(rig.brought.front().machine == vm::MachineId{1});
  CHECK(rig.brought.front().to == vm::MachineId{2});
  rig.run_for(100ms);
  rig.check_books();
  check_replay(rig);
}

TEST_CASE("control loop: nobody makes up what is left nowhere: its tenants are not served") {
  vm::Scenario scenario = quick_scenario();
  scenario.fleets[0].failover.attempts = 2;
  Rig rig{scenario, 2};
  rig.until([&] { return rig.ready && rig.acknowledged.size() == 6; });
  rig.disks_last = false;
  rig.nodes.at({1})->end();
  rig.until([&] { return !rig.failovers().empty(); });
  CHECK(rig.failovers().front().result == vm::FailoverResult::failed);
  CHECK(rig.brought.empty());
  CHECK(rig.log.every<vm::Restored>().empty());
  const vm::Inventory& books = rig.gateway->door().inventory();
  for (std::uint32_t t = 0; t < 6; ++t) {
    CHECK(books[vm::TenantId{t}].served == (rig.scenario.fleets[0].count == 2 && t % 2 == 0));
  }
  check_replay(rig);
}

TEST_CASE("control loop: a link that breaks is no crash") {
  Rig rig{quick_scenario()};
  rig.until([&] { return rig.ready && rig.acknowledged.size() == 6; });
  rig.nodes.at({1})->cut_link();
  rig.run_for(1000ms);
  CHECK(rig.log.every<vm::MachineLost>().empty());
  rig.check_books();
}
