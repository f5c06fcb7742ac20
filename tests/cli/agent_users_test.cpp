// brink agent adduser and removeuser, at a terminal and without one; and an agent that they are
// for.
#include <nlohmann/json.hpp>
#include <pty.h>

#include "real/user_store.hpp"
#include "tests/cli/brink_process.hpp"
#include "tests/real/http_client.hpp"
#include "tests/real/made_certificate.hpp"

namespace {

using namespace brink_process;
using http_client::body_of;
using http_client::HttpClient;
using http_client::status_of;
using nlohmann::json;

const std::string password = "correct horse battery";

/// `brink` in the folder with this standard input; the exit code.
int brink_with(const Desk& desk, const std::string& input, const std::string& words) {
  const std::string command =
      "cd " + desk.folder().string() + " && " + BRINK + " " + words + " > said 2>&1";
  FILE* const process = ::popen(command.c_str(), "w");
  REQUIRE(process != nullptr);
  std::fwrite(input.data(), 1, input.size(), process);
  return WEXITSTATUS(::pclose(process));
}

struct Typed {
  int code;
  std::string shown;
};

/// `brink agent adduser` at a terminal where these lines are typed, each when it is asked for.
Typed type(const Desk& desk, const std::vector<std::string>& lines) {
  int terminal = -1;
  const pid_t pid = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  REQUIRE(pid >= 0);
  if (pid == 0) {
    if (::chdir(desk.folder().c_str()) == 0) {
      ::execl(BRINK, BRINK, "agent", "adduser", "--users", "users", "alice", nullptr);
    }
    ::_exit(127);
  }
  Typed typed{};
  std::size_t next = 0;
  char chunk[256];
  for (ssize_t got; (got = ::read(terminal, chunk, sizeof chunk)) > 0;) {
    typed.shown.append(chunk, static_cast<std::size_t>(got));
    if (!typed.shown.ends_with(": ") || next == lines.size()) continue;
    std::this_thread::sleep_for(20ms);  // it asks first and hides then
    REQUIRE(::write(terminal, lines[next].data(), lines[next].size()) > 0);
    ++next;
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  ::close(terminal);
  typed.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return typed;
}

std::uint16_t port_of(const Process& process) {
  for (int i = 0; i < 2000; ++i) {
    const std::string said = process.out();
    if (said.ends_with('\n')) {
      return static_cast<std::uint16_t>(std::stoi(said.substr(said.rfind(':') + 1)));
    }
    std::this_thread::sleep_for(5ms);
  }
  FAIL("it does not say where it listens: " << process.out() << process.err());
  return 0;
}

std::string post(std::uint16_t port, const std::string& path, const json& body,
                 const std::string& fields = "") {
  const std::string text = body.dump();
  HttpClient client{port};
  return client
      .send("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + fields +
            "Content-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text)
      .rest();
}

}  // namespace

TEST_CASE("brink agent adduser: asks twice at a terminal and shows nothing", "[e2e]") {
  const Desk desk;
  const Typed differ = type(desk, {password + "\n", password + "x\n"});
  CHECK(differ.code == 2);
  CHECK(differ.shown.find("the two differ") != std::string::npos);
  const Typed given_up = type(desk, {"corr\x03"});
  CHECK(given_up.code == 2);
  CHECK(given_up.shown.find("interrupted") != std::string::npos);
  const Typed added = type(desk, {password + "\n", password + "\n"});
  CHECK(added.code == 0);
  CHECK(added.shown.find("alice may log in, with the scope read") != std::string::npos);
  for (const Typed& one : {differ, given_up, added}) {
    CHECK(one.shown.find("corr") == std::string::npos);
  }
  const Typed again = type(desk, {});
  CHECK(again.code == 2);
  CHECK(again.shown.find("there is a 'alice' already") != std::string::npos);
}

TEST_CASE("brink agent adduser: bad names and passwords, and who is not there", "[e2e]") {
  const Desk desk;
  CHECK(brink_with(desk, password + "\n", "agent adduser --users users alice --admin") == 0);
  CHECK(real::UserStore{desk / "users"}.scope_of("alice") == "admin");
  CHECK(brink_with(desk, "short\n", "agent adduser --users users bob") == 2);
  CHECK(brink_with(desk, "", "agent adduser --users users bob") == 2);
  CHECK(brink_with(desk, password, "agent adduser --users users '../x'") == 2);
  CHECK(brink_with(desk, password, "agent adduser --users users") == 2);
  CHECK(brink_with(desk, password, "agent adduser bob") == 2);
  CHECK(brink_with(desk, password, "agent adduser --users /nonexistent/users bob") == 3);
  CHECK(brink_with(desk, "", "agent removeuser --users users bob") == 2);
  CHECK(brink_with(desk, "", "agent removeuser --users none alice") == 2);
  CHECK_FALSE(fs::exists(desk / "none"));
  CHECK(brink_with(desk, "", "agent removeuser --users users alice") == 0);
  CHECK(real::UserStore{desk / "users"}.count() == 0);
  CHECK(brink_with(desk, "", "agent adduser --help") == 0);
  CHECK(whole_file(desk / "said").find("example: brink agent adduser") != std::string::npos);
}

TEST_CASE("brink agent: people log in, look, and have what is allowed run", "[e2e]") {
  const Desk desk;
  desk.put("allow.toml", "say = [\"/bin/echo\", \"hello\"]\n");
  const auto agent = desk.start({"agent", "--listen", "127.0.0.1:0", "--users", "users", "--allow",
                                 "allow.toml", "--audit", "audit"});
  const std::uint16_t port = port_of(*agent);
  CHECK(agent->err().find("nobody may log in yet") != std::string::npos);
  const json who{{"user", "alice"}, {"password", password}};
  CHECK(status_of(post(port, "/login", who)) == 401);
  CHECK(brink_with(desk, password, "agent adduser --users users alice --admin") == 0);
  const std::string welcome = post(port, "/login", who);  // the agent saw it without being told
  REQUIRE(status_of(welcome) == 200);
  const std::string token = json::parse(body_of(welcome))["token"];
  const std::string bearer = "Authorization: Bearer " + token + "\r\n";
  CHECK(status_of(http_client::get(port, "/stats?token=" + token)) == 200);
  CHECK(status_of(http_client::get(port, "/metrics")) == 401);
  CHECK(status_of(http_client::get(port, "/metrics", bearer)) == 200);
  CHECK(status_of(http_client::get(port, "/healthz")) == 200);
  const std::string said = post(port, "/run", {{"command", "say"}}, bearer);
  CHECK(json::parse(body_of(said))["output"] == "hello\n");
  CHECK(lines(whole_file(desk / "audit")) == 2);
  CHECK(brink_with(desk, "", "agent removeuser --users users alice") == 0);
  CHECK(status_of(http_client::get(port, "/stats?token=" + token)) == 401);
  agent->send(SIGTERM);
  CHECK(agent->wait().code == 0);
  // No secret is in what it was told, or in what it told.
  for (const char* file : {"audit", "users", "users-wal"}) {
    const std::string text = fs::exists(desk / file) ? whole_file(desk / file) : "";
    CHECK(text.find(password) == std::string::npos);
    CHECK(text.find(token) == std::string::npos);
  }
}

TEST_CASE("brink: what serves people beyond loopback wants a certificate, or so many words",
          "[e2e]") {
  const Desk desk;
  const auto refused = [&desk](Words words, int code, const std::string& why) {
    const Said said = desk.brink(words);
    CAPTURE(words, said.err);
    CHECK(said.code == code);
    CHECK(said.err.find(why) != std::string::npos);
  };
  refused({"real", "small.toml", "--http", "0.0.0.0:0"}, 2, "say --plain-http");
  refused({"gateway", "--scenario", "small.toml", "--journal", "j", "--key-file", "k", "--http",
           "0.0.0.0:0", "--users", "u"},
          2, "say --plain-http");
  refused({"agent", "--listen", "0.0.0.0:0"}, 2, "say --plain-http");
  refused({"agent", "--listen", "[::]:0"}, 2, "say --plain-http");
  refused({"agent", "--certificate", "a.pem"}, 2, "belong together");
  refused({"agent", "--allow", "allow.toml"}, 2, "need --users");
  desk.put("allow.toml", "say = [\"echo\"]\n");
  refused({"agent", "--users", "users", "--allow", "allow.toml"}, 2,
          "allow.toml:1:7: 'say': expected an");
  const auto files = made_certificate::make(desk.folder());
  refused({"agent", "--certificate", files.chain, "--private-key", files.key, "--plain-http"}, 2,
          "exclude");
  const auto plain = desk.start({"agent", "--listen", "0.0.0.0:0", "--plain-http"});
  CHECK(status_of(http_client::get(port_of(*plain), "/healthz")) == 200);
  const Desk other;
  const auto safe = other.start(
      {"agent", "--listen", "0.0.0.0:0", "--certificate", files.chain, "--private-key", files.key});
  CHECK(status_of(http_client::get(port_of(*safe), "/healthz")) == 0);  // it speaks TLS only
}
