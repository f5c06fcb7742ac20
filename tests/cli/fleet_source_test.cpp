// A fleet as the window gets it: answers of GET /fleet in, a run that grows out.
#include "cli/fleet_source.hpp"

#include <catch2/catch.hpp>

#include "cli/verbs.hpp"
#include "viz/model/replay_session.hpp"

namespace {

using namespace std::chrono_literals;
using namespace viz::model;
using Catch::Contains;

/// Two hosts at a second of unix time; "b" is over its limit from 998 s on.
constexpr const char* at_1000 = R"({"fleet": "shop", "at": 1000.0, "hosts": [
  {"name": "a", "condition": "up", "sampled": 999.5, "cpu": 0.25, "memory": 0.5, "disk": null, "network": 0},
  {"name": "b", "condition": "up", "sampled": 999.6, "cpu": 0.99, "memory": 0.1, "disk": 0, "network": 0}],
 "incidents": [
  {"number": 8, "host": "b", "cause": "cpu", "start": 998.0, "noticed": 999.0, "end": null, "worst": 0.99, "limit": 0.98},
  {"number": 7, "host": "a", "cause": "silent", "start": 10.0, "end": 20.0, "worst": 0, "limit": 5}]})";

/// "a" has fallen silent, "b" is well again.
constexpr const char* at_1010 = R"({"fleet": "shop", "at": 1010.0, "hosts": [
  {"name": "a", "condition": "down", "sampled": 1002.5, "cpu": 0.25, "memory": 0.5, "disk": 0, "network": 0},
  {"name": "b", "condition": "up", "sampled": 1009.6, "cpu": 0.5, "memory": 0.1, "disk": 0, "network": 0}],
 "incidents": [
  {"number": 9, "host": "a", "cause": "silent", "start": 1002.5, "noticed": 1007.5, "end": null, "worst": 0, "limit": 5},
  {"number": 8, "host": "b", "cause": "cpu", "start": 998.0, "end": 1005.0, "worst": 1.0, "limit": 0.98}]})";

/// "a" was down from 880 to 905, nobody watched from 900 to 930, and it was taken down at 990; "b"
/// had an incident that is over.
constexpr const char* past_of_1000 = R"({"since": 820.0, "at": 1000.0, "hosts": [
  {"name": "a", "minutes": [[780, 0.1, 0.2, 0.3, 0.4], [840, 0.2, 0.2, 0.3, 0.4], [900, 0.7, 0.2, 0.3, 0.4]],
   "away": [{"start": 880.0, "end": 905.0, "condition": "down"}, {"start": 900.0, "end": 930.0, "condition": "unwatched"},
    {"start": 990.0, "end": null, "condition": "taken down"}]},
  {"name": "b", "minutes": [[840, 0.5, 0.2, 0.3, 0.4]], "away": []},
  {"name": "stranger", "minutes": [[840, 1, 1, 1, 1]], "away": []}],
 "incidents": [
  {"number": 8, "host": "b", "cause": "cpu", "start": 998.0, "noticed": 999.0, "end": null, "worst": 0.99, "limit": 0.98},
  {"number": 6, "host": "b", "cause": "memory", "start": 850.0, "noticed": 852.0, "end": 870.0, "worst": 0.99, "limit": 0.98}]})";

}  // namespace

TEST_CASE("fleet_source: an address is a name with a port, and nothing that could be a path") {
  CHECK(cli::fleet_place("127.0.0.1:9120")->port == "9120");
  CHECK(cli::fleet_place("watch.example.org:80")->host == "watch.example.org");
  CHECK_FALSE(cli::fleet_place("watch.example.org:80")->tls);
  CHECK(cli::fleet_place("https://[::1]:9120")->tls);
  CHECK(cli::fleet_place("https://[::1]:9120")->host == "::1");
  CHECK(cli::fleet_place("https://[::1]:9120")->name() == "[::1]:9120");
  for (const char* other : {"results/overload-42", "9120", ":9120", "a:", "a:b", "a/b:12",
                            "a:123456", "https://a", "https://a:1/fleet", "ftp://a:1", "//a:1"}) {
    CAPTURE(other);
    CHECK_FALSE(cli::fleet_place(other));
  }
}

