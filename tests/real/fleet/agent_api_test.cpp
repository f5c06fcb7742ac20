// An agent for people: who gets in, what he sees, and what he may have run.
#include "real/fleet/agent_api.hpp"

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "real/spawn.hpp"
#include "real/user_store.hpp"
#include "tests/real/fake_proc.hpp"
#include "tests/vm/scenario_text.hpp"

using namespace real;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr std::int64_t start = 1'800'000'000;
const std::string password = "correct horse battery";

/// An agent over a /proc of our own, with the users alice (admin) and bob (read), asked without
/// sockets.
struct Rig {
  fake_proc::Folder folder;
  fake_proc::Proc proc;
  asio::io_context io;
  std::int64_t now = start;
  std::vector<std::string> reported;
  Agent agent{{.proc = proc.path()}};
  std::optional<AgentApi> api;
  Router router;

  explicit Rig(void (*edit)(AgentApi::Options&) = [](AgentApi::Options&) {}) {
    UserStore users{file()};
    const std::string hash = password_hash(password, cheap());
    users.add("alice", hash, start, admin_scope);
    users.add("bob", hash, start, read_scope);
    users.add("carol", hash, start, "");  // of a gateway, say
    agent.sample();
    AgentApi::Options options{
        .name = "agent on test",
        .accounts = {.file = file(), .cost = cheap()},
        .commands = {{"say", {"/bin/echo", "hello"}}, {"none", {"/nonexistent"}}},
        .audit = folder.path() / "audit",
        .proc = proc.path(),
        .runs = {.per_second = 1e6, .burst = 1e6},
        .now = [this] { return now; },
        .report = [this](const std::string& what) { reported.push_back(what); }};
    edit(options);
    api.emplace(io, options, agent);
    api->add_to(router);
  }

  static PasswordCost cheap() { return {.memory = 8 << 10, .passes = 1}; }
  std::filesystem::path file() const { return folder.path() / "users"; }

  Response ask(std::string method, std::string target, std::string body = {},
               const std::string& token = {}) {
    Request request{.method = method,
                    .target = target,
                    .headers = {},
                    .body = std::move(body),
                    .peer = "192.0.2.1",
                    .parts = {}};
    if (!token.empty()) request.headers.emplace_back("authorization", "Bearer " + token);
    const auto found = router.find(method, target);
    if (found.handler == nullptr) return found.refusal;
    Response response{.status = 0};
    spawn(io, "request",
          [](const Handler& handler, const Request& asked, Response& into) -> awaitable<void> {
            into = co_await handler(asked);
          }(*found.handler, request, response));
    io.restart();
    io.run_for(20s);
    return response;
  }
  Response log_in(const std::string& user, const std::string& word = password) {
    return ask("POST", "/login", json{{"user", user}, {"password", word}}.dump());
  }
  std::string token_of(const std::string& user) {
    const Response answer = log_in(user);
    REQUIRE(answer.status == 200);
    return json::parse(answer.body)["token"];
  }
  Response run(const std::string& command, const std::string& token) {
    return ask("POST", "/run", json{{"command", command}}.dump(), token);
  }
  std::vector<json> audited() const {
    std::vector<json> lines;
    std::istringstream text{scenario_text::whole_file(folder.path() / "audit")};
    for (std::string line; std::getline(text, line);) lines.push_back(json::parse(line));
    return lines;
  }
};

}  // namespace

TEST_CASE("agent api: who logs in gets a token with his scope, for a quarter of an hour") {
  Rig rig;
  const json answer = json::parse(rig.log_in("alice").body);
  CHECK(answer["expires_in"] == 900);
  CHECK(answer["scope"] == "admin");
  const std::string token = answer["token"];
  CHECK(rig.ask("GET", "/stats", {}, token).status == 200);
  rig.now += 900 + 59;  // clocks may differ by a minute
  CHECK(rig.ask("GET", "/stats", {}, token).status == 200);
  rig.now += 1;
  CHECK(rig.ask("GET", "/stats", {}, token).status == 401);
}

TEST_CASE("agent api: who does not get in learns no more than that") {
  Rig rig;
  const Response wrong = rig.log_in("alice", "another password");
  const Response unknown = rig.log_in("nobody");
  CHECK(wrong.status == 401);
  CHECK(unknown.status == wrong.status);
  CHECK(unknown.body == wrong.body);
  CHECK(unknown.headers == wrong.headers);
  CHECK(rig.log_in("carol").status == 403);  // knows her password, and may do nothing here
  CHECK(rig.ask("POST", "/login", R"({"user": "alice"})").status == 400);
  CHECK(rig.ask("POST", "/login", R"({"name": "alice", "password": "x"})").status == 400);
  CHECK(rig.ask("POST", "/login", "user=alice&password=x").status == 400);
  CHECK(rig.ask("GET", "/login").status == 405);
  int turned_away = 0;
  for (int i = 0; i < 10; ++i) turned_away += rig.log_in("bob", "a wrong one").status == 429;
  CHECK(turned_away >= 4);  // five at first, then one every five seconds
}

