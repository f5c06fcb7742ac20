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
