// Incidents against what one would work out by hand.
#include "vm/incidents.hpp"

#include "tests/vm/incident_book.hpp"

using namespace vm;
using namespace incident_book;
using namespace std::chrono_literals;

namespace {

constexpr MachineId host{0};

/// A machine with one host, whose time goes on in half seconds.
struct Rig {
  Incidents machine{IncidentRules{}};
  IncidentOrders orders;
  Book book;

  Rig() {
    machine.add_host({{0.98, 0.98, 0.98, 0.98}});
    machine.start(at(0), {}, 1, orders);
  }
  void tick(double t) {
    machine.tick(at(t), orders);
    book.take(orders);
  }
  void heard(double t, std::vector<TimedSample> samples = {}) {
    machine.heard(at(t), host, samples, orders);
    book.take(orders);
  }
  /// A sample each second from `from` on to `to`, told in time.
  void run(double from, double to, double share) {
    for (double t = from; t <= to; ++t) {
      heard(t, {cpu(t, share)});
      tick(t);
      tick(t + 0.5);
    }
  }
  void silence(double from, double to) {
    for (double t = from; t <= to; t += 0.5) tick(t);
  }
};

}  // namespace

TEST_CASE("incidents: a limit reached over the window is one incident, which ends after the calm") {
  Rig rig;
  rig.run(1, 20, 0.5);
  CHECK(rig.book.incidents.empty());
  rig.run(21, 40, 0.99);
  // The five samples 21..25 are the first window all above the limit: it begins where 21 does.
  REQUIRE(rig.book.incidents.size() == 1);
  const auto& opened = rig.book.incidents.at(1).opened;
  CHECK(opened.cause == IncidentCause::cpu);
  CHECK(opened.start == at(20));
  CHECK(opened.noticed == at(25));
  CHECK(opened.value == Approx(0.99));
  CHECK(opened.limit == 0.98);
  CHECK_FALSE(rig.book.incidents.at(1).closed);
  rig.run(41, 60, 0.2);
  // (4 * 0.99 + 0.2) / 5 = 0.83 < 0.95 at 41; calm is over 5 s later.
  REQUIRE(rig.book.incidents.at(1).closed);
  CHECK(rig.book.incidents.at(1).closed->end == at(41));
  CHECK(rig.book.incidents.at(1).closed->noticed == at(46));
  CHECK(rig.book.incidents.at(1).closed->worst == Approx(0.99));
  CHECK(rig.book.incidents.size() == 1);
}

TEST_CASE("incidents: who is not heard of for longer than the silence is down until he is") {
  Rig rig;
  rig.silence(0, 30);  // awaited: nobody has ever heard of it
  CHECK(rig.machine.is_awaited(host));
  CHECK(rig.book.incidents.empty());
  rig.run(31, 40, 0.1);
  rig.silence(41, 45);  // 5 s and no more
  CHECK(rig.book.incidents.empty());
  rig.silence(45.5, 60);
  CHECK(rig.machine.is_down(host));
  CHECK(rig.book.spans(IncidentCause::silent) == Spans{"40 to -1"});
  rig.run(61, 70, 0.1);
  CHECK_FALSE(rig.machine.is_down(host));
  CHECK(rig.book.spans(IncidentCause::silent) == Spans{"40 to 61"});
  REQUIRE(rig.book.down[0].size() == 1);
  CHECK(rig.book.down[0][0].start == at(40));
  CHECK(rig.book.down[0][0].end == at(61));
  CHECK(rig.book.unwatched.empty());
}

TEST_CASE("incidents: what flaps stays one incident, though every absence is recorded") {
  Rig rig;
  double t = 1;
  for (int i = 0; i < 100; ++i) {  // 7 s there, 7 s away
    rig.run(t, t + 6, 0.1);
    rig.silence(t + 7, t + 13.5);
    t += 14;
  }
  // Of the first absence it is well after 5 s, of the second after 10 s: that never comes.
  CHECK(rig.book.incidents.size() == 2);
  CHECK(rig.book.down[0].size() == 100);
}

