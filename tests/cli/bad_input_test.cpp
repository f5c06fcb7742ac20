// Everything that can be wrong with the input, as its user meets it: which message, exit code 2,
// nothing on standard output and nothing written.
#include "tests/cli/brink_process.hpp"

namespace {

using namespace brink_process;
using Catch::Contains;
using Catch::Matches;

/// Both verbs that read scenarios refuse them alike, and leave nothing behind.
void check_refused(const Desk& desk, const Words& rest, const std::string& message) {
  for (const std::string verb : {"run", "check"}) {
    Words words{verb};
    words.insert(words.end(), rest.begin(), rest.end());
    const Words before = desk.list(".");
    const Said said = desk.brink(words);
    INFO(verb << " said: " << said.err << said.out);
    CHECK(said.code == 2);
    CHECK(said.out.empty());
    CHECK_THAT(said.err, Contains(message));
    CHECK(desk.list(".") == before);
  }
}

struct Wrong {
  const char* from;
  const char* to;
  const char* says;
};

}  // namespace

TEST_CASE("bad input: a file that is none") {
  const Desk desk;
  fs::create_directory(desk / "folder.toml");
  desk.put("empty.toml", "");
  desk.put("binary.toml", std::string_view{"\x7f"
                                           "ELF\0\1\2\xff\xfe[scenario]\0",
                                           20});
  desk.put("broken.toml", "[scenario\nname = 3\n");
  check_refused(desk, {"missing.toml"}, "missing.toml: no such file\n");
  check_refused(desk, {"folder.toml"}, "folder.toml: is a directory, expected a scenario file\n");
  check_refused(desk, {"empty.toml"}, "empty.toml: is empty; a scenario has [scenario]");
  check_refused(desk, {"binary.toml"}, "binary.toml:1:8: not TOML: ");
  check_refused(desk, {"broken.toml"}, "broken.toml:1:10: not TOML: ");
  check_refused(desk, {"small.toml/x.toml"}, "small.toml/x.toml: ");
  check_refused(desk, {"/dev/zero"}, "/dev/zero: is too big for a scenario: at most 16 MiB\n");
}

