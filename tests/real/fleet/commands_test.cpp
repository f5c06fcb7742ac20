// Commands under their limits.
#include "real/fleet/commands.hpp"

#include <csignal>
#include <fstream>
#include <thread>

#include "real/spawn.hpp"
#include "tests/real/fake_proc.hpp"

using namespace real;
using namespace std::chrono_literals;
using Why = Commands::Ended::Why;

namespace {

AllowedCommand shell(const std::string& script) {
  return {"test", {"/bin/sh", "-c", script}};
}

/// Runs them at the same time, to the end of the last.
std::vector<Commands::Ended> play_all(const std::vector<AllowedCommand>& all,
                                      const Commands::Limits& limits = {}) {
  asio::io_context io;
  Commands commands{io, all, limits};
  std::vector<Commands::Ended> ended(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    spawn(io, "command",
          [](Commands& from, AllowedCommand one, Commands::Ended& into) -> awaitable<void> {
            into = co_await from.run(std::move(one));
          }(commands, all[i], ended[i]));
  }
  io.run_for(30s);
  CHECK(commands.has_room());
  return ended;
}

Commands::Ended play(const AllowedCommand& one, const Commands::Limits& limits = {}) {
  return play_all(std::vector{one}, limits).front();
}

}  // namespace

TEST_CASE("commands: what one says and how it ends comes back") {
  const auto ended = play(shell("printf 'no line end'; echo trouble >&2; exit 7"));
  CHECK(ended.why == Why::by_itself);
  CHECK(ended.code == 7);
  CHECK(ended.output == "no line end");
  CHECK(ended.errors == "trouble\n");
  CHECK(play(shell("kill -TERM $$")).code == -SIGTERM);
}

TEST_CASE("commands: there is no shell between the words and the program") {
  const auto ended = play({"say", {"/bin/echo", "$(id)", "; rm -rf /", "`id`", "a'\"b", "*"}});
  CHECK(ended.output == "$(id) ; rm -rf / `id` a'\"b *\n");
}

TEST_CASE("commands: what cannot be started is told") {
  const auto ended = play({"none", {"/nonexistent/program"}});
  CHECK(ended.why == Why::never_began);
  CHECK(ended.trouble == "No such file or directory");
}

TEST_CASE("commands: one that takes too long is killed with those it has started") {
  const auto start = std::chrono::steady_clock::now();
  const auto ended = play(shell("sleep 100 & echo $!; sleep 100"), {.time = 300ms});
  CHECK(std::chrono::steady_clock::now() - start < 20s);
  CHECK(ended.why == Why::too_slow);
  CHECK(ended.code == -SIGKILL);
  CHECK(ended.took >= 300ms);
  bool there = true;
  for (int i = 0; i < 400 && there; ++i) {
    std::ifstream stat{"/proc/" + std::to_string(std::stoi(ended.output)) + "/stat"};
    std::string line;
    there = std::getline(stat, line) && line.find(") Z ") == std::string::npos;
    std::this_thread::sleep_for(5ms);
  }
  CHECK_FALSE(there);
}

TEST_CASE("commands: one that says too much is killed, and its output cut") {
  const auto ended = play({"yes", {"/usr/bin/yes"}});
  CHECK(ended.why == Why::too_much_output);
  CHECK(ended.output.size() == 64 << 10);
  const auto both = play(shell("yes >&2"), {.output = 1000});
  CHECK(both.why == Why::too_much_output);
  CHECK(both.errors.size() == 1000);
  // To the last byte of the limit it is well.
  CHECK(play(shell("head -c 1000 /dev/zero"), {.output = 1000}).why == Why::by_itself);
}

TEST_CASE("commands: neither memory nor files grow beyond what is allowed") {
  const fake_proc::Folder folder;
  const std::string file = folder.path() / "big";
  const auto wrote = play(shell("head -c 100000 /dev/zero > " + file), {.file_bytes = 4096});
  CHECK(wrote.code != 0);
  CHECK(std::filesystem::file_size(file) == 4096);
  // The shell's variable doubles to 64 MiB; with 32 MiB of addresses it cannot.
  const std::string grow =
      "x=0123456789abcdef; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 "
      "17 18 19 20 21 22; do x=$x$x; done; echo ${#x}";
  CHECK(play(shell(grow)).output == "67108864\n");
  CHECK(play(shell(grow), {.memory = 32 << 20}).output.empty());
}

TEST_CASE("commands: as many at once as may, and their input is empty") {
  const std::vector<AllowedCommand> four(4, shell("cat; sleep 0.3; echo done"));
  const auto start = std::chrono::steady_clock::now();
  for (const auto& ended : play_all(four)) CHECK(ended.output == "done\n");
  CHECK(std::chrono::steady_clock::now() - start < 20s);
  asio::io_context io;
  Commands commands{io, {shell("sleep 100")}, {.at_once = 1}};
  CHECK(commands.has_room());
  spawn(io, "command", [](Commands& from) -> awaitable<void> {
    co_await from.run(from.allowed().front());
  }(commands));
  io.run_for(50ms);
  CHECK_FALSE(commands.has_room());
  CHECK(commands.find("test") != nullptr);
  CHECK(commands.find("Test") == nullptr);
  CHECK(commands.find("") == nullptr);
}
