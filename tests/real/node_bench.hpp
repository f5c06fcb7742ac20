// A gateway of the tests' own, and nodes for it to talk to, all in one process and on one loop:
// every message that a node sends is kept until somebody asks for it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "real/link.hpp"
#include "real/node.hpp"
#include "real/spawn.hpp"
#include "real/token.hpp"
#include "tests/real/folder.hpp"
#include "tests/real/node_process.hpp"

namespace real_test {

using namespace real;
using namespace std::chrono_literals;

/// A flavor that is no bottleneck.
inline vm::Flavor large() {
  vm::Flavor flavor;
  flavor.capacity = {
      .cores = 1, .memory = {std::int64_t{4} << 30}, .disk = {1e9}, .network = {4e9}};
  return flavor;
}

class Machines {
 public:
  struct Machine {
    Folder folder;
    std::unique_ptr<Node> node;            // in this process, or
    std::unique_ptr<NodeProcess> process;  // in its own
    std::shared_ptr<Link> link;
    std::deque<Message> inbox;
    std::string address;
  };

  std::uint32_t start(vm::Flavor flavor = large(), vm::Bytes store_limit = {}) {
    machines_.push_back(std::make_unique<Machine>());
    const auto id = static_cast<std::uint32_t>(machines_.size() - 1);
    boot(id, flavor, store_limit);
    return id;
  }
  /// Starts a stopped one again in its folder.
  void boot(std::uint32_t id, vm::Flavor flavor = large(), vm::Bytes store_limit = {}) {
    Machine& m = *machines_[id];
    m.node = std::make_unique<Node>(
        io_, Node::Options{.machine = vm::MachineId{id},
                           .flavor = flavor,
                           .directory = m.folder.path(),
                           .rated_only = true,
                           .store_limit = store_limit,
                           .check = [](const Hello&) { return std::string{}; },
                           .token = [] { return std::string{}; }});
    m.address = m.node->address();
    connect(id);
  }
  void stop(std::uint32_t id) {
    machines_[id]->link->close();
    machines_[id]->node.reset();
  }
  /// The same with processes, which can be killed.
  std::uint32_t start_process() {
    machines_.push_back(std::make_unique<Machine>());
    const auto id = static_cast<std::uint32_t>(machines_.size() - 1);
    boot_process(id);
    return id;
  }
  void boot_process(std::uint32_t id) {
    if (!tokens_) tokens_.emplace(create_key_file(key_.path() / "key"));
    Machine& m = *machines_[id];
    m.process = std::make_unique<NodeProcess>(BRINK, m.folder.path(), key_.path() / "key", id);
    m.address = m.process->address;
    connect(id);
  }
  void kill(std::uint32_t id) {
    machines_[id]->process.reset();
    machines_[id]->link->close();
    machines_[id]->inbox.clear();
  }
  /// As a gateway that starts anew: the link before it is replaced.
  void connect(std::uint32_t id) {
    Machine& m = *machines_[id];
    bool done = false;
    spawn(io_, "gateway", [](Machines& self, Machine& machine, bool& over) -> awaitable<void> {
      Hello hello{.role = Role::gateway};
      if (self.tokens_) {
        hello.token = self.tokens_->issue("test", "gateway", unix_now(), std::chrono::minutes{1});
      }
      machine.link = co_await dial(self.io_, machine.address, hello);
      machine.link->start(
          [&machine](Message& message) { machine.inbox.push_back(std::move(message)); },
          [](const std::string&) {});
      over = true;
    }(*this, m, done));
    REQUIRE(run_until([&] { return done; }));
  }

  template <class M>
  void send(std::uint32_t id, const M& message) {
    machines_[id]->link->send(message);
  }
  /// The next message of this type; what came before it and is of another stays.
  template <class M>
  M await(std::uint32_t id) {
    std::optional<M> found;
    const bool in_time = run_until([&] { return (found = take<M>(id)).has_value(); });
    if (!in_time) {
      std::string there;
      for (const Message& other : machines_[id]->inbox) {
        there += std::string{" "} + std::string{name_of(static_cast<std::uint8_t>(other.index()))};
        if (const auto* broken = std::get_if<Broken>(&other)) there += "(" + broken->reason + ")";
      }
      FAIL("no " << name_of(type_of<M>()) << " from machine " << id << ", but" << there);
    }
    return *found;
  }
  template <class M>
  std::optional<M> take(std::uint32_t id) {
    auto& inbox = machines_[id]->inbox;
    for (auto it = inbox.begin(); it != inbox.end(); ++it) {
      if (auto* wanted = std::get_if<M>(&*it)) {
        M message = std::move(*wanted);
        inbox.erase(it);
        return message;
      }
    }
    return {};
  }
  template <class M, class Question>
  M ask(std::uint32_t id, const Question& question) {
    send(id, question);
    return await<M>(id);
  }

