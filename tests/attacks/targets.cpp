#include <atomic>
#include <thread>

#include <nlohmann/json.hpp>

#include "real/agent_service.hpp"
#include "real/api.hpp"
#include "real/fleet/collector.hpp"
#include "real/user_store.hpp"
#include "tests/attacks/target.hpp"
#include "tests/cli/brink_process.hpp"
#include "tests/real/fake_proc.hpp"
#include "tests/real/http_client.hpp"
#include "vm/scenario_toml.hpp"

namespace attacks {
namespace {

using namespace real;
using namespace std::chrono_literals;
using nlohmann::json;

const std::string password = "correct horse battery";
constexpr auto quick = 400ms;
constexpr PasswordCost cheap{.memory = 8 << 10, .passes = 1};

/// One whose io_context runs on a thread of its own.
class Here : public Target {
 protected:
  void begin(std::function<void()> close) {
    close_ = std::move(close);
    thread_ = std::thread{[this] { io_.run(); }};
  }
  void end() {
    asio::post(io_, close_);
    thread_.join();
  }
  HttpServer::Options paced(HttpServer::Options http, Pace pace) {
    if (pace == Pace::quick) {
      http.head_limit = http.body_limit = http.write_limit = http.idle_limit = quick;
    }
    limit = http.head_limit;
    of_address = http.connections_of_address;
    return http;
  }
  asio::io_context io_;

 private:
  std::function<void()> close_;
  std::thread thread_;
};

std::string token_from(std::uint16_t port, const std::string& path, const json& who) {
  const std::string body = who.dump();
  http_client::HttpClient client{port, fresh_address()};
  const std::string answer =
      client
          .send("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body)
          .rest();
  REQUIRE(http_client::status_of(answer) == 200);
  return json::parse(http_client::body_of(answer))["token"];
}

void put_hostile_processes(const fake_proc::Proc& proc) {
  int pid = 100;
  for (const std::string& name : hostile_names()) {
    ++pid;
    proc.process(pid, name, 1, pid);
  }
}

void describe_agent(Target& target) {
  target.name = "agent";
  target.post = "/login";
  target.name_member = "user";
  target.guarded = "/processlist?top=1000";
  target.admin = "/run";
  target.admin_body = R"({"command": "say"})";
  target.revoke = "/logout";
}

class AgentHere final : public Here {
 public:
  explicit AgentHere(Pace pace) {
    describe_agent(*this);
    put_hostile_processes(proc_);
    const auto users = folder_.path() / "users";
    UserStore{users}.add("bob", password_hash(password, cheap), 0, read_scope);
    HttpServer::Options http;  // as cli/agent.cpp has them
    http.connections = 128;
    http.connections_of_address = 32;
    http.body_bytes = 4 << 10;
    http.rate = {.per_second = 100, .burst = 200};
    making = TokenMaking{Key::random(), "bob", "agent on test", std::string{read_scope}};
    AgentService::Options options;
    options.agent.proc = proc_.path();
    options.http = paced(http, pace);
    options.processes = 100;
    options.api = AgentApi::Options{.name = making->audience,
                                    .accounts = {.file = users, .cost = cheap},
                                    .commands = {{"say", {"/bin/echo", "hello"}}},
                                    .audit = folder_.path() / "audit",
                                    .proc = proc_.path(),
                                    .key = making->key};
    service_.emplace(io_, std::move(options));
    const std::string address = service_->address();
    port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    begin([this] { service_->close(); });
    token = token_from(port, post, {{"user", "bob"}, {"password", password}});
  }
  ~AgentHere() override { end(); }

 private:
  fake_proc::Folder folder_;
  fake_proc::Proc proc_;
  std::optional<AgentService> service_;
};

class GatewayHere final : public Here {
 public:
  explicit GatewayHere(Pace pace)
      : scenario_(scenario()),
        inventory_(scenario_),
        api_(io_, scenario_, folder_.path(),
             {.perform = [](Perform, std::function<void(Answer&)>) {},
              .audit =
                  [](vm::TenantId tenant, std::function<void(const Audited&)> reply) {
                    reply({.tenant = tenant, .served = true, .held = {}});
                  },
              .inventory = [this]() -> const vm::Inventory& { return inventory_; }}),
        server_(io_, paced({}, pace), api_.router()) {
    name = "gateway";
    post = "/tokens";
    name_member = "name";
    guarded = "/machines";
    port = server_.port();
    making = TokenMaking{read_key_file(folder_.path() / "tokens.key"), "c-0", "transactions", ""};
    UserStore{folder_.path() / "accounts.sqlite"}.add("c-0", password_hash(password, cheap), 0);
    begin([this] { server_.close(); });
    token = token_from(port, post, {{"name", "c-0"}, {"password", password}});
  }
  ~GatewayHere() override { end(); }

 private:
  static vm::Scenario scenario() {
    auto parsed = vm::parse_scenario(R"(
[scenario]
name = "attacked"
duration = "10 s"
[flavor.small]
cores = 1
memory = "1 GiB"
disk = "100 MB/s"
network = "1 Gbit/s"
[[fleet]]
flavor = "small"
[transaction.buy]
steps = [{ cpu = "2 ms" }]
[[clients]]
name = "c"
count = 2
arrivals = "poisson"
rate = "1 /s"
mix = { buy = 1.0 }
)",
                                     "attacked.toml", "/nonexistent");
    REQUIRE(parsed);
    return std::move(*parsed);
  }

  fake_proc::Folder folder_;
  vm::Scenario scenario_;
  vm::Inventory inventory_;
  Api api_;
  HttpServer server_;
};

/// Nobody logs in at a collector: its doors are a sealed batch, and one token for those who look.
class CollectorHere final : public Here {
 public:
  explicit CollectorHere(Pace pace) {
    name = "collector";
    post = "/agents/web1/samples";
    method = "PUT";
    guarded = "/fleet";
    token = "0123456789abcdef.watcher.token";
    std::filesystem::create_directory(folder_.path() / "keys");
    std::filesystem::permissions(folder_.path() / "keys", std::filesystem::perms::owner_all);
    create_key_file(folder_.path() / "keys" / "web1");
    Collector::Options options;
    options.fleet = "attacked";
    options.hosts.push_back({.name = "web1"});
    options.archive.file = folder_.path() / "fleet.sqlite";
    options.keys = folder_.path() / "keys";
    options.http = paced({}, pace);
    options.token = token;
    collector_.emplace(io_, std::move(options));
    port = collector_->port();
    begin([this] {
      collector_->close();
      io_.stop();  // it goes on writing what has come until it is destroyed
    });
  }
  ~CollectorHere() override { end(); }

