#include "real/api.hpp"

#include <charconv>

#include "real/holding.hpp"
#include "real/json_answer.hpp"
#include "vm/spelling.hpp"

namespace real {
namespace {

using nlohmann::json;

constexpr std::string_view audience = "transactions";
constexpr std::uint64_t sequence_limit = filler_begin - people_begin;

/// The key of tokens for users, made the first time.
Key key_in(const std::filesystem::path& folder) {
  const auto file = folder / "tokens.key";
  return std::filesystem::exists(file) ? read_key_file(file) : create_key_file(file);
}

std::filesystem::path made(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
  return folder;
}

/// Waits for an answer that comes by a callback.
template <class T>
awaitable<T> answer_of(asio::io_context& io, std::function<void(std::function<void(T)>)> ask) {
  struct Waiting {
    explicit Waiting(asio::io_context& context) : bell(context) {}
    asio::steady_timer bell;
    std::optional<T> answer;
  };
  const auto waiting = std::make_shared<Waiting>(io);
  waiting->bell.expires_at(asio::steady_timer::time_point::max());
  ask([waiting](T answer) {
    waiting->answer = std::move(answer);
    waiting->bell.cancel();
  });
  if (!waiting->answer) {
    boost::system::error_code rung;
    co_await waiting->bell.async_wait(asio::redirect_error(use_awaitable, rung));
  }
  co_return std::move(*waiting->answer);
}

}  // namespace

std::optional<vm::TenantId> client_of(const vm::Scenario& scenario, std::string_view name) {
  const auto dash = name.rfind('-');
  if (dash == std::string_view::npos) return {};
  const std::string_view digits = name.substr(dash + 1);
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool plain = error == std::errc{} && end == digits.data() + digits.size() &&
                     (digits.size() == 1 || digits[0] != '0');
  if (!plain) return {};
  std::uint32_t first = 0;
  for (const vm::ClientGroup& group : scenario.clients) {
    if (group.name == name.substr(0, dash) && number < group.count) {
      return vm::TenantId{first + number};
    }
    first += group.count;
  }
  return {};
}

Api::Api(asio::io_context& io, const vm::Scenario& scenario, const std::filesystem::path& users,
         Door door)
    : io_(io),
      scenario_(scenario),
      accounts_(io, {.file = made(users) / "accounts.sqlite"}),
      tokens_(key_in(users)),
      door_(std::move(door)) {}

Router Api::router() {
  Router router;
  router.add("POST", "/users", [this](const Request& r) { return register_user(r); });
  router.add("POST", "/tokens", [this](const Request& r) { return issue_token(r); });
  router.add("POST", "/transactions", [this](const Request& r) { return perform(r); });
  router.add("GET", "/state", [this](const Request& r) { return state(r); });
  router.add("GET", "/machines", at_once([this](const Request& r) { return machines(r); }));
  router.add("GET", "/healthz", at_once([](const Request&) { return Response{.body = "ok\n"}; }));
  return router;
}

awaitable<Response> Api::register_user(const Request& request) {
  const auto who = credentials(request, "name");
  if (!who) co_return object_to(who.error());
  if (!client_of(scenario_, who->first)) {
    co_return object_to("no client of this scenario has this name; they are called like " +
                        vm::in_quotes(scenario_.clients.front().name + "-0"));
  }
  const auto answer = co_await accounts_.register_user(who->first, who->second, request.peer);
  co_return verdict(answer, tell(201, {{"name", who->first}}));
}

awaitable<Response> Api::issue_token(const Request& request) {
  const auto who = credentials(request, "name");
  if (!who) co_return object_to(who.error());
  const auto answer = co_await accounts_.log_in(who->first, who->second, request.peer);
  if (answer.verdict != Accounts::Verdict::welcome) co_return verdict(answer, {});
  co_return tell(200, {{"token", tokens_.issue(who->first, audience, unix_now(), token_life)},
                       {"expires_in", token_life.count()}});
}

Api::Caller Api::caller(const Request& request) const {
  Response refusal = object_to("expected \"Authorization: Bearer TOKEN\"", 401);
  refusal.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (request.bearer().empty()) return {.tenant = {}, .refusal = std::move(refusal)};
  const auto claims = tokens_.check(request.bearer(), audience, unix_now());
  if (!claims) return {.tenant = {}, .refusal = object_to(claims.error(), 401)};
  const auto tenant = client_of(scenario_, claims->subject);
  // The scenario may be another one than when the account was made.
  if (!tenant) return {.tenant = {}, .refusal = object_to("you are no client here", 403)};
  return {.tenant = tenant, .refusal = {}};
}

awaitable<Response> Api::perform(const Request& request) {
  const Caller who = caller(request);
  if (!who.tenant) co_return who.refusal;
  const auto body = object_of(request, {"sequence", "kind", "write"});
  if (!body) co_return object_to(body.error());
  Perform transaction;
  transaction.tenant = *who.tenant;
  const auto sequence = body->find("sequence");
  if (sequence == body->end() || !sequence->is_number_unsigned() ||
      sequence->get<std::uint64_t>() >= sequence_limit) {
    co_return object_to("\"sequence\": expected a number from 0 to 2^38 - 1");
  }
  transaction.sequence = people_begin + sequence->get<std::uint64_t>();
  if (const auto write = body->find("write"); write != body->end()) {
    if (!write->is_string()) co_return object_to("\"write\": expected text");
    transaction.value = write->get<std::string>();
    if (transaction.value.size() > write_limit) {
      co_return object_to("\"write\": at most " + std::to_string(write_limit) + " bytes", 413);
    }
  }
  if (const auto kind = body->find("kind"); kind != body->end()) {
    const auto found =
        std::ranges::find_if(scenario_.transactions, [&](const vm::TransactionKind& candidate) {
          return kind->is_string() && candidate.name == kind->get<std::string>();
        });
    if (found == scenario_.transactions.end()) {
      co_return object_to("\"kind\": the scenario has no such transaction");
    }
    transaction.memory = found->memory;
    for (const vm::Step& step : found->steps) {
      transaction.steps.push_back({step.resource, step.demand.mean()});
    }
  }
  std::function<void(std::function<void(Answer)>)> ask = [&](std::function<void(Answer)> reply) {
    door_.perform(std::move(transaction),
                  [reply = std::move(reply)](Answer& answer) { reply(std::move(answer)); });
  };
  const Answer answer = co_await answer_of<Answer>(io_, std::move(ask));
  switch (answer.result) {
    case Result::committed:
      co_return tell(200, {{"result", "committed"}, {"machine", answer.machine.value}});
    case Result::refused:
      co_return later(503, "refused: nothing was applied", std::chrono::seconds{1});
    case Result::failed:
    case Result::frozen:
    case Result::moved:
      break;
  }
  co_return later(503, "failed: it may have been applied, send it again with the same sequence",
                  std::chrono::seconds{1});
}

awaitable<Response> Api::state(const Request& request) {
  const Caller who = caller(request);
  if (!who.tenant) co_return who.refusal;
  std::function<void(std::function<void(Audited)>)> ask = [&](std::function<void(Audited)> reply) {
    door_.audit(*who.tenant,
                [reply = std::move(reply), all = Audited{}](const Audited& part) mutable {
                  std::vector<Range> held = std::move(all.held);
                  held.insert(held.end(), part.held.begin(), part.held.end());
                  all = part;
                  all.held = std::move(held);
                  if (!part.more) reply(std::move(all));
                });
  };
  const Audited held = co_await answer_of<Audited>(io_, std::move(ask));
  const auto& tenant = door_.inventory()[*who.tenant];
  json ranges = json::array();
  std::uint64_t writes = 0;
  for (const auto& [first, last] : held.held) {  // the load engine's own, before them, are no news
    if (last < people_begin || first >= filler_begin) continue;
    ranges.push_back({first - people_begin, last - people_begin});
    writes += last - first + 1;
  }
  co_return tell(200, {{"tenant", who.tenant->value},
                       {"served", held.served},
                       {"machine", tenant.owner.value},
                       {"epoch", tenant.epoch},
                       {"writes", writes},
                       {"sequences", std::move(ranges)}});
}

Response Api::machines(const Request& request) const {
  const Caller who = caller(request);
  if (!who.tenant) return who.refusal;
  const vm::Inventory& inventory = door_.inventory();
  json list = json::array();
  for (std::uint32_t i = 0; i < inventory.machine_count(); ++i) {
    const auto& machine = inventory[vm::MachineId{i}];
    list.push_back({{"machine", i},
                    {"fleet", scenario_.fleets[machine.fleet.value].name},
                    {"flavor", scenario_.flavors[machine.flavor.value].name},
                    {"up", inventory.is_up(vm::MachineId{i})}});
  }
  return tell(200, {{"machines", std::move(list)}});
}

}  // namespace real
