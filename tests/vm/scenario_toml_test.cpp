#include "vm/scenario_toml.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/vm/scenario_text.hpp"

namespace {

using namespace std::chrono_literals;
using namespace scenario_text;
namespace fs = std::filesystem;

TEST_CASE("scenario: overload.toml means what it says") {
  const auto loaded = vm::load_scenario(SOURCE_DIR "/scenarios/overload.toml");
  REQUIRE(loaded);
  const vm::Scenario& s = *loaded;
  CHECK(s.name == "overload");
  CHECK_THAT(s.question, Catch::StartsWith("two small VMs meet a crowd"));
  CHECK_THAT(s.question, Catch::EndsWith("save the SLA?"));
  CHECK(s.duration == 180s);
  CHECK(s.warmup == 20s);
  CHECK(s.seed == 42);

  REQUIRE(s.flavors.size() == 1);
  CHECK(s.flavors[0].name == "small");
  // 256 MiB = 256 x 2^20 bytes; 100 Mbit/s = 100e6 / 8 bytes per second.
  CHECK(s.flavors[0].capacity == vm::Capacity{0.25, {268'435'456}, {20e6}, {12.5e6}});
  CHECK(spec_of<sim::Lognormal>(s.flavors[0].boot).median == 5);
  CHECK(spec_of<sim::Lognormal>(s.flavors[0].boot).sigma == 0.3);
  CHECK(s.flavors[0].price == 0.012);

  REQUIRE(s.fleets.size() == 1);
  CHECK(s.fleets[0].name == "fleet");
  CHECK(s.fleets[0].count == 2);
  CHECK(s.fleets[0].spare == 1);

  REQUIRE(s.transactions.size() == 1);
  const auto& steps = s.transactions[0].steps;
  REQUIRE(steps.size() == 4);
  CHECK(steps[0].resource == vm::Resource::network);
  CHECK(spec_of<sim::Constant>(steps[0].demand).value == 2048);
  CHECK(steps[1].resource == vm::Resource::cpu);
  CHECK(spec_of<sim::Exponential>(steps[1].demand).mean == Approx(0.002).epsilon(1e-15));
  CHECK(steps[2].resource == vm::Resource::disk);
  CHECK(spec_of<sim::Constant>(steps[3].demand).value == 8192);
  CHECK(s.transactions[0].memory.count == 262'144);
  CHECK(s.transactions[0].write.count == 1024);

  REQUIRE(s.clients.size() == 1);
  const vm::ClientGroup& shoppers = s.clients[0];
  CHECK(shoppers.count == 200);
  CHECK(s.tenant_count() == 200);
  CHECK(shoppers.stream == "shoppers");
  CHECK(shoppers.mix == std::vector<double>{1});
  CHECK(shoppers.timeout == vm::Duration{2s});
  const auto& curve = std::get<vm::Poisson>(shoppers.arrivals).rate.points;
  REQUIRE(curve.size() == 5);
  CHECK(curve[2].at == vm::Time{50s});
  CHECK(curve[2].rate == 400);
  CHECK(shoppers.retry.attempts == 3);
  CHECK(shoppers.retry.backoff.base == Approx(0.1));
  CHECK(shoppers.retry.backoff.factor == 2);
  CHECK(shoppers.retry.backoff.jitter);
  CHECK(shoppers.retry.budget == 0.1);

  CHECK(s.durability.log == vm::Log::synced);
  CHECK(s.sla.threshold[vm::Resource::disk] == 0.98);
  CHECK(s.sla.clear[vm::Resource::disk] == 0.95);
  CHECK(s.sla.window == 5s);
  REQUIRE(s.sla.latency.size() == 1);
  CHECK(s.sla.latency[0].quantile == 0.99);
  CHECK(s.sla.latency[0].limit == 500ms);

  const vm::FailoverConfig& failover = s.fleets[0].failover;
  CHECK(failover.policy == vm::FailoverPolicy::split);
  CHECK(failover.flavor == vm::FlavorId{0});
  CHECK(failover.pause == 20ms);
  CHECK(failover.bandwidth.value == 12.5e6);
  CHECK(failover.cooldown == 20s);
  CHECK(failover.at_once == 2);
  CHECK(failover.after == vm::AfterFailover::keep);  // a split leaves half behind

  REQUIRE(s.expectations.size() == 4);
  CHECK(s.expectations[2].name == "failovers");
  CHECK(s.expectations[2].comparison == vm::Comparison::greater_equal);
  CHECK(s.expectations[2].value == 1);
  CHECK(s.expectations[3].want == "<= 20");
}

TEST_CASE("scenario: every file in scenarios/ loads, and its resolved text means the same") {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(SOURCE_DIR "/scenarios")) {
    if (entry.path().stem() == "planetlab" || entry.path().stem() == "bitbrains")
      continue;  // needs traces that do not come with it
    if (entry.path().extension() == ".toml") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  REQUIRE_FALSE(files.empty());
  for (const fs::path& file : files) {
    const auto loaded = vm::load_scenario(file);
    if (!loaded) FAIL_CHECK(to_string(loaded.issues()[0]));
    if (!loaded) continue;
    INFO(file.filename().string());
    CHECK_FALSE(loaded->question.empty());
    const auto again = vm::parse_scenario(loaded->text, "resolved");
    REQUIRE(again);
    CHECK(again->text == loaded->text);
    CHECK(again->question == loaded->question);
    CHECK(again->tenant_count() == loaded->tenant_count());
    CHECK(again->expectations.size() == loaded->expectations.size());
  }
}

TEST_CASE("scenario: what is left out has a default") {
  const vm::Scenario s = parsed(std::string(small_text));
  CHECK(s.seed == 1);
  CHECK(s.warmup == 0s);
  CHECK(s.question.empty());
  CHECK(s.fleets[0].count == 1);
  CHECK(s.fleets[0].spare == 0);
  CHECK(s.fleets[0].failover.policy == vm::FailoverPolicy::none);
  CHECK(s.clients[0].count == 1);
  CHECK(s.clients[0].mix == std::vector<double>{1});  // the only transaction there is
  CHECK(std::get<vm::Poisson>(s.clients[0].arrivals).rate.points.size() == 1);
  CHECK(s.clients[0].retry.attempts == 1);
  CHECK_FALSE(s.clients[0].timeout);
  CHECK(s.sla.threshold[vm::Resource::cpu] == 0.98);
  CHECK(s.sla.clear[vm::Resource::cpu] == 0.95);
}

TEST_CASE("scenario: every distribution is read with its unit") {
  const auto boot = [](const std::string& text) {
    return parsed(edited("cores   = 1\n", "cores = 1\nboot = " + text + "\n")).flavors[0].boot;
  };
  CHECK(spec_of<sim::Constant>(boot("\"5 s\"")).value == 5);
  CHECK(spec_of<sim::Constant>(boot("{ constant = \"5 s\" }")).value == 5);
  CHECK(spec_of<sim::Uniform>(boot("{ uniform = [\"1 s\", \"3 s\"] }")).high == 3);
  CHECK(spec_of<sim::Exponential>(boot("{ exponential = \"1 min\" }")).mean == 60);
  CHECK(spec_of<sim::Erlang>(boot("{ erlang = { stages = 3, mean = \"2 s\" } }")).stages == 3);
  const auto hyper = spec_of<sim::Hyperexponential>(
      boot("{ hyperexponential = [[0.9, \"1 s\"], [0.1, \"20 s\"]] }"));
  REQUIRE(hyper.branches.size() == 2);
  CHECK(hyper.branches[1].weight == Approx(0.1));
  CHECK(hyper.branches[1].mean == 20);
  CHECK(spec_of<sim::Gamma>(boot("{ gamma = { shape = 2, mean = \"2 s\" } }")).shape == 2);
  CHECK(spec_of<sim::Normal>(boot("{ normal = { mean = \"5 s\", deviation = \"1 s\" } }")).mean ==
        5);
  CHECK(spec_of<sim::Lognormal>(boot("{ lognormal = { median = \"5 s\", sigma = 0.3 } }")).median ==
        5);
  CHECK(spec_of<sim::Weibull>(boot("{ weibull = { shape = 0.7, scale = \"2 s\" } }")).scale == 2);
  CHECK(spec_of<sim::Pareto>(boot("{ pareto = { minimum = \"1 s\", alpha = 2.5 } }")).alpha == 2.5);
  const auto zipf = spec_of<sim::Zipf>(boot("{ zipf = { n = 9, exponent = 1, unit = \"2 s\" } }"));
  CHECK(zipf.n == 9);
  CHECK(zipf.unit == 2);

  const ScratchFolder folder;
  folder.file("boots.csv", "value,boot_s\n1,7\n2,9\n");
  const auto text = edited("cores   = 1\n",
                           "cores = 1\nboot = { empirical = \"boots.csv\", column = \"boot_s\", "
                           "unit = \"1 s\" }\n");
  const auto loaded = vm::load_scenario(folder.file("it.toml", text));
  REQUIRE(loaded);
  CHECK(*spec_of<sim::Empirical>(loaded->flavors[0].boot).values == std::vector<double>{7, 9});
}

TEST_CASE("scenario: all ways of arriving") {
  const auto arrivals = [](const std::string& keys) {
    return parsed(edited("rate = \"10 /s\"\n", keys + "\n")).clients[0].arrivals;
  };
  CHECK(std::get<vm::Deterministic>(arrivals("arrivals = \"deterministic\"\nrate = \"5 /s\""))
            .rate.points[0]
            .rate == 5);
  const auto mmpp =
      std::get<vm::Mmpp>(arrivals("states = [[\"100 /s\", \"10 s\"], [\"0 /s\", \"2 s\"]]"));
  REQUIRE(mmpp.states.size() == 2);
  CHECK(mmpp.states[0].rate == 100);
  CHECK(mmpp.states[1].mean_stay == 2);
  const auto closed = std::get<vm::ClosedLoop>(arrivals("think = { exponential = \"5 s\" }"));
  CHECK(spec_of<sim::Exponential>(closed.think).mean == 5);

  // Two intervals of a minute as steps: each rate holds to its end, then nothing comes.
  const auto steps = std::get<vm::Poisson>(
      arrivals("rate = { every = \"1 min\", rates = [\"60 /min\", \"2 /s\"] }"));
  std::vector<std::pair<vm::Duration, double>> points;
  for (const auto& point : steps.rate.points) {
    points.emplace_back(point.at.time_since_epoch(), point.rate);
  }
  CHECK(points == std::vector<std::pair<vm::Duration, double>>{
                      {0s, 1}, {60s, 1}, {60s, 2}, {120s, 2}, {120s, 0}});
  const auto lines = std::get<vm::Poisson>(
      arrivals("rate = { every = \"1 min\", rates = [\"1 /s\", \"2 /s\"], shape = \"lines\" }"));
  REQUIRE(lines.rate.points.size() == 2);
  CHECK(lines.rate.points[1].at == vm::Time{60s});

  std::string many = "rate = [";
  for (int i = 0; i < 5'000; ++i) many += "[\"" + std::to_string(i) + " s\", \"7 /s\"],";
  CHECK(std::get<vm::Poisson>(arrivals(many + "]")).rate.points.size() == 5'000);
}

TEST_CASE(
    "scenario: a trace is found beside the scenario, and the resolved text finds it anywhere") {
  const ScratchFolder folder;
  folder.file("day.csv", "t_s,requests\n0,5\n60,7\n");
  const auto file = folder.file("it.toml", edited("rate = \"10 /s\"", "trace = \"day.csv\""));
  const auto loaded = vm::load_scenario(file);
  REQUIRE(loaded);
  const auto& trace = std::get<vm::CountTrace>(loaded->clients[0].arrivals);
  CHECK(trace.intervals[1].requests == 7);
  CHECK(trace.end == vm::Time{120s});
  const auto again = vm::parse_scenario(loaded->text, "resolved", "/nonexistent");
  REQUIRE(again);
  CHECK(std::get<vm::CountTrace>(again->clients[0].arrivals).file == trace.file);
}

TEST_CASE("scenario: a fleet overrides the failover of all") {
  const vm::Scenario s =
      parsed(edited("flavor = \"small\"\n",
                    "flavor = \"small\"\n[[fleet]]\nname = \"b\"\nflavor = \"small\"\n"
                    "failover = { policy = \"fresh-machine\", pause = \"9 ms\" }\n") +
             "[failover]\npolicy = \"split\"\npause = \"7 ms\"\nrounds = 4\n");
  CHECK(s.fleets[0].failover.policy == vm::FailoverPolicy::split);
  CHECK(s.fleets[0].failover.after == vm::AfterFailover::keep);
  CHECK(s.fleets[1].failover.policy == vm::FailoverPolicy::fresh_machine);
  CHECK(s.fleets[1].failover.pause == 9ms);
  CHECK(s.fleets[1].failover.rounds == 4);
  CHECK(s.fleets[1].failover.after == vm::AfterFailover::release);
}

TEST_CASE("scenario: percentiles are p99, p999 or p99.9, with and without quotes") {
  const auto quantiles = [](const std::string& latency) {
    std::vector<double> found;
    for (const auto& o : parsed(edited("", "[sla]\nlatency = " + latency)).sla.latency) {
      found.push_back(o.quantile);
    }
    return found;
  };
  CHECK(quantiles("{ p999 = \"1 s\", p50 = \"9 ms\" }") == std::vector<double>{0.5, 0.999});
  CHECK(quantiles("{ \"p99.9\" = \"1 s\" }") == std::vector<double>{0.999});
  CHECK(quantiles("{ p99.9 = \"1 s\", p90 = \"1 s\" }") == std::vector<double>{0.9, 0.999});
}

TEST_CASE("scenario: faults and expectations") {
  const vm::Scenario s = parsed(edited("", R"(
[[fault]]
at = "3 s"
kind = "crash"
machine = 1
for = "10 s"
[[fault]]
every = { exponential = "10 min" }
kind = "leak"
rate = "1 MiB/s"
[[fault]]
kind = "crash"
during = "frozen"
side = "target"
[[fault]]
at = "1 s"
kind = "slow"
factor = "25 %"
[expect]
clients.users.committed = ">= 5 %"
lost = "== 0"
mean_ms = [">= 32", "<= 34"]
)"));
  REQUIRE(s.faults.size() == 4);
  CHECK(s.faults[0].at == vm::Time{3s});
  CHECK(s.faults[0].machine == 1u);
  CHECK(s.faults[0].lasts == vm::Duration{10s});
  CHECK(s.faults[1].rate.value == 1'048'576);
  CHECK(spec_of<sim::Exponential>(*s.faults[1].every).mean == 600);
  CHECK(s.faults[2].during == vm::MigrationStep::frozen);
  CHECK(s.faults[2].side == vm::Side::target);
  CHECK(s.faults[2].at == vm::Time{0s});
  CHECK(s.faults[3].factor == 0.25);
  REQUIRE(s.expectations.size() == 4);
  CHECK(s.expectations[0].name == "clients.users.committed");
  CHECK(s.expectations[0].value == 0.05);
  CHECK(s.expectations[2].name == "mean_ms");
  CHECK(s.expectations[2].comparison == vm::Comparison::greater_equal);
  CHECK(s.expectations[3].name == "mean_ms");
  CHECK(s.expectations[3].value == 34);
}

TEST_CASE("scenario: [real] names hosts, and its file is found from the scenario's folder") {
  CHECK_FALSE(parsed(std::string(small_text)).real.has_value());
  const auto read = [](const std::string& section, std::vector<std::string> settings = {}) {
    const auto loaded =
        vm::parse_scenario(edited("", section), "test.toml", "/data", std::move(settings));
    REQUIRE(loaded);
    const auto again = vm::parse_scenario(loaded->text, "resolved", "/elsewhere");
    REQUIRE(again);
    CHECK(again->real->fleet == loaded->real->fleet);
    return *loaded->real;
  };
  const vm::RealHosts all = read("[real]\nfleet = \"hosts/../shop.toml\"\n");
  CHECK(all.fleet == "/data/shop.toml");  // which is not there: whoever goes there will say so
  CHECK(all.hosts.empty());
  CHECK(all.listen == "127.0.0.1");
  const vm::RealHosts two = read(
      "[real]\nfleet = \"/etc/shop.toml\"\nhosts = [\"b\", \"a\"]\nlisten = \"fe80::1\"\n",
      {"real.listen=10.0.0.1"});
  CHECK(two.fleet == "/etc/shop.toml");
  CHECK(two.hosts == std::vector<std::string>{"b", "a"});
  CHECK(two.listen == "10.0.0.1");
}

TEST_CASE("scenario: the question runs on to the next label") {
  const auto question = [](const std::string& comment) {
    return parsed(comment + std::string(small_text)).question;
  };
  CHECK(question("# Question: why\n#   not?\n# Expect: nothing\n") == "why not?");
  CHECK(question("# Question: why?\n\n# more\n") == "why?");
  CHECK(question("# Source: x\r\n# Question:  why?\r\n#\r\n# more\r\n") == "why?");
  CHECK(question("# no label\n").empty());
}

TEST_CASE("scenario: resolved text keeps order, escapes and settings") {
  const vm::Scenario s = parsed(
      edited("name = \"users\"", "name = \"users\"\nskew = 0.1\ncount = 3\nmix = { \"get\" = 2 }"),
      {"sla.latency.\"p99.9\"=2 s", "fleet.spare=2"});
  CHECK(s.text.find("skew = 0.1\ncount = 3\nmix = { get = 2 }\n") != std::string::npos);
  const auto again = vm::parse_scenario(s.text, "resolved");
  REQUIRE(again);
  CHECK(again->text == s.text);
  CHECK(again->fleets[0].spare == 2);
  REQUIRE(again->sla.latency.size() == 1);
  CHECK(again->sla.latency[0].quantile == 0.999);
}

}  // namespace
