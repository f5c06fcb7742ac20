// AgentApi: an agent for people, over HTTP with JSON.
//
//   POST /login        {"user": "alice", "password": "..."}  ──> {"token", "expires_in", "scope"}
//   POST /logout       the token that comes with it is void from now on
//   GET  /stats        the last sample, the counters, how long it is up
//   GET  /processlist  ?top=20&by=cpu or memory: short names, never command lines
//   POST /run          {"command": "uptime"}: one of the allow-list, for users with the scope admin
//
// A token is shown as "Authorization: Bearer TOKEN", and on the two GETs, for a browser's address
// line, as ?token=TOKEN too. It is good for 15 minutes, for this agent alone, and no longer than
// its owner is in the file: whoever is removed there is out at once. Its key is made when the agent
// begins and never leaves its memory, so with the agent end all tokens and what was revoked.
//
// Who had what run, from where and with what result goes to the audit log before and after it; so
// do refusals. docs/AGENT.md has it all with examples.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

#include "real/accounts.hpp"
#include "real/agent.hpp"
#include "real/fleet/agent_stats.hpp"
#include "real/fleet/audit_log.hpp"
#include "real/fleet/commands.hpp"
#include "real/fleet/revoked.hpp"
#include "real/http.hpp"
#include "real/process_list.hpp"
#include "real/token.hpp"

namespace real {

inline constexpr std::string_view read_scope = "read", admin_scope = "admin";

class AgentApi {
 public:
  static constexpr std::chrono::seconds token_life{900};
  static constexpr std::size_t most_processes = 1000;  // in one answer

  struct Options {
    std::string name;            // of this agent: whom its tokens are for
    Accounts::Options accounts;  // the file of its users
    std::vector<AllowedCommand> commands;
    Commands::Limits limits{};
    std::filesystem::path audit;  // empty: to `report`
    std::filesystem::path proc = "/proc";
    std::chrono::milliseconds interval = std::chrono::seconds{1};
    RateLimit::Config runs{.per_second = 1, .burst = 10};  // attempts of one user
    Key key = Key::random();
    std::function<std::int64_t()> now = unix_now;
    std::function<void(const std::string&)> report = [](const std::string&) {};
  };

  /// Opens the files. Throws std::runtime_error, std::system_error. `io` and `agent` outlive it.
  AgentApi(asio::io_context& io, Options options, const Agent& agent);

  /// Requires that the router's server ends before this.
  void add_to(Router& router);

  /// Whether the request brings a token of somebody who may read.
  bool may_read(const Request& request) const;
  std::int64_t users() const { return accounts_.count(); }

 private:
  enum class Where { field, field_or_query };
  /// Whose the request is, or the refusal.
  struct Caller {
    std::optional<Claims> claims;
    Response refusal;
  };
  Caller caller(const Request& request, Where where) const;

  awaitable<Response> log_in(const Request& request);
  Response log_out(const Request& request);
  Response stats(const Request& request) const;
  Response processes(const Request& request);
  awaitable<Response> run(const Request& request);
  /// Why this user may not run this now, if so.
  std::optional<Response> turn_down(const Claims& who, const std::string& name) const;

  Options options_;
  const Agent& agent_;
  Accounts accounts_;
  Tokens tokens_;
  Revoked revoked_;
  Commands commands_;
  AuditLog audit_;
  ProcessList processes_;
  RateLimit runs_;
  sim::Time began_ = monotonic_now();
};

}  // namespace real