TEST_CASE("bad input: a file of 1 GB is refused unread") {
  const Desk desk;
  desk.put("big.toml", "");
  fs::resize_file(desk / "big.toml", 1'000'000'000);  // a hole, which takes no room
  check_refused(desk, {"big.toml"}, "big.toml: is too big for a scenario: at most 16 MiB\n");
}

TEST_CASE("bad input: mistakes in a scenario are told with their place") {
  const auto wrong = GENERATE(values<Wrong>({
      {"cores ", "corse ",
       "small.toml:6:1: unknown key 'corse' in [flavor.small]; did you mean "
       "'cores'?"},
      {"\"1 min\"", "60",
       "small.toml:3:12: 'duration': expected a duration such as \"3 min\": the "
       "unit is missing"},
      {"\"1 GiB\"", "\"1\"", "7:11: 'memory': expected a size such as \"256 MiB\": the unit is"},
      {"\"10 /s\"", "\"-10 /s\"",
       "19:8: 'rate': expected a rate such as \"150 /s\": '-10 /s' is "
       "negative"},
      {"\"2 ms\"", "\"inf s\"", "15:18: "},
      {"= 1\n", "= inf\n", "6:11: 'cores': expected a number from 1e-06 to 1e+06, found inf"},
      {"= 1\n", "= nan\n", "6:11: 'cores': expected a number from 1e-06 to 1e+06, found nan"},
      {"rate", "mix = {}\nrate", "19:7: 'mix': is empty; it names at least one transaction"},
      {"\"10 /s\"", "[[\"9 s\", \"1 /s\"], [\"3 s\", \"2 /s\"]]",
       "'rate': time goes back, from 9 s to 3 s"},
      {"", "[expect]\npauze_ms_max = \"<= 20\"\n",
       "small.toml:21:16: 'pauze_ms_max': no run has such a figure; did you mean 'pause_ms_max'?"},
  }));
  const Desk desk;
  desk.put("small.toml", edited(wrong.from, wrong.to));
  check_refused(desk, {"small.toml"}, wrong.says);
}

TEST_CASE("bad input: a misspelt file name gets the nearest one beside it") {
  const Desk desk;
  desk.put("overload.toml", "");
  desk.put("overlaod.csv", "");  // another ending is another kind of file
  fs::create_directory(desk / "deep");
  desk.put("deep/migrate.toml", "");
  check_refused(desk, {"overlaod.toml"},
                "overlaod.toml: no such file; did you mean 'overload.toml'?\n");
  check_refused(desk, {"deep/mgrate.toml"},
                "deep/mgrate.toml: no such file; did you mean 'migrate.toml'?\n");
  check_refused(desk, {"nowhere/overload.toml"}, "nowhere/overload.toml: no such file\n");
  check_refused(desk, {"unlike.toml"}, "unlike.toml: no such file\n");
}

TEST_CASE("bad input: all mistakes of all files are told at once") {
  const Desk desk;
  desk.put("two.toml", edited("cores   = 1\nmemory ", "cores   = 0\nmemroy "));
  desk.put("three.toml", edited("\"10 /s\"", "\"10\""));
  const Said said = desk.brink({"run", "two.toml", "small.toml", "three.toml", "four.toml"});
  CHECK(said.code == 2);
  CHECK_THAT(said.err, Contains("two.toml:6:11: ") && Contains("two.toml:7:1: ") &&
                           Contains("three.toml:19:8: ") && Contains("four.toml: no such file"));
  CHECK(desk.list("results").empty());  // small.toml was good, and was not played either
}

TEST_CASE("bad input: traces with holes, words for numbers, or missing") {
  const Desk desk;
  desk.put("hole.csv", "t_s,requests\n0,10\n60,20\n180,5\n");
  desk.put("words.csv", "t_s,requests\n0,10\n60,many\n");
  desk.put("back.csv", "t_s,requests\n0,10\n60,10\n30,10\n");
  desk.put("empty.csv", "");
  const auto with = [](const std::string& trace) {
    return Words{"small.toml", "--set", "clients.users.trace=" + trace};
  };
  check_refused(desk, with("hole.csv"), "hole.csv:4: t_s: a hole: 180 after 60");
  check_refused(desk, with("words.csv"), "words.csv:3: requests: expected a whole number");
  check_refused(desk, with("back.csv"), "back.csv:4: t_s: ");
  check_refused(desk, with("empty.csv"), "empty.csv");
  check_refused(desk, with("none.csv"), "none.csv: no such file");
}

TEST_CASE("bad input: a setting is wrong under its own text") {
  const Desk desk;
  const auto set = [](const std::string& setting) { return Words{"small.toml", "--set", setting}; };
  check_refused(desk, set("duration"), "--set duration: expected KEY=VALUE, such as ");
  check_refused(desk, set("=3"), "--set =3: expected a key");
  check_refused(desk, set("failover.polcy=none"),
                "--set failover.polcy=none: unknown key 'polcy' in [failover]; did you mean "
                "'policy'?");
  check_refused(desk, set("scenario.duration=60"),
                "--set scenario.duration=60: 'duration': expected a duration such as");
  check_refused(desk, set("clients.nobody.rate=1 /s"), "--set clients.nobody.rate=1 /s: ");
}

TEST_CASE("bad input: control characters of a file never reach the terminal") {
  const Desk desk;
  desk.put("small.toml", edited("rate =", "\"\\u001b[31m\" = 1\nrate ="));
  const Said said = desk.brink({"run", "small.toml"});
  CHECK(said.code == 2);
  CHECK_THAT(said.err, Contains("unknown key '\\x1b[31m'"));
  CHECK(said.err.find('\x1b') == std::string::npos);
}

TEST_CASE("bad input: what is no run cannot be reported") {
  const Desk desk;
  fs::create_directory(desk / "folder");
  desk.put("run.sqlite", "SQLite format 3, or so it says");
  const auto refused = [&](const std::string& run, const std::string& message) {
    const Said said = desk.brink({"report", run});
    INFO(said.err);
    CHECK(said.code == 2);
    CHECK(said.out.empty());
    CHECK(lines(said.err) == 1);
    CHECK_THAT(said.err, Contains(message));
  };
  refused("nowhere", "brink: nowhere: no such run");
  refused("folder", "brink: folder: not a run directory: no run.sqlite in it");
  refused("run.sqlite", "brink: run.sqlite: ");
  refused("small.toml", "brink: small.toml: ");
}
