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