 private:
  fake_proc::Folder folder_;
  std::optional<Collector> collector_;
};

class AgentProcess final : public ProcessTarget {
 public:
  AgentProcess() {
    describe_agent(*this);
    limit = 10s;
    of_address = 32;
    put_hostile_processes(proc_);
    desk_.put("allow.toml", "say = [\"/bin/echo\", \"hello\"]\n");
    UserStore{desk_ / "users"}.add("bob", password_hash(password), 0, read_scope);
    process_ =
        desk_.start({"agent", "--listen", "127.0.0.1:0", "--proc", proc_.path(), "--users", "users",
                     "--allow", "allow.toml", "--audit", "audit", "--processes", "100"});
    for (int i = 0; i < 2000 && port == 0; ++i) {
      const std::string said = process_->out();
      if (said.ends_with('\n')) {
        port = static_cast<std::uint16_t>(std::stoi(said.substr(said.rfind(':') + 1)));
      }
      std::this_thread::sleep_for(5ms);
    }
    REQUIRE(port != 0);
    token = token_from(port, post, {{"user", "bob"}, {"password", password}});
  }
  std::uint64_t peak_memory() const override {
    const std::string status =
        scenario_text::whole_file("/proc/" + std::to_string(process_->pid()) + "/status");
    const std::size_t at = status.find("VmHWM:");
    REQUIRE(at != std::string::npos);
    return std::stoull(status.substr(at + 6)) << 10;
  }

 private:
  fake_proc::Proc proc_;
  brink_process::Desk desk_;
  std::unique_ptr<brink_process::Process> process_;
};

class NodeExporter final : public Target {
 public:
  explicit NodeExporter(const std::string& program) {
    name = "node_exporter";
    is_ours = false;
    open = "/metrics";
    limit = 10s;
    asio::io_context io;
    port = tcp::acceptor{io, {asio::ip::address_v4::loopback(), 0}}.local_endpoint().port();
    process_.emplace(
        brink_process::Words{program, "--web.listen-address=127.0.0.1:" + std::to_string(port)},
        brink_process::Process::Start{.folder = desk_.folder()}, desk_.folder());
    for (int i = 0; i < 500; ++i) {
      try {
        http_client::HttpClient{port};
        return;
      } catch (const boost::system::system_error&) {
        std::this_thread::sleep_for(20ms);
      }
    }
  }

 private:
  brink_process::Desk desk_;
  std::optional<brink_process::Process> process_;
};

}  // namespace

std::unique_ptr<Target> agent_here(Pace pace) {
  return std::make_unique<AgentHere>(pace);
}

std::unique_ptr<Target> gateway_here(Pace pace) {
  return std::make_unique<GatewayHere>(pace);
}

std::unique_ptr<Target> collector_here(Pace pace) {
  return std::make_unique<CollectorHere>(pace);
}

std::unique_ptr<ProcessTarget> agent_process() {
  return std::make_unique<AgentProcess>();
}

std::unique_ptr<Target> node_exporter() {
  const std::string program = "/usr/bin/prometheus-node-exporter";
  if (!std::filesystem::exists(program)) return nullptr;
  return std::make_unique<NodeExporter>(program);
}

std::vector<NamedTarget> our_targets() {
  return {{"agent", agent_here}, {"gateway", gateway_here}, {"collector", collector_here}};
}

const std::vector<std::string>& hostile_names() {
  using namespace std::string_literals;  // a process's name is 15 bytes, any but NUL
  static const std::vector<std::string> names{"<script>x()</sc",  "<img src=x one",
                                              "\"} 1\nevil 2",    "a\\\"\n# TYPE x",
                                              "a\r\nSet-Cookie:", "=cmd|'/C calc'",
                                              "@SUM(1+1)",        "') ; DROP TABL",
                                              "${jndi:ldap}",     "\x1b[2J\x1b]0;x\x07",
                                              "\xff\xfe\xc0\xaf", "\xed\xa0\x80x",
                                              "a) S 1 1 1",       "((((",
                                              "%s%n%00../..",     "\xe2\x80\xaegpj.exe"};
  return names;
}

std::string fresh_address() {
  static std::atomic<unsigned> last{0};
  const unsigned n = ++last;
  return "127." + std::to_string(1 + n / 62'500 % 250) + "." + std::to_string(n / 250 % 250) + "." +
         std::to_string(1 + n % 250);
}

}  // namespace attacks
