// Ssh against OpenSSH on machines of its own: who is let in, who is refused, and what arrives.
#include "real/fleet/ssh.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <thread>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "real/fleet/shell_word.hpp"
#include "tests/real/fleet/hosts_fixture.hpp"

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using fleet_test::Hosts;

namespace {

constexpr auto patience = 10s;

/// Says in the report of the tests why they did not run.
std::unique_ptr<Hosts> machines(const Hosts::Options& options = {}) {
  std::string why;
  auto hosts = Hosts::try_start(options, why);
  if (!hosts) WARN("skipped: " << why);
  return hosts;
}

std::string refusal(const real::FleetHost& host) {
  try {
    real::Ssh ssh{host, patience};
  } catch (const real::SshError& error) {
    return error.what();
  }
  FAIL("it was let in");
  return {};
}

std::string content(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

void write(const fs::path& file, std::string_view text) {
  std::ofstream(file, std::ios::binary) << text;
}

void private_file(const fs::path& file, std::string_view text) {
  write(file, text);
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

}  // namespace

TEST_CASE("shell word: a shell reads back what was written", "[fleet]") {
  const real_test::Folder folder;
  const std::string word = GENERATE(as<std::string>{}, "", "plain", "a b", "'", "\"", "a'b''c",
                                    "$(reboot)", "`x`", "a;b&c|d>e", "*", "~", "-n", "\\", "a\nb",
                                    "\t", "!x", "#", "=a", "{a,b}", "\xc3\xa9", "\x01\x7f");
  const std::string out = (folder.path() / "out").string();
  const std::string command = "printf %s " + real::shell_word(word) + " > " + out;
  REQUIRE(kill_table::run_quietly({"/bin/sh", "-c", command}) == 0);
  CHECK(content(out) == word);
}

TEST_CASE("one line: nothing that a machine says moves the cursor", "[fleet]") {
  CHECK(real::one_line("a\n") == "a");
  CHECK(real::one_line("a\r\nb\x1b[31m\x7f") == "a  b [31m ");
  CHECK(real::one_line(std::string(1000, 'x')).size() == 400);
}

TEST_CASE("ssh: the right key is let in, and commands say how they ended", "[fleet][e2e]") {
  const auto hosts = machines();
  if (!hosts) return;
  real::Ssh ssh{hosts->host(0), patience};
  const auto said = ssh.run("id -un; echo oops >&2; exit 3");
  CHECK(said.exit == 3);
  CHECK(said.output == "brink\n");
  CHECK(said.errors == "oops\n");
  CHECK(ssh.run("kill -9 $$").exit == 128 + SIGKILL);
  CHECK(ssh.run("cat", "some\ninput").output == "some\ninput");
  CHECK(ssh.run("true").exit == 0);  // one that reads nothing
  CHECK_THROWS_WITH(ssh.run_well("echo no >&2; false"), "host0: no");
  CHECK_THROWS_WITH(ssh.run("yes"), Catch::Contains("says too much"));
}

TEST_CASE("ssh: whoever is not known is refused, with the line to add", "[fleet][e2e]") {
  const auto hosts = machines({.count = 2});
  if (!hosts) return;
  real::FleetHost host = hosts->host(0);
  host.known_hosts = hosts->folder() / "nobody";
  for (const bool is_there : {false, true}) {
    if (is_there) write(host.known_hosts, "# nobody yet\n");
    const std::string said = refusal(host);
    CHECK_THAT(said, Catch::StartsWith("host0: its key is not in " + host.known_hosts.string()));
    const std::string mark = "add this line: ";
    const std::string line = said.substr(said.find(mark) + mark.size());
    CHECK(content(hosts->folder() / "known_hosts").starts_with(line));
    CHECK_THAT(said, Catch::Contains("SHA256:"));
  }
  CHECK(content(host.known_hosts) == "# nobody yet\n");  // nothing is ever added by us
  // The line does what it says.
  const std::string said = refusal(host);
  write(host.known_hosts, said.substr(said.find("line: ") + 6) + "\n");
  CHECK(real::Ssh(host, patience).run("true").exit == 0);
}

TEST_CASE("ssh: a changed key is refused, with the line that holds the old one", "[fleet][e2e]") {
  const auto hosts = machines({.count = 2});
  if (!hosts) return;
  real::FleetHost host = hosts->host(0);
  const std::string known = content(hosts->folder() / "known_hosts");
  const std::size_t second = known.find('\n') + 1;
  const std::string right = known.substr(0, second),
                    others = known.substr(second + hosts->host(1).address.size());
  host.known_hosts = hosts->folder() / "changed";
  SECTION("another key of the same kind") {
    write(host.known_hosts, "# since last year\n" + host.address + others);
  }
  SECTION("hidden behind a hash") {
    write(host.known_hosts, "# since last year\n" + host.address + others);
    REQUIRE(kill_table::run_quietly({"ssh-keygen", "-H", "-f", host.known_hosts.string()}) == 0);
    REQUIRE(content(host.known_hosts).find(host.address) == std::string::npos);
  }
  const std::string said = refusal(host);
  CHECK_THAT(said, Catch::Contains("but " + host.known_hosts.string() + ":2 holds another one"));
  CHECK_THAT(said,
             Catch::Contains("ssh-keygen -f " + host.known_hosts.string() + " -R " + host.address));
  // One that was revoked is no better for being listed as well.
  write(host.known_hosts, right + "@revoked " + right);
  CHECK_THAT(refusal(host), Catch::Contains(":2 has revoked"));
}

TEST_CASE("ssh: keys and passwords are files of their owner only", "[fleet][e2e]") {
  const auto hosts = machines();
  if (!hosts) return;
  real::FleetHost host = hosts->host(0);
  SECTION("a key that others can read") {
    host.key = hosts->folder() / "open";
    write(host.key, content(hosts->folder() / "id_ed25519"));
    fs::permissions(host.key, fs::perms::owner_read | fs::perms::group_read);
    CHECK_THAT(refusal(host), Catch::Contains("open: others may use this secret"));
  }
  SECTION("a key that is not there") {
    host.key = hosts->folder() / "none";
    CHECK_THAT(refusal(host), Catch::StartsWith("host0: ") && Catch::Contains("No such file"));
  }
  SECTION("a key that is none") {
    host.key = hosts->folder() / "text";
    private_file(host.key, "hello\n");
    CHECK_THAT(refusal(host), Catch::Contains("no private key"));
  }
  SECTION("a key with a passphrase does not ask") {
    host.key = hosts->folder() / "locked";
    REQUIRE(kill_table::run_quietly({"ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f",
                                     host.key.string()}) == 0);
    CHECK_THAT(refusal(host), Catch::Contains("one with a passphrase"));
  }
  SECTION("a key that the machine does not know") {
    host.key = hosts->folder() / "0" / "host_key";
    CHECK_THAT(refusal(host), Catch::Contains("does not let brink in with key"));
  }
  SECTION("passwords, right and wrong, in files that others can read and that they cannot") {
    host.key.clear();
    host.password_file = hosts->folder() / "password";
    write(host.password_file, std::string{Hosts::password()} + "\n");
    fs::permissions(host.password_file, fs::perms::owner_read | fs::perms::others_read);
    CHECK_THAT(refusal(host), Catch::Contains("password: others may use this secret"));
    fs::permissions(host.password_file, fs::perms::owner_read);
    CHECK(real::Ssh(host, patience).run("true").exit == 0);
    host.password_file.clear();
    host.password = "open sesame 18";
    CHECK(refusal(host) == "host0: does not let brink in with its password");
  }
}

TEST_CASE("ssh: machines that are not there, or are something else", "[fleet][e2e]") {
  const auto hosts = machines();
  if (!hosts) return;
  real::FleetHost host = hosts->host(0);
  SECTION("nobody listens") {
    host.port = 23;
    CHECK(refusal(host) == "host0: " + host.address + " port 23: Connection refused");
  }
  SECTION("no such name") {
    host.address = "no-such-host.invalid";
    CHECK_THAT(refusal(host), Catch::StartsWith("host0: no-such-host.invalid: "));
  }
  SECTION("somebody who accepts and says nothing") {
    const int door = ::socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(::listen(door, 1) == 0);
    sockaddr_in at{};
    socklen_t size = sizeof at;
    REQUIRE(::getsockname(door, reinterpret_cast<sockaddr*>(&at), &size) == 0);
    host.address = "127.0.0.1";
    host.port = ntohs(at.sin_port);
    const auto before = std::chrono::steady_clock::now();
    CHECK_THROWS_WITH(real::Ssh(host, 1s), Catch::Contains("no answer within 1 s"));
    CHECK(std::chrono::steady_clock::now() - before < 8s);
    ::close(door);
  }
  SECTION("one that is cut off while it is asked") {
    real::Ssh ssh{host, 1s};
    hosts->cut_off(0);
    CHECK_THROWS_WITH(ssh.run("true"), Catch::Contains("no answer within 1 s"));
    CHECK_THROWS_AS(ssh.run("true"), real::SshError);
    hosts->reconnect(0);
    CHECK(real::Ssh(host, patience).run("true").exit == 0);
  }
}

TEST_CASE("ssh: a file arrives whole, under any name", "[fleet][e2e]") {
  const auto hosts = machines();
  if (!hosts) return;
  real::Ssh ssh{hosts->host(0), patience};
  const std::string folder =
      GENERATE(as<std::string>{}, "plain", "two words/$(touch pwned)",
               "quote'd \"and\" \\back;slash", "-rf", "\xc3\xa9\xf0\x9f\x90\x9f");
  ssh.make_folder(folder);
  ssh.make_folder(folder);  // again is harmless
  const fs::path there = hosts->home(0) / folder;
  struct stat status {};
  REQUIRE(::stat(there.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0700);

  std::string bytes(1'000'003, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7919 >> 5);
  write(hosts->folder() / "local", bytes);
  const std::string digest = ssh.upload(hosts->folder() / "local", folder + "/it's", 0755);
  CHECK(content(there / "it's") == bytes);
  // Independently: what sha256sum says of the file here.
  const std::string sum = (hosts->folder() / "sum").string();
  REQUIRE(kill_table::run_quietly(
              {"/bin/sh", "-c",
               "sha256sum " + (hosts->folder() / "local").string() + " > " + sum}) == 0);
  CHECK(content(sum).starts_with(digest + ' '));
  ssh.write(folder + "/it's", "smaller", 0600);  // takes the place of the other
  CHECK(content(there / "it's") == "smaller");
  REQUIRE(::stat((there / "it's").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  CHECK(names_in(there) == std::vector<std::string>{"it's"});
  CHECK_FALSE(fs::exists(hosts->home(0) / "pwned"));
}

TEST_CASE("ssh: an upload that is cut leaves nothing under its name", "[fleet][e2e]") {
  const auto hosts = machines();
  if (!hosts) return;
  write(hosts->folder() / "big", "");
  fs::resize_file(hosts->folder() / "big", 200'000'000);  // sparse: costs no disk here
  const fs::path part = hosts->home(0) / "brink.part";
  {
    real::Ssh ssh{hosts->host(0), 1s};
    std::jthread cutter{[&](const std::stop_token& over) {
      std::error_code missing;
      while (!over.stop_requested() && !(fs::file_size(part, missing) > 1'000'000 && !missing)) {
        std::this_thread::sleep_for(1ms);
      }
      hosts->cut_off(0);
    }};
    CHECK_THROWS_WITH(ssh.upload(hosts->folder() / "big", "brink", 0755),
                      Catch::Contains("no answer within 1 s"));
  }
  CHECK(names_in(hosts->home(0)) == std::vector<std::string>{"brink.part"});
  hosts->reconnect(0);
  // The next one is not in the way of what was left.
  real::Ssh ssh{hosts->host(0), patience};
  ssh.write("brink", "whole", 0755);
  CHECK(names_in(hosts->home(0)) == std::vector<std::string>{"brink"});
  CHECK(content(hosts->home(0) / "brink") == "whole");
}

TEST_CASE("ssh: a full disk is told as such and left as it was", "[fleet][e2e]") {
  const auto hosts = machines({.count = 1, .home_size = "1m"});
  if (!hosts) return;
  real::Ssh ssh{hosts->host(0), patience};
  ssh.write("brink", "old", 0755);
  CHECK_THROWS_WITH(ssh.write("brink", std::string(2 << 20, 'x'), 0755),
                    "host0: cannot write brink.part: its disk is full");
  CHECK(ssh.run_well("ls; cat brink") == "brink\nold");
}

TEST_CASE("ssh: links that somebody has put in the way are not followed", "[fleet][e2e]") {
  const auto hosts = machines();
  if (!hosts) return;
  real::Ssh ssh{hosts->host(0), patience};
  const fs::path home = hosts->home(0);
  ssh.make_folder(".brink");
  write(home / "precious", "untouched");
  ssh.run_well("ln -s ../precious .brink/agent.part; ln -s ../precious .brink/agent");
  ssh.write(".brink/agent", "new", 0600);
  CHECK(content(home / "precious") == "untouched");
  CHECK(fs::is_regular_file(fs::symlink_status(home / ".brink" / "agent")));
  CHECK(content(home / ".brink" / "agent") == "new");

  ssh.run_well("mkdir elsewhere; ln -s elsewhere linked; mkdir -m 777 open; echo > file");
  CHECK_THROWS_WITH(ssh.make_folder("linked"), "host0: linked is no folder");
  CHECK_THROWS_WITH(ssh.make_folder("linked/below"), "host0: linked is no folder");
  CHECK_THROWS_WITH(ssh.make_folder("open/below"), "host0: others may write to open");
  CHECK_THROWS_WITH(ssh.make_folder("file"), "host0: file is no folder");
  ssh.make_folder("owned/below");
  REQUIRE(hosts->run_there(0, {"chown", "54320", "/home/brink/owned"}) == 0);
  CHECK_THROWS_WITH(ssh.make_folder("owned/below"), "host0: owned belongs to somebody else");
  // A directory by the file's name does not swallow it.
  ssh.run_well("mkdir .brink/taken");
  CHECK_THROWS_AS(ssh.write(".brink/taken", "x", 0600), real::SshError);
  CHECK(names_in(home / ".brink") == std::vector<std::string>{"agent", "taken"});
}

TEST_CASE("ssh: a relayed command reads, writes and ends as if it ran here", "[fleet][e2e]") {
  const auto hosts = machines();
  if (!hosts) return;
  real::Ssh ssh{hosts->host(0), patience};
  const auto file = [&](const char* name) { return hosts->folder() / name; };
  const auto relay = [&](const std::string& command, int in) {
    const int out = ::open(file("out").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int err = ::open(file("err").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int code = ssh.relay(command, in, out, err);
    ::close(out);
    ::close(err);
    return code;
  };
  // More than all buffers on the way hold, both ways at once, and as much as errors.
  std::string bytes(20'000'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 2654435761 >> 9);
  write(file("in"), bytes);
  const int in = ::open(file("in").c_str(), O_RDONLY | O_CLOEXEC);
  CHECK(relay("tee /dev/stderr; exit 5", in) == 5);
  ::close(in);
  CHECK(content(file("out")) == bytes);
  CHECK(content(file("err")) == bytes);

  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  std::jthread closing{[&] {
    std::this_thread::sleep_for(200ms);
    ::close(ends[1]);
  }};
  CHECK(relay("cat; echo ended", ends[0]) == 0);
  CHECK(content(file("out")) == "ended\n");
  ::close(ends[0]);
}

TEST_CASE("ssh: when this end is killed, the input of that end ends", "[fleet][e2e]") {
  const auto hosts = machines();
  if (!hosts) return;
  write(hosts->folder() / "fleet.toml", hosts->fleet_text());
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(ends[0], 0);
    ::execl(BRINK, "brink", "remote", (hosts->folder() / "fleet.toml").c_str(), "host0", "--", "sh",
            "-c", "echo > begun; cat; echo > 'it ended'", nullptr);
    ::_exit(127);
  }
  const auto appears = [&](const char* name) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!fs::exists(hosts->home(0) / name)) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(5ms);
    }
    return true;
  };
  CHECK(appears("begun"));
  CHECK_FALSE(fs::exists(hosts->home(0) / "it ended"));
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  CHECK(appears("it ended"));
  ::close(ends[0]);
  ::close(ends[1]);
}
