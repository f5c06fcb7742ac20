// `brink agent` as a process: what it serves, whom it refuses, and how it ends.
#include <cstdio>
#include <set>

#include <sys/stat.h>

#include "real/link.hpp"
#include "real/spawn.hpp"
#include "real/token.hpp"
#include "tests/cli/brink_process.hpp"
#include "tests/real/fake_proc.hpp"
#include "tests/real/http_client.hpp"

namespace {

using namespace brink_process;
using http_client::body_of;
using http_client::get;
using http_client::status_of;

/// The port behind "listening on HOST:", once it says so.
std::uint16_t port_of(const Process& process) {
  for (int i = 0; i < 2000; ++i) {
    const std::string said = process.out();
    if (said.ends_with('\n') && said.starts_with("listening on 127.0.0.1:")) {
      return static_cast<std::uint16_t>(std::stoi(said.substr(said.rfind(':') + 1)));
    }
    std::this_thread::sleep_for(5ms);
  }
  FAIL("it does not say where it listens: " << process.out() << process.err());
  return 0;
}

void put_secret(const fs::path& path, std::string_view text, mode_t mode = 0600) {
  std::ofstream(path, std::ios::binary) << text;
  ::chmod(path.c_str(), mode);
}

/// "name type" of each family on a page.
std::set<std::string> families(const std::string& page) {
  std::set<std::string> all;
  std::istringstream lines{page};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) all.insert(line.substr(7));
  }
  return all;
}

/// A port that nobody has at this moment.
std::uint16_t free_port() {
  real::asio::io_context io;
  real::tcp::acceptor acceptor{io, {real::asio::ip::address_v4::loopback(), 0}};
  return acceptor.local_endpoint().port();
}

}  // namespace

TEST_CASE("brink agent: serves the page of a /proc, and ends at once when it is asked to",
          "[e2e]") {
  const Desk desk;
  const fake_proc::Proc proc;
  const auto agent = desk.start(
      {"agent", "--listen", "127.0.0.1:0", "--interval", "100ms", "--proc", proc.path()});
  const std::uint16_t port = port_of(*agent);
  const std::string answer = get(port, "/metrics");
  CHECK(status_of(answer) == 200);
  CHECK(answer.find("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n") !=
        std::string::npos);
  CHECK(answer.find("\nnode_context_switches_total 99\n") != std::string::npos);
  // A scrape reads what is there now, not what the last sample saw.
  proc.put("loadavg", "7.50 1.25 2.00 3/84 22171\n");
  CHECK(get(port, "/metrics").find("\nnode_load1 7.5\n") != std::string::npos);
  CHECK(body_of(get(port, "/healthz")) == "ok\n");
  CHECK(status_of(get(port, "/")) == 404);
  proc.put("stat", "nonsense\n");
  std::string health;
  for (int i = 0; i < 200 && status_of(health) != 503; ++i) {
    health = get(port, "/healthz");
    std::this_thread::sleep_for(10ms);
  }
  CHECK(body_of(health) == "stat: no line says cpu\n");
  const http_client::HttpClient idle{port};  // does not hold it up
  agent->send(GENERATE(SIGTERM, SIGINT));
  const Said said = agent->wait();
  CHECK(said.code == 0);
  CHECK(said.err.empty());
}

TEST_CASE("brink agent: with a token it serves those who bring it", "[e2e]") {
  const Desk desk;
  put_secret(desk / "token", "0123456789abcdef\n");
  const auto agent = desk.start({"agent", "--listen", "127.0.0.1:0", "--token-file", "token"});
  const std::uint16_t port = port_of(*agent);
  const std::string refused = get(port, "/metrics");
  CHECK(status_of(refused) == 401);
  CHECK(refused.find("WWW-Authenticate: Bearer\r\n") != std::string::npos);
  CHECK(refused.find("node_") == std::string::npos);
  CHECK(status_of(get(port, "/metrics", "Authorization: Bearer 0123456789abcdeX\r\n")) == 401);
  CHECK(status_of(get(port, "/metrics", "Authorization: Bearer 0123456789abcdef\r\n")) == 200);
  put_secret(desk / "token", "0123456789abcdef\n", 0644);
  const Said lax = desk.brink({"agent", "--listen", "127.0.0.1:0", "--token-file", "token"});
  CHECK(lax.code == 3);
  CHECK(lax.err.find("token: others may use this secret") != std::string::npos);
}

