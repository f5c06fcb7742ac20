// brink agent: shows what this host does to Prometheus, or tells it to a gateway.
#include <array>
#include <chrono>
#include <iostream>
#include <optional>

#include <sys/prctl.h>
#include <unistd.h>

#include "cli/agent_users.hpp"
#include "cli/http_option.hpp"
#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "real/agent_service.hpp"
#include "real/bounded_log.hpp"
#include "real/ending.hpp"
#include "real/resident.hpp"
#include "vm/quantity.hpp"
#include "vm/spelling.hpp"

namespace cli {
namespace {

using namespace std::chrono_literals;

constexpr const char* explanation =
    "usage: brink agent [OPTIONS]\n"
    "       brink agent adduser --users FILE NAME [--admin]\n"
    "       brink agent removeuser --users FILE NAME\n\n"
    "Samples this host and shows it at GET /metrics in the Prometheus text format, with\n"
    "node_exporter's names where the meaning is the same; GET /healthz says whether it works.\n"
    "With --users people log in (POST /login) and ask for GET /stats and GET /processlist, and\n"
    "admins for what --allow names (POST /run); docs/AGENT.md shows how.\n"
    "Started by brink real it tells the gateway of the run instead.\n\n";

constexpr const char* example =
    "\nexample: brink agent --listen 127.0.0.1:9110 --interval 1s\n"
    "         curl -s http://127.0.0.1:9110/metrics | grep brink_utilisation\n"
    "         brink agent adduser --users agent.users alice --admin\n"
    "         brink agent --users agent.users --allow commands.toml --audit agent.audit\n"
    "exit: 0 ended by Ctrl-C or SIGTERM, 2 bad usage or a bad allow-file, 3 the port is taken or "
    "a\n"
    "      file cannot be read\n";

constexpr auto least_interval = 100ms;
constexpr auto most_interval = 1h;

struct Wanted {
  std::string listen, interval = "1s", token_file, proc = "/proc", disk, network;
  std::vector<std::string> names;
  std::size_t processes = 0;
  std::string gateway, key_file;
  std::uint32_t number = 0;
  std::string users, allow, audit;
  HttpSafety safety;
  std::string log;
  std::string push, push_name, push_key_file, push_ca;
  bool follow_stdin = false;
};

template <class T>
T good(sim::Result<T> result, const char* option) {
  if (!result) throw UsageError{std::string{option} + ": " + result.error()};
  return *result;
}

std::chrono::milliseconds interval_of(const std::string& text) {
  const sim::Duration span = good(vm::parse_duration(text), "--interval");
  if (span < least_interval || span > most_interval) {
    throw UsageError{"--interval: between 100 ms and 1 h, and not " + text};
  }
  return std::chrono::duration_cast<std::chrono::milliseconds>(span);
}

real::HttpServer::Options http_of(const Wanted& wanted) {
  real::HttpServer::Options http = http_at(wanted.listen, "--listen");
  wanted.safety.apply(http);
  http.names = wanted.names;
  http.connections = 128;
  http.connections_of_address = 32;
  http.body_bytes = 4 << 10;
  http.rate = {.per_second = 100, .burst = 200};
  return http;
}

std::vector<real::AllowedCommand> allowed_in(const std::string& file) {
  if (file.empty()) return {};
  auto commands = real::read_allow_file(file);
  if (commands) return std::move(*commands);
  std::string all;
  for (const vm::Issue& issue : commands.issues()) all += to_string(issue) + "\n";
  all.pop_back();
  throw UsageError(all);
}

real::AgentApi::Options api_of(const Wanted& wanted) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  real::AgentApi::Options api;
  api.name = "agent on " + std::string{host.data()}.substr(0, 100);
  api.accounts.file = wanted.users;
  api.commands = allowed_in(wanted.allow);
  api.audit = wanted.audit;
  api.proc = wanted.proc;
  return api;
}

std::optional<real::Push::Options> push_of(const Wanted& wanted) {
  if (wanted.push.empty() != wanted.push_name.empty() ||
      wanted.push.empty() != wanted.push_key_file.empty()) {
    throw UsageError{"--push, --push-name and --push-key-file belong together"};
  }
  if (wanted.push.starts_with("https://") == wanted.push_ca.empty()) {
    throw UsageError{"--push-ca and an https:// of --push belong together"};
  }
  if (wanted.push.empty()) return {};
  real::Push::Options push;
  push.url = wanted.push;
  push.ca = wanted.push_ca;
  push.name = wanted.push_name;
  push.key = real::read_key_file(wanted.push_key_file);
  push.report = [](const std::string& what) { std::cerr << "agent: " << what << std::endl; };
  return push;
}

real::AgentService::Options service_of(const Wanted& wanted) {
  real::AgentService::Options service;
  service.agent.proc = wanted.proc;
  if (!wanted.disk.empty()) {
    service.agent.capacity.disk = good(vm::parse_byte_rate(wanted.disk), "--disk");
  }
  if (!wanted.network.empty()) {
    service.agent.capacity.network = good(vm::parse_byte_rate(wanted.network), "--network");
  }
  service.interval = interval_of(wanted.interval);
  if (!wanted.listen.empty()) service.http = http_of(wanted);
  if (!wanted.token_file.empty()) service.token = real::read_secret_line(wanted.token_file);
  service.processes = wanted.processes;
  service.gateway = wanted.gateway;
  service.number = wanted.number;
  if (!wanted.gateway.empty()) service.key = real::read_key_file(wanted.key_file);
  service.push = push_of(wanted);
  service.report = [](const std::string& what) { std::cerr << "agent: " << what << std::endl; };
  if (service.http) service.http->report = service.report;
  if (!wanted.users.empty()) {
    service.api = api_of(wanted);
    service.api->interval = service.interval;
    service.api->report = service.report;
  }
  return service;
}

}  // namespace

