// Migration on the wire: two nodes, a gateway that gives the orders of the migration table, and
// everything that can break in between.
#include <catch2/catch.hpp>

#include "tests/real/node_bench.hpp"
#include "vm/ledger.hpp"

namespace {

using namespace real_test;

constexpr vm::TenantId tenant{4};
constexpr double fast = 1e9;  // bytes/s

/// A client that writes without end, and what it was told.
struct Writer {
  Machines& machines;
  std::uint64_t next = 0;
  std::vector<std::uint64_t> committed{}, held{};  // held: taken back, to be sent again

  void send(std::uint32_t to, int count, vm::Epoch epoch = 1) {
    for (int i = 0; i < count; ++i) machines.send(to, Machines::write(tenant.value, next++, epoch));
  }
  void collect(std::uint32_t from) {
    while (const auto answer = machines.take<Answer>(from)) {
      if (answer->result == Result::committed) committed.push_back(answer->id);
      if (answer->result == Result::frozen) held.push_back(answer->id);
    }
  }
  void send_held(std::uint32_t to, vm::Epoch epoch) {
    for (const auto n : held) machines.send(to, Machines::write(tenant.value, n, epoch));
    held.clear();
  }
  void await_all(std::uint32_t from) {
    REQUIRE(machines.run_until([&] {
      collect(from);
      return committed.size() + held.size() == next;
    }));
  }
};

/// Nothing lost, nothing twice: by the full set, and by the digest.
void check_books(Machines& machines, std::uint32_t owner, const Writer& writer) {
  const Audited books = machines.audit(owner, tenant.value);
  REQUIRE(books.served);
  std::uint64_t held = 0;
  vm::Digest digest;
  for (const Range& range : books.held) {
    for (std::uint64_t n = range.first; n <= range.last; ++n, ++held) digest.add(tenant, n);
  }
  CHECK(held == writer.committed.size());
  CHECK(vm::Digest{books.count, books.sum} == digest);
  for (const auto n : writer.committed) {
    const bool found = std::ranges::any_of(
        books.held, [&](const Range& range) { return range.first <= n && n <= range.last; });
    if (!found) FAIL_CHECK("write " << n << " was acknowledged and is lost");
  }
}

StartCopy start_copy(const std::string& address, std::uint32_t attempt = 1,
                     double bandwidth = fast) {
  return {vm::Attempt{attempt}, tenant, vm::MachineId{1}, address, bandwidth};
}

}  // namespace

