#include "real/child.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include <catch2/catch.hpp>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/scenario_text.hpp"

namespace {

using namespace real;
using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

/// A child whose words and end are kept.
struct Watched {
  Watched(asio::io_context& io, Lines words)
      : child(io, words,
              {.on_output = [this](const std::string& line) { output.push_back(line); },
               .on_error = [this](const std::string& line) { errors.push_back(line); },
               .on_end = [this](const std::string& end) { how = end; }}) {}
  Lines output, errors;
  std::string how;
  Child child;
};

Lines shell(const std::string& script) {
  return {"/bin/sh", "-c", script};
}

bool is_there(pid_t process) {
  return ::kill(process, 0) == 0;
}

}  // namespace

TEST_CASE("child: says its lines and how it ended, the end last") {
  asio::io_context io;
  Watched one{io, shell("echo listening; echo trouble >&2; echo more; exit 3")};
  CHECK(one.child.running());
  io.run_for(20s);
  CHECK(one.output == Lines{"listening", "more"});
  CHECK(one.errors == Lines{"trouble"});
  CHECK(one.how == "exit code 3");
  CHECK_FALSE(one.child.running());
  CHECK_FALSE(one.child.still_there());
}

TEST_CASE("child: ends when it is killed, and when its input closes if it follows that") {
  asio::io_context io;
  Watched killed{io, shell("sleep 100")};
  Watched follower{io, {"/bin/cat"}};
  killed.child.kill(SIGKILL);
  follower.child.close_input();
  io.run_for(20s);
  CHECK(killed.how == "killed by signal 9");
  CHECK(follower.how == "exit code 0");
}

TEST_CASE("child: what cannot be executed is refused at once, with its name") {
  asio::io_context io;
  CHECK_THROWS_WITH((Watched{io, {"/nowhere/brink"}}), Catch::Contains("/nowhere/brink"));
}

TEST_CASE("child: who lets go of it has ended it") {
  asio::io_context io;
  auto one = std::make_unique<Watched>(io, shell("sleep 100"));
  const pid_t process = one->child.pid();
  CHECK(is_there(process));
  one.reset();
  CHECK_FALSE(is_there(process));  // reaped, not only told
  io.run_for(1s);                  // nothing is told any more
}

TEST_CASE("child: inherits its three descriptors and no other") {
  const scenario_text::ScratchFolder folder;
  const int open = ::dup(1);  // a descriptor that nobody has marked
  asio::io_context io;
  Watched one{io, shell("ls /proc/self/fd")};
  io.run_for(20s);
  ::close(open);
  // The fourth is the one through which ls reads the folder.
  CHECK(one.output == Lines{"0", "1", "2", "3"});
}

TEST_CASE("child: dies with its parent, however that dies") {
  const scenario_text::ScratchFolder folder;
  const auto note = folder.path() / "pid";
  const pid_t parent = ::fork();
  if (parent == 0) {
    asio::io_context io;
    const Child child{io, shell("sleep 100"), {}};
    std::ofstream{note} << child.pid() << std::endl;
    ::pause();
    ::_exit(0);
  }
  pid_t process = 0;
  for (int i = 0; i < 10'000 && process == 0; ++i) {
    std::ifstream{note} >> process;
    std::this_thread::sleep_for(1ms);
  }
  REQUIRE(process > 0);
  REQUIRE(is_there(process));
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  const auto zombie_or_gone = [&] {  // who reaps it is not ours to say
    std::ifstream status{"/proc/" + std::to_string(process) + "/stat"};
    std::string number, name, state;
    status >> number >> name >> state;
    return !status || state == "Z";
  };
  for (int i = 0; i < 10'000 && !zombie_or_gone(); ++i) std::this_thread::sleep_for(1ms);
  CHECK(zombie_or_gone());
}

TEST_CASE("child: a confined one has what its confinement says and nothing of ours") {
  asio::io_context io;
  ::setenv("BRINK_SECRET", "in the environment", 1);
  std::string said;
  Child child{
      io,
      shell("env; pwd; umask; ulimit -n; ulimit -c; grep NoNewPrivs /proc/self/status; printf end"),
      {.on_output = [&said](const std::string& bytes) { said += bytes; }},
      {.talk = Child::Talk::bytes,
       .confinement = Confinement{.environment = {"PATH=/usr/bin:/bin", "A=b"},
                                  .directory = "/usr",
                                  .limits = {{RLIMIT_NOFILE, 17}, {RLIMIT_CORE, 0}}}}};
  io.run_for(20s);
  ::unsetenv("BRINK_SECRET");
  CHECK(child.code() == 0);
  CHECK(said.find("BRINK_SECRET") == std::string::npos);
  CHECK(said.find("A=b\n") != std::string::npos);
  // The shell adds PWD, OLDPWD and _ of its own.
  const std::string rest = said.substr(said.rfind("\n/usr\n") + 1);
  CHECK(rest == "/usr\n0077\n17\n0\nNoNewPrivs:\t1\nend");
}

TEST_CASE("child: whom a confined one has started ends with it, or when it is killed") {
  asio::io_context io;
  const bool killed = GENERATE(false, true);
  CAPTURE(killed);
  std::string said;
  Child child{io,
              shell(killed ? "sleep 100 & echo $!; wait" : "sleep 100 & echo $!"),
              {.on_output =
                   [&](const std::string& line) {
                     said = line;
                     if (killed) child.kill(SIGKILL);
                   }},
              {.confinement = Confinement{.environment = {"PATH=/usr/bin:/bin"}, .limits = {}}}};
  io.run_for(20s);
  CHECK(child.code() == (killed ? -SIGKILL : 0));
  const pid_t started = std::stoi(said);
  bool there = true;  // it may still wait for init to take note of its end
  for (int i = 0; i < 400 && there; ++i) {
    std::this_thread::sleep_for(5ms);
    std::ifstream stat{"/proc/" + said + "/stat"};
    std::string line;
    std::getline(stat, line);
    there = is_there(started) && line.find(") Z ") == std::string::npos;
  }
  CHECK_FALSE(there);
}
