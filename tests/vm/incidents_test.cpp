// Incidents against what one would work out by hand, and against a model that looks back over the
// whole history at every sample.
#include "vm/incidents.hpp"

#include <algorithm>
#include <map>

#include <catch2/catch.hpp>

#include "sim/random.hpp"

using namespace vm;
using namespace std::chrono_literals;

namespace {

constexpr MachineId host{0};

Time at(double seconds) {
  return Time{} + sim::from_seconds(seconds);
}

TimedSample cpu(double t, double share) {
  return {at(t), {{share, 0, 0, 0}}};
}

using Spans = std::vector<std::string>;

/// "19 to 30", or "19 to -1" while it lasts.
std::string span(double start, double end) {
  return std::to_string(std::lround(start)) + " to " + std::to_string(std::lround(end));
}

/// Keeps what orders say, as an archive would.
struct Book {
  struct Row {
    IncidentOpened opened;
    std::optional<Time> calm_since;
    std::optional<IncidentClosed> closed;
    double worst = 0;
  };
  std::map<std::uint64_t, Row> incidents;
  std::map<std::uint32_t, std::vector<TimeSpan>> down, filled;  // `end` is never while it lasts
  std::vector<TimeSpan> unwatched, retired;

  void take(IncidentOrders& orders) {
    for (const auto& order : orders) std::visit(*this, order);
    orders.clear();
  }
  void operator()(const IncidentOpened& o) {
    REQUIRE(incidents.count(o.number) == 0);
    for (const auto& [number, row] : incidents) {  // one open incident of one thing at a time
      if (row.opened.host == o.host && row.opened.cause == o.cause) {
        REQUIRE(row.closed);
        REQUIRE(row.closed->end <= o.start);
      }
    }
    REQUIRE(o.start <= o.noticed);
    incidents[o.number] = {o, {}, {}, o.value};
  }
  void operator()(const IncidentCalm& o) {
    REQUIRE_FALSE(incidents.at(o.number).closed);
    incidents[o.number].calm_since = o.since;
    incidents[o.number].worst = o.worst;
  }
  void operator()(const IncidentClosed& o) {
    REQUIRE_FALSE(incidents.at(o.number).closed);
    REQUIRE(incidents[o.number].opened.start <= o.end);
    incidents[o.number].closed = o;
  }
  void operator()(const HostDown& o) {
    auto& spans = down[o.host.value];
    REQUIRE((spans.empty() || spans.back().end <= o.start));
    spans.push_back({o.start, sim::never});
  }
  void operator()(const HostUp& o) {
    REQUIRE(down[o.host.value].back().end == sim::never);
    down[o.host.value].back().end = o.end;
  }
  void operator()(const Unwatched& o) { unwatched.push_back({o.start, o.end}); }
  void operator()(const Retired& o) { retired.push_back({o.since, sim::never}); }
  void operator()(const Enlisted& o) {
    REQUIRE(retired.back().start == o.since);
    retired.back().end = o.end;
  }
  void operator()(const Filled& o) { filled[o.host.value].push_back({o.start, o.end}); }