TEST_CASE("migration: the whole table under load, and back again; nothing lost, nothing twice") {
  Machines machines;
  const std::uint32_t a = machines.start(), b = machines.start();
  machines.own(a, tenant.value, 1, {3'000'000});
  Writer writer{machines};
  std::uint32_t from = a, to = b;
  vm::Epoch epoch = 1;
  for (std::uint32_t attempt = 1; attempt <= 3; ++attempt) {
    writer.send(from, 200, epoch);
    machines.send(from, start_copy(machines[to].address, attempt));
    const Copied all = machines.await<Copied>(from);
    CHECK(all.attempt == vm::Attempt{attempt});
    CHECK(all.round == 0);
    CHECK(all.copied.count >= 3'000'000);
    writer.send(from, 200, epoch);
    machines.run_for(20ms);
    machines.send(from, CopyRound{vm::Attempt{attempt}, 1});
    const Copied round = machines.await<Copied>(from);
    CHECK(round.round == 1);
    CHECK(round.copied.count < 200'000);
    writer.send(from, 100, epoch);
    machines.send(from, Freeze{vm::Attempt{attempt}});
    writer.send(from, 100, epoch);
    machines.await<Frozen>(from);
    writer.await_all(from);
    CHECK(machines.put(from, tenant.value, 1'000'000, epoch) == Result::frozen);
    machines.send(from, CopyRound{vm::Attempt{attempt}, 2});
    CHECK(machines.await<Copied>(from).dirty == vm::Bytes{0});
    CHECK(machines.ask<Verified>(from, Verify{vm::Attempt{attempt}}).equal);
    ++epoch;
    machines.ask<TakenOver>(to, TakeOver{vm::Attempt{attempt}, tenant, epoch});
    machines.ask<TakenOver>(to, TakeOver{vm::Attempt{attempt}, tenant, epoch});  // told again
    CHECK(writer.held.size() >= 100);
    writer.send_held(to, epoch);
    machines.ask<Fenced>(from, Fence{tenant, epoch, machines[to].address});
    writer.await_all(to);
    check_books(machines, to, writer);
    CHECK(machines.ask<Answer>(from, Machines::write(tenant.value, 0, epoch - 1)).owner ==
          machines[to].address);
    // What was applied on the old owner is known on the new one.
    CHECK(machines.put(to, tenant.value, 0, epoch) == Result::committed);
    check_books(machines, to, writer);
    std::swap(from, to);
  }
  machines.stop(from);
  machines.boot(from);
  check_books(machines, from, writer);
}

TEST_CASE("migration: a link that breaks is dialled again, and the copy goes on") {
  Machines machines;
  const std::uint32_t a = machines.start(), b = machines.start();
  machines.own(a, tenant.value, 1, {8'000'000});
  Relay relay{machines.io(), machines[b].address};
  Writer writer{machines};
  relay.cut_after(3'000'000);
  machines.send(a, start_copy(relay.address()));
  writer.send(a, 500);
  machines.await<Copied>(a);
  CHECK(relay.connections() == 2);
  // Gone on, not begun anew: less than twice the state went through, by the 8 MiB window at most
  // what was not synced there.
  CHECK(relay.passed() < 16'000'000);
  writer.await_all(a);
  machines.send(a, Freeze{vm::Attempt{1}});
  machines.await<Frozen>(a);
  relay.cut();  // and once more, in the pause
  machines.send(a, CopyRound{vm::Attempt{1}, 1});
  machines.await<Copied>(a);
  relay.cut();
  CHECK(machines.ask<Verified>(a, Verify{vm::Attempt{1}}).equal);
  machines.ask<TakenOver>(b, TakeOver{vm::Attempt{1}, tenant, 2});
  machines.ask<Fenced>(a, Fence{tenant, 2, machines[b].address});
  check_books(machines, b, writer);
}

TEST_CASE("migration: a target that is gone breaks the copy, and the source serves on") {
  Machines machines;
  const std::uint32_t a = machines.start(), b = machines.start();
  machines.own(a, tenant.value, 1, {1'000'000});
  Writer writer{machines};
  machines.send(a, start_copy(machines[b].address));
  machines.await<Copied>(a);
  machines.send(a, Freeze{vm::Attempt{1}});
  machines.await<Frozen>(a);
  machines.stop(b);
  const Broken broken = machines.await<Broken>(a);
  CHECK(broken.attempt == vm::Attempt{1});
  CHECK(machines.put(a, tenant.value, 0) == Result::frozen);  // until the gateway has said so
  machines.send(a, Abort{vm::Attempt{1}});
  writer.send(a, 10);
  writer.await_all(a);
  CHECK(writer.committed.size() == 10);
  // A target that restarted knows nothing of the copy.
  machines.boot(b);
  machines.send(b, TakeOver{vm::Attempt{1}, tenant, 2});
  CHECK(machines.await<Broken>(b).attempt == vm::Attempt{1});
  // And the next attempt works.
  machines.send(a, start_copy(machines[b].address, 2));
  machines.await<Copied>(a);
  check_books(machines, a, writer);
}

TEST_CASE("migration: aborted at every step, the source serves and the target has forgotten") {
  const int step = GENERATE(range(0, 5));
  CAPTURE(step);
  Machines machines;
  const std::uint32_t a = machines.start(), b = machines.start();
  machines.own(a, tenant.value, 1, {500'000});
  Writer writer{machines};
  writer.send(a, 50);
  const vm::Attempt attempt{1};
  machines.send(a, start_copy(machines[b].address, 1, step == 0 ? 1e5 : fast));
  if (step == 0) machines.run_for(50ms);  // in the midst of five seconds of copying
  if (step >= 1) machines.await<Copied>(a);
  if (step >= 2) {
    machines.send(a, Freeze{attempt});
    machines.await<Frozen>(a);
  }
  if (step >= 3) {
    machines.send(a, CopyRound{attempt, 1});
    machines.await<Copied>(a);
  }
  if (step >= 4) CHECK(machines.ask<Verified>(a, Verify{attempt}).equal);
  machines.send(a, Abort{attempt});
  machines.send(b, Abort{attempt});
  writer.await_all(a);
  writer.send_held(a, 1);
  writer.send(a, 50);
  writer.await_all(a);
  CHECK(writer.committed.size() == 100);
  check_books(machines, a, writer);
  machines.send(b, TakeOver{attempt, tenant, 2});
  CHECK(machines.await<Broken>(b).attempt == attempt);
  CHECK_FALSE(machines.audit(b, tenant.value).served);
  machines.send(a, Freeze{attempt});  // late
  CHECK(machines.await<Broken>(a).attempt == attempt);
  CHECK(machines.put(a, tenant.value, 5) == Result::committed);
}

TEST_CASE("migration: transactions in service when it freezes are taken back unapplied") {
  Machines machines;
  const std::uint32_t a = machines.start(), b = machines.start();
  machines.own(a, tenant.value);
  machines.send(a, start_copy(machines[b].address));
  machines.await<Copied>(a);
  for (std::uint64_t n = 0; n < 3; ++n) {
    Perform slow = Machines::write(tenant.value, n);
    slow.memory = {1'000};
    slow.steps = {{static_cast<vm::Resource>(n == 0 ? 0 : n + 1), n == 0 ? 10.0 : 1e12}};
    machines.send(a, slow);  // ten seconds of CPU, or hours of disk and network
  }
  machines.run_for(20ms);
  machines.send(a, Freeze{vm::Attempt{1}});
  for (int i = 0; i < 3; ++i) CHECK(machines.await<Answer>(a).result == Result::frozen);
  CHECK(machines.await<Frozen>(a).rest == vm::Bytes{0});
  CHECK(machines.audit(a, tenant.value).held.empty());
}

TEST_CASE("migration: a target without room for it says so") {
  vm::Flavor small = large();
  small.capacity.memory = {400'000};
  Machines machines;
  const std::uint32_t a = machines.start();
  SECTION("memory") {
    const std::uint32_t b = machines.start(small);
    machines.own(a, tenant.value, 1, {500'000});
    machines.send(a, start_copy(machines[b].address));
    CHECK(machines.await<Broken>(a).reason.find("memory") != std::string::npos);
    // It was given back: another tenant fits.
    machines.own(b, 8, 1, {300'000});
    Perform order = Machines::write(8, 1);
    order.memory = {90'000};
    CHECK(machines.ask<Answer>(b, order).result == Result::committed);
  }
  SECTION("disk") {
    const std::uint32_t b = machines.start(large(), {400'000});
    machines.own(a, tenant.value, 1, {500'000});
    machines.send(a, start_copy(machines[b].address));
    CHECK(machines.await<Broken>(a).reason.find("full") != std::string::npos);
  }
  CHECK(machines.put(a, tenant.value, 1) == Result::committed);
}

TEST_CASE("migration: a copy that is not the owner's is refused") {
  Machines machines;
  const std::uint32_t a = machines.start(), b = machines.start();
  machines.own(a, tenant.value, 1);
  machines.own(b, tenant.value, 2);
  machines.send(a, start_copy(machines[b].address));
  CHECK(machines.await<Broken>(a).reason.find("later owner") != std::string::npos);
  machines.send(b, start_copy(machines[a].address));
  CHECK(machines.await<Broken>(b).reason.find("owned here") != std::string::npos);
}

TEST_CASE("migration: the copy keeps to its rate") {
  Machines machines;
  const std::uint32_t a = machines.start(), b = machines.start();
  machines.own(a, tenant.value, 1, {500'000});
  const auto begin = std::chrono::steady_clock::now();
  machines.send(a, start_copy(machines[b].address, 1, 1e6));
  machines.await<Copied>(a);
  // Half a megabyte at 1 MB/s; the last chunk, of a tenth of a second, is not waited for.
  CHECK(std::chrono::steady_clock::now() - begin > 390ms);
}

TEST_CASE("migration: with keep, what was emptied meanwhile is empty on both sides") {
  Machines machines;
  const std::uint32_t a = machines.start(), b = machines.start();
  machines.own(a, tenant.value, 1, {100'000}, {100'000});
  Writer writer{machines};
  machines.send(a, start_copy(machines[b].address, 1, 1e5));  // about a second
  for (int i = 0; i < 10; ++i) {
    writer.send(a, 50);
    machines.run_for(20ms);
  }
  machines.await<Copied>(a);
  machines.send(a, Freeze{vm::Attempt{1}});
  machines.await<Frozen>(a);
  writer.await_all(a);
  machines.send(a, CopyRound{vm::Attempt{1}, 1});
  machines.await<Copied>(a);
  CHECK(machines.ask<Verified>(a, Verify{vm::Attempt{1}}).equal);
  machines.ask<TakenOver>(b, TakeOver{vm::Attempt{1}, tenant, 2});
  check_books(machines, b, writer);
  const Loads loads = machines.ask<Loads>(b, AskLoads{vm::Attempt{2}});
  REQUIRE(loads.loads.size() == 1);
  // 50,000 bytes of writes pushed out 49 rows of filler: at most a row less than may be kept.
  CHECK(loads.loads[0].state <= vm::Bytes{100'000});
  CHECK(loads.loads[0].state > vm::Bytes{100'000 - 1'024});
}
