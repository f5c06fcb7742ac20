// brink run on a terminal, and where there is none.
#include <pty.h>

#include "tests/cli/brink_process.hpp"

namespace {

using namespace brink_process;
using Catch::Contains;

/// Long enough on any machine for a bar to be drawn, which is ten times a second.
Words a_while() {
  return {"run",   "small.toml",
          "--set", "scenario.duration=40 min",
          "--set", "clients.users.rate=400 /s",
          "--set", "expect.issued=< 0"};
}

/// What `brink` writes to a pseudo-terminal of 100 columns.
Said on_terminal(const Desk& desk, const Words& words, const Words& environment = {}) {
  int master = -1, slave = -1;
  winsize size{};
  size.ws_row = 24;
  size.ws_col = 100;
  REQUIRE(openpty(&master, &slave, nullptr, nullptr, &size) == 0);
  fcntl(master, F_SETFD, FD_CLOEXEC);
  const auto process = desk.start(words, {.environment = environment, .out = slave, .err = slave});
  close(slave);
  std::string seen;
  char chunk[4096];
  ssize_t n = 0;
  // The end of the last writer reads as an error on Linux.
  while ((n = read(master, chunk, sizeof chunk)) > 0)
    seen.append(chunk, static_cast<std::size_t>(n));
  Said said = process->wait();
  close(master);
  said.out = seen;
  return said;
}

}  // namespace

TEST_CASE("terminal: a bar shows how far it is, and is gone when there is something to read") {
  const Desk desk;
  const Said said = on_terminal(desk, a_while());
  CHECK(said.code == 1);
  CHECK_THAT(said.out, Contains("\r\x1b[2K[#") && Contains(" %  ") && Contains(" of 40 min  ") &&
                           Contains(" transactions/s") && Contains("  ETA "));
  // After the last bar the line is cleared, and the summary begins on it.
  const auto last_bar = said.out.rfind("\r\x1b[2K[");
  const auto cleared = said.out.find("\r\x1b[2K", last_bar + 1);
  REQUIRE(cleared != std::string::npos);
  CHECK(said.out.substr(cleared + 5, 2) == "\r\n");
  CHECK(cleared < said.out.find("simulated, fingerprint"));
}

TEST_CASE("terminal: colour there, none with NO_COLOR or on a dumb terminal") {
  const Desk desk;
  const std::string green = "\x1b[32m", bold = "\x1b[1m";
  CHECK_THAT(on_terminal(desk, {"run", scenario_file("overload")}).out,
             Contains(green) && Contains(bold + "Trigger process failover: triggered\x1b[0m"));
  CHECK_THAT(on_terminal(desk, {"check", "small.toml"}).out, Contains("small"));
  for (const Words& environment : {Words{"NO_COLOR=1"}, Words{"TERM=dumb"}}) {
    const Said plain = on_terminal(desk, {"run", scenario_file("overload")}, environment);
    CHECK(plain.out.find(green) == std::string::npos);
    CHECK(plain.out.find(bold) == std::string::npos);
  }
  // An empty NO_COLOR is none (no-color.org).
  CHECK_THAT(on_terminal(desk, {"run", "small.toml"}, {"NO_COLOR="}).out, Contains(bold));
}

TEST_CASE("terminal: --quiet shows no bar and --json no colour in its object") {
  const Desk desk;
  Words words = a_while();
  words.push_back("--quiet");
  CHECK(on_terminal(desk, words).out.find("transactions/s") == std::string::npos);
  const Said json = on_terminal(desk, {"run", "small.toml", "--json", "--quiet"});
  CHECK(json.out.find('\x1b') == std::string::npos);
}

TEST_CASE("terminal: where there is none, progress is a plain line every few seconds") {
  const Desk desk;
  const auto process = desk.start({"run", "small.toml", "--set", "scenario.duration=300 d", "--set",
                                   "clients.users.rate=400 /s"});
  for (int i = 0; i < 5000 && process->err().empty(); ++i) std::this_thread::sleep_for(2ms);
  process->send(SIGINT);
  const Said said = process->wait();
  CHECK(said.code == 3);
  CHECK(said.out.find('\x1b') == std::string::npos);
  CHECK(said.err.find_first_of("\x1b\r[") == std::string::npos);
  CHECK_THAT(said.err, Catch::Matches("[0-9.]+ %  [^\n]+ of 300 d  [0-9.]+ [kM] "
                                      "transactions/s[^\n]*\n[^]*"));
}
