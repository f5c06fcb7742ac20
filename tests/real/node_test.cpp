// One node by itself: transactions, exactly once, admission, ownership.
#include <catch2/catch.hpp>

#include "tests/real/node_bench.hpp"
#include "vm/ledger.hpp"

namespace {

using namespace real_test;

}  // namespace

TEST_CASE("node: a write is committed once, however often it is sent") {
  Machines machines;
  const auto a = machines.start();
  machines.own(a, 3);
  for (std::uint64_t n = 0; n < 20; ++n) CHECK(machines.put(a, 3, n) == Result::committed);
  for (std::uint64_t n = 0; n < 20; ++n) CHECK(machines.put(a, 3, n) == Result::committed);
  // And two of the same under way at once.
  for (std::uint64_t n = 20; n < 40; ++n) {
    machines.send(a, Machines::write(3, n));
    machines.send(a, Machines::write(3, n));
  }
  for (int i = 0; i < 40; ++i) CHECK(machines.await<Answer>(a).result == Result::committed);
  const Audited books = machines.audit(a, 3);
  CHECK(books.served);
  CHECK(books.held == std::vector<Range>{{0, 39}});
  vm::Digest expected;
  for (std::uint64_t n = 0; n < 40; ++n) expected.add(vm::TenantId{3}, n);
  CHECK(vm::Digest{books.count, books.sum} == expected);
}