TEST_CASE("agent api: a token in the address line is for the two pages that are looked at only") {
  Rig rig;
  const std::string token = rig.token_of("alice");
  CHECK(rig.ask("GET", "/stats?token=" + token).status == 200);
  CHECK(rig.ask("GET", "/processlist?top=1&token=" + token).status == 200);
  CHECK(rig.ask("GET", "/stats?token=x").status == 401);
  CHECK(rig.ask("POST", "/run?token=" + token, R"({"command": "say"})").status == 401);
  CHECK(rig.ask("POST", "/logout?token=" + token).status == 401);
  CHECK(rig.ask("GET", "/stats?token=" + token, {}, "x").status == 401);  // the field counts
  Request request{.method = "GET",
                  .target = "/metrics?token=" + token,
                  .headers = {},
                  .body = {},
                  .peer = {},
                  .parts = {}};
  CHECK_FALSE(rig.api->may_read(request));
  request.headers.emplace_back("authorization", "Bearer " + token);
  CHECK(rig.api->may_read(request));
}

TEST_CASE(
    "agent api: a token ends with its owner's leave, with his place in the file, or changes") {
  Rig rig;
  const std::string given_back = rig.token_of("alice"), other = rig.token_of("alice");
  CHECK(rig.ask("POST", "/logout", {}, given_back).status == 204);
  CHECK(rig.ask("GET", "/stats", {}, given_back).status == 401);
  CHECK(rig.ask("POST", "/logout", {}, given_back).status == 401);
  CHECK(rig.ask("GET", "/stats", {}, other).status == 200);
  UserStore users{rig.file()};
  users.remove("alice");
  CHECK(rig.ask("GET", "/stats", {}, other).status == 401);
  // Another one by the name, with less to say: the old token says too much.
  users.add("alice", password_hash("another password", Rig::cheap()), start, read_scope);
  CHECK(rig.run("say", other).status == 401);
}

TEST_CASE("agent api: a token of another agent, or of the same before it began anew, is none") {
  Rig rig, other;
  CHECK(rig.ask("GET", "/stats", {}, other.token_of("alice")).status == 401);
  // The same key, another name: only whom it is for tells them apart.
  const Key key = Key::random();
  const Agent agent{{.proc = "/nonexistent"}};
  const auto with = [&](const std::string& name) {
    return AgentApi{rig.io,
                    {.name = name,
                     .accounts = {.file = rig.file(), .cost = Rig::cheap()},
                     .commands = {},
                     .audit = {},
                     .key = key},
                    agent};
  };
  const std::string token =
      Tokens{key}.issue("alice", "agent on one", unix_now(), 10min, admin_scope);
  const Request request{.method = "GET",
                        .target = "/metrics",
                        .headers = {{"authorization", "Bearer " + token}},
                        .body = {},
                        .peer = {},
                        .parts = {}};
  CHECK(with("agent on one").may_read(request));
  CHECK_FALSE(with("agent on two").may_read(request));
}

TEST_CASE("agent api: statistics are those of the last sample") {
  Rig rig;
  fake_proc::Hand clock;
  const json stats = json::parse(rig.ask("GET", "/stats", {}, rig.token_of("bob")).body);
  CHECK(stats["agent"] == "agent on test");
  CHECK(stats["sample"].is_null());  // there was one reading
  CHECK(stats["up_s"] == 100.25);
  CHECK(stats["counters"]["context_switches"] == 99);
  CHECK(stats["counters"]["memory"]["total_bytes"] == 1'024'000);
  CHECK(stats["counters"]["disks"].contains("sda"));
  CHECK_FALSE(stats["counters"]["disks"].contains("sda1"));
  CHECK(stats["load"] == json::array({0.5, 1.25, 2.0}));
  rig.agent.sample();
  const json later = json::parse(rig.ask("GET", "/stats", {}, rig.token_of("bob")).body);
  CHECK(later["sample"]["cpu"].is_number());
  CHECK(later["sample"]["memory"].get<double>() > 0);
}

