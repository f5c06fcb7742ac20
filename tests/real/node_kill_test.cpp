// kill -9 of real node processes, at every step of a migration and in the midst of writes.
#include <set>

#include <catch2/catch.hpp>

#include "tests/real/node_bench.hpp"

namespace {

using namespace real_test;

constexpr vm::TenantId tenant{4};
constexpr vm::Attempt attempt{1};

void check_holds(Machines& machines, std::uint32_t owner, const std::set<std::uint64_t>& told) {
  const Audited books = machines.audit(owner, tenant.value);
  REQUIRE(books.served);
  std::set<std::uint64_t> held;
  for (const Range& range : books.held) {
    for (std::uint64_t n = range.first; n <= range.last; ++n) held.insert(n);
  }
  CHECK(books.count == held.size());  // nothing twice
  for (const auto n : told) CHECK(held.count(n) == 1);
}

std::set<std::uint64_t> committed_of(Machines& machines, std::uint32_t id) {
  std::set<std::uint64_t> told;
  while (const auto answer = machines.take<Answer>(id)) {
    if (answer->result == Result::committed) told.insert(answer->id);
  }
  return told;
}

}  // namespace

TEST_CASE("node: killed in the midst of writes, it comes back with all that it had answered") {
  Machines machines;
  const auto a = machines.start_process();
  machines.own(a, tenant.value, 1, {100'000});
  std::set<std::uint64_t> told;
  std::uint64_t n = 0;
  for (int life = 0; life < 3; ++life) {
    for (int i = 0; i < 2'000; ++i) machines.send(a, Machines::write(tenant.value, n++));
    machines.run_for(std::chrono::milliseconds{3 + 10 * life});
    told.merge(committed_of(machines, a));
    machines.kill(a);
    machines.boot_process(a);
    check_holds(machines, a, told);
  }
  CHECK(machines.put(a, tenant.value, n) == Result::committed);
}

TEST_CASE("migration: kill -9 of source or target at every step; it goes back, or forward") {
  const bool source_dies = GENERATE(true, false);
  const int step = GENERATE(range(0, 6));  // copying, copied, frozen, rest, verified, taken over
  CAPTURE(source_dies, step);
  Machines machines;
  const auto a = machines.start_process(), b = machines.start_process();
  machines.own(a, tenant.value, 1, {2'000'000});
  for (std::uint64_t n = 0; n < 300; ++n) machines.send(a, Machines::write(tenant.value, n));
  const StartCopy start{attempt, tenant, vm::MachineId{1}, machines[b].address,
                        step == 0 ? 1e6 : 1e9};
  machines.send(a, start);
  if (step == 0) machines.run_for(100ms);
  if (step >= 1) machines.await<Copied>(a);
  if (step >= 2) machines.ask<Frozen>(a, Freeze{attempt});
  if (step >= 3) machines.ask<Copied>(a, CopyRound{attempt, 1});
  if (step >= 4) CHECK(machines.ask<Verified>(a, Verify{attempt}).equal);
  if (step >= 5) machines.ask<TakenOver>(b, TakeOver{attempt, tenant, 2});
  const auto told = committed_of(machines, a);
  const auto victim = source_dies ? a : b, other = source_dies ? b : a;
  machines.kill(victim);
  // What the gateway does: before the order to switch over everything goes back, after it forward.
  const bool forward = step >= 5 || (step == 4 && source_dies);
  if (step == 4 && source_dies) machines.ask<TakenOver>(b, TakeOver{attempt, tenant, 2});
  if (!forward) machines.send(other, Abort{attempt});
  machines.boot_process(victim);
  if (!forward) machines.send(victim, Abort{attempt});
  const auto owner = forward ? b : a;
  const vm::Epoch epoch = forward ? 2 : 1;
  if (forward) machines.ask<Fenced>(a, Fence{tenant, 2, machines[b].address});
  check_holds(machines, owner, told);
  CHECK(machines.put(owner, tenant.value, 0, epoch) == Result::committed);
  CHECK(machines.put(owner, tenant.value, 1'000, epoch) == Result::committed);
  CHECK(machines.put(forward ? a : b, tenant.value, 1'001, epoch) == Result::moved);
  check_holds(machines, owner, told);
}

TEST_CASE("migration: a target lost while it takes over; the frozen source's file has everything") {
  Machines machines;
  const auto a = machines.start_process(), b = machines.start_process(),
             c = machines.start_process();
  machines.own(a, tenant.value, 1, {100'000});
  for (std::uint64_t n = 0; n < 300; ++n) machines.send(a, Machines::write(tenant.value, n));
  machines.ask<Copied>(a, StartCopy{attempt, tenant, vm::MachineId{1}, machines[b].address, 1e9});
  machines.ask<Frozen>(a, Freeze{attempt});
  machines.ask<Copied>(a, CopyRound{attempt, 1});
  const auto told = committed_of(machines, a);
  machines.kill(b);  // before its word that it has taken over: nobody knows whether it has
  const Restore order{.attempt = vm::Attempt{2},
                      .tenant = tenant,
                      .epoch = 3,
                      .from = vm::RestoreFrom::log,
                      .directory = machines[a].folder.path()};
  CHECK(machines.ask<Restored>(c, order).count == told.size());
  machines.ask<Fenced>(a, Fence{tenant, 3, machines[c].address});
  check_holds(machines, c, told);
  CHECK(machines.put(c, tenant.value, 1'000, 3) == Result::committed);
}

TEST_CASE("node: ends cleanly on SIGTERM, and when its standard input does") {
  const int signal = GENERATE(SIGTERM, SIGINT, 0);
  const Folder folder;
  create_key_file(folder.path() / "key");
  NodeProcess node{BRINK, folder.path() / "state", folder.path() / "key", 7};
  CHECK(node.said.find("\ncapacity: ") != std::string::npos);
  CHECK(node.end(signal) == 0);
}

TEST_CASE("node: who has no token for it is sent away") {
  Machines machines;
  const auto a = machines.start_process();
  std::string reason;
  spawn(machines.io(), "stranger",
        [](asio::io_context& io, std::string address, std::string& told) -> awaitable<void> {
          const Hello hello{.role = Role::gateway, .token = "nothing"};
          try {
            co_await dial(io, address, hello);
            told = "welcome";
          } catch (const std::runtime_error& e) {
            told = e.what();
          }
        }(machines.io(), machines[a].address, reason));
  REQUIRE(machines.run_until([&] { return !reason.empty(); }));
  CHECK(reason.find("said: ") != std::string::npos);
}
