#include "real/gateway.hpp"

#include "real/spawn.hpp"

namespace real {

Gateway::Gateway(asio::io_context& io, Options options)
    : listener_(io, {.host = options.host, .port = options.port}, std::move(options.check),
                [this](std::shared_ptr<Link> link, const Hello& hello) {
                  accept(std::move(link), hello);
                }),
      loop_(
          std::make_unique<ControlLoop>(io, ControlLoop::Options{.scenario = options.scenario,
                                                                 .log = options.log,
                                                                 .past = std::move(options.past),
                                                                 .token = std::move(options.token),
                                                                 .clients = listener_.address()})) {
  spawn(io, "gateway's clock", tick(io, running_));
}

Gateway::~Gateway() {
  *running_ = false;
  listener_.close();
  for (const auto& client : clients_) client->close();
}

Api::Door Gateway::door() {
  return {.perform =
              [this](Perform transaction, Courier::Reply reply) {
                loop_->courier().perform(loop_->now(), std::move(transaction), std::move(reply));
              },
          .audit = [this](vm::TenantId tenant,
                          Courier::AuditReply reply) { loop_->courier().audit(tenant, reply); },
          .inventory = [this]() -> const vm::Inventory& { return loop_->inventory(); }};
}

void Gateway::accept(std::shared_ptr<Link> link, const Hello& hello) {
  switch (hello.role) {
    case Role::stage:
      return loop_->stage_came(std::move(link));
    case Role::agent:
      return loop_->agent_came(hello.id, std::move(link));
    case Role::client:
      return serve_client(std::move(link));
    case Role::gateway:
    case Role::node:
      return link->say_goodbye("a gateway does not serve them");
  }
}

void Gateway::serve_client(std::shared_ptr<Link> link) {
  clients_.insert(link);
  // By weak pointer: the link holds these functions, and would hold itself.
  const std::weak_ptr<Link> weak = link;
  link->start(
      [this, weak](Message& message) {
        const auto client = weak.lock();
        if (auto* transaction = std::get_if<Perform>(&message)) {
          loop_->courier().perform(loop_->now(), std::move(*transaction), client);
        } else if (const auto* audit = std::get_if<Audit>(&message)) {
          loop_->courier().audit(audit->tenant,
                                 [client](const Audited& answer) { client->send(answer); });
        } else if (const auto* latency = std::get_if<LatencyReport>(&message)) {
          loop_->on(*latency);
        } else if (const auto* outcomes = std::get_if<OutcomeReport>(&message)) {
          loop_->on(*outcomes);
        } else if (const auto* ping = std::get_if<Ping>(&message)) {
          client->send(Pong{ping->number});
        } else {
          client->say_goodbye("not for a client to say");
          clients_.erase(client);
        }
      },
      [this, weak](const std::string&) { clients_.erase(weak.lock()); });
}

awaitable<void> Gateway::tick(asio::io_context& io, std::shared_ptr<bool> running) {
  asio::steady_timer next{io};
  while (*running) {
    next.expires_after(std::chrono::milliseconds{100});
    co_await next.async_wait(use_awaitable);
    if (*running) loop_->tick();
  }
}

}  // namespace real