TEST_CASE("brink agent: lists processes by their short names only when it is asked to", "[e2e]") {
  const Desk desk;
  const fake_proc::Proc proc;
  proc.process(17, "a\"} 1\nevil", 1, 4);
  proc.process(18, "quiet", 1, 2);
  const auto without = desk.start({"agent", "--listen", "127.0.0.1:0", "--proc", proc.path()});
  CHECK(get(port_of(*without), "/metrics").find("brink_process") == std::string::npos);
  const Desk other;
  const auto with =
      other.start({"agent", "--listen", "127.0.0.1:0", "--proc", proc.path(), "--processes", "1"});
  const std::string page = get(port_of(*with), "/metrics");
  // 120 + 30 ticks; both used as much, the larger one is shown.
  CHECK(page.find("brink_process_cpu_seconds_total{pid=\"17\",name=\"a\\\"} 1\\nevil\"} 1.5\n") !=
        std::string::npos);
  CHECK(page.find("quiet") == std::string::npos);
}

TEST_CASE("brink agent: bad usage is told, and a port that is taken too", "[e2e]") {
  const Desk desk;
  const auto refuses = [&desk](Words words, int code, const std::string& why) {
    words.insert(words.begin(), "agent");
    const Said said = desk.brink(words);
    CAPTURE(words, said.err);
    CHECK(said.code == code);
    CHECK(said.err.find(why) != std::string::npos);
    CHECK(said.out.empty());
  };
  refuses({"--interval", "99ms"}, 2, "between 100 ms and 1 h");
  refuses({"--interval", "soon"}, 2, "--interval");
  refuses({"--listen", "nowhere"}, 2, "--listen");
  refuses({"--listen", "example.org:80"}, 2, "is no address");
  refuses({"--listen", "127.0.0.1:99999"}, 2, "expected HOST:PORT");
  refuses({"--listn", "x"}, 2, "--listen");
  refuses({"--gateway", "127.0.0.1:1"}, 2, "belong together");
  refuses({"--gateway", "127.0.0.1:1", "--key-file", "none"}, 3, "none");
  const auto first = desk.start({"agent", "--listen", "127.0.0.1:0"});
  const std::string taken = "127.0.0.1:" + std::to_string(port_of(*first));
  const Desk other;
  const Said said = other.brink({"agent", "--listen", taken});
  CHECK(said.code == 3);
  CHECK(said.err.find(taken) != std::string::npos);
  const Said help = other.brink({"agent", "--help"});
  CHECK(help.code == 0);
  CHECK(help.out.find("example: brink agent --listen") != std::string::npos);
}

TEST_CASE("brink agent: that follows its standard input ends with it", "[e2e]") {
  const fake_proc::Folder folder;
  const std::string out = folder.path() / "out";
  const std::string command =
      std::string{BRINK} + " agent --listen 127.0.0.1:0 --follow-stdin > " + out;
  FILE* const agent = ::popen(command.c_str(), "w");
  REQUIRE(agent != nullptr);
  for (int i = 0; i < 2000 && scenario_text::whole_file(out).empty(); ++i) {
    std::this_thread::sleep_for(5ms);
  }
  CHECK(scenario_text::whole_file(out).starts_with("listening on"));
  CHECK(::pclose(agent) == 0);  // closes its input and waits for its end
  const Desk desk;
  CHECK(desk.brink({"agent", "--listen", "127.0.0.1:0", "--follow-stdin"}).code == 0);  // /dev/null
}

