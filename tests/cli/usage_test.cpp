// The command line itself: verbs, options, help. Whatever is not understood is one line, exit
// code 2, and does nothing.
#include "tests/cli/brink_process.hpp"

namespace {

using namespace brink_process;
using Catch::Contains;
using Catch::StartsWith;

struct Misuse {
  Words words;
  const char* says;
};

}  // namespace

TEST_CASE("usage: what is not understood is told in one line, with the nearest that is") {
  const auto misuse = GENERATE(values<Misuse>({
      {{"rnu", "small.toml"}, "there is no verb 'rnu'; did you mean 'run'?"},
      {{"--jsno"}, "there is no verb '--jsno'"},
      {{"run"}, "no scenario file named; example: scenarios/overload.toml"},
      {{"check"}, "no scenario file named"},
      {{"report"}, "report needs a RUN"},
      {{"run", "small.toml", "--jsno"}, "there is no option '--jsno'; did you mean '--json'?"},
      {{"run", "small.toml", "--quite"}, "there is no option '--quite'; did you mean '--quiet'?"},
      {{"run", "small.toml", "--qui"}, "there is no option '--qui'; did you mean '--quiet'?"},
      {{"run", "small.toml", "-x"}, "there is no option '-x'; valid: '--set', '--seed', "},
      {{"check", "small.toml", "--out", "x"}, "there is no option '--out'"},
      {{"report", "x", "--cvs", "x"}, "there is no option '--cvs'; did you mean '--csv'?"},
      {{"run", "small.toml", "--quiet=yes"}, "'--quiet' does not take any arguments"},
      {{"run", "small.toml", "--set"}, "argument for option '--set' is missing"},
      {{"run", "small.toml", "--seed"}, "argument for option '--seed' is missing"},
      {{"run", "small.toml", "--seed", "1", "--seed", "2"}, "'--seed' cannot be specified more"},
      {{"run", "small.toml", "--seed", "x"},
       "--seed: expected a whole number from 0 to 9223372036854775807, got 'x'"},
      {{"run", "small.toml", "--seed", "-1"}, "got '-1'"},
      {{"run", "small.toml", "--seed", "1.5"}, "got '1.5'"},
      {{"run", "small.toml", "--seed", " 1"}, "got ' 1'"},
      {{"run", "small.toml", "--seed", "9223372036854775808"}, "got '9223372036854775808'"},
      {{"check", "small.toml", "--seed", ""}, "--seed"},
      {{"run", "small.toml", "small.toml", "--json"}, "--json takes one FILE at a time"},
  }));
  const Desk desk;
  const Said said = desk.brink(misuse.words);
  INFO(said.err << said.out);
  CHECK(said.code == 2);
  CHECK(said.out.empty());
  CHECK_THAT(said.err, StartsWith("brink: ") && Contains(misuse.says));
  CHECK(lines(said.err) == 1);
  CHECK(desk.list(".") == Words{"small.toml"});
}

TEST_CASE("usage: without arguments the verbs are listed, and nothing was asked for") {
  const Desk desk;
  const Said said = desk.brink({});
  CHECK(said.code == 2);
  CHECK(said.out.empty());
  CHECK_THAT(said.err, Contains("usage: brink VERB") && Contains("run FILE...") &&
                           Contains("check FILE...") && Contains("report RUN"));
  const Said asked = desk.brink({"--help"});
  CHECK(asked.code == 0);
  CHECK(asked.out == said.err);
}

TEST_CASE("usage: the help of each verb has its options, an example and the exit codes") {
  const Desk desk;
  const std::string verb = GENERATE("run", "check", "report");
  const Said said = desk.brink({verb, "--help"});
  CHECK(said.code == 0);
  CHECK(said.err.empty());
  CHECK_THAT(said.out, StartsWith("usage: brink " + verb + " [OPTIONS] ") && Contains("--json") &&
                           Contains("\nexample: brink " + verb) && Contains("\nexit: 0 "));
  CHECK(desk.brink({"help", verb}).out == said.out);
  CHECK(desk.brink({verb, "small.toml", "--help"}).out == said.out);
  CHECK(desk.list(".") == Words{"small.toml"});
}