  /// Of all incidents of a cause, of one host or all.
  Spans spans(IncidentCause cause, std::optional<std::uint32_t> of = {}) const {
    Spans found;
    for (const auto& [number, row] : incidents) {
      if (row.opened.cause != cause || (of && row.opened.host.value != *of)) continue;
      found.push_back(
          span(sim::seconds(row.opened.start), row.closed ? sim::seconds(row.closed->end) : -1));
    }
    return found;
  }
};

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

namespace {

/// What three hosts do in 15 minutes: for each second, the sample taken (none: the host is dead)
/// and whether it can be heard.
struct History {
  struct Second {
    std::optional<double> share;
    bool reachable = true;
  };
  std::vector<std::vector<Second>> hosts;
};

History random_history(std::uint64_t seed) {
  History history;
  for (std::uint64_t h = 0; h < 3; ++h) {
    sim::RandomStream dice{seed, "history", h};
    std::vector<History::Second> seconds;
    bool high = false, dead = false, cut = false;
    for (int t = 0; t < 900; ++t) {
      if (dice.uniform() < 0.03) high = !high;
      if (dice.uniform() < (dead ? 0.1 : 0.006)) dead = !dead;
      if (dice.uniform() < (cut ? 0.1 : 0.006)) cut = !cut;
      const double share = high ? 0.94 + 0.06 * dice.uniform() : 0.9 * dice.uniform();
      const bool missed = dice.uniform() < 0.02;
      seconds.push_back({dead || missed ? std::nullopt : std::optional{share}, !dead && !cut});
    }
    history.hosts.push_back(std::move(seconds));
  }
  return history;
}

/// Plays a history. A host that can be heard says in each second what it has kept, if anything.
/// `restart` is asked at each second whether everything but the book and the last samples is lost.
template <class Restart>
Book play(const History& history, Restart restart) {
  const auto fresh = [&] {
    auto machine = std::make_unique<Incidents>(IncidentRules{});
    for (std::size_t h = 0; h < history.hosts.size(); ++h) machine->add_host({{0.98, 1, 1, 1}});
    return machine;
  };
  auto machine = fresh();
  Book book;
  IncidentOrders orders;
  std::vector<std::vector<TimedSample>> kept(history.hosts.size()), stored(kept);
  std::vector<bool> known(history.hosts.size());
  machine->start(at(0), {}, 1, orders);
  for (int t = 1; t < 900; ++t) {
    if (restart(t)) {
      machine = fresh();
      for (auto& [h, spans] : book.down) {
        if (spans.back().end == sim::never) spans.back().end = at(t - 0.5);
      }
      std::map<std::pair<std::uint32_t, IncidentCause>, IncidentRecord> last;
      for (const auto& [number, row] : book.incidents) {
        IncidentRecord record{.number = number,
                              .host = row.opened.host,
                              .cause = row.opened.cause,
                              .calm_since = row.calm_since,
                              .calm = row.opened.calm,
                              .worst = row.worst};
        if (row.closed) {
          record.end = row.closed->end;
          record.closed = row.closed->noticed;
        }
        last[{record.host.value, record.cause}] = record;
      }
      for (const auto& [what, record] : last) machine->resume(record);
      for (std::uint32_t h = 0; h < history.hosts.size(); ++h) {
        if (!known[h]) continue;
        const auto begin = std::find_if(stored[h].begin(), stored[h].end(), [&](const auto& s) {
          return s.at > stored[h].back().at - 11s;
        });
        const auto before = begin == stored[h].begin() ? std::optional<Time>{} : begin[-1].at;
        machine->resume(MachineId{h}, before, {});
        machine->warm(MachineId{h}, {begin, stored[h].end()});
      }
      book.take(orders);
      machine->start(at(t - 0.5), at(t - 0.5), book.incidents.size() + 1, orders);
    }
    for (std::uint32_t h = 0; h < history.hosts.size(); ++h) {
      const auto& second = history.hosts[h][static_cast<std::size_t>(t)];
      if (second.share) kept[h].push_back(cpu(t, *second.share));
      if (!second.reachable) continue;
      known[h] = true;
      machine->heard(at(t), MachineId{h}, kept[h], orders);
      stored[h].insert(stored[h].end(), kept[h].begin(), kept[h].end());
      kept[h].clear();
      book.take(orders);
    }
    machine->tick(at(t), orders);
    machine->tick(at(t + 0.5), orders);
    book.take(orders);
  }
  return book;
}

/// The limits' incidents of one host by looking back from every sample: what verdict does the
/// window give, and when had the last `calm` seconds none to the contrary?
Spans by_hand(const std::vector<History::Second>& seconds, int last_heard) {
  std::vector<std::pair<double, double>> spans;
  int first = -1, previous = -100;  // of samples without a pause
  double calm = 5, calm_since = -1, ended = -1e9, closed = -1e9;
  bool open = false;
  for (int t = 1; t <= last_heard; ++t) {
    if (!seconds[static_cast<std::size_t>(t)].share) continue;
    if (open && calm_since >= 0 && t - calm_since >= calm) {
      spans.back().second = ended = calm_since;
      closed = t;
      open = false;
    }
    if (t - previous > 4) first = t;
    previous = t;
    double sum = 0;
    int count = 0, oldest = t;
    for (int s = std::max(1, t - 4); s <= t; ++s) {
      if (!seconds[static_cast<std::size_t>(s)].share) continue;
      sum += *seconds[static_cast<std::size_t>(s)].share;
      oldest = std::min(oldest, s);
      ++count;
    }
    if (count < 4 || t - first < 4) continue;
    if (sum / count >= 0.98) {
      if (!open) {
        calm = t - closed < 3600 ? std::min(calm * 2, 960.0) : 5;
        spans.emplace_back(std::max<double>(oldest - 1, ended), -1);
        open = true;
      }
      calm_since = -1;
    } else if (sum / count < 0.95 && open && calm_since < 0) {
      calm_since = t;
    }
  }
  Spans found;
  for (const auto& [start, end] : spans) found.push_back(span(start, end));
  return found;
}

}  // namespace

TEST_CASE("incidents: on any input the incidents are those that looking back finds", "[swarm]") {
  const auto seed = GENERATE(range(0u, 100u));
  CAPTURE(seed);
  const History history = random_history(seed);
  const Book book = play(history, [](int) { return false; });
  for (std::uint32_t h = 0; h < history.hosts.size(); ++h) {
    CAPTURE(h);
    const auto& seconds = history.hosts[h];
    int last_heard = 0;
    std::vector<std::pair<int, int>> away;
    for (int t = 1; t < 900; ++t) {
      if (!seconds[static_cast<std::size_t>(t)].reachable) continue;
      if (last_heard > 0 && t - last_heard > 5) away.emplace_back(last_heard, t);
      last_heard = t;
    }
    if (last_heard > 0 && 899.5 - last_heard > 5) away.emplace_back(last_heard, -1);

    const auto down = book.down.count(h) > 0 ? book.down.at(h) : std::vector<TimeSpan>{};
    REQUIRE(down.size() == away.size());
    for (std::size_t i = 0; i < away.size(); ++i) {
      CHECK(down[i].start == at(away[i].first));
      CHECK(down[i].end == (away[i].second < 0 ? sim::never : at(away[i].second)));
    }
    CHECK(book.spans(IncidentCause::cpu, h) == by_hand(seconds, last_heard));
  }
  CHECK(book.unwatched.empty());
}

TEST_CASE("incidents: restarts change nothing of what is opened and closed", "[swarm]") {
  const auto seed = GENERATE(range(0u, 100u));
  CAPTURE(seed);
  const History history = random_history(seed);
  sim::RandomStream dice{seed, "restarts"};
  const Book once = play(history, [](int) { return false; });
  const Book again = play(history, [&](int t) { return t > 5 && dice.uniform() < 0.05; });
  CHECK(once.spans(IncidentCause::cpu) == again.spans(IncidentCause::cpu));
  CHECK(once.incidents.size() > 0);
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
