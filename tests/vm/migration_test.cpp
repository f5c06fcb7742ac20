#include "vm/migration.hpp"

#include "tests/vm/control_rig.hpp"
#include "vm/attempts.hpp"

namespace {

using namespace control_rig;
using State = Migration::State;

/// One migration of tenant 7 from machine 1 to machine 2, with 10 MB/s and a pause of 20 ms: 70 %
/// of that budget copy 140,000 bytes.
struct Bench {
  static FailoverConfig config() {
    FailoverConfig how;
    how.bandwidth = {10e6};
    how.pause = 20ms;
    how.rounds = 5;
    how.attempts = 3;
    how.timeout = 60s;
    return how;
  }

  explicit Bench(const FailoverConfig& how = config())
      : migration(FailoverId{3}, TenantId{7}, MachineId{1}, MachineId{2}, Time{}, how) {}

  Attempt start(Time now = Time{}) {
    orders.clear();
    migration.start(now, 9, attempts, orders);
    return only<StartCopy>(orders).attempt;
  }
  template <class F>
  std::vector<Order> tell(Time now, const F& fact) {
    orders.clear();
    migration.on(now, fact, attempts, orders);
    return orders;
  }
  std::vector<Order> copied(Time now, Attempt a, std::int64_t dirty, std::uint32_t round) {
    return tell(now, Copied{a, {1'000'000}, {dirty}, round});
  }
  /// As far as the order to switch over.
  Attempt to_switch_over() {
    const Attempt a = start();
    copied(Time{1s}, a, 0, 0);
    tell(Time{1s}, Frozen{a, {}});
    copied(Time{1s}, a, 0, 1);
    tell(Time{1s}, Verified{a, true});
    REQUIRE(migration.state() == State::switching);
    return a;
  }

  Attempts attempts;
  Migration migration;
  std::vector<Order> orders;
};

}  // namespace