TEST_CASE("node: steps are taken in order, and the answer carries the network's bytes") {
  Machines machines;
  const auto a = machines.start();
  machines.own(a, 0);
  Perform order = Machines::write(0, 1);
  order.memory = {1 << 20};
  order.steps = {{vm::Resource::network, 2'000},
                 {vm::Resource::cpu, 2e-3},
                 {vm::Resource::disk, 4'096},
                 {vm::Resource::network, 8'000}};
  const Answer answer = machines.ask<Answer>(a, order);
  CHECK(answer.result == Result::committed);
  CHECK(answer.machine == vm::MachineId{0});
  CHECK(answer.payload.size() == 10'000);
}

TEST_CASE("node: what has no room is refused, and room comes back") {
  vm::Flavor flavor = large();
  flavor.capacity.memory = {10'000};
  flavor.queue = 2;
  Machines machines;
  const auto a = machines.start(flavor);
  machines.own(a, 0);
  SECTION("memory: transactions and state together") {
    Perform order = Machines::write(0, 1);
    order.memory = {10'001};
    CHECK(machines.ask<Answer>(a, order).result == Result::refused);
    order.memory = {9'000};
    CHECK(machines.ask<Answer>(a, order).result == Result::committed);
    // 100 bytes of state from now on: 9,901 are too much by one.
    order = Machines::write(0, 2);
    order.memory = {9'901};
    CHECK(machines.ask<Answer>(a, order).result == Result::refused);
    CHECK(machines.ask<Answer>(a, Machines::write(0, 3, 1, 9'901)).result == Result::refused);
    CHECK(machines.ask<Answer>(a, Machines::write(0, 4, 1, 9'900)).result == Result::committed);
    CHECK(machines.audit(a, 0).held == std::vector<Range>{{1, 1}, {4, 4}});
  }
  SECTION("the queue limit") {
    Perform order = Machines::write(0, 1);
    order.steps = {{vm::Resource::cpu, 20e-3}};
    for (std::uint64_t n = 0; n < 3; ++n) {
      order.id = order.sequence = n;
      machines.send(a, order);
    }
    const Answer first = machines.await<Answer>(a);
    CHECK(first.id == 2);
    CHECK(first.result == Result::refused);
    CHECK(machines.await<Answer>(a).result == Result::committed);
    CHECK(machines.await<Answer>(a).result == Result::committed);
  }
  SECTION("what no transaction asks for") {
    Perform order = Machines::write(0, 1);
    order.steps = {{vm::Resource::cpu, -1}};
    CHECK(machines.ask<Answer>(a, order).result == Result::refused);
    order.steps = {{vm::Resource::memory, 1}};
    CHECK(machines.ask<Answer>(a, order).result == Result::refused);
    order = Machines::write(0, std::uint64_t{1} << 39);
    CHECK(machines.ask<Answer>(a, order).result == Result::refused);
    CHECK(machines.put(a, 0, 5) == Result::committed);
  }
}

TEST_CASE("node: only the owner under this epoch answers; others say who it is") {
  Machines machines;
  const auto a = machines.start();
  CHECK(machines.put(a, 9, 1) == Result::moved);
  machines.own(a, 9, 4);
  CHECK(machines.put(a, 9, 1, 3) == Result::moved);
  CHECK(machines.put(a, 9, 1, 5) == Result::moved);
  CHECK(machines.put(a, 9, 1, 4) == Result::committed);

  // An old fence changes nothing; a new one does, and is told again as often as wanted.
  CHECK(machines.ask<Fenced>(a, Fence{vm::TenantId{9}, 4, "x:1"}).epoch == 4);
  CHECK(machines.put(a, 9, 2, 4) == Result::committed);
  for (int i = 0; i < 2; ++i) {
    CHECK(machines.ask<Fenced>(a, Fence{vm::TenantId{9}, 5, "10.0.0.2:77"}).epoch == 5);
    const Answer answer = machines.ask<Answer>(a, Machines::write(9, 3, 4));
    CHECK(answer.result == Result::moved);
    CHECK(answer.owner == "10.0.0.2:77");
  }
  CHECK_FALSE(machines.audit(a, 9).served);
  machines.stop(a);
  machines.boot(a);
  const Answer answer = machines.ask<Answer>(a, Machines::write(9, 3, 4));
  CHECK(answer.result == Result::moved);
  CHECK(answer.owner == "10.0.0.2:77");
}

TEST_CASE("node: a restart forgets nothing that was answered") {
  Machines machines;
  const auto a = machines.start();
  machines.own(a, 1, 1, {5'000});
  for (std::uint64_t n = 0; n < 100; ++n) machines.send(a, Machines::write(1, n));
  for (int n = 0; n < 100; ++n) CHECK(machines.await<Answer>(a).result == Result::committed);
  const Audited before = machines.audit(a, 1);
  machines.stop(a);
  machines.boot(a);
  machines.own(a, 1, 1, {5'000});  // told again: not a second filling
  CHECK(machines.put(a, 1, 50) == Result::committed);
  const Audited after = machines.audit(a, 1);
  CHECK(after.count == before.count);
  CHECK(after.sum == before.sum);
  CHECK(after.held == std::vector<Range>{{0, 99}});
  const Loads loads = machines.ask<Loads>(a, AskLoads{vm::Attempt{1}});
  REQUIRE(loads.loads.size() == 1);
  CHECK(loads.loads[0].state == vm::Bytes{5'000 + 100 * 100});
}

TEST_CASE("node: a full disk refuses writes, loses nothing, and still reads") {
  Machines machines;
  const auto a = machines.start(large(), {1 << 20});
  machines.own(a, 0);
  std::uint64_t kept = 0;
  while (machines.ask<Answer>(a, Machines::write(0, kept, 1, 4'000)).result == Result::committed) {
    REQUIRE(++kept < 1'000);
  }
  CHECK(kept > 100);
  CHECK(machines.ask<Answer>(a, Machines::write(0, kept, 1, 4'000)).result == Result::refused);
  Perform read = Machines::write(0, kept + 1);
  read.value.clear();
  CHECK(machines.ask<Answer>(a, read).result == Result::committed);
  CHECK(machines.audit(a, 0).held == std::vector<Range>{{0, kept - 1}});

  machines.stop(a);
  machines.boot(a);  // on a larger disk
  CHECK(machines.put(a, 0, kept) == Result::committed);
  CHECK(machines.audit(a, 0).held == std::vector<Range>{{0, kept}});
}

TEST_CASE("node: disturbances come and go") {
  vm::Flavor flavor = large();
  flavor.capacity.memory = {100'000};
  Machines machines;
  const auto a = machines.start(flavor);
  machines.own(a, 0);
  machines.send(a, Disturb{.kind = Disturbance::disk_full, .amount = 1});
  CHECK(machines.put(a, 0, 1) == Result::refused);
  machines.send(a, Disturb{.kind = Disturbance::disk_full, .amount = 0});
  CHECK(machines.put(a, 0, 1) == Result::committed);

  machines.send(
      a, Disturb{.kind = Disturbance::leak, .amount = 1e6});  // full after a tenth of a second
  Perform order = Machines::write(0, 2);
  order.memory = {1'000};
  CHECK(machines.run_until([&] {
    ++order.sequence;
    return machines.ask<Answer>(a, order).result == Result::refused;
  }));

  machines.send(a, Disturb{.kind = Disturbance::slow, .amount = 0.05});
  Perform busy = Machines::write(0, 1'000'000);
  busy.value.clear();
  busy.steps = {{vm::Resource::cpu, 10e-3}};
  // At a twentieth of a core, 10 ms of work take 200 ms; 10 ms may have been saved up.
  const auto begin = std::chrono::steady_clock::now();
  CHECK(machines.ask<Answer>(a, busy).result == Result::committed);
  CHECK(std::chrono::steady_clock::now() - begin > 100ms);
}

TEST_CASE("node: the gateway that came last is the one that is answered") {
  Machines machines;
  const auto a = machines.start();
  machines.own(a, 0);
  Perform slow = Machines::write(0, 1);
  slow.steps = {{vm::Resource::cpu, 50e-3}};
  machines.send(a, slow);
  machines.run_for(5ms);
  const auto before = machines[a].link;
  machines.connect(a);
  CHECK(machines.run_until([&] { return machines.audit(a, 0).count == 1; }));
  CHECK_FALSE(machines.take<Answer>(a));  // of the link before
  CHECK(machines.run_until([&] { return before->closed(); }));
  CHECK(machines.put(a, 0, 1) == Result::committed);
}

TEST_CASE("node: nonsense ends a link and nothing else") {
  Machines machines;
  const auto a = machines.start();
  machines.own(a, 0);
  machines.send(a, Launch{});  // no gateway says that to a node
  CHECK(machines.run_until([&] { return machines[a].link->closed(); }));
  machines.connect(a);
  CHECK(machines.put(a, 0, 1) == Result::committed);
}