int agent(Arguments arguments) {
  if (!arguments.empty() && arguments[0] == "adduser") return agent_adduser(arguments.subspan(1));
  if (!arguments.empty() && arguments[0] == "removeuser") {
    return agent_removeuser(arguments.subspan(1));
  }
  namespace po = boost::program_options;
  Wanted wanted;
  Options options;
  const auto text = [](std::string& into, const char* name) {
    return po::value(&into)->value_name(name);
  };
  options.shown.add_options()  //
      ("listen", text(wanted.listen, "ADDRESS:PORT"),
       "where the page is; 127.0.0.1:9110 unless samples are sent elsewhere; port 0: any")(
          "interval", text(wanted.interval, "TIME"), "between samples: 1s, at least 100ms")(
          "token-file", text(wanted.token_file, "FILE"),
          "what a scrape must bring as its bearer token, in a file of mode 0600")(
          "host", po::value(&wanted.names)->value_name("NAME"),
          "a name by which scrapes may call this host, besides localhost; repeatable")(
          "disk", text(wanted.disk, "RATE"), "what the disks can do, such as \"200 MB/s\"")(
          "network", text(wanted.network, "RATE"), "what the network can do, \"1 Gbit/s\"")(
          "processes", po::value(&wanted.processes)->value_name("N"),
          "list the N busiest processes, by their short names")("proc", text(wanted.proc, "DIR"),
                                                                "read this instead of /proc")(
          "gateway", text(wanted.gateway, "HOST:PORT"), "send the samples there")(
          "key-file", text(wanted.key_file, "FILE"), "key of the run, to introduce itself with")(
          "number", po::value(&wanted.number)->value_name("N"), "of this host in the run; 0")(
          "push", text(wanted.push, "URL"), "send the host's samples to this fleet collector")(
          "push-name", text(wanted.push_name, "NAME"), "of this host in the fleet file")(
          "push-key-file", text(wanted.push_key_file, "FILE"),
          "the key under which they are sealed, mode 0600")(
          "push-ca", text(wanted.push_ca, "FILE"),
          "of an https:// collector: its certificate, or who has signed it (PEM)")(
          "follow-stdin", po::bool_switch(&wanted.follow_stdin), "end when standard input does");
  options.shown.add_options()("users", text(wanted.users, "FILE"),
                              "let people in who are in this file; brink agent adduser makes it")(
      "allow", text(wanted.allow, "FILE"),
      "commands that admins may run: a TOML file of name = [\"/path\", \"word\"]")(
      "audit", text(wanted.audit, "FILE"), "who had what run; without it on standard error");
  wanted.safety.add_options(options.shown);
  options.shown.add_options()("log", text(wanted.log, "FILE"),
                              "what it has to say goes there, the last mebibyte of it");
  if (!options.parse(arguments)) {
    std::cout << explanation << options.shown << example;
    return exit_done;
  }
  if (wanted.gateway.empty() != wanted.key_file.empty()) {
    throw UsageError{"--gateway and --key-file belong together"};
  }
  if (wanted.users.empty() && !(wanted.allow.empty() && wanted.audit.empty())) {
    throw UsageError{"--allow and --audit need --users FILE, who may ask for commands"};
  }
  const bool serves = (wanted.gateway.empty() && wanted.push.empty()) || !wanted.users.empty();
  if (serves && wanted.listen.empty()) wanted.listen = "127.0.0.1:9110";

  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  boost::asio::io_context io{1};
  std::optional<real::BoundedLog> log;
  if (!wanted.log.empty()) log.emplace(io, wanted.log);
  real::AgentService service{io, service_of(wanted)};
  const real::Ending ending{io, wanted.follow_stdin, [&] {
                              service.close();
                              io.stop();  // a gateway that is being dialled is not waited for
                            }};
  if (!wanted.users.empty() && service.users() == 0) {
    std::cerr << "agent: nobody may log in yet; brink agent adduser --users " << wanted.users
              << " NAME\n";
  }
  if (!wanted.listen.empty()) std::cout << "listening on " << service.address() << std::endl;
  real::forget_start();
  io.run();
  return exit_done;
}

}  // namespace cli
