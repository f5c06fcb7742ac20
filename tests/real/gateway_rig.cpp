#include "tests/real/gateway_rig.hpp"

namespace gateway_rig {

// ---- Node --------------------------------------------------------------------------------------

FakeNode::FakeNode(Rig& rig, vm::MachineId machine) : rig_(rig), machine_(machine) {
  listener_ = std::make_unique<Listener>(
      rig.io, Listener::Options{.id = machine.value}, [](const Hello&) { return std::string{}; },
      [this](std::shared_ptr<Link> link, const Hello&) {
        if (link_) link_->close();
        link_ = link;
        link->start([this](Message& message) { on(message); }, [](const std::string&) {});
      });
  address_ = listener_->address();
}

void FakeNode::end() {
  if (!listener_) return;
  listener_.reset();
  if (link_) link_->close();
  disk = std::move(tenants);
  tenants.clear();
  copies_.clear();
}

void FakeNode::on(Message& message) {
  std::visit([this](const auto& m) { on(m); }, message);
}

template <class M>
void FakeNode::answer(const M& message) {
  if (rig_.lose_once.erase(type_of<M>()) > 0) return;
  for (int i = 0; i < rig_.answer_times && link_; ++i) link_->send(message);
}

void FakeNode::on(const Perform& m) {
  Answer reply{.id = m.id, .result = Result::committed, .machine = machine_};
  const auto found = tenants.find(m.tenant);
  if (found == tenants.end() || found->second.state == State::fenced ||
      found->second.state == State::incoming || found->second.epoch != m.epoch) {
    reply.result = Result::moved;
  } else if (found->second.state == State::frozen) {
    reply.result = Result::frozen;
  } else {
    found->second.applied.insert(m.sequence);
  }
  answer(reply);
}

void FakeNode::on(const Own& m) {
  tenants[m.tenant].epoch = m.epoch;
  answer(Owned{m.tenant});
}
void FakeNode::on(const Audit& m) {
  answer(Audited{.tenant = m.tenant, .served = true, .count = tenants[m.tenant].applied.size()});
}
void FakeNode::on(const AskLoads& m) {
  Loads loads{.attempt = m.attempt};
  for (const auto& [id, tenant] : tenants) {
    if (tenant.state == State::serving) loads.loads.push_back({id, 1.0, vm::Bytes{1000}});
  }
  answer(loads);
}

/// Returns how much has been written since the last round, in bytes, and brings the target up.
std::size_t FakeNode::copy(vm::Attempt attempt) {
  const Copy& c = copies_.at(attempt);
  const auto target = rig_.nodes.find(c.to);
  if (target == rig_.nodes.end()) return 0;
  Tenant& theirs = target->second->tenants[c.tenant];
  const std::size_t size = tenants[c.tenant].applied.size() - theirs.applied.size();
  theirs.state = State::incoming;
  theirs.applied = tenants[c.tenant].applied;
  return size;
}

void FakeNode::on(const StartCopy& m) {
  copies_[m.attempt] = {m.tenant, m.to};
  copy(m.attempt);
  answer(Copied{.attempt = m.attempt, .copied = {1000}, .dirty = {10}, .round = 0});
}
void FakeNode::on(const CopyRound& m) {
  if (!copies_.contains(m.attempt)) return answer(Broken{m.attempt, "unknown"});
  copy(m.attempt);
  answer(Copied{.attempt = m.attempt, .copied = {10}, .dirty = {}, .round = m.round});
}
void FakeNode::on(const Freeze& m) {
  if (!copies_.contains(m.attempt)) return answer(Broken{m.attempt, "unknown"});
  tenants[copies_[m.attempt].tenant].state = State::frozen;
  answer(Frozen{.attempt = m.attempt, .rest = {10}});
}
void FakeNode::on(const Verify& m) {
  if (!copies_.contains(m.attempt)) return answer(Broken{m.attempt, "unknown"});
  const Copy& c = copies_[m.attempt];
  const auto target = rig_.nodes.find(c.to);
  const bool equal = target != rig_.nodes.end() &&
                     target->second->tenants[c.tenant].applied == tenants[c.tenant].applied;
  answer(Verified{.attempt = m.attempt, .equal = equal});
}
void FakeNode::on(const TakeOver& m) {
  Tenant& tenant = tenants[m.tenant];
  if (tenant.epoch < m.epoch) {
    CHECK(tenant.state == State::incoming);
    tenant.state = State::serving;
    tenant.epoch = m.epoch;
  }
  answer(TakenOver{m.attempt});
}
void FakeNode::on(const Fence& m) {
  Tenant& tenant = tenants[m.tenant];
  if (tenant.epoch < m.epoch) tenant = {State::fenced, m.epoch, {}};
  answer(Fenced{m.tenant, m.epoch});
}
void FakeNode::on(const Abort& m) {
  for (auto& [id, tenant] : tenants) {
    if (copies_.contains(m.attempt) && copies_[m.attempt].tenant == id &&
        tenant.state == State::frozen) {
      tenant.state = State::serving;
    }
  }
  copies_.erase(m.attempt);
}
void FakeNode::on(const Restore& m) {
  Tenant& tenant = tenants[m.tenant];
  if (tenant.epoch < m.epoch) {
    if (m.from == vm::RestoreFrom::log) {  // directories are called after their machines
      const vm::MachineId lost{m.directory.empty()
                                   ? machine_.value
                                   : static_cast<std::uint32_t>(std::stoul(m.directory))};
      tenant.applied = rig_.nodes.at(lost)->disk[m.tenant].applied;
    }
    tenant.state = State::serving;
    tenant.epoch = m.epoch;
  }
  answer(Restored{m.attempt, tenant.applied.size()});
}
void FakeNode::on(const Replicate& m) {
  answer(Replicated{m.attempt});
}
void FakeNode::on(const Ping& m) {
  if (link_) link_->send(Pong{m.number});
}

// ---- The others --------------------------------------------------------------------------------

Rig::Rig(vm::Scenario s, std::uint32_t hosts) : scenario(std::move(s)), hosts_(hosts) {
  begin_gateway();
  const vm::Layout layout = vm::initial_layout(scenario);
  for (std::uint32_t i = 0; i < layout.machines.size(); ++i) {
    nodes[{i}] = std::make_unique<FakeNode>(*this, vm::MachineId{i});
  }
  spawn(io, "stage", stage());
  spawn(io, "client", client());
  for (std::uint32_t host = 0; host < hosts_; ++host) spawn(io, "agent", agent(host));
}

Rig::~Rig() {
  over_ = true;
  gateway.reset();
  for (const auto& link : {stage_, client_}) {
    if (link) link->close();
  }
  for (auto& [host, agent] : agents_) {
    if (agent) agent->close();
  }
  for (auto& [id, node] : nodes) node->end();
  io.restart();
  io.run_for(50ms);  // what still waits sees that it is over
}

void Rig::begin_gateway() {
  gateway = std::make_unique<Gateway>(
      io, Gateway::Options{.scenario = scenario,
                           .log = log,
                           .past = {log.facts, log.orders_after_last},
                           .port = port_,
                           .check = [](const Hello&) { return std::string{}; },
                           .token = [] { return std::string{}; }});
  const std::string address = gateway->address();
  port_ = static_cast<std::uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
}

void Rig::restart_gateway() {
  gateway.reset();
  for (auto* link : {&stage_, &client_}) {
    if (*link) (*link)->close();
    link->reset();
  }
  for (auto& [host, agent] : agents_) {
    if (agent) agent->close();
  }
  begin_gateway();
}

void Rig::until(const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  io.restart();
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) FAIL("nothing happens for a minute");
    io.run_one_for(100ms);
  }
}