TEST_CASE("brink agent: tells a gateway of the nodes it watches, and one that came back", "[e2e]") {
  using namespace real;
  const Desk desk;
  const Key key = create_key_file(desk / "key");
  asio::io_context io;
  std::shared_ptr<Link> link;
  std::size_t samples = 0;
  std::string introduced;
  const auto accepted = [&](std::shared_ptr<Link> fresh, const Hello&) {
    link = std::move(fresh);
    link->start(
        [&samples](Message& message) {
          const auto* sampled = std::get_if<Sampled>(&message);
          REQUIRE(sampled != nullptr);
          CHECK(sampled->machine == vm::MachineId{5});
          CHECK(sampled->utilisation[1] > 0);  // this process is in memory
          ++samples;
        },
        [](const std::string&) {});
    link->send(Watch{.machine = vm::MachineId{5},
                     .pid = ::getpid(),
                     .directory = desk.folder(),
                     .cgroup = {},
                     .cores = 1,
                     .disk = 1e6,
                     .network = 1e6,
                     .memory = {std::int64_t{1} << 30}});
  };
  const auto check = [&](const Hello& hello) -> std::string {
    introduced = std::string{to_string(hello.role)};
    const auto claims = Tokens{key}.check(hello.token, "agent", unix_now());
    return claims ? "" : claims.error();
  };
  // The agent is there first and dials until somebody answers. (A listener that was there before
  // would be inherited: Asio opens its sockets so.)
  Listener::Options where;
  where.port = free_port();
  const std::string address = "127.0.0.1:" + std::to_string(where.port);
  const auto agent =
      desk.start({"agent", "--gateway", address, "--key-file", "key", "--interval", "100ms"});
  std::this_thread::sleep_for(50ms);
  std::optional<Listener> gateway{std::in_place, io, where, check, accepted};
  const auto run_until = [&io, &samples](std::size_t wanted) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (samples < wanted && std::chrono::steady_clock::now() < deadline) {
      io.restart();
      io.run_for(20ms);
    }
    return samples >= wanted;
  };
  CHECK(run_until(3));
  CHECK(introduced == "agent");
  // The gateway dies and another one comes to the same place: the agent comes back by itself.
  link->close();
  gateway.reset();
  link.reset();
  samples = 0;
  io.restart();
  io.run_for(50ms);
  gateway.emplace(io, where, check, accepted);
  CHECK(run_until(3));
  agent->send(SIGTERM);
  CHECK(agent->wait().code == 0);
}

TEST_CASE("brink agent: its names are node_exporter's, of the same type", "[e2e]") {
  const fs::path peer = "/usr/bin/prometheus-node-exporter";
  if (!fs::exists(peer)) {
    WARN("prometheus-node-exporter is not installed: names are not compared");
    return;
  }
  const std::uint16_t peer_port = free_port();
  const Desk desk, other;
  const Process exporter{{peer, "--web.listen-address=127.0.0.1:" + std::to_string(peer_port)},
                         {.folder = other.folder()},
                         other.folder()};
  const auto agent = desk.start({"agent", "--listen", "127.0.0.1:0"});
  const auto ours = families(get(port_of(*agent), "/metrics"));
  std::set<std::string> theirs;
  for (int i = 0; i < 500 && theirs.empty(); ++i) {
    try {
      // By HTTP/1.0: its page comes in one piece.
      http_client::HttpClient client{peer_port};
      theirs = families(client.send("GET /metrics HTTP/1.0\r\n\r\n").rest());
    } catch (const boost::system::system_error&) {
      std::this_thread::sleep_for(20ms);  // it is not up yet
    }
  }
  REQUIRE_FALSE(theirs.empty());
  std::size_t shared = 0;
  for (const std::string& family : ours) {
    if (!family.starts_with("node_")) continue;
    CAPTURE(family);
    CHECK(theirs.count(family) == 1);
    ++shared;
  }
  CHECK(shared > 60);
}
