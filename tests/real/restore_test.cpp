// After a loss: second copies, logs of lost machines, and starting from nothing.
#include <set>

#include <catch2/catch.hpp>

#include "tests/real/node_bench.hpp"
#include "vm/ledger.hpp"

namespace {

using namespace real_test;

constexpr vm::TenantId tenant{4};

std::set<std::uint64_t> held_by(Machines& machines, std::uint32_t id) {
  std::set<std::uint64_t> all;
  for (const Range& range : machines.audit(id, tenant.value).held) {
    for (std::uint64_t n = range.first; n <= range.last; ++n) all.insert(n);
  }
  return all;
}

Replicate replicate(const std::string& address, std::uint32_t attempt = 50) {
  return {vm::Attempt{attempt}, tenant, vm::MachineId{1}, address, 1e9};
}

Restore restore(vm::RestoreFrom from, vm::Epoch epoch, const std::string& directory = {},
                std::uint32_t attempt = 60) {
  return {.attempt = vm::Attempt{attempt},
          .tenant = tenant,
          .epoch = epoch,
          .from = from,
          .directory = directory};
}

/// Sends writes `first` to `last` and returns those that are committed within the span.
std::set<std::uint64_t> write_all(Machines& machines, std::uint32_t id, std::uint64_t first,
                                  std::uint64_t last, vm::Epoch epoch = 1,
                                  std::chrono::seconds span = 20s) {
  for (std::uint64_t n = first; n <= last; ++n) {
    machines.send(id, Machines::write(tenant.value, n, epoch));
  }
  std::set<std::uint64_t> committed;
  machines.run_until(
      [&] {
        while (const auto answer = machines.take<Answer>(id)) {
          if (answer->result == Result::committed) committed.insert(answer->id);
        }
        return committed.size() == last - first + 1;
      },
      span);
  return committed;
}

}  // namespace

TEST_CASE("second copy: what was acknowledged is on it, from the word on that it is complete") {
  Machines machines;
  const std::uint32_t a = machines.start(), b = machines.start();
  machines.own(a, tenant.value, 1, {1'000'000});
  CHECK(write_all(machines, a, 0, 99).size() == 100);
  machines.send(a, replicate(machines[b].address));
  for (std::uint64_t n = 100; n < 300; ++n) machines.send(a, Machines::write(tenant.value, n));
  machines.await<Replicated>(a);
  machines.send(a, replicate(machines[b].address));
  machines.await<Replicated>(a);  // told again
  for (int n = 0; n < 200; ++n) CHECK(machines.await<Answer>(a).result == Result::committed);
  CHECK(write_all(machines, a, 300, 399).size() == 100);
  const Audited before = machines.audit(a, tenant.value);
  machines.stop(a);
  const Restored restored = machines.ask<Restored>(b, restore(vm::RestoreFrom::replica, 2));
  CHECK(restored.count == 400);
  CHECK(machines.ask<Restored>(b, restore(vm::RestoreFrom::replica, 2)).count == 400);
  const Audited after = machines.audit(b, tenant.value);
  CHECK(after.held == before.held);
  CHECK(after.count == before.count);
  CHECK(after.sum == before.sum);
  CHECK(machines.put(b, tenant.value, 399, 2) == Result::committed);
  CHECK(machines.put(b, tenant.value, 400, 2) == Result::committed);
  CHECK(machines.audit(b, tenant.value).count == 401);
}

