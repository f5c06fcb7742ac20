#include "real/node_links.hpp"

#include "real/spawn.hpp"

namespace real {

NodeLinks::NodeLinks(asio::io_context& io, Options options, Handlers handlers)
    : io_(io), options_(std::move(options)), handlers_(std::move(handlers)) {
  spawn(io_, "pings", ping(io_, running_));
}

NodeLinks::~NodeLinks() {
  *running_ = false;
  while (!nodes_.empty()) forget(nodes_.begin()->first);
}

void NodeLinks::connect(vm::MachineId machine, std::string address, vm::Duration patience) {
  const auto found = nodes_.find(machine);
  if (found != nodes_.end() && found->second.address == address) return;
  forget(machine);
  Node& node = nodes_[machine];
  node.address = std::move(address);
  node.patience = patience;
  node.wanted = std::make_shared<bool>(true);
  redial(machine);
}

void NodeLinks::redial(vm::MachineId machine) {
  const Node& node = nodes_.at(machine);
  spawn(io_, "node " + std::to_string(machine.value),
        dial_until_up(io_, machine, node.address, node.wanted));
}

void NodeLinks::forget(vm::MachineId machine) {
  const auto found = nodes_.find(machine);
  if (found == nodes_.end()) return;
  *found->second.wanted = false;
  if (found->second.link) found->second.link->close();
  nodes_.erase(found);
}

Link* NodeLinks::find(vm::MachineId machine) const {
  const auto found = nodes_.find(machine);
  return found == nodes_.end() ? nullptr : found->second.link.get();
}

std::string NodeLinks::address(vm::MachineId machine) const {
  const auto found = nodes_.find(machine);
  return found == nodes_.end() ? std::string{} : found->second.address;
}

// Both coroutines may outlive the object: nothing of it is touched before they have asked.

awaitable<void> NodeLinks::dial_until_up(asio::io_context& io, vm::MachineId machine,
                                         std::string address, std::shared_ptr<bool> wanted) {
  asio::steady_timer rest{io};
  while (*wanted) {
    std::shared_ptr<Link> link;
    try {
      Hello hello{.role = Role::gateway, .token = options_.token()};
      link = co_await dial(io, address, std::move(hello), std::chrono::seconds{1});
    } catch (const std::runtime_error&) {  // its silence is told, not each try's reason
    }
    if (link && *wanted) co_return begin(machine, std::move(link));
    if (link) link->close();
    if (!*wanted) co_return;
    rest.expires_after(options_.redial);
    co_await rest.async_wait(use_awaitable);
  }
}

void NodeLinks::begin(vm::MachineId machine, std::shared_ptr<Link> link) {
  Node& node = nodes_.at(machine);
  node.link = link;
  if (std::exchange(node.heard, false)) node.unanswered = 0;
  node.told = false;
  link->start(
      [this, machine](Message& message) {
        Node& from = nodes_.at(machine);
        from.unanswered = 0;
        from.heard = true;
        if (!std::holds_alternative<Pong>(message)) handlers_.on_message(machine, message);
      },
      [this, machine, wanted = node.wanted](const std::string&) {
        if (!*wanted) return;
        nodes_.at(machine).link.reset();
        redial(machine);
        handlers_.on_broken(machine);
      });
  handlers_.on_up(machine);
}

awaitable<void> NodeLinks::ping(asio::io_context& io, std::shared_ptr<bool> running) {
  asio::steady_timer next{io};
  while (*running) {
    next.expires_after(options_.ping);
    co_await next.async_wait(use_awaitable);
    if (!*running) co_return;
    ++pings_;
    std::vector<vm::MachineId> silent;
    for (auto& [machine, node] : nodes_) {
      // The first ping of a silence goes out when it begins, so n unanswered ones are n - 1 spans.
      const bool over = node.unanswered * options_.ping > node.patience;
      if (over && !node.told) {
        node.told = true;
        silent.push_back(machine);
      }
      ++node.unanswered;
      if (node.link) node.link->send(Ping{pings_});
    }
    for (const vm::MachineId machine : silent) handlers_.on_silent(machine);
  }
}

}  // namespace real
