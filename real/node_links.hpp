// NodeLinks: the gateway's connections to the machines, kept up, and who does not answer on them.
//
//   connect ──> dialling ──> up ──┐   ping every 200 ms; any message is a sign of life
//                  ^──── broken ──┘   no sign of life for `patience`: silent, told once
//
// A link that breaks is dialled again at once and then every 50 ms; what had been sent over it and
// not been answered is its user's business. Silence is counted in pings, not on the clock: a
// gateway that was itself stopped for a while must not take that for the machines' silence. Who
// lets us in each time and then says nothing that makes sense is silent too.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "real/link.hpp"

namespace real {

class NodeLinks {
 public:
  struct Handlers {
    std::function<void(vm::MachineId, Message&)> on_message;  // all but Pong
    std::function<void(vm::MachineId)> on_up;                 // a new link, nothing sent yet
    std::function<void(vm::MachineId)> on_broken;
    std::function<void(vm::MachineId)> on_silent;  // once, until it is connected anew
  };
  struct Options {
    std::function<std::string()> token;  // made for each try: it may have run out since the last
    std::chrono::milliseconds ping = std::chrono::milliseconds{200};
    std::chrono::milliseconds redial = std::chrono::milliseconds{50};
  };

  NodeLinks(asio::io_context& io, Options options, Handlers handlers);
  ~NodeLinks();
  NodeLinks(const NodeLinks&) = delete;
  NodeLinks& operator=(const NodeLinks&) = delete;

  /// Keeps a link to `machine` from now on. Again with the same address: changes nothing.
  void connect(vm::MachineId machine, std::string address, vm::Duration patience);
  /// Closes the link; nothing more is told about this machine.
  void forget(vm::MachineId machine);

  /// nullptr unless connected.
  Link* find(vm::MachineId machine) const;
  /// host:port; empty where none is known.
  std::string address(vm::MachineId machine) const;
  template <class M>
  bool try_send(vm::MachineId machine, const M& message) const {
    Link* link = find(machine);
    if (link != nullptr) link->send(message);
    return link != nullptr;
  }

 private:
  struct Node {
    std::string address;
    std::shared_ptr<Link> link;
    std::shared_ptr<bool> wanted;  // false: whoever dials for it may stop
    vm::Duration patience{};
    int unanswered = 0;  // pings in a row
    bool heard = true;   // something on the last link; so far nobody has been given a chance
    bool told = false;
  };
  void redial(vm::MachineId machine);
  awaitable<void> dial_until_up(asio::io_context& io, vm::MachineId machine, std::string address,
                                std::shared_ptr<bool> wanted);
  void begin(vm::MachineId machine, std::shared_ptr<Link> link);
  awaitable<void> ping(asio::io_context& io, std::shared_ptr<bool> running);

  asio::io_context& io_;
  Options options_;
  Handlers handlers_;
  std::map<vm::MachineId, Node> nodes_;
  std::shared_ptr<bool> running_ = std::make_shared<bool>(true);
  std::uint64_t pings_ = 0;
};

}  // namespace real
