#include "real/node.hpp"

#include "real/leak.hpp"
#include "real/moves.hpp"
#include "real/tenancy.hpp"
#include "real/transactions.hpp"

namespace real {

// In the order in which they need each other; they end in the opposite one.
struct Node::Parts {
  struct FromGateway;

  Parts(asio::io_context& io, Options wanted);
  ~Parts();

  void accept(std::shared_ptr<Link> link, const Hello& hello);
  void on_gateway(Link& link, Message& message);
  void disturb(const Disturb& order);
  void tell_loads(const AskLoads& question);
  void when_trimmed(const std::vector<StoreFile::Trimmed>& rows);

  const Options options;
  NodeParts node;
  CpuShare share;
  Writes writes;
  Transactions transactions;
  Moves moves;
  Sweeper sweeper;
  CopyTarget target;
  Tenancy tenancy;
  Leak leak;
  Listener listener;
};

Node::Parts::Parts(asio::io_context& io, Options wanted)
    : options(std::move(wanted)),
      node{.io = io,
           .machine = options.machine,
           .token = options.token,
           .meter = Meter{options.directory},
           .memory = Memory{options.flavor.capacity.memory, node.meter},
           .store = Store{io, options.directory, {.limit = options.store_limit}},
           .gateway = {},
           .tenants = {}},
      share({.name = "brink-" + std::to_string(::getpid()) + "-" +
                     std::to_string(options.machine.value),
             .cores = options.flavor.capacity.cores,
             .rated_only = options.rated_only}),
      writes(node, [this](Tenant& tenant) { moves.settled(tenant); }),
      transactions(
          node, writes, share,
          {.flavor = options.flavor, .window = options.window, .directory = options.directory}),
      moves(node, transactions, writes),
      sweeper(node),
      target(node, [this](const Holding& holding) { sweeper.drop(holding); }),
      tenancy(node, target, sweeper,
              {.taken_over = [this](Tenant& tenant,
                                    const TakeOver& order) { moves.taken_over(tenant, order); },
               .ended = [this](Tenant& tenant) { moves.ended(tenant); }}),
      leak(io, node.memory),
      listener(io, {.host = options.host, .port = options.port, .id = options.machine.value},
               options.check, [this](std::shared_ptr<Link> link, const Hello& hello) {
                 accept(std::move(link), hello);
               }) {
  node.network = &transactions.network();
  node.store.when_trimmed(
      [this](const std::vector<StoreFile::Trimmed>& rows) { when_trimmed(rows); });
  tenancy.load();
}

Node::Parts::~Parts() {
  node.alive.reset();
  node.gateway.replace(nullptr);
  tenancy.close();
}

void Node::Parts::accept(std::shared_ptr<Link> link, const Hello& hello) {
  switch (hello.role) {
    case Role::gateway:
      node.gateway.replace(link);
      link->start([this, raw = link.get()](Message& message) { on_gateway(*raw, message); },
                  [this, raw = link.get()](const std::string&) { node.gateway.gone(raw); });
      return;
    case Role::node:
      return target.accept(std::move(link));
    case Role::stage:
    case Role::agent:
    case Role::client:
      return link->say_goodbye("a node takes gateways and nodes");
  }
}

/// What a gateway may say.
struct Node::Parts::FromGateway {
  Parts& to;
  Link& link;
  void operator()(Perform& order) const { to.transactions.perform(order); }
  void operator()(const Ping& ping) const { link.send(Pong{ping.number}); }
  void operator()(const Own& order) const { to.tenancy.on(order); }
  void operator()(const TakeOver& order) const { to.tenancy.on(order); }
  void operator()(const Fence& order) const { to.tenancy.on(order); }
  void operator()(const Restore& order) const { to.tenancy.on(order); }
  void operator()(const Audit& question) const { to.tenancy.on(question); }
  void operator()(const AskLoads& question) const { to.tell_loads(question); }
  void operator()(const StartCopy& order) const { to.moves.on(order); }
  void operator()(const CopyRound& order) const { to.moves.on(order); }
  void operator()(const Freeze& order) const { to.moves.on(order); }
  void operator()(const Verify& order) const { to.moves.on(order); }
  void operator()(const Abort& order) const {
    if (!to.moves.on(order)) to.target.forget(order.attempt);
  }
  void operator()(const Replicate& order) const { to.moves.on(order); }
  void operator()(const DropReplica& order) const {
    if (!to.moves.on(order)) to.target.forget_replica(order.tenant);
  }
  void operator()(const Disturb& order) const { to.disturb(order); }
  template <class Other>
  void operator()(const Other&) const {
    link.say_goodbye("a gateway does not say that to a node");
  }
};

void Node::Parts::on_gateway(Link& link, Message& message) {
  std::visit(FromGateway{*this, link}, message);
}

void Node::Parts::disturb(const Disturb& order) {
  switch (order.kind) {
    case Disturbance::slow:
      return transactions.slow_down(std::clamp(order.amount, 0.001, 1.0));
    case Disturbance::leak:
      return leak.at_rate(order.amount);
    case Disturbance::disk_full:
      node.disk_full = order.amount != 0;
      return;
  }
}

void Node::Parts::tell_loads(const AskLoads& question) {
  Loads loads{.attempt = question.attempt, .loads = {}};
  for (auto& [id, tenant] : node.tenants) {
    if (!tenant.owned()) continue;
    loads.loads.push_back({id, tenant.recent_work(transactions.window()),
                           node.store.figures(tenant.holding.slot).bytes});
  }
  node.gateway.send(loads);
}

void Node::Parts::when_trimmed(const std::vector<StoreFile::Trimmed>& rows) {
  std::map<Slot, Tenant*> by_slot_now;
  for (auto& [id, tenant] : node.tenants) {
    if (tenant.move || tenant.replica) by_slot_now[tenant.holding.slot] = &tenant;
  }
  for (const auto& row : rows) {
    const auto found = by_slot_now.find(row.slot);
    if (found == by_slot_now.end()) continue;
    Tenant& tenant = *found->second;
    if (tenant.move) tenant.move->wrote(row.sequence, {});
    if (tenant.replica && !tenant.replica->follows()) tenant.replica->wrote(row.sequence, {});
    if (tenant.replica && tenant.replica->follows()) tenant.replica->follow({row.sequence, {}});
  }
}

Node::Node(asio::io_context& io, Options options)
    : parts_(std::make_unique<Parts>(io, std::move(options))) {}

Node::~Node() = default;

std::string Node::address() const {
  return parts_->listener.address();
}

const CpuShare& Node::share() const {
  return parts_->share;
}

}  // namespace real