TEST_CASE("agent api: the busiest processes, or the largest, by their short names only") {
  Rig rig;
  rig.proc.process(7, "<b>\r\n\"&", 3, 500, 25);
  rig.proc.process(8, "large", 1, 5000, 25);
  rig.proc.process(9, "old", 1, 50, 5000);
  rig.proc.put("7/cmdline", "mysql\0--password=secret");
  const std::string token = rig.token_of("bob");
  const Response answer = rig.ask("GET", "/processlist?top=2&by=memory", {}, token);
  CHECK(answer.type == "application/json");
  CHECK(answer.body.find_first_of("<>&") == std::string::npos);
  CHECK(answer.body.find("secret") == std::string::npos);
  const json list = json::parse(answer.body);
  CHECK(list["of"] == 3);
  REQUIRE(list["processes"].size() == 2);
  CHECK(list["processes"][0]["name"] == "large");
  CHECK(list["processes"][1]["name"] == "<b>\r\n\"&");
  CHECK(list["processes"][1]["threads"] == 3);
  CHECK(list["processes"][1]["resident_bytes"] == 500 * page_bytes());
  // 120 + 30 ticks in 100.25 s less 50 s since boot: the youngest was the busiest.
  const json busy =
      json::parse(rig.ask("GET", "/processlist?top=1", {}, token).body)["processes"][0];
  CHECK(busy["pid"] == 9);
  CHECK(busy["cores"].get<double>() == Approx(1.5 / 50.25));
  for (const char* query : {"?top=0", "?top=-1", "?top=1001", "?top=1e3", "?top=", "?by=name"}) {
    CAPTURE(query);
    CHECK(rig.ask("GET", "/processlist" + std::string{query}, {}, token).status == 400);
  }
}

TEST_CASE("agent api: an admin has commands of the list run, and it is written down") {
  Rig rig;
  const std::string alice = rig.token_of("alice"), bob = rig.token_of("bob");
  const Response said = rig.run("say", alice);
  CHECK(said.status == 200);
  const json answer = json::parse(said.body);
  CHECK(answer["output"] == "hello\n");
  CHECK(answer["exit"] == 0);
  CHECK(rig.run("say", bob).status == 403);
  CHECK(rig.run("say", {}).status == 401);
  CHECK(rig.run("/bin/sh", alice).status == 404);
  CHECK(rig.run("say; id", alice).status == 404);
  CHECK(rig.run("none", alice).status == 500);
  CHECK(rig.ask("POST", "/run", R"({"command": ["say"]})", alice).status == 400);
  CHECK(rig.ask("POST", "/run", R"({"command": "say", "words": ["x"]})", alice).status == 400);
  const std::vector<json> lines = rig.audited();
  REQUIRE(lines.size() == 7);
  CHECK(lines[0]["event"] == "begins");
  CHECK(lines[0]["who"] == "alice");
  CHECK(lines[0]["from"] == "192.0.2.1");
  CHECK(lines[0]["words"] == json::array({"/bin/echo", "hello"}));
  CHECK(lines[1]["event"] == "ended");
  CHECK(lines[1]["code"] == 0);
  CHECK(lines[1]["output_bytes"] == 6);
  CHECK(lines[2]["event"] == "refused");
  CHECK(lines[2]["who"] == "bob");
  CHECK(lines[4]["command"] == "say; id");
  CHECK(lines[6]["why"] == "never began");
}

TEST_CASE("agent api: what cannot be written down is not run") {
  Rig rig;
  const std::string alice = rig.token_of("alice");
  const auto log = rig.folder.path() / "audit";
  ::chmod(log.c_str(), 0644);
  CHECK_THROWS_WITH(rig.run("say", alice), Catch::Contains("audit"));
  ::chmod(log.c_str(), 0600);
  CHECK(rig.audited().empty());
  CHECK(rig.run("say", alice).status == 200);
  std::filesystem::rename(log, rig.folder.path() / "audit.1");  // as a tool that rotates does
  CHECK(rig.run("say", alice).status == 200);
  CHECK(rig.audited().size() == 2);
}

TEST_CASE("agent api: a user has so many attempts to run something") {
  Rig rig{[](AgentApi::Options& options) { options.runs = {.per_second = 1e-3, .burst = 2}; }};
  const std::string bob = rig.token_of("bob");
  CHECK(rig.run("say", bob).status == 403);
  CHECK(rig.run("say", bob).status == 403);
  CHECK(rig.run("say", bob).status == 429);
  CHECK(rig.audited().size() == 2);  // so the log cannot be filled
}

TEST_CASE("revoked: when more is given back than the list holds, all tokens are void") {
  Revoked revoked{2};
  const auto token = [](const std::string& id, std::int64_t issued) {
    return Claims{
        .subject = "a", .audience = "b", .issued = issued, .expires = issued + 900, .id = id};
  };
  revoked.add(token("one", start), start);
  revoked.add(token("two", start), start);
  CHECK(revoked.is(token("one", start)));
  CHECK_FALSE(revoked.is(token("other", start)));
  revoked.add(token("three", start + 5), start + 10);
  CHECK(revoked.is(token("other", start)));
  CHECK(revoked.is(token("three", start + 5)));
  CHECK_FALSE(revoked.is(token("fresh", start + 11)));
  // What has expired makes room.
  revoked.add(token("four", start + 11), start + 11);
  revoked.add(token("five", start + 11), start + 11);
  revoked.add(token("six", start + 2000), start + 2000);
  CHECK_FALSE(revoked.is(token("seven", start + 2000)));
  CHECK(revoked.is(token("six", start + 2000)));
}