void Rig::run_for(std::chrono::milliseconds span) {
  io.restart();
  io.run_for(span);
}

void Rig::machine_up(vm::MachineId machine, vm::Attempt attempt) {
  stage_->send(MachineUp{.attempt = attempt,
                         .machine = machine,
                         .address = nodes.at(machine)->address(),
                         .directory = std::to_string(machine.value),
                         .host = host_of(machine)});
}

// Named first: g++ 12 copies an aggregate that is made within a co_await byte by byte.
awaitable<std::shared_ptr<Link>> Rig::connect(Role role, std::uint32_t id) {
  const std::string address = "127.0.0.1:" + std::to_string(port_);
  const Hello hello{.role = role, .id = id};
  co_return co_await dial(io, address, hello);
}

awaitable<void> Rig::stage() {
  asio::steady_timer rest{io};
  while (!over_) {
    if (!stage_ || stage_->closed()) {
      stage_ = co_await connect(Role::stage);
      stage_->start([this](Message& message) { on_stage(message); }, [](const std::string&) {});
      stage_->send(Begin{start_ns_, static_cast<bool>(on_reached)});
      for (const auto& [id, node] : nodes) {
        if (node->disk.empty()) machine_up(id);
      }
    }
    rest.expires_after(5ms);
    co_await rest.async_wait(use_awaitable);
  }
}

