#include "real/api.hpp"

#include <filesystem>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "real/holding.hpp"
#include "real/spawn.hpp"
#include "vm/scenario_toml.hpp"

namespace {

using namespace real;
using nlohmann::json;

constexpr const char* two_groups = R"(
[scenario]
name = "api"
duration = "10 s"
[flavor.small]
cores = 1
memory = "1 GiB"
disk = "100 MB/s"
network = "1 Gbit/s"
[[fleet]]
flavor = "small"
[transaction.buy]
steps = [{ cpu = { exponential = "2 ms" } }, { disk = "4 KiB" }]
memory = "256 KiB"
write = "1 KiB"
[[clients]]
name = "shop"
count = 3
arrivals = "poisson"
rate = "1 /s"
mix = { buy = 1.0 }
[[clients]]
name = "shop-two"
count = 2
arrivals = "poisson"
rate = "1 /s"
mix = { buy = 1.0 }
)";

vm::Scenario scenario() {
  auto parsed = vm::parse_scenario(two_groups, "api.toml", "/nonexistent");
  REQUIRE(parsed);
  return std::move(*parsed);
}

/// A gateway that keeps what it is told in a map.
struct Fixture {
  Fixture() : api(io, world, folder, door()), router(api.router()) {}
  ~Fixture() { std::filesystem::remove_all(folder); }

  static std::filesystem::path new_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "brink-api-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    return name;
  }
  Api::Door door() {
    return {.perform =
                [this](Perform transaction, std::function<void(Answer&)> reply) {
                  performed.push_back(transaction);
                  Answer answer{.result = next, .machine = vm::MachineId{0}};
                  reply(answer);
                },
            .audit =
                [](vm::TenantId tenant, std::function<void(const Audited&)> reply) {
                  reply({.tenant = tenant,
                         .served = true,
                         .count = 2,
                         .held = {{0, 9}, {people_begin + 4, people_begin + 5}}});
                },
            .inventory = [this]() -> const vm::Inventory& { return inventory; }};
  }

  Response ask(std::string method, std::string target, std::string body = {},
               std::string token = {}) {
    Request request;
    request.method = method;
    request.target = target;
    request.body = std::move(body);
    request.peer = "127.0.0.1";
    if (!token.empty()) request.headers.emplace_back("authorization", "Bearer " + token);
    const auto found = router.find(method, target);
    if (found.handler == nullptr) return found.refusal;
    Response response{.status = 0};
    spawn(io, "request",
          [](const Handler& handler, const Request& asked, Response& into) -> awaitable<void> {
            into = co_await handler(asked);
          }(*found.handler, request, response));
    io.restart();
    io.run_for(std::chrono::seconds{20});
    return response;
  }
  std::string token_of(const std::string& name) {
    const std::string who = json{{"name", name}, {"password", "correct horse"}}.dump();
    CHECK(ask("POST", "/users", who).status == 201);
    const Response tokens = ask("POST", "/tokens", who);
    REQUIRE(tokens.status == 200);
    return json::parse(tokens.body)["token"];
  }

  asio::io_context io;
  vm::Scenario world = scenario();
  vm::Inventory inventory{world};
  std::filesystem::path folder = new_folder();
  std::vector<Perform> performed;
  Result next = Result::committed;
  Api api;
  Router router;
};

}  // namespace

TEST_CASE("api: a name stands for one client of one group") {
  const vm::Scenario world = scenario();
  CHECK(client_of(world, "shop-0") == vm::TenantId{0});
  CHECK(client_of(world, "shop-2") == vm::TenantId{2});
  CHECK(client_of(world, "shop-two-1") == vm::TenantId{4});  // after the three of "shop"
  for (const char* none : {"shop-3", "shop", "shop-", "shop-02", "shop-+1", "shop--1", "-0", "",
                           "shop-99999999999", "shop-two-2"}) {
    CAPTURE(none);
    CHECK_FALSE(client_of(world, none));
  }
}