TEST_CASE("second copy: a link that breaks is dialled again, and every write gets there") {
  Machines machines;
  const std::uint32_t a = machines.start(), b = machines.start();
  machines.own(a, tenant.value);
  Relay relay{machines.io(), machines[b].address};
  machines.send(a, replicate(relay.address()));
  machines.await<Replicated>(a);
  std::set<std::uint64_t> committed;
  for (std::uint64_t i = 0; i < 5; ++i) {
    relay.cut_after(5'000);
    CHECK(write_all(machines, a, i * 200, i * 200 + 199).size() == 200);
  }
  CHECK(relay.connections() > 3);
  machines.stop(a);
  machines.ask<Restored>(b, restore(vm::RestoreFrom::replica, 2));
  CHECK(held_by(machines, b).size() == 1'000);
}

TEST_CASE("second copy: while it is out of reach nothing is acknowledged, until it is dropped") {
  Machines machines;
  const std::uint32_t a = machines.start(), b = machines.start();
  machines.own(a, tenant.value);
  Relay relay{machines.io(), machines[b].address};
  machines.send(a, replicate(relay.address()));
  machines.await<Replicated>(a);
  CHECK(write_all(machines, a, 0, 9).size() == 10);
  relay.cut(true);
  CHECK(write_all(machines, a, 10, 19, 1, 1s).empty());
  CHECK(machines.await<Broken>(a).attempt == vm::Attempt{50});  // the dialling is given up
  CHECK(write_all(machines, a, 20, 29, 1, 1s).empty());
  machines.send(a, DropReplica{tenant});
  for (int i = 0; i < 20; ++i) CHECK(machines.await<Answer>(a).result == Result::committed);
  CHECK(write_all(machines, a, 30, 39).size() == 10);
  machines.send(b, DropReplica{tenant});
  machines.send(b, restore(vm::RestoreFrom::replica, 2));
  CHECK(machines.await<Broken>(b).attempt == vm::Attempt{60});
}

TEST_CASE("second copy: an owner that was cut off acknowledges nothing that the new one lacks") {
  Machines machines;
  const std::uint32_t a = machines.start(), b = machines.start();
  machines.own(a, tenant.value);
  machines.send(a, replicate(machines[b].address));
  machines.await<Replicated>(a);
  CHECK(write_all(machines, a, 0, 9).size() == 10);
  // The gateway cannot reach it any more and lets the second machine take over.
  machines.ask<Restored>(b, restore(vm::RestoreFrom::replica, 2));
  CHECK(write_all(machines, a, 10, 19, 1, 1s).empty());
  CHECK(machines.put(b, tenant.value, 10, 2) == Result::committed);
  machines.ask<Fenced>(a, Fence{tenant, 2, machines[b].address});
  for (int i = 0; i < 10; ++i) CHECK(machines.await<Answer>(a).result == Result::failed);
  CHECK(held_by(machines, b).size() == 11);
}

TEST_CASE("second copy: when the owner moves it stays one, and the new owner keeps it up") {
  Machines machines;
  const std::uint32_t a = machines.start(), b = machines.start(), c = machines.start();
  machines.own(a, tenant.value, 1, {100'000});
  machines.send(a, replicate(machines[c].address));
  machines.await<Replicated>(a);
  CHECK(write_all(machines, a, 0, 99).size() == 100);
  const vm::Attempt move{70};
  machines.send(a, StartCopy{move, tenant, vm::MachineId{b}, machines[b].address, 1e9});
  machines.await<Copied>(a);
  CHECK(write_all(machines, a, 100, 199).size() == 100);
  machines.send(a, Freeze{move});
  machines.await<Frozen>(a);
  machines.send(a, CopyRound{move, 1});
  machines.await<Copied>(a);
  CHECK(machines.ask<Verified>(a, Verify{move}).equal);
  machines.ask<TakenOver>(b, TakeOver{move, tenant, 2, vm::Attempt{50}, machines[c].address});
  CHECK(write_all(machines, b, 200, 299, 2).size() == 100);
  machines.ask<Fenced>(a, Fence{tenant, 2, machines[b].address});
  CHECK(write_all(machines, b, 300, 399, 2).size() == 100);
  machines.stop(b);
  machines.ask<Restored>(c, restore(vm::RestoreFrom::replica, 3));
  CHECK(held_by(machines, c).size() == 400);
  CHECK(machines.audit(c, tenant.value).count == 400);
}

TEST_CASE("restore: from the log of a lost machine, which then knows that it is not the owner") {
  Machines machines;
  const std::uint32_t a = machines.start(), b = machines.start();
  machines.own(a, tenant.value, 1, {2'000'000});
  CHECK(write_all(machines, a, 0, 499).size() == 500);
  const Audited before = machines.audit(a, tenant.value);
  machines.stop(a);
  const std::string directory = machines[a].folder.path();
  const Restored restored = machines.ask<Restored>(b, restore(vm::RestoreFrom::log, 2, directory));
  CHECK(restored.count == 500);
  CHECK(machines.audit(b, tenant.value).held == before.held);
  CHECK(machines.audit(b, tenant.value).sum == before.sum);
  CHECK(machines.put(b, tenant.value, 500, 2) == Result::committed);
  machines.boot(a);
  CHECK(machines.put(a, tenant.value, 501, 1) == Result::moved);
  machines.send(b, restore(vm::RestoreFrom::log, 3, directory + "/nowhere", 61));
  // It owns the tenant under an older epoch; what is not there cannot be a newer one.
  CHECK(machines.await<Broken>(b).attempt == vm::Attempt{61});
  CHECK(machines.put(b, tenant.value, 502, 2) == Result::committed);
}

TEST_CASE("restore: from the log of a target that was lost before it was told to take over") {
  Machines machines;
  const std::uint32_t a = machines.start(), b = machines.start(), c = machines.start();
  // Machine b had the tenant before: what it knows of that time must not be taken for it.
  machines.own(b, tenant.value, 1, {10'000});
  CHECK(write_all(machines, b, 0, 9).size() == 10);
  const auto move = [&](std::uint32_t from, std::uint32_t to, vm::Attempt attempt) {
    machines.send(from, StartCopy{attempt, tenant, vm::MachineId{to}, machines[to].address, 1e9});
    machines.await<Copied>(from);
    machines.send(from, Freeze{attempt});
    machines.await<Frozen>(from);
    machines.send(from, CopyRound{attempt, 1});
    machines.await<Copied>(from);
    CHECK(machines.ask<Verified>(from, Verify{attempt}).equal);
  };
  move(b, a, {70});
  machines.ask<TakenOver>(a, TakeOver{vm::Attempt{70}, tenant, 2, {}, {}});
  machines.ask<Fenced>(b, Fence{tenant, 2, machines[a].address});
  CHECK(write_all(machines, a, 10, 99, 2).size() == 90);
  const Audited before = machines.audit(a, tenant.value);
  move(a, b, {71});
  machines.stop(b);
  std::string directory = machines[b].folder.path();
  std::uint32_t home = c;  // a third machine, from the lost one's disk
  SECTION("elsewhere") {}
  SECTION("elsewhere, while the machine returns") {
    machines.boot(b);
  }
  SECTION("where it is, when the machine has returned") {
    machines.boot(b);
    directory.clear();
    home = b;
  }
  CHECK(machines.ask<Restored>(home, restore(vm::RestoreFrom::log, 4, directory)).count == 100);
  CHECK(machines.audit(home, tenant.value).held == before.held);
  CHECK(machines.audit(home, tenant.value).sum == before.sum);
  CHECK(machines.put(home, tenant.value, 100, 4) == Result::committed);
}

TEST_CASE("restore: a machine that returned serves what its own log holds, under a new epoch") {
  Machines machines;
  const std::uint32_t a = machines.start();
  machines.own(a, tenant.value);
  CHECK(write_all(machines, a, 0, 49).size() == 50);
  machines.stop(a);
  machines.boot(a);
  CHECK(machines.ask<Restored>(a, restore(vm::RestoreFrom::log, 2)).count == 50);
  CHECK(machines.put(a, tenant.value, 50, 1) == Result::moved);
  CHECK(machines.put(a, tenant.value, 50, 2) == Result::committed);
  machines.stop(a);
  machines.boot(a);
  CHECK(machines.put(a, tenant.value, 51, 2) == Result::committed);
}

TEST_CASE("restore: from nothing, with the initial state; what cannot be restored is broken") {
  Machines machines;
  const std::uint32_t a = machines.start();
  Restore order = restore(vm::RestoreFrom::nothing, 2);
  order.state = {10'000};
  CHECK(machines.ask<Restored>(a, order).count == 0);
  CHECK(machines.audit(a, tenant.value).held.empty());
  CHECK(machines.put(a, tenant.value, 0, 2) == Result::committed);
  Restore other = restore(vm::RestoreFrom::replica, 2, {}, 61);
  other.tenant = vm::TenantId{5};
  machines.send(a, other);
  CHECK(machines.await<Broken>(a).attempt == vm::Attempt{61});
  other.from = vm::RestoreFrom::log;
  other.attempt = vm::Attempt{62};
  machines.send(a, other);
  CHECK(machines.await<Broken>(a).attempt == vm::Attempt{62});
}
