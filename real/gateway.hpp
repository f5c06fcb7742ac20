// Gateway: where clients knock. Takes in their transactions, the stage's and the agent's messages,
// and lets the control loop decide.
//
//   client ─┐                    ┌─ Courier ──> nodes
//   stage  ─┼─ Listener ─ Gateway┤
//   agent  ─┘                    └─ ControlLoop ──> journal, nodes, stage, agent
//
// Who connects says his role, and shows a token for it; he may say what is his role's to say, and a
// link on which anything else comes is closed with that reason.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "real/api.hpp"
#include "real/control_loop.hpp"

namespace real {

class Gateway {
 public:
  struct Options {
    const vm::Scenario& scenario;  // outlives the gateway, as does the log
    vm::FactLog& log;
    ControlLoop::Past past{};
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;                // 0: any
    Listener::Check check{};               // who may come in
    std::function<std::string()> token{};  // shown to nodes
  };

  /// Throws std::runtime_error when the port is taken, and what the log throws.
  Gateway(asio::io_context& io, Options options);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  std::string address() const { return listener_.address(); }

  /// For people, over HTTP; the gateway outlives it.
  Api::Door door();

 private:
  void accept(std::shared_ptr<Link> link, const Hello& hello);
  void serve_client(std::shared_ptr<Link> link);
  awaitable<void> tick(asio::io_context& io, std::shared_ptr<bool> running);

  std::shared_ptr<bool> running_ = std::make_shared<bool>(true);
  Listener listener_;
  std::unique_ptr<ControlLoop> loop_;  // after the listener, whose address it tells
  std::set<std::shared_ptr<Link>> clients_;
};

}  // namespace real