TEST_CASE("fleet_source: hosts are machines, incidents SLA failures, silence is being down") {
  cli::FleetRows rows{at_1000};
  CHECK(rows.start().info.names == std::vector<std::string>{"a", "b"});
  RunStore store{rows.start()};
  store.absorb(rows.next(at_1000));
  RunView view;
  view.info = store.info();
  // The run begins with the incident that is open: at 998.
  store.show(Time{2s}, {}, view);
  REQUIRE(view.machines.size() == 2);
  CHECK(view.machines[1].use[Resource::cpu] == Approx(0.99));
  CHECK(view.machines[1].failing);
  CHECK_FALSE(view.machines[0].failing);
  CHECK(view.failures->size() == 1);
  CHECK(view.events->size() == 1);
  CHECK((*view.events)[0].at == Time{1s});  // when it was noticed

  store.absorb(rows.next(at_1010));
  store.show(Time{12s}, {}, view);
  CHECK(view.machines[0].life == Life::down);
  CHECK(view.machines[1].use[Resource::cpu] == Approx(0.5));
  CHECK_FALSE(view.machines[1].failing);
  CHECK(view.failures->size() == 2);
  CHECK(view.failures->at(0).worst == 1.0);
  REQUIRE(view.events->size() == 3);
  CHECK((*view.events)[1].at == Time{7s});
  CHECK(view.events->text((*view.events)[2], view) == "no answer");

  const vm::Batch again = rows.next(at_1010);  // nothing is new
  CHECK(again.samples.empty());
  CHECK(again.notices.empty());
  CHECK(again.machine_states.empty());

  std::string at_1020 = at_1010;
  for (const auto& [from, to] : {std::pair{"1010.0", "1020.0"}, std::pair{"\"down\"", "\"up\""},
                                 std::pair{"\"end\": null", "\"end\": 1012.5"}}) {
    at_1020.replace(at_1020.find(from), std::string{from}.size(), to);
  }
  store.absorb(rows.next(at_1020));
  store.show(Time{22s}, {}, view);
  const auto& last = (*view.events)[view.events->size() - 2];  // before "up"
  CHECK(view.events->text(last, view) == "answers again after 10 s");
}

TEST_CASE("fleet_source: the past is there before the present, if the collector tells it") {
  std::string present = at_1000;
  present.replace(present.find("\"up\""), 4, "\"taken down\"");
  cli::FleetRows rows{present, past_of_1000};
  RunStore store{rows.start()};
  store.absorb(rows.next(present));
  RunView view;
  view.info = store.info();
  const auto shown = [&](double unix_seconds) -> const RunView& {
    store.show(Time{sim::from_seconds(unix_seconds - 820)}, {}, view);
    return view;
  };
  CHECK(shown(841).machines[0].use[Resource::cpu] == Approx(0.1));  // the minute's mean, at its end
  CHECK(shown(841).machines[0].life == Life::up);
  CHECK(shown(881).machines[0].life == Life::down);
  CHECK(shown(902).machines[0].life == Life::booting);  // nobody watched: who knows
  CHECK(shown(906).machines[0].life == Life::booting);
  CHECK(shown(931).machines[0].life == Life::up);
  CHECK(shown(961).machines[0].use[Resource::cpu] == Approx(0.7));
  CHECK(shown(961).machines[1].use[Resource::cpu] == Approx(0.5));
  CHECK(shown(991).machines[0].life == Life::draining);  // on purpose
  CHECK(shown(860).machines[1].failing);
  CHECK_FALSE(shown(880).machines[1].failing);
  CHECK(shown(1000).machines[1].failing);
  CHECK(view.machines[1].use[Resource::cpu] == Approx(0.99));
  CHECK(view.failures->size() == 2);
  CHECK(rows.next(present).rows() == 0);  // nothing is new, and the past is not told again

  for (const char* odd :
       {"", "not found\n", "[]", R"({"since":"x","hosts":[]})",
        R"({"since":5000,"hosts":[7,{"name":"a","minutes":[1,[2],["x",1,1,1,1]],"away":[3,{}]}]})",
        R"({"since":-1e300,"hosts":[{"name":"a","minutes":7,"away":"x"}],"incidents":{}})",
        R"({"since":1e300,"hosts":[{"name":"a","away":[{"start":1e300,"end":1e308}]}]})"}) {
    CAPTURE(odd);
    cli::FleetRows older{at_1000, odd};
    CHECK(older.next(at_1000).samples.size() == 2);
  }
}

TEST_CASE("fleet_source: what is no fleet is refused, whatever it is") {
  for (const char* other :
       {"", "[]", "{}", R"({"fleet":"x","hosts":[],"at":"now"})", R"({"at":1,"hosts":[7]})"}) {
    CAPTURE(other);
    CHECK_THROWS_WITH(cli::FleetRows{other}, Contains("no fleet"));
  }
  cli::FleetRows odd{R"({"at":1,"hosts":[{}],"incidents":[1,{"number":"x"},{"host":"y"}]})"};
  CHECK(odd.next(R"({"at":2,"hosts":[{"name":5}],"incidents":7})").samples.empty());
}

TEST_CASE("fleet_source: nobody there is one line, and exit code 2") {
  CHECK_THROWS_AS(cli::open_fleet({.place = {.host = "127.0.0.1", .port = "1"}}), cli::UsageError);
}
