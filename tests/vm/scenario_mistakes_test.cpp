#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/random.hpp"
#include "tests/vm/scenario_text.hpp"
#include "vm/scenario_toml.hpp"

namespace {

using namespace std::chrono_literals;
using namespace scenario_text;
namespace fs = std::filesystem;

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
      {"steps = [{ cpu = \"2 ms\" }]",
       "steps = [" +
           [] {
             std::string many;
             for (int i = 0; i < 51; ++i) many += "{ cpu = \"2 ms\" },";
             return many;
           }() +
           "]",
       15, "at most 50 elements, found 51"},
      {"rate =", "count = 3\nstate = \"400 MiB\"\nrate =", 0,
       "starts with 1.17 GiB of clients' state on machine 0, a 'small' of 1 GiB"},
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
      {"", "[expect]\nlots = \"== 0\"\n", 21, "no run has such a figure; did you mean 'lost'?"},
      {"", "[expect]\nclients.users.p99 = \"< 5\"\n", 21, "did you mean 'clients.users.p99_ms'?"},
      {"", "[expect]\nlost = []\n", 21, "is empty; expected a list such as"},
      {"", "[expect]\nmean_ms = [\"> 1\", \"2\"]\n", 21, "expected a comparison"},
      {"[scenario]", "[scenario", 1, "not TOML: "},
      {"name     = \"small\"", "name = \"a\"\nname = \"b\"", 3, "not TOML: "},
      {"", "[real]\n", 20, "[real] needs 'fleet', such as \"fleet.toml\""},
      {"", "[real]\nfleet = \"f\"\nhost = [\"a\"]\n", 22, "did you mean 'hosts'?"},
      {"", "[real]\nfleet = \"f\"\nhosts = \"a\"\n", 22, "expected a list"},
      {"", "[real]\nfleet = \"f\"\nhosts = [\"a\", 1]\n", 22, "expected a text in quotes"},
      {"", "[real]\nfleet = \"f\"\nhosts = [\"a\", \"a\"]\n", 22, "'a' stands here twice"},
      {"", "[real]\nfleet = \"f\"\nhosts = [\"\"]\n", 22, "expected the name of a host"},
      {"", "[real]\nfleet = \"f\"\nlisten = \"0.0.0.0\"\n", 22, "expected an address of this"},
      {"", "[real]\nfleet = \"f\"\nlisten = \"::\"\n", 22, "expected an address of this"},
      {"", "[real]\nfleet = \"f\"\nlisten = \"web1\"\n", 22, "expected an address of this"},
      {"", "[real]\nfleet = \"f\"\nlisten = \"10.0.0.1:80\"\n", 22, "found '10.0.0.1:80'"},
      {"[scenario]", "real = 3\n[scenario]", 1, "[real]"},
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
  // A character beyond ASCII where only ASCII may stand is refused before it is parsed as well.
  CHECK(to_string(issues_of("a = \"\u00b5\"\nb\u00b5c = 1\n")[0]) ==
        "test.toml:2:2: not TOML: a character that may stand only in quotes or comments");
  CHECK(issues_of("a = \"\"\"x\"\"\"\"\nb = 3 \u023e\n")[0].line == 2);
  CHECK_THAT(issues_of("a = \"\"\"\\\n \u023e\"\"\"\n")[0].message,
             Catch::Contains("may not follow a backslash"));
  // Quotes within what begins like a number are none to toml++, which looks ahead to its end.
  for (const char* odd :
       {"a = -5\"\u023e\"", "a = [1, {b = 2.\"\u023e\"}]", "a = 1979-05-27\"\u023e",
        "a = 1979-05-27 07:\"\u023e", "a = [\n+5='\u023e']"}) {
    CAPTURE(odd);
    CHECK_THAT(issues_of(odd)[0].message, Catch::Contains("only in quotes or comments"));
  }
  // A key may begin like one, and ends where its quotes begin.
  for (const char* fine : {"1.\"\u023e\" = 5", "a = { -2.'\u023e' = 1, 3.\"\u023e\" = 2 }",
                           "a = [1, 2]\n5.\"\u023e\" = 1", "[1.\"\u023e\"]", "[[ 1.\"\u023e\" ]]",
                           "a = [ { 1.'\u023e' = 5 }, { 2.'\u023e' = 5 } ]"}) {
    CAPTURE(fine);
    CHECK_THAT(issues_of(fine)[0].message, !Catch::Contains("not TOML"));
  }
  (void)parsed("\xef\xbb\xbf# \u023e\n" + edited("[scenario]", "# '\u023e\n[scenario]"));
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
