#include "record/summary.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "record/recorder.hpp"
#include "tests/record/small_run.hpp"

namespace {

using small_run::at;
using small_run::TemporaryDirectory;

record::Summary finished() {
  const TemporaryDirectory directory;
  record::Recorder recorder{directory.path, small_run::scenario(), "simulated"};
  recorder.on(small_run::first_batch());
  recorder.on(small_run::second_batch());
  auto summary = recorder.finish(small_run::outcome(), 0.5, 0.4);
  REQUIRE(summary);
  return *summary;
}

record::Summary unfinished() {
  const TemporaryDirectory directory;
  record::Recorder recorder{directory.path, small_run::scenario(), "simulated"};
  recorder.on(small_run::first_batch());
  std::optional<record::Summary> summary;
  const auto db = record::open(directory.path / "run.sqlite", record::Access::read);
  return record::read_summary(db.get());
}

}  // namespace

TEST_CASE("summary: every name an expectation may carry has a value") {
  const auto s = finished();
  const std::vector<std::string> groups{"fans"};
  for (const std::string& name : vm::expectation_names(groups)) {
    INFO(name);
    CHECK(record::figure(s, name));
  }
}

TEST_CASE("summary: figures are what they say") {
  const auto s = finished();
  const auto figure = [&](const char* name) { return record::figure(s, name).value_or(-1); };
  CHECK(figure("issued") == 120);
  CHECK(figure("clients.fans.issued") == 110);
  CHECK(figure("committed_share") == Approx(80.0 / 99));  // 70 + 4 + 13 + 2 + 10 ended
  CHECK(figure("committed_share_last") == Approx(0.75));  // 30 of 40 after 9 s
  CHECK(figure("latency_ms_max") == 500);
  CHECK(figure("p50_ms") == figure("latency_ms_p50"));
  CHECK(figure("clients.fans.max_ms") == 100);
  CHECK(figure("sla_failures") == 2);
  CHECK(figure("sla_failures_cpu") == 1);
  CHECK(figure("sla_failures_crash") == 0);
  CHECK(figure("sla_failure_s") == Approx(6.5));  // 3 to 7 s, and 7.5 s to the end
  CHECK(figure("failovers") == 1);
  CHECK(figure("failovers_partial") == 1);
  CHECK(figure("failovers_completed") == 0);
  CHECK(figure("failovers_withheld") == 1);
  CHECK(figure("migrated_bytes") == 1500);
  CHECK(figure("pause_ms_p50") == 12.5);
  CHECK(figure("machines") == 2);
  CHECK(figure("cpu_max") == 1);
  CHECK(figure("cpu_mean") == Approx((0.8 * 10 + 0.3 * 5) / 15));  // by the time of each
  CHECK(figure("faults") == 1);
}

TEST_CASE("summary: a name that is none, and a figure that is unknown, have no value") {
  const auto s = finished();
  for (const char* name :
       {"", "clients", "clients.", "clients.fans", "clients.fans.", "clients.crowd.issued",
        "clients.fans.failovers", "sla_failures_moon_", "pause"}) {
    INFO(name);
    if (std::string_view{name} == "sla_failures_moon_") {
      CHECK(record::figure(s, name) == 0);  // no failure has that cause
    } else {
      CHECK_FALSE(record::figure(s, name));
    }
  }
  CHECK_FALSE(record::figure(s, "clients.press.committed_share_last"));  // nothing ended
  CHECK_FALSE(record::figure(unfinished(), "lost"));
  CHECK_FALSE(record::figure(unfinished(), "p99_ms"));
}

TEST_CASE("summary: the course of a run has its load where it was") {
  // Intervals of 2 s make 5 slices of a run of 10 s.
  const auto s = finished();
  REQUIRE(s.course.size() == 5);
  CHECK(s.slice == std::chrono::seconds{2});
  CHECK(s.course[0].issued_per_s == 60 / 2);
  CHECK(s.course[0].committed_per_s == 50 / 2);
  CHECK(s.course[0].p99_ms == 30);
  CHECK(s.course[4].issued_per_s == 60 / 2);
  CHECK(s.course[2].issued_per_s == 0);
  CHECK_FALSE(s.course[2].p99_ms);
}

TEST_CASE("summary: the JSON has the names of the contract, in its order, and their values") {
  const auto json = nlohmann::ordered_json::parse(record::to_json(finished()));
  const std::vector<std::string> contract{"scenario",   "seed",         "world",     "fingerprint",
                                          "duration_s", "wall_s",       "cpu_s",     "transactions",
                                          "latency_ms", "sla_failures", "failovers", "migrations",
                                          "cost",       "expectations"};
  std::vector<std::string> names;
  for (const auto& [name, value] : json.items()) names.push_back(name);
  REQUIRE(names.size() >= contract.size());
  CHECK(std::vector<std::string>(names.begin(), names.begin() + 14) == contract);

  CHECK(json["scenario"] == "small");
  CHECK(json["seed"] == 18446744073709551615u);
  CHECK(json["world"] == "simulated");
  CHECK(json["fingerprint"] == "00c0ffee12345678");
  CHECK(json["duration_s"] == 10);
  CHECK(json["transactions"]["issued"] == 120);
  CHECK(json["transactions"]["timed_out"] == 13);
  CHECK(json["transactions"]["in_flight"] == 21);
  CHECK(json["transactions"]["acknowledged"] == 70);
  CHECK(json["transactions"]["lost"] == 0);
  CHECK(json["transactions"]["duplicated"] == 0);
  CHECK(json["transactions"]["per_wall_second"] == 240);  // 120 in half a second
  for (const char* name : {"mean", "p50", "p90", "p99", "p999", "max"}) {
    CHECK(json["latency_ms"][name].is_number());
  }
  CHECK(json["sla_failures"] == 2);
  CHECK(json["failovers"] == 1);
  CHECK(json["migrations"]["count"] == 2);
  CHECK(json["migrations"]["aborted"] == 1);
  CHECK(json["migrations"]["bytes"] == 1500);
  CHECK(json["migrations"]["pause_ms_max"] == 12.5);
  CHECK(json["cost"].get<double>() == Approx(0.0015));
  CHECK(json["expectations"][2]["name"] == "pause_ms_max");
  CHECK(json["expectations"][2]["want"] == "<= 20");
  CHECK(json["expectations"][2]["got"] == 12.5);
  CHECK(json["expectations"][2]["met"] == true);
}

TEST_CASE("summary: what an unfinished run does not know is null in JSON, not left out") {
  const auto json = nlohmann::json::parse(record::to_json(unfinished()));
  CHECK(json["finished"] == false);
  CHECK(json["fingerprint"].is_null());
  CHECK(json["wall_s"].is_null());
  CHECK(json["transactions"]["lost"].is_null());
  CHECK(json["latency_ms"]["p99"].is_null());
  CHECK(json["migrations"]["pause_ms_max"].is_null());
  CHECK(json["met"] == false);
}

TEST_CASE("summary: JSON survives a name that is not UTF-8") {
  record::Summary s;
  s.scenario = "bad\xff";
  CHECK(nlohmann::json::parse(record::to_json(s))["scenario"] == "bad\xef\xbf\xbd");
}
