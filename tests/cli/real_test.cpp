// brink real, as a person starts it, and what is left when it has been disturbed: real processes on
// this host, so these take as long as the runs that they play.
#include <pty.h>

#include "tests/cli/real_place.hpp"
#include "tests/real/http_client.hpp"

using namespace real_place;

TEST_CASE("real: a scenario is played, kept, and its journal gives the same orders again",
          "[e2e]") {
  const Place place;
  const Said said = place.start()->wait();
  CAPTURE(said.out, said.err);
  CHECK(said.code == 0);
  const auto summary = place.summary();
  CHECK(summary["world"] == "real");
  CHECK(summary["transactions"]["committed"] > 100);
  CHECK(summary["transactions"]["lost"] == 0);
  CHECK(summary["transactions"]["duplicated"] == 0);
  place.check_nothing_left();
  const Said replayed = place.desk.brink({"replay", "results/crowd-1"});
  CHECK(replayed.code == 0);
  CHECK(replayed.out.find("all the same") != std::string::npos);
}

TEST_CASE("real: gateway, agent and a machine are killed, one after the other; nothing is lost",
          "[e2e]") {
  const Place place;
  const auto run = place.start();
  const int gateway = *place.until_there("gateway", 1).begin();
  const auto nodes = place.until_there("node", 3);
  const int agent = *place.until_there("agent", 1).begin();
  place.until_played();
  ::kill(gateway, SIGKILL);
  std::this_thread::sleep_for(500ms);
  ::kill(agent, SIGKILL);
  ::kill(*nodes.begin(), SIGKILL);
  const Said said = run->wait();
  CAPTURE(said.out, said.err);
  CHECK(said.code == 0);
  CHECK(said.err.find("gateway ended (killed by signal 9), started again") != std::string::npos);
  CHECK(said.out.find("Trigger process failover: triggered") != std::string::npos);
  const auto summary = place.summary();
  CHECK(summary["failovers"] == 1);
  CHECK(summary["transactions"]["lost"] == 0);
  CHECK(summary["transactions"]["duplicated"] == 0);
  place.check_nothing_left();
  CHECK(place.desk.brink({"replay", "results/crowd-1"}).code == 0);
}

TEST_CASE("real: a gateway and an agent that hang are noticed, killed and started again", "[e2e]") {
  const Place place;
  const auto run = place.start({"--set", "scenario.duration=20 s"});
  const int gateway = *place.until_there("gateway", 1).begin();
  const int agent = *place.until_there("agent", 1).begin();
  place.until_played();
  ::kill(gateway, SIGSTOP);
  std::this_thread::sleep_for(8s);
  ::kill(agent, SIGSTOP);
  const Said said = run->wait();
  CAPTURE(said.out, said.err);
  CHECK(said.code == 0);
  CHECK(said.err.find("gateway hangs: no answer for 5 s") != std::string::npos);
  CHECK(said.err.find("gateway ended (killed by signal 9), started again") != std::string::npos);
  CHECK(said.err.find("agent hangs: no sample for 5 s") != std::string::npos);
  CHECK(said.err.find("agent ended (killed by signal 9), started again") != std::string::npos);
  const auto summary = place.summary();
  CHECK(summary["transactions"]["committed"] > 100);
  CHECK(summary["transactions"]["lost"] == 0);
  CHECK(summary["transactions"]["duplicated"] == 0);
  place.check_nothing_left();
}

