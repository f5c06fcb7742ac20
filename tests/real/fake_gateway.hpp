// FakeGateway: answers clients in process, keeps what they write, and misbehaves on demand.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "real/link.hpp"
#include "real/sequence_ranges.hpp"
#include "vm/ledger.hpp"

namespace tests {

class FakeGateway {
 public:
  struct Owner {
    real::SequenceSet held;
    vm::Digest applied;
  };

  explicit FakeGateway(real::asio::io_context& io) : io_(io) { open(0); }

  std::string address() const { return address_; }

  /// Ends every link and takes no new one, until open().
  void go_away() {
    if (link) link->close();
    link.reset();
    listener_.reset();
  }
  /// On the same port as before, unless it is another one.
  void come_back() { open(port_); }

  /// Answers what has come since it was told to stall.
  void go_on() {
    stalled = false;
    for (const real::Perform& p : waiting) answer(p);
    waiting.clear();
  }

  // What it does.
  bool stalled = false;
  bool serves_audits = true;
  std::function<void(real::Audited&)> before_audited;       // may lie
  std::function<real::Result(const real::Perform&)> judge;  // instead of committed

  // What it saw.
  std::shared_ptr<real::Link> link;
  std::vector<real::Perform> performed;
  bool keep_performed = true;
  std::vector<real::Perform> waiting;
  std::map<std::uint32_t, Owner> owners;
  std::uint64_t good = 0, bad = 0;
  std::vector<real::LatencyReport> latencies;
  std::vector<std::string> tokens;
  std::set<std::uint32_t> audited;

 private:
  void open(std::uint16_t port) {
    listener_.emplace(
        io_, real::Listener::Options{.port = port},
        [this](const real::Hello& hello) {
          tokens.push_back(hello.token);
          return hello.role == real::Role::client ? std::string{} : std::string{"clients only"};
        },
        [this](std::shared_ptr<real::Link> accepted, const real::Hello&) {
          link = std::move(accepted);
          link->start([this](real::Message& m) { on(m); }, [](const std::string&) {});
        });
    port_ = listener_->port();
    address_ = listener_->address();
  }

  void on(real::Message& message) {
    if (auto* perform = std::get_if<real::Perform>(&message)) {
      if (keep_performed) performed.push_back(*perform);
      if (stalled) {
        waiting.push_back(std::move(*perform));
      } else {
        answer(*perform);
      }
    } else if (const auto* audit = std::get_if<real::Audit>(&message)) {
      tell(audit->tenant);
    } else if (const auto* outcomes = std::get_if<real::OutcomeReport>(&message)) {
      good += outcomes->good;
      bad += outcomes->bad;
    } else if (const auto* latency = std::get_if<real::LatencyReport>(&message)) {
      latencies.push_back(*latency);
    }
  }
  void answer(const real::Perform& p) {
    const real::Result result = judge ? judge(p) : real::Result::committed;
    if (result == real::Result::committed && !p.value.empty()) {
      Owner& owner = owners[p.tenant.value];
      if (owner.held.add(p.sequence)) owner.applied.add(p.tenant, p.sequence);
    }
    if (link) link->send(real::Answer{.id = p.id, .result = result, .machine = vm::MachineId{3}});
  }
  void tell(vm::TenantId tenant) {
    audited.insert(tenant.value);
    real::Audited told{.tenant = tenant, .served = serves_audits};
    if (serves_audits) {
      const Owner& owner = owners[tenant.value];
      told.count = owner.applied.count;
      told.sum = owner.applied.sum;
      told.held = real::ranges_of(owner.held);
    }
    if (before_audited) before_audited(told);
    link->send(told);
  }

  real::asio::io_context& io_;
  std::uint16_t port_ = 0;
  std::string address_;
  std::optional<real::Listener> listener_;
};

}  // namespace tests