void Rig::on_stage(Message& message) {
  if (std::holds_alternative<Ready>(message)) {
    ready = true;
    if (start_ns_ != 0) return;
    start_ns_ = std::chrono::steady_clock::now().time_since_epoch() / 1ns;
    stage_->send(Begin{start_ns_, static_cast<bool>(on_reached)});
  } else if (const auto* launch = std::get_if<Launch>(&message)) {
    auto& node = nodes[launch->machine];
    if (!node) node = std::make_unique<FakeNode>(*this, launch->machine);
    machine_up(launch->machine, launch->attempt);
  } else if (const auto* stop = std::get_if<Stop>(&message)) {
    stops.push_back(*stop);
    nodes.at(stop->machine)->end();
    const std::string left = disks_last ? std::to_string(stop->machine.value) : std::string{};
    stage_->send(Stopped{stop->machine, left, host_of(stop->machine)});
  } else if (const auto* bring = std::get_if<Bring>(&message)) {
    brought.push_back(*bring);
    stage_->send(Brought{bring->machine, bring->to, std::to_string(bring->machine.value) + "-1"});
  } else if (const auto* reached = std::get_if<Reached>(&message)) {
    const Reached copy = *reached;
    on_reached(copy);
    if (stage_) stage_->send(Proceed{copy.moment, copy.attempt});
  }
}

awaitable<void> Rig::agent(std::uint32_t host) {
  asio::steady_timer rest{io};
  while (!over_) {
    auto& link = agents_[host];
    if (!link || link->closed()) {
      link = co_await connect(Role::agent, host);
      watched[host].clear();
      link->start(
          [this, host](Message& message) {
            if (const auto* watch = std::get_if<Watch>(&message)) {
              watched[host].insert(watch->machine);
            } else if (const auto* unwatch = std::get_if<Unwatch>(&message)) {
              watched[host].erase(unwatch->machine);
            }
          },
          [](const std::string&) {});
    }
    rest.expires_after(5ms);
    co_await rest.async_wait(use_awaitable);
  }
}

void Rig::sample(vm::MachineId machine, double cpu) {
  const auto agent = agents_.find(host_of(machine));
  if (agent == agents_.end() || !agent->second) return;
  agent->second->send(Sampled{.machine = machine, .utilisation = {cpu, 0, 0, 0}});
}

void Rig::overload(vm::MachineId machine) {
  const auto triggered = [&] {
    return !control_rig::every<vm::FailoverTriggered>(log.all_orders()).empty();
  };
  while (!triggered()) {
    sample(machine, 1.0);
    run_for(std::chrono::duration_cast<std::chrono::milliseconds>(scenario.sla.sample));
  }
}

/// One transaction at a time for each tenant; a failed one is tried again under its sequence.
awaitable<void> Rig::client() {
  asio::steady_timer rest{io};
  while (!over_) {
    if (ready && (!client_ || client_->closed())) {
      client_ = co_await connect(Role::client);
      client_->start(
          [this](Message& message) {
            const auto* told = std::get_if<Answer>(&message);
            if (told == nullptr || !sent_.contains(told->id)) return;
            const auto [tenant, sequence] = sent_[told->id];
            sent_.erase(told->id);
            if (told->result == Result::committed) {
              acknowledged[tenant].insert(sequence);
              next_sequence_[tenant] = std::max(next_sequence_[tenant], sequence + 1);
            } else {
              ++failed;
            }
          },
          [](const std::string&) {});
      sent_.clear();
    }
    if (client_ && loading) send_next();
    rest.expires_after(2ms);
    co_await rest.async_wait(use_awaitable);
  }
}

void Rig::send_next() {
  for (std::uint32_t t = 0; t < scenario.tenant_count(); ++t) {
    const vm::TenantId tenant{t};
    const bool waits =
        std::ranges::any_of(sent_, [&](const auto& entry) { return entry.second.first == tenant; });
    if (waits) continue;
    const std::uint64_t sequence = next_sequence_[tenant];
    sent_[++next_id_] = {tenant, sequence};
    client_->send(
        Perform{.id = next_id_, .tenant = tenant, .sequence = sequence, .value = "some bytes"});
  }
}

void Rig::check_books() {
  const vm::Inventory& books = gateway->door().inventory();
  for (std::uint32_t t = 0; t < scenario.tenant_count(); ++t) {
    const vm::TenantId tenant{t};
    CAPTURE(t);
    std::vector<vm::MachineId> serving;
    for (const auto& [id, node] : nodes) {
      const auto found = node->tenants.find(tenant);
      if (found == node->tenants.end() || found->second.state != FakeNode::State::serving) continue;
      if (found->second.epoch == books[tenant].epoch) serving.push_back(id);
    }
    REQUIRE(serving == std::vector{books[tenant].owner});
    const auto& held = nodes.at(serving[0])->tenants[tenant].applied;
    REQUIRE_FALSE(acknowledged[tenant].empty());
    CHECK(std::ranges::includes(held, acknowledged[tenant]));
  }
}

}  // namespace gateway_rig
