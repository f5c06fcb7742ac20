#include "vm/scenario_toml.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "sim/random.hpp"

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// The smallest scenario that says something; tests put their own lines into it.
constexpr std::string_view small_text = R"([scenario]
name     = "small"
duration = "1 min"

[flavor.small]
cores   = 1
memory  = "1 GiB"
disk    = "20 MB/s"
network = "1 Gbit/s"

[[fleet]]
flavor = "small"

[transaction.get]
steps = [{ cpu = "2 ms" }]

[[clients]]
name = "users"
rate = "10 /s"
)";

/// `small_text` with `from` replaced by `to`; `to` alone goes to the end.
std::string edited(std::string_view from, std::string_view to) {
  std::string text(small_text);
  if (from.empty()) return text + std::string(to);
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

vm::Scenario parsed(const std::string& text, std::vector<std::string> settings = {}) {
  auto loaded = vm::parse_scenario(text, "test.toml", {}, settings);
  if (!loaded) {
    for (const vm::Issue& issue : loaded.issues()) UNSCOPED_INFO(to_string(issue));
  }
  REQUIRE(loaded);
  return *loaded;
}

std::vector<vm::Issue> issues_of(const std::string& text, std::vector<std::string> settings = {}) {
  const auto loaded = vm::parse_scenario(text, "test.toml", {}, settings);
  REQUIRE_FALSE(loaded);
  return loaded.issues();
}

std::string whole_file(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

/// A folder that is gone at the end of the test.
class ScratchFolder {
 public:
  ScratchFolder() {
    static int number = 0;
    path_ = fs::temp_directory_path() /
            ("brink_scenario_test_" + std::to_string(::getpid()) + '_' + std::to_string(++number));
    fs::create_directories(path_);
  }
  ~ScratchFolder() { fs::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  fs::path file(const std::string& name, std::string_view text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

template <class T>
const T& spec_of(const sim::Distribution& distribution) {
  const auto* spec = std::get_if<T>(&distribution.spec());
  REQUIRE(spec != nullptr);
  return *spec;
}

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
  REQUIRE(s.expectations.size() == 2);
  CHECK(s.expectations[0].name == "clients.users.committed");
  CHECK(s.expectations[0].value == 0.05);
}

struct Wrong {
  std::string from, to;  // see `edited`
  int line;              // 0: any
  std::string says;
};

TEST_CASE("scenario: each mistake is told with its line, what was expected and the nearest name") {
  const auto wrong = GENERATE(values<Wrong>({
      {"name     =", "nmae =", 2, "unknown key 'nmae' in [scenario]; did you mean 'name'?"},
      {"[[fleet]]", "[[fleets]]", 11, "did you mean 'fleet'?"},
      {"", "[slo]\n", 20, "unknown key 'slo' in the scenario; did you mean 'sla'?"},
      {"\"1 min\"", "60", 3, "expected a duration such as \"3 min\": the unit is missing"},
      {"\"1 min\"", "\"60\"", 3, "the unit is missing"},
      {"\"1 min\"", "-1", 3, "the unit is missing"},
      {"\"1 min\"", "\"-1 min\"", 3, "'-1 min' is negative"},
      {"\"1 min\"", "inf", 3, "'inf' is not finite"},
      {"\"1 min\"", "\"inf s\"", 3, "is not finite"},
      {"\"1 min\"", "\"nan s\"", 3, "is not finite"},
      {"\"1 min\"", "\"1e99 s\"", 3, "is more than 100 years"},
      {"\"1 min\"", "\"0 s\"", 3, "must be above zero"},
      {"\"1 min\"", "[\"1 min\"]", 3, "found a list"},
      {"\"1 min\"", "true", 3, "found true or false"},
      {"duration = \"1 min\"\n", "", 1, "[scenario] needs 'duration', such as \"3 min\""},
      {"\"small\"\ndur", "\"a/../b\"\ndur", 2, "expected a name of letters, digits"},
      {"\"small\"\ndur", "7\ndur", 2, "expected a text in quotes, found a whole number"},
      {"duration = \"1 min\"", "duration = \"1 min\"\nwarmup = \"60 s\"", 4,
       "must be shorter than 'duration', 1 min"},
      {"duration = \"1 min\"", "duration = \"1 min\"\nseed = \"tree\"", 4,
       "expected a whole number from 0 to 18446744073709551615"},
      {"duration = \"1 min\"", "duration = \"1 min\"\nseed = -1", 4, "expected a whole number"},
      {"duration = \"1 min\"", "duration = \"1 min\"\nseed = 1.5", 4, "expected a whole number"},
      {"cores   = 1", "cores = 0", 6, "expected a number from 1e-06 to 1e+06, found 0"},
      {"cores   = 1", "cores = -2", 6, "found -2"},
      {"cores   = 1", "cores = inf", 6, "found inf"},
      {"cores   = 1", "cores = nan", 6, "found nan"},
      {"cores   = 1", "cores = \"two\"", 6, "expected a number from"},
      {"cores   = 1\n", "", 5, "[flavor.small] needs 'cores'"},
      {"memory  = \"1 GiB\"", "memory = 1024", 7, "expected a size such as \"256 MiB\""},
      {"\"20 MB/s\"", "\"20 MB\"", 8, "expected bytes or bits per time"},
      {"cores   = 1", "cores = 1\nboot_failure = 0.5", 7, "expected a percentage such as \"98 %\""},
      {"cores   = 1", "cores = 1\nboot_failure = \"150 %\"", 7, "0 % to 100 %, found 150 %"},
      {"cores   = 1", "cores = 1\nprice = -1", 7, "expected a number from 0"},
      {"cores   = 1", "cores = 1\nqueue = 0", 7, "expected a whole number from 1"},
      {"cores   = 1", "cores = 1\ncpu_scheduling = \"fiffo\"", 7, "did you mean 'fifo'?"},
      {"cores   = 1", "cores = 1\nboot = { lognormal = { median = \"5 s\" } }", 7, "needs 'sigma'"},
      {"cores   = 1", "cores = 1\nboot = { exponental = \"5 s\" }", 7,
       "did you mean 'exponential'?"},
      {"cores   = 1", "cores = 1\nboot = {}", 7, "expected a distribution such as"},
      {"cores   = 1", "cores = 1\nboot = { constant = \"1 s\", exponential = \"5 s\" }", 7,
       "is one distribution, found several"},
      {"cores   = 1", "cores = 1\nboot = { uniform = [\"3 s\", \"1 s\"] }", 7,
       "from the smaller to the larger"},
      {"cores   = 1", "cores = 1\nboot = { hyperexponential = [[0.9, \"1 s\"], [0.2, \"2 s\"]] }",
       7, "the weights sum to 1.1"},
      {"cores   = 1", "cores = 1\nboot = { hyperexponential = [[-0.9, \"1 s\"]] }", 7,
       "expected a number from"},
      {"cores   = 1", "cores = 1\nboot = { empirical = \"no.csv\", unit = \"1 s\" }", 0,
       "no such file"},
      {"[flavor.small]", "[flavor.\"a b\"]\ncores = 1\n[flavor.small]", 5, "a name is letters"},
      {"[flavor.small]", "[flavor]", 6, "expected a table under [flavor.NAME]"},
      {"[[fleet]]", "[fleet]", 11, "expected tables under [[fleet]] (two brackets), found a table"},
      {"flavor = \"small\"", "flavor = \"smal\"", 12,
       "there is no flavor 'smal'; did you mean 'small'?"},
      {"flavor = \"small\"", "count = 3", 11, "[[fleet]] needs 'flavor'"},
      {"flavor = \"small\"", "flavor = \"small\"\ncount = 0", 13, "expected a whole number from 1"},
      {"flavor = \"small\"", "flavor = \"small\"\ncount = 1000000\nspare = 1", 0,
       "has 1000001 machines in all its fleets, at most 1000000"},
      {"flavor = \"small\"", "flavor = \"small\"\n[[fleet]]\nflavor = \"small\"\nname = \"fleet\"",
       13, "there is a fleet 'fleet' already"},
      {"flavor = \"small\"", "flavor = \"small\"\nfailover = { policy = \"bigger-flavor\" }", 11,
       "none is bigger than 'small'"},
      {"steps = [{ cpu = \"2 ms\" }]", "steps = []", 15, "expected a list such as"},
      {"steps = [{ cpu = \"2 ms\" }]", "memory = \"1 MiB\"", 14, "needs 'steps'"},
      {"{ cpu = \"2 ms\" }", "{ memory = \"2 MiB\" }", 15, "unknown key 'memory' in the step"},
      {"{ cpu = \"2 ms\" }", "{ cpu = \"2 KiB\" }", 15, "'KiB' is no unit of it"},
      {"{ cpu = \"2 ms\" }", "{ disk = \"2 ms\" }", 15, "expected a size"},
      {"{ cpu = \"2 ms\" }", "{ cpu = \"0 ms\" }", 15, "must be above zero"},
      {"{ cpu = \"2 ms\" }", "{ cpu = { uniform = [\"0 s\", \"0 s\"] } }", 15,
       "must be above zero"},
      {"{ cpu = \"2 ms\" }", "{ cpu = \"2 ms\", disk = \"1 KiB\" }", 15,
       "a step uses one resource"},
      {"{ cpu = \"2 ms\" }", "{}", 15, "an empty step"},
      {"name = \"users\"\n", "", 17, "[[clients]] needs 'name'"},
      {"rate = \"10 /s\"\n", "", 17, "[[clients]] needs 'rate', such as \"150 /s\""},
      {"\"10 /s\"", "10", 19, "expected a rate such as \"150 /s\": the unit is missing"},
      {"\"10 /s\"", "\"-10 /s\"", 19, "negative"},
      {"\"10 /s\"", "\"0 /s\"", 19, "must be above zero"},
      {"\"10 /s\"", "[]", 19, "found an empty one"},
      {"\"10 /s\"", "[[\"0 s\", \"0 /s\"], [\"9 s\", \"0 /s\"]]", 19, "is never above zero"},
      {"\"10 /s\"", "[[\"9 s\", \"1 /s\"],\n[\"3 s\", \"1 /s\"]]", 20,
       "time goes back, from 9 s to 3 s"},
      {"\"10 /s\"", "[[\"9 s\"]]", 19, "expected a list of two"},
      {"\"10 /s\"", "{ every = \"0 s\", rates = [\"1 /s\"] }", 19, "must be above zero"},
      {"\"10 /s\"", "{ every = \"36525 d\", rates = [\"1 /s\", \"1 /s\"] }", 19,
       "more than 100 years"},
      {"rate =", "think = \"1 s\"\nrate =", 20, "does not go with arrivals that follow 'think'"},
      {"rate =", "arrivals = \"mmpp\"\nrate =", 17, "needs 'states'"},
      {"rate =", "arrivals = \"poison\"\nrate =", 19, "did you mean 'poisson'?"},
      {"rate = \"10 /s\"", "states = [[\"1 /s\", \"1 s\"]]", 19, "at least two states"},
      {"rate = \"10 /s\"", "think = \"0 s\"", 19, "must be above zero"},
      {"rate = \"10 /s\"", "trace = \"nowhere.csv\"", 0, "no such file"},
      {"rate =", "count = 0\nrate =", 19, "expected a whole number from 1 to 10000000"},
      {"rate =", "count = 1.5\nrate =", 19, "expected a whole number"},
      {"rate =", "count = 10000001\nrate =", 19, "found 10000001"},
      {"rate =", "mix = {}\nrate =", 19, "is empty"},
      {"rate =", "mix = { got = 1 }\nrate =", 19, "did you mean 'get'?"},
      {"rate =", "mix = { get = 0 }\nrate =", 19, "expected a number from"},
      {"rate =", "mix = { get = -1 }\nrate =", 19, "found -1"},
      {"rate =", "fleet = \"flet\"\nrate =", 19, "there is no fleet 'flet'; did you mean 'fleet'?"},
      {"rate =", "tiemout = \"1 s\"\nrate =", 19, "did you mean 'timeout'?"},
      {"rate =", "retry = {}\nrate =", 19, "needs 'attempts'"},
      {"rate =", "retry = { attempts = 2, budget = 0.1 }\nrate =", 19, "expected a percentage"},
      {"rate =", "retry = { attempts = 2, jitter = 1 }\nrate =", 19, "expected true or false"},
      {"rate =",
       "retry = { attempts = 2, backoff = { exponential = \"1 s\", limit = \"1 ms\" } }\nrate =",
       19, "is below the first backoff"},
      {"rate =", "state = \"2 MiB\"\nkeep = \"1 MiB\"\nrate =", 20, "is below 'state', 2 MiB"},
      {"", "[[clients]]\nname = \"users\"\nrate = \"1 /s\"\n", 20,
       "there are clients 'users' already"},
      {"", "[sla]\nthreshold = 0.98\n", 21, "expected a percentage such as \"98 %\""},
      {"", "[sla]\nthreshold = \"90 %\"\nclear = \"95 %\"\n", 22, "is above the threshold, 90 %"},
      {"", "[sla]\nthreshold = { cqu = \"90 %\" }\n", 21, "did you mean 'cpu'?"},
      {"", "[sla]\nwindow = \"1 s\"\nsample = \"2 s\"\n", 21, "is shorter than one 'sample', 2 s"},
      {"", "[sla]\nsample = \"1 ns\"\n", 20, "below 1 ms"},
      {"", "[sla]\nlatency = { p9x = \"1 s\" }\n", 21, "no percentile 'p9x'"},
      {"", "[sla]\nlatency = { p99 = \"0 s\" }\n", 21, "must be above zero"},
      {"", "[sla]\nlatency = { p999 = \"1 s\", \"p99.9\" = \"2 s\" }\n", 21, "twice"},
      {"", "[sla]\navailability = { objective = \"100 %\" }\n", 21, "found 100 %"},
      {"", "[sla]\navailability = { objective = \"99 %\", short = \"1 h\" }\n", 21, "not shorter"},
      {"", "[durability]\nreplicas = 3\n", 21, "expected a whole number from 1 to 2"},
      {"", "[durability]\nlog = \"disk\"\n", 21, "valid: 'memory', 'synced'"},
      {"", "[failover]\npause = \"1 ms\"\n", 20, "[failover] needs 'policy'"},
      {"", "[failover]\npolicy = \"fresh_machine\"\n", 21, "did you mean 'fresh-machine'?"},
      {"", "[failover]\npolicy = \"none\"\nat_once = 0\n", 22, "expected a whole number from 1"},
      {"", "[failover]\npolicy = \"none\"\nflavor = \"big\"\n", 22, "there is no flavor 'big'"},
      {"", "[[fault]]\nkind = \"crash\"\n", 20, "needs 'at' (once, such as \"3 min\") or 'every'"},
      {"", "[[fault]]\nkind = \"crahs\"\nat = \"1 s\"\n", 21, "did you mean 'crash'?"},
      {"", "[[fault]]\nkind = \"crash\"\nat = \"1 s\"\nevery = \"1 s\"\n", 23,
       "does not go with 'at'"},
      {"", "[[fault]]\nkind = \"crash\"\nevery = \"0 s\"\n", 22, "must be above zero"},
      {"", "[[fault]]\nkind = \"crash\"\nat = \"1 s\"\nfactor = \"5 %\"\n", 23,
       "only goes with kind = \"slow\""},
      {"", "[[fault]]\nkind = \"leak\"\nat = \"1 s\"\n", 20, "needs 'rate'"},
      {"", "[[fault]]\nkind = \"late_samples\"\nat = \"1 s\"\n", 20, "needs 'delay'"},
      {"", "[expect]\nlost = \"0\"\n", 21, "expected a comparison such as \"<= 20\""},
      {"", "[expect]\nlost = 0\n", 21, "expected a text in quotes, found a whole number"},
      {"", "[expect]\nlost = \"== none\"\n", 21, "expected a comparison"},
      {"", "[expect]\nclients.user.lost = \"== 0\"\n", 21, "did you mean 'users'?"},
      {"[scenario]", "[scenario", 1, "not TOML: "},
      {"name     = \"small\"", "name = \"a\"\nname = \"b\"", 3, "not TOML: "},
      {"rate =", "\"\\u001b[31m\" = 1\nrate =", 19, "unknown key '\\x1b[31m'"},
  }));
  const std::string text = edited(wrong.from, wrong.to);
  CAPTURE(text);
  const auto issues = issues_of(text);
  for (const vm::Issue& issue : issues) UNSCOPED_INFO(to_string(issue));
  const auto found = std::ranges::find_if(issues, [&](const vm::Issue& issue) {
    return issue.message.find(wrong.says) != std::string::npos;
  });
  REQUIRE(found != issues.end());
  if (wrong.line > 0) {
    CHECK(found->line == wrong.line);
    CHECK(found->column >= 1);
    CHECK(found->file == "test.toml");
  }
}

TEST_CASE("scenario: all mistakes of a file are told at once, in order of lines") {
  std::string text = edited("cores   = 1", "cores = 0");
  text.replace(text.find("\"1 min\""), 7, "\"1 mni\"");
  text += "[sla]\nwindow = \"x\"\ncolour = 1\n";
  const auto issues = issues_of(text);
  std::vector<int> lines;
  for (const vm::Issue& issue : issues) lines.push_back(issue.line);
  CHECK(lines == std::vector<int>{3, 6, 21, 22});
  CHECK(to_string(issues[0]) ==
        "test.toml:3:12: 'duration': expected a duration such as \"3 min\": 'mni' is no unit of "
        "it; units are ns, us, ms, s, min, h, d");
}

TEST_CASE("scenario: garbage by the thousand is cut short") {
  std::string text = "[expect]\n";
  for (int i = 0; i < 10'000; ++i) text += "a" + std::to_string(i) + " = 1\n";
  const auto issues = issues_of(text);
  CHECK(issues.size() == 201);
  CHECK_THAT(issues.back().message, Catch::Contains("more mistakes"));
}

TEST_CASE("scenario: texts that are no scenario") {
  CHECK_THAT(issues_of("")[0].message, Catch::StartsWith("is empty; a scenario has [scenario]"));
  CHECK_THAT(issues_of("# only a comment\n")[0].message, Catch::StartsWith("is empty"));
  CHECK_THAT(issues_of("\x7f"
                       "ELF\x02\x01\x01")[0]
                 .message,
             Catch::StartsWith("not TOML: "));
  CHECK_THAT(issues_of(std::string(100, '\0'))[0].message, Catch::StartsWith("not TOML: "));
  CHECK_THAT(issues_of("[= 1]\n")[0].message, Catch::Contains("saw '='"));
  CHECK_THAT(issues_of("name = \"\xc3\x28\"\n")[0].message, Catch::StartsWith("not TOML: "));
  CHECK_THAT(issues_of(std::string(vm::most_scenario_bytes + 1, '#'))[0].message,
             Catch::Contains("at most 16 MiB"));
  // What would nest deeper than a stack is refused before it is parsed.
  std::string deep = "a";
  for (int i = 0; i < 1'000'000; ++i) deep += ".a";
  CHECK(issues_of("\n" + deep + " = 1\n")[0].line == 2);
  CHECK_THAT(issues_of("a = " + std::string(100'000, '['))[0].message,
             Catch::StartsWith("not TOML: "));
  // Dots within texts, and dots of many numbers, are no endless key.
  const std::string dots(500, '.');
  (void)parsed(edited("[scenario]", "# " + dots + "\n[scenario]"));
}

TEST_CASE("scenario: files that cannot be read") {
  const auto why = [](const fs::path& file) {
    const auto loaded = vm::load_scenario(file);
    REQUIRE_FALSE(loaded);
    return to_string(loaded.issues()[0]);
  };
  const ScratchFolder folder;
  CHECK(why("/nonexistent/it.toml") == "/nonexistent/it.toml: no such file");
  CHECK_THAT(why(folder.path()), Catch::Contains("is a directory, expected a scenario file"));
  CHECK_THAT(why(folder.file("empty.toml", "")), Catch::Contains("is empty"));
  const auto big = folder.file("big.toml", "x");
  fs::resize_file(big, std::uintmax_t{1} << 30);  // sparse: costs no disk
  CHECK_THAT(why(big), Catch::Contains("is too big for a scenario: at most 16 MiB"));
  CHECK_THAT(why("/dev/zero"), Catch::Contains("is too big for a scenario"));
}

TEST_CASE("scenario: a setting reaches any key, by name, by index, or past the only element") {
  const std::string two_groups = edited("", "[[clients]]\nname = \"fans\"\nrate = \"1 /s\"\n");
  const auto rate_of = [](const vm::ClientGroup& group) {
    return std::get<vm::Poisson>(group.arrivals).rate.points[0].rate;
  };
  CHECK(parsed(two_groups, {"scenario.duration=60s"}).duration == 60s);
  CHECK(parsed(two_groups, {"scenario.seed=7"}).seed == 7);
  CHECK(rate_of(parsed(two_groups, {"clients.fans.rate=\"900 /s\""}).clients[1]) == 900);
  CHECK(rate_of(parsed(two_groups, {"clients.fans.rate=900 /s"}).clients[1]) == 900);
  CHECK(rate_of(parsed(two_groups, {"clients.1.rate=900 /s"}).clients[1]) == 900);
  CHECK(parsed(two_groups, {"fleet.count=5"}).fleets[0].count == 5);
  CHECK(parsed(two_groups, {"fleet.0.count=5"}).fleets[0].count == 5);
  CHECK(parsed(two_groups, {"fleet.fleet.count=5"}).fleets[0].count == 5);
  CHECK(parsed(two_groups, {"flavor.small.cores=4"}).flavors[0].capacity.cores == 4);
  CHECK(parsed(two_groups, {"clients.users.retry.attempts=4"}).clients[0].retry.attempts == 4);
  CHECK(parsed(two_groups, {"fleet.failover.policy=split"}).fleets[0].failover.policy ==
        vm::FailoverPolicy::split);
  CHECK(parsed(two_groups, {"sla.latency.p99.9=1 s"}).sla.latency[0].quantile == 0.999);
  CHECK(parsed(two_groups, {"sla.latency.\"p99.9\"=1 s"}).sla.latency[0].quantile == 0.999);
  CHECK(parsed(two_groups, {"expect.clients.fans.lost=== 0"}).expectations[0].name ==
        "clients.fans.lost");
  const auto steps = parsed(two_groups, {"transaction.get.steps.0={disk=\"1 KiB\"}"});
  CHECK(steps.transactions[0].steps[0].resource == vm::Resource::disk);
  const auto demand = parsed(two_groups, {"transaction.get.steps.0.cpu=7 ms"});
  CHECK(spec_of<sim::Constant>(demand.transactions[0].steps[0].demand).value == Approx(0.007));
  // The later of two wins.
  CHECK(parsed(two_groups, {"scenario.seed=7", "scenario.seed=8"}).seed == 8);
}

TEST_CASE("scenario: a wrong setting is reported under its own text") {
  const auto told = [](const std::string& setting) {
    return to_string(issues_of(std::string(small_text), {setting})[0]);
  };
  CHECK(told("clients.userz.rate=9 /s") ==
        "--set clients.userz.rate=9 /s: there is no 'userz' in 'clients'; did you mean 'users'?");
  CHECK(told("clients.users.raet=9 /s") ==
        "--set clients.users.raet=9 /s: unknown key 'raet' in [[clients]]; did you mean 'rate'?");
  CHECK(told("clients.users.rate=9") ==
        "--set clients.users.rate=9: 'rate': expected a rate such as \"150 /s\": the unit is "
        "missing");
  CHECK_THAT(told("fleet.3.count=1"), Catch::Contains("has 1 elements, counted from 0"));
  CHECK_THAT(told("flavor.smal.cores=1"), Catch::Contains("did you mean 'small'?"));
  CHECK_THAT(told("failovr.policy=split"), Catch::Contains("did you mean 'failover'?"));
  CHECK_THAT(told("scenario.name.x=1"), Catch::Contains("holds one value and no further keys"));
  CHECK_THAT(told("scenario.duration"), Catch::Contains("expected KEY=VALUE"));
  CHECK_THAT(told("=5"), Catch::Contains("expected a key"));
  CHECK_THAT(told("a..b=5"), Catch::Contains("expected a key"));
  CHECK_THAT(told("scenario.name=\xff"), Catch::Contains("the value is not UTF-8 text"));
  CHECK_THAT(told("scenario.seed=tree"), Catch::Contains("expected a whole number"));
}

TEST_CASE("scenario: a setting takes the place of what it excludes") {
  const ScratchFolder folder;
  const auto day = folder.file("day.csv", "t_s,requests\n0,5\n60,7\n");
  const auto with_trace = parsed(std::string(small_text), {"clients.users.trace=" + day.string()});
  CHECK(std::holds_alternative<vm::CountTrace>(with_trace.clients[0].arrivals));
  CHECK(with_trace.text.find("rate") == std::string::npos);
  CHECK(with_trace.text.find(day.string()) != std::string::npos);

  const auto closed = parsed(std::string(small_text), {"clients.users.think=1 s"});
  CHECK(std::holds_alternative<vm::ClosedLoop>(closed.clients[0].arrivals));
  const std::string even = edited("rate =", "arrivals = \"deterministic\"\nrate =");
  CHECK(std::holds_alternative<vm::Deterministic>(
      parsed(even, {"clients.users.rate=5 /s"}).clients[0].arrivals));
  CHECK(std::holds_alternative<vm::CountTrace>(
      parsed(even, {"clients.users.trace=" + day.string()}).clients[0].arrivals));
  const std::string fault = edited("", "[[fault]]\nkind = \"crash\"\nat = \"1 s\"\n");
  CHECK_FALSE(parsed(fault, {"fault.every=10 s"}).faults[0].at);
}

TEST_CASE("scenario: the seed of the command line wins, and the resolved text keeps it") {
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{7}, ~std::uint64_t{0}}) {
    const auto loaded = vm::parse_scenario(small_text, "test.toml", {}, {}, seed);
    REQUIRE(loaded);
    CHECK(loaded->seed == seed);
    const auto again = vm::parse_scenario(loaded->text, "resolved");
    REQUIRE(again);
    CHECK(again->seed == seed);
  }
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
      {"expect.\"a.b c\"=== 0", "fleet.spare=2"});
  CHECK(s.text.find("skew = 0.1\ncount = 3\nmix = { get = 2 }\n") != std::string::npos);
  const auto again = vm::parse_scenario(s.text, "resolved");
  REQUIRE(again);
  CHECK(again->text == s.text);
  CHECK(again->fleets[0].spare == 2);
  CHECK(again->expectations[0].name == s.expectations[0].name);
}

TEST_CASE("scenario: every beginning of a file is a scenario or a list of issues", "[swarm]") {
  const std::string text = whole_file(SOURCE_DIR "/scenarios/overload.toml");
  for (std::size_t length = 0; length < text.size(); length += 3) {
    const auto loaded = vm::parse_scenario(std::string_view(text).substr(0, length), "prefix");
    if (!loaded) REQUIRE_FALSE(loaded.issues()[0].message.empty());
  }
  REQUIRE(vm::parse_scenario(text, "whole"));
}

TEST_CASE("scenario: no mutation of a file crashes the reader, and what it accepts comes back",
          "[swarm]") {
  const std::string original = whole_file(SOURCE_DIR "/scenarios/overload.toml");
  sim::RandomStream stream(3, "scenario.mutation");
  int accepted = 0;
  for (int i = 0; i < 1'500; ++i) {
    std::string text = original;
    for (auto n = 1 + stream.below(4); n > 0; --n) {
      const auto at = static_cast<std::size_t>(stream.below(text.size()));
      const auto length = static_cast<std::size_t>(1 + stream.below(12));
      switch (stream.below(4)) {
        case 0:
          text[at] = static_cast<char>(stream.below(256));
          break;
        case 1:
          text.erase(at, length);
          break;
        case 2:
          text.insert(at, text.substr(stream.below(text.size()), length));
          break;
        default:
          text[at] = "0123456789-. \n"[stream.below(14)];
          break;
      }
    }
    CAPTURE(i, text);
    const auto loaded = vm::parse_scenario(text, "mutation", "/nonexistent");
    if (!loaded) continue;
    ++accepted;
    const auto again = vm::parse_scenario(loaded->text, "resolved", "/nonexistent");
    REQUIRE(again);
    REQUIRE(again->text == loaded->text);
  }
  CHECK(accepted > 50);  // comments, digits and spaces leave a scenario
}

}  // namespace