TEST_CASE("real: people knock over HTTP too, and again after the gateway was killed", "[e2e]") {
  const Place place;
  const auto run = place.start({"--http", "127.0.0.1:0", "--users", "users"});
  const int gateway = *place.until_there("gateway", 1).begin();
  place.until_played();
  const std::string told = run->err();
  const auto at = told.find("http on 127.0.0.1:");
  REQUIRE(at != std::string::npos);
  const auto port = static_cast<std::uint16_t>(std::stoul(told.substr(at + 18)));
  const auto ask = [&](const std::string& what, const nlohmann::json& body,
                       const std::string& token = "") {
    const std::string text = body.is_null() ? "" : body.dump();
    http_client::HttpClient client{port};
    const std::string answer =
        client
            .send(what + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                  (token.empty() ? "" : "Authorization: Bearer " + token + "\r\n") +
                  "Content-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text)
            .rest();
    return std::pair{http_client::status_of(answer),
                     nlohmann::json::parse(http_client::body_of(answer), nullptr, false)};
  };
  const nlohmann::json who{{"name", "people-3"}, {"password", "correct horse"}};
  CHECK(ask("POST /users", who).first == 201);
  const std::string token = ask("POST /tokens", who).second["token"];
  const nlohmann::json buy{{"sequence", 7}, {"kind", "put"}, {"write", "two tickets"}};
  CHECK(ask("POST /transactions", buy).first == 401);
  CHECK(ask("POST /transactions", buy, token).second["result"] == "committed");
  ::kill(gateway, SIGKILL);
  place.until_there("gateway", 1);
  // The same once more: it is applied already, and said to be.
  int status = 0;
  for (int i = 0; i < 100 && status != 200; ++i) {
    std::this_thread::sleep_for(50ms);
    try {
      status = ask("POST /transactions", buy, token).first;
    } catch (const std::exception&) {  // it does not listen yet
    }
  }
  CHECK(status == 200);
  const auto state = ask("GET /state", {}, token).second;
  CAPTURE(state);
  CHECK(state["tenant"] == 3);
  CHECK(state["sequences"] == nlohmann::json::array({{7, 7}}));
  CHECK(state["writes"] == 1);
  const Said said = run->wait();
  CAPTURE(said.out, said.err);
  CHECK(said.code == 0);
  CHECK(place.summary()["transactions"]["lost"] == 0);
  CHECK(place.summary()["transactions"]["duplicated"] == 0);
  place.check_nothing_left();
}

TEST_CASE("real: an address for HTTP that is none is refused before anything begins") {
  const Place place;
  const Said said = place.start({"--http", "here"})->wait();
  CHECK(said.code == 2);
  CHECK(said.err.find("--http") != std::string::npos);
  CHECK(place.desk.list("results").empty());
}

TEST_CASE("real: Ctrl-C and a closed terminal end it in good order", "[e2e]") {
  const int signal = GENERATE(SIGINT, SIGTERM, SIGHUP);
  CAPTURE(signal);
  const Place place;
  const auto run = place.start();
  place.until_played();
  run->send(signal);
  const Said said = run->wait();
  CAPTURE(said.out, said.err);
  CHECK(said.code == 3);
  CHECK(said.err.find("interrupted at") != std::string::npos);
  CHECK(place.summary()["transactions"]["lost"] == 0);
  place.check_nothing_left();
}

TEST_CASE("real: killed, it leaves nothing behind but a run that can be read", "[e2e]") {
  const Place place;
  const auto run = place.start();
  place.until_there("node", 3);
  const auto nodes = place.parts();
  place.until_played();
  std::this_thread::sleep_for(1s);
  CHECK(place.until_there("janitor", 1).size() == 1);
  run->send(SIGKILL);
  CHECK(run->wait().code == -SIGKILL);
  CHECK(place.until_nothing_is_left(nodes));
  const Said told = place.desk.brink({"report", "results/crowd-1"});
  CAPTURE(told.out, told.err);
  CHECK(told.out.find("crowd") != std::string::npos);
  CHECK(place.desk.brink({"replay", "results/crowd-1"}).code == 0);
}

TEST_CASE("real: when the terminal is closed it ends in good order, and Ctrl-C typed there too",
          "[e2e]") {
  const bool typed = GENERATE(true, false);
  CAPTURE(typed);
  const Place place;
  int terminal = -1;
  const pid_t pid = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  REQUIRE(pid >= 0);
  if (pid == 0) {
    (void)!::chdir(place.desk.folder().c_str());
    ::setenv("TMPDIR", place.desk.folder().c_str(), 1);
    ::execl(BRINK, BRINK, "real", "crowd.toml", nullptr);
    ::_exit(127);
  }
  place.until_there("node", 3);
  const auto nodes = place.parts();
  place.until_played();
  // Nobody reads what is written there; it is little enough for the terminal's buffer.
  if (typed) {
    CHECK(::write(terminal, "\x03", 1) == 1);
  } else {
    ::close(terminal);
  }
  int status = 0;
  for (int i = 0; i < 3000 && ::waitpid(pid, &status, WNOHANG) == 0; ++i) {
    std::this_thread::sleep_for(10ms);
  }
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 3);
  if (typed) ::close(terminal);
  CHECK(place.until_nothing_is_left(nodes));
  CHECK(place.summary()["transactions"]["lost"] == 0);
}
