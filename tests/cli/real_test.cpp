// brink real, as a person starts it, and what is left when it has been disturbed: real processes on
// this host, so these take as long as the runs that they play.
#include <set>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cli/brink_process.hpp"
#include "tests/real/http_client.hpp"

namespace {

using namespace brink_process;

constexpr std::string_view crowd = R"(# Question: does it work?
[scenario]
name = "crowd"
duration = "4 s"
seed = 1

[flavor.small]
cores = 0.2
memory = "128 MiB"
disk = "20 MB/s"
network = "100 Mbit/s"

[[fleet]]
flavor = "small"
count = 2
spare = 1

[transaction.put]
steps = [{ cpu = { exponential = "1 ms" } }, { network = "1 KiB" }]
write = "200 B"

[[clients]]
name = "people"
count = 10
arrivals = "poisson"
rate = "50 /s"
mix = { put = 1.0 }
timeout = "2 s"
retry = { attempts = 3, backoff = { exponential = "50 ms" } }

[durability]
log = "synced"

[sla]
sample = "200 ms"
window = "1 s"

[failover]
policy = "split"
detect = "1 s"

[expect]
lost = "== 0"
duplicated = "== 0"
)";

/// Processes of this user whose command line has `words`, by number.
std::set<int> processes(const std::string& words) {
  std::set<int> found;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator("/proc", gone)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::string line = whole_file(entry.path() / "cmdline");
    std::replace(line.begin(), line.end(), '\0', ' ');
    if (line.find(words) != std::string::npos) found.insert(std::stoi(name));
  }
  return found;
}

/// Every process of a run has the run's own temporary folder, this one, in its words.
struct Place {
  Desk desk;
  Words environment{"TMPDIR=" + desk.folder().string()};
  std::string of_us = desk.folder().string() + "/brink-";

  Place() { desk.put("crowd.toml", crowd); }
  std::unique_ptr<Process> start(const Words& options = {}) const {
    Words words{"real", "crowd.toml"};
    words.insert(words.end(), options.begin(), options.end());
    return desk.start(std::move(words), {.environment = environment});
  }
  std::set<int> until_there(const std::string& verb, std::size_t count) const {
    for (int i = 0; i < 3000; ++i) {
      std::set<int> found;
      const auto of_verb = processes("brink " + verb + " ");
      for (const int process : processes(of_us)) {
        if (of_verb.contains(process)) found.insert(process);
      }
      if (found.size() == count) return found;
      std::this_thread::sleep_for(10ms);
    }
    FAIL("there are not " << count << " of " << verb);
    return {};
  }
  /// Until the control loop has been told something.
  void until_played() const {
    for (int i = 0; i < 3000; ++i) {
      if (!whole_file(desk / "results/crowd-1/journal.jsonl").empty()) return;
      std::this_thread::sleep_for(10ms);
    }
    FAIL("nothing is played");
  }
  void check_nothing_left() const {
    CHECK(processes(of_us).empty());
    for (const std::string& name : desk.list(".")) CHECK(name.find("brink-") != 0);
  }
  nlohmann::json summary() const {
    return nlohmann::json::parse(whole_file(desk / "results/crowd-1/summary.json"));
  }
};

}  // namespace

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
