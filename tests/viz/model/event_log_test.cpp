// EventLog against a list that is walked from end to end.
#include "viz/model/event_log.hpp"

#include <algorithm>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/random.hpp"

namespace {

using namespace std::chrono_literals;
using viz::model::Duration;
using viz::model::Event;
using viz::model::EventKind;
using viz::model::EventKinds;
using viz::model::EventLog;
using viz::model::Filter;
using viz::model::Time;
using vm::MachineId;

Event draw(sim::RandomStream& chance, std::uint64_t latest) {
  return {.at = Time{Duration{static_cast<std::int64_t>(chance.below(latest))}},
          .kind = static_cast<EventKind>(chance.below(viz::model::event_kinds)),
          .machine = MachineId{static_cast<std::uint32_t>(chance.below(9))}};
}

}  // namespace

TEST_CASE("event_log: counts, order and neighbours are those of a sorted list, in any portions") {
  sim::RandomStream chance{GENERATE(1u, 2u, 3u), "events"};
  EventLog log;
  std::vector<Event> plain;
  for (int portion = 0; portion < 12; ++portion) {
    for (std::uint64_t i = chance.below(60); i > 0; --i) {
      const Event event = draw(chance, 5000);
      log.add(event, "text");
      plain.push_back(event);
    }
    log.settle();
    std::ranges::stable_sort(plain, {}, &Event::at);
    REQUIRE(log.size() == plain.size());
    for (std::size_t i = 0; i < plain.size(); ++i) {
      REQUIRE(log[i].at == plain[i].at);
      REQUIRE(log[i].kind == plain[i].kind);
    }
    for (int question = 0; question < 40; ++question) {
      const Time from{Duration{static_cast<std::int64_t>(chance.below(5000))}};
      const Time to = from + Duration{static_cast<std::int64_t>(chance.below(2000))};
      viz::model::EventCounts counts{};
      for (const Event& e : plain)
        if (from <= e.at && e.at < to) ++counts[viz::model::number(e.kind)];
      REQUIRE(log.count(from, to) == counts);

      const EventKinds kinds{chance.below(1u << viz::model::event_kinds)};
      const auto wanted = [&](const Event& e) { return kinds[viz::model::number(e.kind)]; };
      const auto next =
          std::ranges::find_if(plain, [&](const Event& e) { return e.at > from && wanted(e); });
      const auto found = log.next(from, kinds);
      REQUIRE(found.has_value() == (next != plain.end()));
      if (found) REQUIRE(log[*found].at == next->at);
      const auto before = std::find_if(plain.rbegin(), plain.rend(),
                                       [&](const Event& e) { return e.at < from && wanted(e); });
      const auto previous = log.previous(from, kinds);
      REQUIRE(previous.has_value() == (before != plain.rend()));
      if (previous) REQUIRE(log[*previous].at == before->at);
    }
  }
}

TEST_CASE("event_log: a filter finds in slices what it would have found at once") {
  sim::RandomStream chance{4, "events"};
  EventLog log;
  viz::model::RunView view;
  view.events = &log;
  viz::model::Matches matches;
  Filter filter;
  filter.kinds = {};
  filter.kinds.set(viz::model::number(EventKind::crash)).set(viz::model::number(EventKind::boot));
  filter.machine = MachineId{3};
  for (int portion = 0; portion < 20; ++portion) {
    // Now and then one that belongs far back: then everything is looked at anew.
    for (int i = 0; i < 50; ++i) {
      Event event = draw(chance, 100);
      event.at += portion % 7 == 6 ? 0ns : Duration{portion * 100};
      if (event.kind == EventKind::crash) log.add(event, "crash");
      if (event.kind == EventKind::boot) log.add(event);
    }
    log.settle();
    int slices = 1;
    while (!matches.advance(view, filter, 16)) ++slices;
    CHECK(slices <= static_cast<int>(log.size() / 16) + 1);
    std::vector<std::uint32_t> plain;
    for (std::uint32_t i = 0; i < log.size(); ++i)
      if (log[i].machine == MachineId{3}) plain.push_back(i);
    REQUIRE(std::ranges::equal(matches.indices(), plain));
  }
  REQUIRE_FALSE(matches.indices().empty());
}

TEST_CASE("event_log: text is searched whatever its case, machine and kind included") {
  EventLog log;
  viz::model::RunView view;
  view.events = &log;
  log.add({Time{1s}, EventKind::crash, MachineId{12}}, "crash during migration");
  log.add({Time{2s}, EventKind::fault, MachineId{3}}, "slow to 50 %");
  log.settle();
  const auto found = [&](const char* text) {
    viz::model::Matches matches;
    Filter filter;
    filter.text = text;
    REQUIRE(matches.advance(view, filter));
    return std::vector<std::uint32_t>(matches.indices().begin(), matches.indices().end());
  };
  CHECK(found("DURING") == std::vector<std::uint32_t>{0});
  CHECK(found("machine 3") == std::vector<std::uint32_t>{1});
  CHECK(found("Fault") == std::vector<std::uint32_t>{1});
  CHECK(found("nothing of the kind").empty());
}
