// Incidents of random histories, against a model that looks back over all of it at every sample.
#include <algorithm>
#include <memory>

#include "sim/random.hpp"
#include "tests/vm/incident_book.hpp"

using namespace vm;
using namespace incident_book;
using namespace std::chrono_literals;

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