TEST_CASE("migration: rounds until the rest fits the pause, then freeze, copy, verify, switch") {
  Bench b;
  const Attempt a = b.start();
  CHECK(only<StartCopy>(b.orders).tenant == TenantId{7});
  CHECK(only<SetTimer>(b.orders).at == Time{60s});

  // A megabyte in 100 ms is the configured pace: 70 % of 20 ms at 10 MB/s are 140,000 bytes.
  CHECK(only<CopyRound>(b.copied(Time{100ms}, a, 400'000, 0)).round == 1);
  CHECK(only<CopyRound>(b.copied(Time{200ms}, a, 140'001, 1)).round == 2);  // one byte too many
  CHECK(only<Freeze>(b.copied(Time{300ms}, a, 140'000, 2)).attempt == a);
  CHECK(only<CopyRest>(b.tell(Time{3s}, Frozen{a, {140'000}})).round == 3);
  CHECK(only<Verify>(b.copied(Time{3s}, a, 0, 3)).attempt == a);
  const auto over = only<SwitchOver>(b.tell(Time{3s}, Verified{a, true}));
  CHECK(over.epoch == 9);
  CHECK(over.from == MachineId{1});
  CHECK(over.to == MachineId{2});
  CHECK(b.migration.owned_by_target());
  CHECK(b.tell(Time{3s}, SwitchedOver{a, 17ms}).empty());

  CHECK(b.migration.state() == State::moved);
  const MigrationEnded& figures = b.migration.figures();
  CHECK_FALSE(figures.aborted);
  CHECK(figures.rounds == 4);
  CHECK(figures.bytes == Bytes{4'000'000});
  CHECK(figures.pause == 17ms);
}

TEST_CASE("migration: a link slower than configured has to leave less for the pause") {
  Bench b;
  const Attempt a = b.start();
  // A megabyte took a second, so 14 ms are 14,000 bytes and not 140,000.
  CHECK(only<CopyRound>(b.copied(Time{1s}, a, 14'001, 0)).round == 1);
  CHECK(only<Freeze>(b.copied(Time{2s}, a, 13'999, 1)).attempt == a);
}

TEST_CASE("migration: repeated, late and foreign answers change nothing") {
  Bench b;
  const Attempt a = b.start();
  const Attempt foreign{a.value + 1000};
  b.copied(Time{1s}, a, 400'000, 0);
  CHECK(b.copied(Time{1s}, a, 0, 0).empty());  // the first round again: not the second's answer
  CHECK(b.copied(Time{1s}, foreign, 0, 1).empty());
  CHECK(b.tell(Time{1s}, Frozen{a, {}}).empty());
  CHECK(b.tell(Time{1s}, Verified{a, true}).empty());
  CHECK(b.tell(Time{1s}, SwitchedOver{a, 1ms}).empty());
  CHECK(b.tell(Time{1s}, MigrationBroken{foreign}).empty());
  CHECK(b.tell(Time{1s}, TimerFired{foreign}).empty());
  CHECK(b.migration.state() == State::copying);
  CHECK(b.migration.figures().rounds == 1);
}

TEST_CASE("migration: two rounds in a row that hardly shrink send it back") {
  Bench b;
  const Attempt a = b.start();
  b.copied(Time{1s}, a, 1'000'000, 0);
  b.copied(Time{2s}, a, 950'000, 1);                                       // 95 %: once
  CHECK(!b.copied(Time{3s}, a, 700'000, 2).empty());                       // 74 %: forgiven
  CHECK(every<CopyRound>(b.copied(Time{4s}, a, 630'000, 3)).size() == 1);  // exactly 90 %: once
  Bench again;
  const Attempt c = again.start();
  again.copied(Time{1s}, c, 1'000'000, 0);
  again.copied(Time{2s}, c, 900'000, 1);
  const auto orders = again.copied(Time{3s}, c, 810'000, 2);
  CHECK(only<AbortMigration>(orders).attempt == c);
  CHECK(again.migration.state() == State::resting);
}

TEST_CASE("migration: when the rounds are used up it goes back") {
  Bench b;  // five rounds
  const Attempt a = b.start();
  std::int64_t dirty = 100'000'000;
  for (std::uint32_t round = 0; round < 4; ++round) {
    CHECK(every<CopyRound>(b.copied(Time{1s}, a, dirty, round)).size() == 1);
    dirty /= 2;
  }
  CHECK(every<AbortMigration>(b.copied(Time{1s}, a, dirty, 4)).size() == 1);
}

TEST_CASE("migration: tries are counted, rest ever longer between them, and end") {
  Bench b;
  Attempt a = b.start();
  auto orders = b.tell(Time{10s}, MigrationBroken{a});
  CHECK(every<AbortMigration>(orders).size() == 1);
  CHECK(only<SetTimer>(orders).at == Time{11s});  // 1 s, then 2 s
  CHECK(b.tell(Time{11s}, TimerFired{only<SetTimer>(orders).attempt}).empty());
  CHECK(b.migration.waiting());
  a = b.start(Time{20s});
  orders = b.tell(Time{20s}, MigrationBroken{a});
  CHECK(only<SetTimer>(orders).at == Time{22s});
  b.tell(Time{22s}, TimerFired{only<SetTimer>(orders).attempt});
  a = b.start(Time{22s});
  orders = b.tell(Time{22s}, MigrationBroken{a});
  CHECK(orders.size() == 1);  // only the abort: three tries are all
  CHECK(b.migration.state() == State::given_up);
  CHECK(b.migration.figures().aborted);
}

TEST_CASE("migration: a try that takes too long goes back, and so does a freeze, much sooner") {
  Bench slow;
  slow.start();
  const auto timer = only<SetTimer>(slow.orders).attempt;
  CHECK(every<AbortMigration>(slow.tell(Time{60s}, TimerFired{timer})).size() == 1);

  Bench frozen;
  const Attempt a = frozen.start();
  const auto freeze = frozen.copied(Time{1s}, a, 0, 0);
  CHECK(only<SetTimer>(freeze).at == Time{1s + 5 * 20ms});
  frozen.tell(Time{1s}, Frozen{a, {}});
  frozen.copied(Time{1s}, a, 0, 1);  // verifying: the freeze still lasts
  const auto orders = frozen.tell(Time{1100ms}, TimerFired{only<SetTimer>(freeze).attempt});
  CHECK(only<AbortMigration>(orders).attempt == a);
}

TEST_CASE("migration: unequal sides go back, and the next try starts from a fresh snapshot") {
  Bench b;
  const Attempt a = b.start();
  b.copied(Time{1s}, a, 0, 0);
  b.tell(Time{1s}, Frozen{a, {}});
  b.copied(Time{1s}, a, 0, 1);
  const auto orders = b.tell(Time{1s}, Verified{a, false});
  CHECK(every<AbortMigration>(orders).size() == 1);
  b.tell(Time{2s}, TimerFired{only<SetTimer>(orders).attempt});
  CHECK(b.start(Time{2s}) != a);
  CHECK(every<CopyRound>(b.copied(Time{3s}, a, 1'000'000, 0)).empty());  // of the first try
}

TEST_CASE("migration: after the order to switch over it only goes forward") {
  Bench b;
  const Attempt a = b.to_switch_over();
  CHECK(b.tell(Time{1s}, MigrationBroken{a}).empty());
  CHECK(b.tell(Time{1s}, Verified{a, false}).empty());
  const SetTimer timer = only<SetTimer>([&] {
    Bench other;  // the same way, to see the order's timer
    const Attempt o = other.start();
    other.copied(Time{1s}, o, 0, 0);
    other.tell(Time{1s}, Frozen{o, {}});
    other.copied(Time{1s}, o, 0, 1);
    return other.tell(Time{1s}, Verified{o, true});
  }());
  CHECK(timer.at == Time{1200ms});  // ten pauses
  const auto orders = b.tell(timer.at, TimerFired{timer.attempt});
  CHECK(only<SwitchOver>(orders).attempt == a);  // the very same order again
  CHECK(only<SwitchOver>(orders).epoch == 9);
  b.tell(Time{2s}, SwitchedOver{a, 900ms});
  CHECK(b.migration.state() == State::moved);
}

TEST_CASE("migration: cut before the switch-over it goes back, after it nobody is told") {
  Bench before;
  const Attempt a = before.start();
  before.orders.clear();
  before.migration.cut(Time{1s}, before.attempts, before.orders);
  CHECK(only<AbortMigration>(before.orders).attempt == a);
  CHECK(before.migration.state() == State::given_up);
  CHECK(before.attempts.find(a) == nullptr);

  Bench after;
  after.to_switch_over();
  after.orders.clear();
  after.migration.cut(Time{1s}, after.attempts, after.orders);
  CHECK(after.orders.empty());
  CHECK(after.migration.figures().aborted);  // nobody confirmed it
}

TEST_CASE("migration: a lost target does not use up a try") {
  FailoverConfig how = Bench::config();
  how.attempts = 1;
  Bench b{how};
  b.start();
  b.orders.clear();
  b.migration.retarget(Time{1s}, MachineId{5}, b.attempts, b.orders);
  CHECK(every<AbortMigration>(b.orders).size() == 1);
  REQUIRE(b.migration.waiting());
  b.start(Time{2s});
  CHECK(only<StartCopy>(b.orders).to == MachineId{5});
}