  template <class Condition>
  bool run_until(Condition condition, std::chrono::seconds limit = 20s) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io_.restart();
      io_.run_one_for(50ms);
    }
    return true;
  }
  void run_for(std::chrono::milliseconds span) {
    const auto end = std::chrono::steady_clock::now() + span;
    run_until([&] { return std::chrono::steady_clock::now() >= end; });
  }

  Machine& operator[](std::uint32_t id) { return *machines_[id]; }
  asio::io_context& io() { return io_; }

  // ---- What the tests say again and again
  // --------------------------------------------------------

  void own(std::uint32_t id, std::uint32_t tenant, vm::Epoch epoch = 1, vm::Bytes state = {},
           vm::Bytes keep = {}) {
    ask<Owned>(id, Own{vm::TenantId{tenant}, epoch, state, keep});
  }
  static Perform write(std::uint32_t tenant, std::uint64_t sequence, vm::Epoch epoch = 1,
                       std::size_t size = 100) {
    return {.id = sequence,
            .tenant = vm::TenantId{tenant},
            .sequence = sequence,
            .epoch = epoch,
            .value = std::string(size, 'v')};
  }
  Result put(std::uint32_t id, std::uint32_t tenant, std::uint64_t sequence, vm::Epoch epoch = 1) {
    return ask<Answer>(id, write(tenant, sequence, epoch)).result;
  }
  Audited audit(std::uint32_t id, std::uint32_t tenant) {
    return ask<Audited>(id, Audit{vm::TenantId{tenant}});
  }

 private:
  asio::io_context io_;
  Folder key_;
  std::optional<Tokens> tokens_;
  std::vector<std::unique_ptr<Machine>> machines_;
};

/// A wire between two nodes that can be cut.
class Relay {
 public:
  Relay(asio::io_context& io, const std::string& to)
      : io_(io), acceptor_(io, tcp::endpoint{asio::ip::address_v4::loopback(), 0}) {
    const auto parts = split_address(to);
    target_ = tcp::endpoint{asio::ip::make_address(parts->first),
                            static_cast<std::uint16_t>(std::stoul(parts->second))};
    spawn(io, "relay", accept());
  }
  ~Relay() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    cut();
  }

  std::string address() const {
    return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  /// Ends all connections now; new ones are taken unless `refuse`.
  void cut(bool refuse = false) {
    refuse_ = refuse;
    for (const auto& weak : sockets_) {
      boost::system::error_code ignored;
      if (const auto socket = weak.lock()) socket->close(ignored);
    }
    sockets_.clear();
  }
  /// Cuts once, when so many bytes have gone through.
  void cut_after(std::size_t bytes) { cut_at_ = passed_ + bytes; }
  std::size_t connections() const { return connections_; }
  std::size_t passed() const { return passed_; }

 private:
  using Socket = std::shared_ptr<tcp::socket>;

  awaitable<void> accept() {
    boost::system::error_code error;
    while (true) {
      const auto near = std::make_shared<tcp::socket>(io_);
      co_await acceptor_.async_accept(*near, asio::redirect_error(use_awaitable, error));
      if (error) co_return;
      if (refuse_) continue;
      ++connections_;
      const auto far = std::make_shared<tcp::socket>(io_);
      co_await far->async_connect(target_, asio::redirect_error(use_awaitable, error));
      if (error) continue;
      near->set_option(tcp::no_delay{true});
      far->set_option(tcp::no_delay{true});
      sockets_.push_back(near);
      sockets_.push_back(far);
      spawn(io_, "relay", pump(near, far));
      spawn(io_, "relay", pump(far, near));
    }
  }
  awaitable<void> pump(Socket from, Socket to) {
    std::vector<char> bytes(16 << 10);
    boost::system::error_code error;
    while (true) {
      const std::size_t n = co_await from->async_read_some(
          asio::buffer(bytes), asio::redirect_error(use_awaitable, error));
      if (error) break;
      co_await asio::async_write(*to, asio::buffer(bytes, n),
                                 asio::redirect_error(use_awaitable, error));
      if (error) break;
      passed_ += n;
      if (cut_at_ != 0 && passed_ >= cut_at_) {
        cut_at_ = 0;
        cut();
      }
    }
    boost::system::error_code ignored;
    from->close(ignored);
    to->close(ignored);
  }

  asio::io_context& io_;
  tcp::acceptor acceptor_;
  tcp::endpoint target_;
  std::vector<std::weak_ptr<tcp::socket>> sockets_;
  bool refuse_ = false;
  std::size_t cut_at_ = 0, passed_ = 0, connections_ = 0;
};

}  // namespace real_test
