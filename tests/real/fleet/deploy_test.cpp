// Deploying to machines of its own. What is deployed here is a shell, so that its first word
// "agent" names a script that the test has put there: small, and as long-lived as it says.
#include "real/fleet/deploy.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <map>
#include <thread>

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "real/fleet/far_script.hpp"
#include "real/fleet/ssh.hpp"
#include "real/secret_file.hpp"
#include "tests/cli/brink_process.hpp"
#include "tests/real/fleet/hosts_fixture.hpp"

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using fleet_test::Hosts;

namespace {

std::string content(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

unsigned mode_of(const fs::path& file) {
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

/// A fleet on machines of its own, and what becomes of it.
class Rig {
 public:
  static std::unique_ptr<Rig> try_make(std::size_t count) {
    std::string why;
    auto hosts = Hosts::try_start({.count = count}, why);
    if (!hosts) {
      WARN("skipped: " << why);
      return nullptr;
    }
    std::unique_ptr<Rig> rig{new Rig{std::move(hosts)}};
    for (std::size_t i = 0; i < count; ++i) {
      rig->script(i, "echo \"$@\" > said; while :; do sleep 0.1; done");
    }
    rig->options.binary = rig->hosts->folder() / "program";
    fs::copy_file("/bin/sh", rig->options.binary);
    return rig;
  }

  /// What the shell does that stands for an agent on machine `i`.
  void script(std::size_t i, const std::string& text) const {
    const fs::path folder = hosts->home(i) / ".brink";
    fs::create_directories(folder);
    fs::permissions(folder, fs::perms::owner_all);
    std::ofstream(folder / "agent") << text << '\n';
    fs::permissions(folder / "agent", fs::perms::owner_read | fs::perms::others_read);
    REQUIRE(hosts->run_there(i, {"chown", "-R", "54321:54321", "/home/brink/.brink"}) == 0);
  }

  real::Fleet fleet(const std::string& more = "", const std::string& general = "") const {
    auto read = real::parse_fleet(general + hosts->fleet_text(more), "test", hosts->folder());
    if (!read) UNSCOPED_INFO(to_string(read.issues()[0]));
    REQUIRE(read);
    return *read;
  }

  using Said = std::map<std::string, std::string>;
  bool up(const real::Fleet& fleet, Said& said) const {
    return real::deploy_fleet(fleet, options, collect(said));
  }
  bool down(const real::Fleet& fleet, Said& said) const {
    return real::retire_fleet(fleet, options, collect(said));
  }

  std::string pid(std::size_t i) const {
    const std::string text = content(hosts->home(i) / ".brink" / "agent.pid");
    return text.substr(0, text.find(' '));
  }
  bool runs(std::size_t i, const std::string& pid) const {
    return hosts->run_there(i, {"kill", "-0", pid}) == 0;
  }

  std::unique_ptr<Hosts> hosts;
  real::DeployOptions options;

 private:
  explicit Rig(std::unique_ptr<Hosts> given) : hosts(std::move(given)) {}
  static real::TellDeployed collect(Said& said) {
    said.clear();
    return [&said](const real::Deployed& host) { said[host.host] = host.what; };
  }
};

}  // namespace

TEST_CASE("deploy: an agent's words say all and hold no secret", "[fleet]") {
  const auto fleet = real::parse_fleet(
      "[fleet]\ninterval = \"500 ms\"\n[host.a]\nuser = \"u\"\nkey = \"k\"\ndisk = \"200 MB/s\"\n"
      "network = \"1 Gbit/s\"\nlisten = \"127.0.0.1:9110\"\ncommands = { up = [\"/bin/x\"] }\n",
      "test", "/etc");
  REQUIRE(fleet);
  using Words = std::vector<std::string>;
  const Words before{"agent",
                     "--push",
                     "http://127.0.0.1:9120",
                     "--push-name",
                     "a",
                     "--push-key-file",
                     "agent.key",
                     "--interval",
                     "500 ms",
                     "--log",
                     "agent.log",
                     "--disk",
                     "200000000 B/s",
                     "--network",
                     "125000000 B/s",
                     "--listen",
                     "127.0.0.1:9110"};
  CHECK(real::agent_words(*fleet, fleet->hosts[0], false) == before);
  Words with_users = before;
  for (const char* word :
       {"--users", "agent.users", "--audit", "agent.audit", "--allow", "commands.toml"}) {
    with_users.emplace_back(word);
  }
  CHECK(real::agent_words(*fleet, fleet->hosts[0], true) == with_users);
}

TEST_CASE("deploy: beyond loopback an agent's words say how it is kept from strangers", "[fleet]") {
  const auto fleet = real::parse_fleet(
      "[collector]\nlisten = \"10.0.0.9:9120\"\ncertificate = \"c\"\ncertificate_key = \"d\"\n"
      "[host.a]\nuser = \"u\"\nkey = \"k\"\naddress = \"10.0.0.1\"\nlisten = \"0.0.0.0:9110\"\n"
      "certificate = \"e\"\ncertificate_key = \"f\"\nnames = [\"fe80::1\", \"a\"]\n"
      "[host.b]\nuser = \"u\"\nkey = \"k\"\nlisten = \"10.0.0.2:9110\"\nplain_http = true\n",
      "test", "/etc");
  REQUIRE(fleet);
  const auto words = [&](std::size_t host) {
    std::string line;
    for (const auto& word : real::agent_words(*fleet, fleet->hosts[host], false)) {
      line += word + ' ';
    }
    return line;
  };
  const std::string usual = " --push-key-file agent.key --interval 1 s --log agent.log ";
  CHECK(words(0) == "agent --push https://10.0.0.9:9120 --push-name a" + usual +
                        "--push-ca collector.pem --listen 0.0.0.0:9110 --certificate "
                        "certificate.pem --private-key certificate.key --host 10.0.0.1 --host "
                        "[fe80::1] --host a ");
  CHECK(words(1) == "agent --push https://10.0.0.9:9120 --push-name b" + usual +
                        "--push-ca collector.pem --listen 10.0.0.2:9110 --plain-http --host b ");
}

TEST_CASE("deploy: agents are put on all machines, left alone, upgraded and removed",
          "[fleet][e2e]") {
  const auto rig = Rig::try_make(2);
  if (!rig) return;
  const real::Fleet fleet = rig->fleet();
  Rig::Said said;
  REQUIRE(rig->up(fleet, said));
  REQUIRE(said.size() == 2);
  std::map<std::string, std::string> pids;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string name = "host" + std::to_string(i);
    CAPTURE(name);
    pids[name] = rig->pid(i);
    CHECK(said[name] == "started (pid " + pids[name] + ", new binary)");
    CHECK(rig->runs(i, pids[name]));
    const fs::path folder = rig->hosts->home(i) / ".brink";
    CHECK(mode_of(folder) == 0700);
    CHECK(mode_of(folder / "brink") == 0700);
    CHECK(mode_of(folder / "agent.key") == 0600);
    CHECK(content(folder / "agent.key") == content(real::agent_key_file(fleet, name)));
    CHECK(content(folder / "said").starts_with("--push http://127.0.0.1:9120 --push-name " + name));
    CHECK(mode_of(real::agent_key_file(fleet, name)) == 0600);
  }
  CHECK(mode_of(real::agent_key_folder(fleet)) == 0700);
  CHECK(content(real::agent_key_file(fleet, "host0")) !=
        content(real::agent_key_file(fleet, "host1")));

  REQUIRE(rig->up(fleet, said));
  for (const auto& [name, pid] : pids) CHECK(said[name] == "runs already (pid " + pid + ")");

  // One thing differs, and one agent is replaced; the one before does not stay beside it.
  const auto replaced = [&](const real::Fleet& changed) {
    const std::string before = rig->pid(0);
    REQUIRE(rig->up(changed, said));
    CHECK(rig->pid(0) != before);
    CHECK_FALSE(rig->runs(0, before));
    CHECK(rig->runs(0, rig->pid(0)));
  };
  const real::Fleet slower = rig->fleet("", "[fleet]\ninterval = \"2 s\"\n");
  replaced(slower);
  CHECK(said["host0"] == "replaced (pid " + rig->pid(0) + ")");
  CHECK_THAT(content(rig->hosts->home(0) / ".brink" / "said"), Catch::Contains("2 s"));

  const std::string other = rig->pid(1);
  fs::remove(real::agent_key_file(fleet, "host0"));
  replaced(slower);
  CHECK(said["host1"] == "runs already (pid " + other + ")");
  CHECK(content(rig->hosts->home(0) / ".brink" / "agent.key") ==
        content(real::agent_key_file(fleet, "host0")));

  REQUIRE(rig->hosts->run_there(0, {"kill", "-9", rig->pid(0)}) == 0);
  replaced(slower);
  CHECK(said["host0"] == "started (pid " + rig->pid(0) + ")");

  std::ofstream(rig->options.binary, std::ios::app) << "newer";
  replaced(slower);
  CHECK(said["host0"] == "replaced (pid " + rig->pid(0) + ", new binary)");
  CHECK(content(rig->hosts->home(0) / ".brink" / "brink") == content(rig->options.binary));

  const std::string last = rig->pid(0);
  REQUIRE(rig->down(fleet, said));
  CHECK(said["host0"] == "stopped, removed but for agent said");  // what the test has put there
  CHECK_FALSE(rig->runs(0, last));
  CHECK_FALSE(fs::exists(real::agent_key_file(fleet, "host0")));
  fs::remove_all(rig->hosts->home(0) / ".brink");
  REQUIRE(rig->down(fleet, said));
  CHECK(said["host0"] == "nothing there");
  CHECK(said["host1"] == "did not run, removed but for agent said");
}

TEST_CASE("deploy: one machine that fails stops none of the others", "[fleet][e2e]") {
  const auto rig = Rig::try_make(3);
  if (!rig) return;
  real::Fleet fleet = rig->fleet();
  fleet.hosts[1].user = "nobody-here";
  Rig::Said said;
  CHECK_FALSE(rig->up(fleet, said));
  CHECK_THAT(said["host0"], Catch::StartsWith("started"));
  CHECK_THAT(said["host1"], Catch::StartsWith("does not let nobody-here in"));
  CHECK_THAT(said["host2"], Catch::StartsWith("started"));
  // One connection at a time does as well.
  rig->options.connections = 1;
  CHECK_FALSE(rig->up(fleet, said));
  CHECK_THAT(said["host2"], Catch::StartsWith("runs already"));
}

TEST_CASE("deploy: an agent that does not start says why, and is tried again", "[fleet][e2e]") {
  const auto rig = Rig::try_make(1);
  if (!rig) return;
  rig->script(0, "echo first >&2; echo 'cannot open /proc' >&2; exit 3");
  Rig::Said said;
  CHECK_FALSE(rig->up(rig->fleet(), said));
  CHECK(said["host0"] == "the agent does not start: cannot open /proc");
  rig->script(0, "while :; do sleep 0.1; done");
  CHECK(rig->up(rig->fleet(), said));
  CHECK(said["host0"] == "started (pid " + rig->pid(0) + ")");
}

TEST_CASE("deploy: a number that somebody else has got since is never sent a signal",
          "[fleet][e2e]") {
  const auto rig = Rig::try_make(1);
  if (!rig) return;
  // Another process of the same user, under entries that differ from a right one in one thing.
  REQUIRE(rig->hosts->run_there(
              0, {"su", "brink", "-c",
                  "setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $! > ~/bystander"}) == 0);
  std::string bystander = content(rig->hosts->home(0) / "bystander");
  bystander.pop_back();
  const fs::path file = rig->hosts->home(0) / ".brink" / "agent.pid";
  for (const std::string forged :
       {"BYSTANDER START BOOT D", "1 START BOOT D", "-1 START BOOT D", "0 START BOOT D",
        "PID 1 BOOT D", "PID START another D", "BYSTANDER", "", "$(kill BYSTANDER) START BOOT D"}) {
    CAPTURE(forged);
    Rig::Said said;
    REQUIRE(rig->up(rig->fleet(), said));
    std::istringstream entry{content(file)};
    std::map<std::string, std::string> parts{{"BYSTANDER", bystander}};
    entry >> parts["PID"] >> parts["START"] >> parts["BOOT"];
    std::string text = forged;
    for (const auto& [name, value] : parts) {
      if (const auto at = text.find(name); at != std::string::npos) {
        text.replace(at, name.size(), value);
      }
    }
    std::ofstream(file, std::ios::trunc) << text << '\n';
    CHECK(rig->down(rig->fleet(), said));
    CHECK_THAT(said["host0"], Catch::StartsWith("did not run"));
    CHECK(rig->runs(0, bystander));
    CHECK(rig->runs(0, parts["PID"]));  // who is not known for certain is left alone as well
  }
}

TEST_CASE("deploy: a binary that is replaced is noticed", "[fleet][e2e]") {
  const auto rig = Rig::try_make(1);
  if (!rig) return;
  const real::Fleet fleet = rig->fleet();
  Rig::Said said;
  REQUIRE(rig->up(fleet, said));
  const fs::path there = rig->hosts->home(0) / ".brink" / "brink";
  SECTION("before the next deployment: it is sent again") {
    std::ofstream(there, std::ios::trunc | std::ios::in).close();
    fs::remove(there);
    fs::copy_file("/bin/true", there);
    REQUIRE(rig->up(fleet, said));
    CHECK_THAT(said["host0"], Catch::Contains("new binary"));
    CHECK(content(there) == content(rig->options.binary));
  }
  SECTION("between upload and start: it is not started") {
    real::Ssh ssh{rig->hosts->host(0), 10s};
    real::far_script(ssh, "stop", ".brink");
    const std::vector<std::string> words{std::string(64, '0'), "agent"};
    CHECK_THROWS_WITH(real::far_script(ssh, "start", ".brink", words),
                      "host0: brink is not what was sent");
    CHECK_FALSE(fs::exists(rig->hosts->home(0) / ".brink" / "agent.pid"));
  }
}

TEST_CASE("deploy: commands wait until somebody may ask for them", "[fleet][e2e]") {
  const auto rig = Rig::try_make(1);
  if (!rig) return;
  const real::Fleet fleet = rig->fleet(
      "listen = \"127.0.0.1:9110\"\ncommands = { say = [\"/bin/echo\", \"a \\\"b\\\" $HOME\"] }");
  const fs::path folder = rig->hosts->home(0) / ".brink";
  Rig::Said said;
  REQUIRE(rig->up(fleet, said));
  CHECK_THAT(said["host0"], Catch::Contains("its commands wait for a user of its API"));
  CHECK_THAT(content(folder / "said"), !Catch::Contains("--allow"));
  CHECK(content(folder / "commands.toml") == "\"say\" = [\"/bin/echo\", \"a \\\"b\\\" $HOME\"]\n");
  std::ofstream(folder / "agent.users") << "somebody\n";
  REQUIRE(rig->up(fleet, said));
  CHECK_THAT(said["host0"], Catch::StartsWith("replaced"));
  CHECK_THAT(content(folder / "said"), Catch::Contains("--allow commands.toml"));
  REQUIRE(rig->down(fleet, said));
  CHECK(fs::exists(folder / "agent.users"));  // was not ours to remove
}

TEST_CASE("deploy: two at once on one fleet are one too many", "[fleet]") {
  const real_test::Folder folder;
  auto fleet = real::parse_fleet("[host.a]\nuser = \"u\"\nkey = \"k\"\naddress = \"127.0.0.1\"\n",
                                 "test", folder.path());
  REQUIRE(fleet);
  const auto nothing = [](const real::Deployed&) {};
  const real::DeployOptions options;
  bool refused = false;
  CHECK_FALSE(real::deploy_fleet(*fleet, options, [&](const real::Deployed&) {
    CHECK_THROWS_WITH(real::deploy_fleet(*fleet, options, nothing),
                      Catch::Contains("somebody else deploys this fleet"));
    refused = true;
  }));
  CHECK(refused);
  // Keys that others can read are keys no more.
  fs::permissions(real::agent_key_folder(*fleet), fs::perms::all);
  CHECK_THROWS_WITH(real::deploy_fleet(*fleet, options, nothing), Catch::Contains("chmod 700"));
}

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
  const auto hosts = Hosts::try_start({.count = 2, .idle = true}, why);
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
  const std::string entry = content(hosts->home(0) / ".brink" / "agent.pid");
  REQUIRE(hosts->run_there(0, {"kill", "-9", entry.substr(0, entry.find(' '))}) == 0);
  until("host0 is missed",
        [&] { return watching->out().find("host0: no answer since") != std::string::npos; });
  CHECK(watching->out().find("host1: no answer since") == std::string::npos);
  watching->send(SIGTERM);
  CHECK(watching->wait().code == 0);
}
