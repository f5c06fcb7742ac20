// brink fleet up, status and down as a person says them, on machines of their own.
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "tests/cli/brink_process.hpp"
#include "tests/real/fleet/hosts_fixture.hpp"

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using fleet_test::Hosts;

TEST_CASE("brink fleet: says per host what happened, and counts what failed", "[fleet][e2e]") {
  const brink_process::Desk desk;
  desk.put("fleet.toml",
           "[defaults]\nuser = \"u\"\nkey = \"k\"\nport = 1\naddress = \"127.0.0.1\"\n");
  const auto mistaken = desk.brink({"fleet", "up", "fleet.toml"});
  CHECK(mistaken.code == 2);
  CHECK_THAT(mistaken.err, Catch::Contains("fleet.toml:5:1: unknown key 'address' in [defaults]"));
  desk.put("fleet.toml",
           "[host.a]\nuser = \"u\"\nkey = \"k\"\nport = 1\nlisten = \"0.0.0.0:9110\"\n");
  const auto open = desk.brink({"fleet", "up", "fleet.toml"});
  CHECK(open.code == 2);
  CHECK_THAT(open.err, Catch::Contains("fleet.toml:1:1: [host.a] listens at 0.0.0.0:9110"));
  desk.put("fleet.toml",
           "[defaults]\nuser = \"u\"\nkey = \"k\"\nport = 1\n[host.a]\naddress = "
           "\"127.0.0.1\"\n[host.b]\naddress = \"127.0.0.2\"\n");
  const auto failed = desk.brink({"fleet", "up", "--no-watch", "fleet.toml"});
  CHECK(failed.code == 3);
  CHECK_THAT(failed.err, Catch::Contains("a: 127.0.0.1 port 1: Connection refused\n"));
  CHECK_THAT(failed.err, Catch::Contains("b: 127.0.0.2 port 1: Connection refused\n"));
  CHECK_THAT(failed.err, Catch::EndsWith("2 of 2 hosts failed\n"));
  CHECK(desk.brink({"fleet", "dwon", "fleet.toml"}).err ==
        "brink: a fleet has no step 'dwon'; did you mean 'down'?\n");
  CHECK(desk.brink({"remote", "fleet.toml", "c", "true"}).err ==
        "brink: " + (desk / "fleet.toml").string() + " has no host 'c'; valid: 'a', 'b'\n");
  CHECK(desk.brink({"fleet", "up", "--patience", "0s", "fleet.toml"}).code == 2);
  for (const char* help : {"up", "down"}) CHECK(desk.brink({"fleet", help, "--help"}).code == 0);
}

TEST_CASE("brink fleet: what is deployed sends, and goes when it is told to", "[fleet][e2e]") {
  std::string why;
  const auto hosts = Hosts::try_start({.count = 2}, why);
  if (!hosts) {
    WARN("skipped: " << why);
    return;
  }
  const brink_process::Desk desk, other_desk;  // each has one process that talks
  std::ofstream(hosts->folder() / "fleet.toml")
      << "[fleet]\ninterval = \"100 ms\"\n[collector]\nlisten = \"10.77.0.1:9120\"\n"
      << hosts->fleet_text();
  const std::string file = (hosts->folder() / "fleet.toml").string();
  const auto watching = other_desk.start({"fleet", "up", file});
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  brink_process::Said status;
  const auto both_up = [&] {
    status = desk.brink({"fleet", "status", file});
    const auto& out = status.out;
    const auto first = out.find(" up"), second = out.find(" up", first + 1);
    return first != std::string::npos && second != std::string::npos;
  };
  while (!both_up()) {
    CAPTURE(watching->out(), watching->err(), status.out, status.err);
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(100ms);
  }
  INFO(status.out);
  CHECK_THAT(watching->out(), Catch::Contains("host0: started (pid "));
  CHECK_THAT(watching->out(), Catch::Contains("host1: started (pid "));
  watching->send(SIGTERM);
  CHECK(watching->wait().code == 0);
  const auto down = desk.brink({"fleet", "down", file});
  CHECK(down.code == 0);
  CHECK(down.out.find("host0: stopped, removed\n") != std::string::npos);
  CHECK(down.out.find("host1: stopped, removed\n") != std::string::npos);
  CHECK_FALSE(fs::exists(hosts->home(0) / ".brink"));
}

TEST_CASE(
    "brink fleet: down on purpose is no incident of a running collector, and up watches again",
    "[fleet][e2e]") {
  std::string why;
  const auto hosts =
      Hosts::try_start({.count = 2, .processors = Hosts::Options::Processors::idle}, why);
  if (!hosts) {
    WARN("skipped: " << why);
    return;
  }
  const brink_process::Desk desk, other_desk;
  std::ofstream(hosts->folder() / "fleet.toml")
      << "[fleet]\ninterval = \"100 ms\"\nwindow = \"1 s\"\nsilence = \"1500 "
         "ms\"\n[collector]\nlisten "
         "= \"10.77.0.1:9120\"\n"
      << hosts->fleet_text();
  const std::string file = (hosts->folder() / "fleet.toml").string();
  const auto watching = other_desk.start({"fleet", "up", file});
  const auto until = [&](const char* what, auto holds) {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!holds()) {
      CAPTURE(what, watching->out(), watching->err());
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      std::this_thread::sleep_for(100ms);
    }
  };
  const auto shown = [&](std::string_view condition) {  // hosts in that condition
    const std::string out = desk.brink({"fleet", "status", file}).out;
    std::size_t count = 0;
    for (auto at = out.find(condition); at != std::string::npos; ++count) {
      at = out.find(condition, at + 1);
    }
    return count;
  };
  until("both are up", [&] { return shown("  up  ") == 2; });

  CHECK(desk.brink({"fleet", "down", file}).code == 0);
  CHECK(shown("taken down") == 2);
  std::this_thread::sleep_for(4s);  // more than two silences
  const auto status = desk.brink({"fleet", "status", file});
  CHECK(status.code == 0);
  CHECK_THAT(status.out, !Catch::Contains("incident"));
  CHECK_THAT(watching->out(), Catch::Contains("host0: taken down on purpose"));
  CHECK_THAT(watching->out(), !Catch::Contains("no answer"));

  CHECK(desk.brink({"fleet", "up", "--no-watch", file}).code == 0);
  until("both are up again", [&] { return shown("  up  ") == 2; });
  const std::string entry = brink_process::whole_file(hosts->home(0) / ".brink" / "agent.pid");
  REQUIRE(hosts->run_there(0, {"kill", "-9", entry.substr(0, entry.find(' '))}) == 0);
  until("host0 is missed",
        [&] { return watching->out().find("host0: no answer since") != std::string::npos; });
  CHECK(watching->out().find("host1: no answer since") == std::string::npos);
  watching->send(SIGTERM);
  CHECK(watching->wait().code == 0);
}