TEST_CASE("incidents: whoever comes back as soon as it is over gets rarer and rarer") {
  Rig rig;
  const double day = 86'400;
  double t = 1;
  std::vector<double> openings;
  std::size_t known = 0;
  while (t < day) {
    rig.run(t, t + 5, 0.1);
    t += 6;
    while (rig.book.incidents.size() > 0 && !rig.book.incidents.rbegin()->second.closed) {
      rig.run(t, t, 0.1);
      ++t;
    }
    rig.silence(t, t + 6);
    t += 6.5;
    t = std::ceil(t);
    if (rig.book.incidents.size() > known) openings.push_back(t);
    known = rig.book.incidents.size();
  }
  // Calm doubles from 5 s to 16 min in eight steps; then each takes 16 min at the least.
  CHECK(openings.size() > 80);
  CHECK(openings.size() <= 8 + 86'400 / 960 + 1);
}

TEST_CASE("incidents: a batch that comes late opens and closes what it would have in time") {
  Rig rig;
  rig.run(1, 10, 0.1);
  rig.silence(11, 40);
  std::vector<TimedSample> kept;
  for (double t = 11; t <= 40; ++t) kept.push_back(cpu(t, t < 20 ? 0.1 : t < 30 ? 1.0 : 0.1));
  rig.heard(40.5, kept);
  CHECK(rig.book.spans(IncidentCause::cpu) == Spans{"19 to 30"});
  CHECK(rig.book.spans(IncidentCause::silent) == Spans{"10 to -1"});  // calm is not over yet
  CHECK(rig.book.down[0].back().end == at(40.5));  // nobody could reach it: it was cut off
}

TEST_CASE("incidents: time in which nobody watched is no host's, and kept samples fill it") {
  Rig rig;
  rig.run(1, 10, 0.1);
  // The machine stood still for 50 s. Then the agent sends what it kept of them.
  std::vector<TimedSample> kept;
  for (double t = 11; t <= 60; ++t) {
    if (t < 20 || t > 30) kept.push_back(cpu(t, 0.1));  // the host itself was away from 19 to 31
  }
  rig.heard(60.5, kept);
  CHECK(rig.book.incidents.empty());
  CHECK(rig.book.down[0].empty());
  REQUIRE(rig.book.unwatched.size() == 1);
  CHECK(rig.book.unwatched[0].start == at(10.5));  // its last tick
  CHECK(rig.book.unwatched[0].end == at(60.5));
  const auto& filled = rig.book.filled[0];
  REQUIRE(filled.size() == 2);
  CHECK(filled[0].start == at(10.5));
  CHECK(filled[0].end == at(19));
  CHECK(filled[1].start == at(31));
  CHECK(filled[1].end == at(60));
  rig.run(61, 61, 0.1);  // the half second that is left
  CHECK(rig.book.filled[0].back().start == at(60));
  CHECK(rig.book.filled[0].back().end == at(60.5));
}

TEST_CASE("incidents: who was down before a pause is down again only when it stays silent after") {
  Rig rig;
  rig.run(1, 10, 0.1);
  rig.silence(11, 20);
  REQUIRE(rig.machine.is_down(host));
  rig.silence(60, 70);  // from 20 to 60 nobody watched
  REQUIRE(rig.book.down[0].size() == 2);
  CHECK(rig.book.down[0][0].end == at(20));
  CHECK(rig.book.down[0][1].start == at(60));
  CHECK(rig.book.spans(IncidentCause::silent) == Spans{"10 to -1"});  // still the same incident
}

TEST_CASE("incidents: who is taken down on purpose is not missed until he is put up again") {
  Rig rig;
  rig.run(1, 20, 0.5);
  const auto retire = [&](double t) {
    rig.machine.retire(at(t), host, at(t), rig.orders);
    rig.book.take(rig.orders);
  };
  const auto enlist = [&](double t) {
    rig.machine.enlist(at(t), host, rig.orders);
    rig.book.take(rig.orders);
  };
  retire(21);
  retire(21.5);  // told twice
  CHECK(rig.machine.retired(host) == at(21.5));
  rig.run(22, 40, 0.99);  // what still comes of it is not judged
  rig.silence(41, 100);
  CHECK(rig.book.incidents.empty());
  CHECK(rig.book.down.empty());
  CHECK(rig.book.retired.size() == 1);
  rig.machine.retire(at(100), host, at(21), rig.orders);
  enlist(101);
  CHECK_FALSE(rig.machine.retired(host));
  CHECK(rig.book.retired[0].end == at(101));
  enlist(102);
  CHECK(rig.book.retired.size() == 1);
  // Its silence counts from then on: 5 s of it are over at 106.5, the first tick after 106.
  rig.silence(101, 110);
  REQUIRE(rig.book.incidents.size() == 1);
  CHECK(rig.book.incidents.at(1).opened.start == at(101));
  CHECK(rig.book.incidents.at(1).opened.noticed == at(106.5));
}

TEST_CASE("incidents: what was open about a host ends quietly when it is taken down") {
  Rig rig;
  rig.run(1, 30, 0.99);
  rig.silence(31, 40);
  // Over its limit since the beginning, and silent since 30.
  REQUIRE(rig.book.incidents.size() == 2);
  rig.machine.retire(at(41), host, at(41), rig.orders);
  rig.book.take(rig.orders);
  for (const auto& [number, row] : rig.book.incidents) {
    CAPTURE(number);
    REQUIRE(row.closed);
    CHECK(row.closed->quietly);
    CHECK(row.closed->end == at(41));
  }
  CHECK(rig.book.down.at(0).back().end == at(41));
  // Put up again and as busy as before, that is another incident.
  rig.machine.enlist(at(60), host, rig.orders);
  rig.run(61, 70, 0.99);
  REQUIRE(rig.book.incidents.size() == 3);
  CHECK(rig.book.incidents.at(3).opened.cause == IncidentCause::cpu);
  CHECK_FALSE(rig.book.incidents.at(3).closed);
}

TEST_CASE("incidents: who still sends long after he was taken down was not") {
  Rig rig;  // a farewell of 30 s
  rig.run(1, 20, 0.5);
  rig.machine.retire(at(21), host, at(20.5), rig.orders);
  rig.run(22, 51, 0.99);
  CHECK(rig.machine.retired(host) == at(20.5));
  CHECK(rig.book.incidents.empty());
  rig.heard(52, {cpu(52, 0.99)});  // 31 s after it was told
  CHECK_FALSE(rig.machine.retired(host));
  CHECK(rig.book.retired[0].end == at(52));
  // What is written stays so for a while: that retirement is over all the same.
  rig.machine.retire(at(53), host, at(20.5), rig.orders);
  CHECK_FALSE(rig.machine.retired(host));
  rig.run(53, 60, 0.99);
  CHECK(rig.book.retired.size() == 1);
  CHECK(rig.book.incidents.size() == 1);
  // Another one begins as any.
  rig.machine.retire(at(61), host, at(61), rig.orders);
  CHECK(rig.machine.retired(host) == at(61));
}