TEST_CASE("api: a user's transaction reaches his own tenant, with what its kind demands") {
  Fixture gateway;
  const std::string token = gateway.token_of("shop-two-0");
  const Response done = gateway.ask(
      "POST", "/transactions", R"({"sequence": 7, "kind": "buy", "write": "two tickets"})", token);
  CHECK(done.status == 200);
  CHECK(json::parse(done.body) == json{{"result", "committed"}, {"machine", 0}});
  REQUIRE(gateway.performed.size() == 1);
  const Perform& got = gateway.performed[0];
  CHECK(got.tenant == vm::TenantId{3});
  CHECK(got.sequence == people_begin + 7);
  CHECK(got.value == "two tickets");
  CHECK(got.memory == vm::Bytes{256 << 10});
  REQUIRE(got.steps.size() == 2);
  CHECK(got.steps[0].amount == Approx(0.002));  // the mean of its exponential
  CHECK(got.steps[1].amount == 4096);

  const json held = json::parse(gateway.ask("GET", "/state", {}, token).body);
  CHECK(held["tenant"] == 3);
  CHECK(held["sequences"] == json::array({json::array({4, 5})}));
}

TEST_CASE("api: what may have been applied is told apart from what was not") {
  Fixture gateway;
  const std::string token = gateway.token_of("shop-0");
  const auto send = [&](Result result) {
    gateway.next = result;
    const Response answer = gateway.ask("POST", "/transactions", R"({"sequence": 1})", token);
    CHECK(answer.status == 503);
    REQUIRE(answer.headers.size() == 1);
    CHECK(answer.headers[0].first == "Retry-After");
    return answer.body;
  };
  CHECK(send(Result::refused).find("nothing was applied") != std::string::npos);
  CHECK(send(Result::failed).find("may have been applied") != std::string::npos);
}

TEST_CASE("api: nobody gets further without a token of this gateway") {
  Fixture gateway, other;
  const std::string foreign = other.token_of("shop-0");
  for (const std::string& token : {std::string{}, std::string{"nonsense"}, foreign}) {
    for (const std::string target : {"/transactions", "/state", "/machines"}) {
      CAPTURE(token, target);
      const std::string verb = target == "/transactions" ? "POST" : "GET";
      CHECK(gateway.ask(verb, target, R"({"sequence": 1})", token).status == 401);
    }
  }
  CHECK(gateway.performed.empty());
  CHECK(gateway.ask("GET", "/healthz").status == 200);
}

TEST_CASE("api: bodies that make no sense are refused with the reason") {
  Fixture gateway;
  const std::string token = gateway.token_of("shop-0");
  const auto refused = [&](const std::string& body, const std::string& because, unsigned status) {
    CAPTURE(body);
    const Response answer = gateway.ask("POST", "/transactions", body, token);
    CHECK(answer.status == status);
    CHECK(json::parse(answer.body)["error"].get<std::string>().find(because) != std::string::npos);
  };
  refused("", "expected a JSON object", 400);
  refused("[1]", "expected a JSON object", 400);
  refused(R"({"sequence": -1})", "from 0 to 2^38 - 1", 400);
  refused(R"({"sequence": 274877906944})", "from 0 to 2^38 - 1", 400);
  refused(R"({"sequence": 1.5})", "from 0 to 2^38 - 1", 400);
  refused(R"({"sequence": 1, "kind": "steal"})", "no such transaction", 400);
  refused(R"({"sequence": 1, "wrote": "x"})", "unknown member", 400);
  refused(R"({"sequence": 1, "write": 5})", "expected text", 400);
  refused(json{{"sequence", 1}, {"write", std::string(40'000, 'x')}}.dump(), "at most", 413);
  CHECK(gateway.performed.empty());

  CHECK(gateway.ask("POST", "/users", R"({"name": "root-0", "password": "long enough"})").status ==
        400);
  CHECK(gateway.ask("POST", "/users", R"({"name": "shop-1", "password": "short"})").status == 400);
  CHECK(gateway.ask("POST", "/users", R"({"name": "shop-0", "password": "another one"})").status ==
        409);
  CHECK(gateway.ask("POST", "/tokens", R"({"name": "shop-0", "password": "another one"})").status ==
        401);
}
