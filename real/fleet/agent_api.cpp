#include "real/fleet/agent_api.hpp"

#include <charconv>

#include "real/json_answer.hpp"

namespace real {
namespace {

using nlohmann::json;

constexpr std::size_t usual_processes = 20;
constexpr std::size_t longest_noted = 64;  // bytes of a name that somebody made up

Response challenge(const std::string& what) {
  Response refusal = object_to(what, 401);
  refusal.headers.emplace_back("WWW-Authenticate", "Bearer");
  return refusal;
}

/// A whole number without signs or blanks.
std::optional<std::size_t> number_in(const std::string& text) {
  std::size_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stopped != end) return {};
  return number;
}

json answer_of(const std::string& name, const Commands::Ended& ended) {
  json answer{{"command", name},
              {"ended", to_string(ended.why)},
              {"took_ms", ended.took.count()},
              {"output", ended.output},
              {"errors", ended.errors}};
  answer[ended.code < 0 ? "signal" : "exit"] = std::abs(ended.code);
  return answer;
}

}  // namespace

AgentApi::AgentApi(asio::io_context& io, Options options, const Agent& agent)
    : options_(std::move(options)),
      agent_(agent),
      accounts_(io, options_.accounts),
      tokens_(options_.key),
      commands_(io, options_.commands, options_.limits),
      audit_(options_.audit, options_.report),
      processes_(options_.proc),
      runs_(options_.runs) {}

void AgentApi::add_to(Router& router) {
  router.add("POST", "/login", [this](const Request& request) { return log_in(request); });
  router.add("POST", "/logout",
             at_once([this](const Request& request) { return log_out(request); }));
  router.add("GET", "/stats", at_once([this](const Request& request) { return stats(request); }));
  router.add("GET", "/processlist",
             at_once([this](const Request& request) { return processes(request); }));
  router.add("POST", "/run", [this](const Request& request) { return run(request); });
}

bool AgentApi::may_read(const Request& request) const {
  return caller(request, Where::field).claims.has_value();
}

AgentApi::Caller AgentApi::caller(const Request& request, Where where) const {
  std::string token{request.bearer()};
  if (token.empty() && where == Where::field_or_query) {
    token = request.parameter("token").value_or("");
  }
  if (token.empty()) {
    return {{}, challenge("expected \"Authorization: Bearer TOKEN\" with a token of POST /login")};
  }
  auto claims = tokens_.check(token, options_.name, options_.now());
  if (!claims) return {{}, challenge(claims.error())};
  if (claims->id.empty() || revoked_.is(*claims)) return {{}, challenge("the token was revoked")};
  // What the token says was so when it was issued; the file says what is so now.
  const auto scope = accounts_.scope_of(claims->subject);
  if (!scope) return {{}, challenge("its owner is no user any more")};
  if (*scope != claims->scope) return {{}, challenge("its owner's scope has changed")};
  return {*claims, {}};
}

awaitable<Response> AgentApi::log_in(const Request& request) {
  const auto who = credentials(request, "user");
  if (!who) co_return object_to(who.error());
  const auto answer = co_await accounts_.log_in(who->first, who->second, request.peer);
  if (answer.verdict != Accounts::Verdict::welcome) co_return verdict(answer, {});
  if (answer.scope != read_scope && answer.scope != admin_scope) {
    co_return object_to("this user may do nothing here", 403);
  }
  const std::string token =
      tokens_.issue(who->first, options_.name, options_.now(), token_life, answer.scope);
  co_return tell(200,
                 {{"token", token}, {"expires_in", token_life.count()}, {"scope", answer.scope}});
}

Response AgentApi::log_out(const Request& request) {
  const Caller who = caller(request, Where::field);
  if (!who.claims) return who.refusal;
  revoked_.add(*who.claims, options_.now());
  return {.status = 204};
}

Response AgentApi::stats(const Request& request) const {
  const Caller who = caller(request, Where::field_or_query);
  if (!who.claims) return who.refusal;
  const double interval = std::chrono::duration<double>(options_.interval).count();
  return tell(200, stats_of(agent_, {.name = options_.name,
                                     .interval_s = interval,
                                     .agent_up_s = sim::seconds(monotonic_now() - began_)}));
}

Response AgentApi::processes(const Request& request) {
  const Caller who = caller(request, Where::field_or_query);
  if (!who.claims) return who.refusal;
  const auto count = number_in(request.parameter("top").value_or(std::to_string(usual_processes)));
  if (!count || *count == 0 || *count > most_processes) {
    return object_to("\"top\": expected a number from 1 to " + std::to_string(most_processes));
  }
  const std::string by = request.parameter("by").value_or("cpu");
  if (by != "cpu" && by != "memory") return object_to("\"by\": expected cpu or memory");
  processes_.look_again(monotonic_now());
  return tell(200, processes_of(processes_, *count,
                                by == "cpu" ? ProcessList::By::cpu : ProcessList::By::memory,
                                memory_of(agent_)));
}

std::optional<Response> AgentApi::turn_down(const Claims& who, const std::string& name) const {
  if (who.scope != admin_scope) {
    Response refusal = object_to("this needs the scope admin", 403);
    refusal.headers.emplace_back("WWW-Authenticate", "Bearer error=\"insufficient_scope\"");
    return refusal;
  }
  if (commands_.find(name) == nullptr) return object_to("no such command is allowed here", 404);
  if (!commands_.has_room()) {
    return later(503, "too many commands run at this moment", std::chrono::seconds{1});
  }
  return {};
}

awaitable<Response> AgentApi::run(const Request& request) {
  const Caller who = caller(request, Where::field);
  if (!who.claims) co_return who.refusal;
  if (const auto wait = runs_.take(who.claims->subject, monotonic_now()); wait > sim::Duration{}) {
    co_return later(429, "too many attempts", wait);
  }
  const auto body = object_of(request, {"command"});
  if (!body) co_return object_to(body.error());
  const auto given = body->find("command");
  if (given == body->end() || !given->is_string()) {
    co_return object_to("\"command\": expected the name of a command");
  }
  const auto name = given->get<std::string>();
  const json entry{{"who", who.claims->subject},
                   {"from", request.peer},
                   {"command", name.substr(0, longest_noted)}};
  const auto note = [&entry](const char* event, json more) {
    more.update(entry);
    more["event"] = event;
    return more;
  };
  if (auto refusal = turn_down(*who.claims, name)) {
    audit_.write(note("refused", {{"status", refusal->status}}));
    co_return std::move(*refusal);
  }
  const AllowedCommand command = *commands_.find(name);
  audit_.write(note("begins", {{"words", command.words}}));
  const Commands::Ended ended = co_await commands_.run(command);
  audit_.write(note("ended", {{"why", to_string(ended.why)},
                              {"trouble", ended.trouble},
                              {"code", ended.code},
                              {"took_ms", ended.took.count()},
                              {"output_bytes", ended.output.size() + ended.errors.size()}}));
  if (ended.why == Commands::Ended::Why::never_began) {
    co_return object_to("it cannot be started: " + ended.trouble, 500);
  }
  co_return tell(200, answer_of(name, ended));
}

}  // namespace real
