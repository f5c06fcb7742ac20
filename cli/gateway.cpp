// brink gateway: where clients knock in a real run, and where it is decided who moves.
#include "real/gateway.hpp"

#include <filesystem>
#include <iostream>

#include <sys/prctl.h>

#include "cli/http_option.hpp"
#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "real/descriptor_limit.hpp"
#include "real/ending.hpp"
#include "real/token.hpp"
#include "record/journal.hpp"
#include "vm/scenario_toml.hpp"

namespace cli {
namespace {

constexpr const char* explanation =
    "usage: brink gateway --scenario FILE --journal FILE --key-file FILE [OPTIONS]\n\n"
    "Takes in clients' transactions and passes them to the machines that own their tenants, and\n"
    "runs the control loop: what it is told and what it orders is kept in the journal, from which\n"
    "it goes on when it is started again. Started by brink real.\n\n";
constexpr const char* example =
    "\nexample: brink gateway --scenario scenarios/overload.toml --journal journal.jsonl \\\n"
    "           --key-file run.key --listen 127.0.0.1:7000 --http 127.0.0.1:8098 --users users\n"
    "exit: 0 ended by Ctrl-C or SIGTERM, 2 bad usage or a bad scenario, 3 the port is taken, or\n"
    "      the journal cannot be read or written\n";

constexpr std::chrono::seconds life_of_token{60};

struct Wanted {
  std::string scenario, journal, key_file, listen = "127.0.0.1:0", http, users;
  HttpSafety safety;
  bool follow_stdin = false;
};

void require(bool given, const char* option) {
  if (!given) throw UsageError{std::string{"needs "} + option + "; brink gateway --help"};
}

vm::Scenario load(const std::string& file) {
  auto loaded = vm::load_scenario(file);
  if (loaded) return std::move(*loaded);
  std::string all;
  for (const vm::Issue& issue : loaded.issues()) all += to_string(issue) + "\n";
  all.pop_back();
  throw UsageError(all);
}

/// What a gateway before this one was told.
real::ControlLoop::Past past_of(const std::filesystem::path& journal) {
  real::ControlLoop::Past past;
  if (!std::filesystem::exists(journal)) return past;
  auto entries = record::read_journal(journal);
  if (!entries) throw std::runtime_error(entries.error());
  for (record::JournalEntry& entry : *entries) {
    if (auto* told = std::get_if<record::TimedFact>(&entry)) {
      past.facts.emplace_back(told->at, std::move(told->fact));
      past.orders_after_last = 0;
    } else {
      ++past.orders_after_last;
    }
  }
  return past;
}

}  // namespace

int gateway(Arguments arguments) {
  namespace po = boost::program_options;
  Wanted wanted;
  Options options;
  const auto text = [](std::string& into, const char* name) {
    return po::value(&into)->value_name(name);
  };
  auto add = options.shown.add_options();
  add("scenario", text(wanted.scenario, "FILE"), "machines, clients, SLA and failover");
  add("journal", text(wanted.journal, "FILE"), "kept and, if it is there, gone on from");
  add("listen", text(wanted.listen, "ADDRESS:PORT"), "127.0.0.1:0; port 0: any");
  add("key-file", text(wanted.key_file, "FILE"), "key of the run");
  add("http", text(wanted.http, "ADDRESS:PORT"), "serve people and tools there; docs/API.md");
  add("users", text(wanted.users, "DIR"), "their accounts, and the key of their tokens");
  wanted.safety.add_options(options.shown);
  add("follow-stdin", po::bool_switch(&wanted.follow_stdin), "end when standard input does");
  if (!options.parse(arguments)) {
    std::cout << explanation << options.shown << example;
    return exit_done;
  }
  require(!wanted.scenario.empty(), "--scenario FILE");
  require(!wanted.journal.empty(), "--journal FILE");
  require(!wanted.key_file.empty(), "--key-file FILE");
  const auto address = real::split_address(wanted.listen);
  if (!address) throw UsageError{"--listen: " + address.error()};
  if (wanted.http.empty() != wanted.users.empty()) {
    throw UsageError{"--http and --users belong together"};
  }
  std::optional<real::HttpServer::Options> http;
  if (!wanted.http.empty()) {
    http = http_at(wanted.http, "--http");
    wanted.safety.apply(*http);
  }
  const vm::Scenario scenario = load(wanted.scenario);
  const real::Tokens tokens{real::read_key_file(wanted.key_file)};

  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  real::raise_descriptor_limit();
  auto past = past_of(wanted.journal);
  record::JournalWriter journal{wanted.journal};
  boost::asio::io_context io{1};
  real::Gateway here{io,
                     {.scenario = scenario,
                      .log = journal,
                      .past = std::move(past),
                      .host = address->first,
                      .port = static_cast<std::uint16_t>(std::stoul(address->second)),
                      .check =
                          [&tokens](const real::Hello& hello) {
                            const auto claims =
                                tokens.check(hello.token, to_string(hello.role), real::unix_now());
                            return claims ? std::string{} : claims.error();
                          },
                      .token =
                          [&tokens] {
                            return tokens.issue("gateway", to_string(real::Role::gateway),
                                                real::unix_now(), life_of_token);
                          }}};
  std::optional<real::Api> api;
  std::optional<real::HttpServer> server;
  if (http) {
    http->report = [](const std::string& what) { std::cerr << "http: " << what << std::endl; };
    api.emplace(io, scenario, wanted.users, here.door());
    server.emplace(io, std::move(*http), api->router());
    std::cout << "http on " << server->address() << std::endl;
  }
  const real::Ending ending{io, wanted.follow_stdin, [&] { io.stop(); }};
  std::cout << "listening on " << here.address() << std::endl;
  io.run();
  return exit_done;
}

}  // namespace cli
