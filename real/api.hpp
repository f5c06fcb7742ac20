// Api: the gateway for people and tools, over HTTP with JSON.
//
//   POST /users          {"name": "shoppers-17", "password": "..."}           once for each name
//   POST /tokens         the same                          ──> {"token": "...", "expires_in": 900}
//   POST /transactions   {"sequence": 1, "kind": "checkout", "write": "..."}  ──> what became of it
//   GET  /state          which of one's own writes are held, and by whom
//   GET  /machines       who is there
//   GET  /healthz
//
// A user is one client of the scenario, named GROUP-NUMBER with numbers from 0, and reaches that
// client's tenant alone: the name that a token is for says which. A transaction is one by its
// sequence: sent again it is applied once, so what was not answered may be sent again until it is.
// docs/API.md has it with examples.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "real/accounts.hpp"
#include "real/http.hpp"
#include "real/messages.hpp"
#include "real/token.hpp"
#include "vm/inventory.hpp"
#include "vm/scenario.hpp"

namespace real {

/// The client that a name stands for; none for others.
std::optional<vm::TenantId> client_of(const vm::Scenario& scenario, std::string_view name);

class Api {
 public:
  static constexpr std::chrono::seconds token_life{900};
  static constexpr std::size_t write_limit = 32 << 10;  // bytes of one transaction

  /// The gateway as seen from here.
  struct Door {
    std::function<void(Perform, std::function<void(Answer&)>)> perform;
    std::function<void(vm::TenantId, std::function<void(const Audited&)>)> audit;
    std::function<const vm::Inventory&()> inventory;
  };

  /// `users` is the folder for accounts and the key of their tokens; made if it is not there.
  /// Throws std::runtime_error, std::system_error. `io` and `scenario` outlive it.
  Api(asio::io_context& io, const vm::Scenario& scenario, const std::filesystem::path& users,
      Door door);

  /// Requires that the router's server ends before this.
  Router router();

 private:
  awaitable<Response> register_user(const Request& request);
  awaitable<Response> issue_token(const Request& request);
  awaitable<Response> perform(const Request& request);
  awaitable<Response> state(const Request& request);
  Response machines(const Request& request) const;

  /// Whose the request is, or the refusal.
  struct Caller {
    std::optional<vm::TenantId> tenant;
    Response refusal;
  };
  Caller caller(const Request& request) const;

  asio::io_context& io_;
  const vm::Scenario& scenario_;
  Accounts accounts_;
  Tokens tokens_;
  Door door_;
};

}  // namespace real
