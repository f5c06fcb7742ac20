#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "cli/verbs.hpp"
#include "tests/real/folder.hpp"
#include "tests/vm/scenario_text.hpp"
#include "vm/arrival.hpp"
#include "vm/scenario_toml.hpp"

namespace {

const std::filesystem::path scenarios = std::filesystem::path{SOURCE_DIR} / "scenarios";

/// What `brink check ...` prints on standard output, and its exit code.
struct Checked {
  int code;
  std::string text;
};
Checked check(const std::vector<std::string>& arguments) {
  std::ostringstream out;
  struct Restore {  // also when check() throws
    std::streambuf* buffer;
    ~Restore() { std::cout.rdbuf(buffer); }
  } restore{std::cout.rdbuf(out.rdbuf())};
  const int code = cli::check(arguments);
  return {code, out.str()};
}

}  // namespace

TEST_CASE("check: every scenario of ours is valid, and told in lines of at most 92 characters") {
  for (const auto& entry : std::filesystem::directory_iterator{scenarios}) {
    if (entry.path().stem() == "planetlab" || entry.path().stem() == "bitbrains")
      continue;  // needs traces that do not come with it
    CAPTURE(entry.path());
    const auto [code, text] = check({entry.path().string()});
    CHECK(code == cli::exit_done);
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
      if (line.size() > 92) FAIL_CHECK(line);
      if (!line.empty() && line.back() == ' ') FAIL_CHECK("ends in a space: " << line);
    }
  }
}

TEST_CASE("check: says plainly where the World Cup overloads four machines") {
  // 3 ms a request on 4 x 2 cores: full at 2667/s; the peak is 3484/s, 130.6 %, and 2613/s is 98 %.
  const auto [code, text] = check({(scenarios / "worldcup98.toml").string()});
  CHECK(code == cli::exit_done);
  CHECK(text.find("overloaded: cpu at 130.6 % (peak)") != std::string::npos);
  CHECK(text.find("2613/s     2667/s  <- first") != std::string::npos);
  CHECK(text.find("6 x web would be enough") != std::string::npos);
}

TEST_CASE("check: --json prints one object for each file, --set and --seed apply") {
  const std::string file = (scenarios / "worldcup98.toml").string();
  const auto [code, text] =
      check({file, file, "--json", "--seed", "5", "--set", "clients.fans.rate=2000 /s"});
  CHECK(code == cli::exit_done);
  const auto json = nlohmann::json::parse(text);
  REQUIRE(json.size() == 2);
  CHECK(json[1]["seed"] == 5);
  CHECK(json[1]["clients"][0]["peak_per_s"].get<double>() == Approx(2000));
  // 500/s of 3 ms on two cores: three quarters.
  const auto& fleet = json[1]["fleets"][0];
  CHECK(fleet["peak"]["utilisation"]["cpu"].get<double>() == Approx(0.75));
  CHECK(fleet["transactions_per_s_at_saturation"]["disk"].is_null());
  CHECK(fleet["enough_machines"] == 4);
}

TEST_CASE("check: bad input is refused with exit code 2, bad usage by an exception") {
  CHECK(check({"no such file.toml"}).code == cli::exit_usage);
  CHECK(check({(scenarios / "worldcup98.toml").string(), "no such file.toml"}).text.empty());
  CHECK_THROWS_AS(check({}), cli::UsageError);
  CHECK_THROWS_AS(check({"--seed", "x", "a.toml"}), cli::UsageError);
  CHECK(check({"--help"}).text.find("example: brink check") != std::string::npos);
}

TEST_CASE("check: the World Cup's quarter-hour rates add up to its day") {
  // 75,207,657 requests by Arlitt and Jin's logs; whole requests a second are within 0.01 %.
  const auto scenario = vm::load_scenario(scenarios / "worldcup98.toml");
  REQUIRE(scenario);
  const vm::Time end{std::chrono::hours{24}};
  const double day = vm::mean_rate(scenario->clients.at(0).arrivals, vm::Time{}, end) * 86'400;
  CHECK(day == Approx(75'207'657).epsilon(1e-4));
  CHECK(vm::max_rate(scenario->clients.at(0).arrivals, vm::Time{}, end) == 3484);
}

TEST_CASE("check: where machines would be is told, and a fleet file with mistakes is one") {
  const real_test::Folder folder;
  const auto put = [&](const std::string& name, const std::string& text) {
    std::ofstream{folder.path() / name} << text;
    return (folder.path() / name).string();
  };
  const std::string section = "\n[real]\nfleet = \"fleet.toml\"\n";
  const std::string text =
      scenario_text::edited("flavor = \"small\"\n", "flavor = \"small\"\ncount = 2\nspare = 1\n");
  const std::string file = put("far.toml", text + section);
  put("fleet.toml",
      "[defaults]\nuser = \"me\"\nkey = \"id\"\n[host.web1]\naddress = \"10.0.0.11\"\n"
      "[host.web2]\n");
  const auto [code, told] = check({file});
  CAPTURE(told);
  CHECK(code == cli::exit_done);
  CHECK(told.find("  web1 at 10.0.0.11: machine 0, 2 (spare)\n") != std::string::npos);
  CHECK(told.find("  web2 at web2: machine 1\n") != std::string::npos);
  CHECK(check({file, "--set", "real.hosts=[\"web2\"]"}).text.find("web1") == std::string::npos);
  CHECK_THROWS_WITH(check({file, "--set", "real.hosts=[\"web3\"]"}),
                    Catch::Contains("no host 'web3'"));
  put("fleet.toml", "[host.web1]\nadress = \"10.0.0.11\"\n");
  CHECK_THROWS_WITH(check({file}), Catch::Contains("adress"));
}
