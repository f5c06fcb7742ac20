// RoughWorld: a small world that carries the control plane's orders out badly: late, twice, never,
// with machines that crash at any moment. What must hold is checked at every order.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "sim/random.hpp"
#include "tests/vm/control_rig.hpp"
#include "vm/control_plane.hpp"
#include "vm/placement.hpp"

namespace rough_world {

using namespace control_rig;

struct RoughWorld {
  enum class State { booting, up, down, released };
  struct Machine {
    State state = State::up;
    std::uint32_t life = 0;  // grows with each crash: what it held before is gone
    bool sick = false;
  };
  struct Tenant {
    std::set<MachineId> serving;  // who would apply a write; the books' owner is one thing ...
    Epoch epoch = 0;              // ... and the world's fence another
    MachineId ordered_owner;      // by orders alone
    Epoch ordered_epoch = 0;
  };
  struct Move {
    TenantId tenant;
    MachineId from, to;
    std::uint32_t from_life = 0, to_life = 0;
    bool frozen = false, aborted = false, switch_ordered = false;
    Time channel;  // orders of one attempt arrive in the order in which they were given
    std::int64_t dirty = 8 << 20;
  };

  RoughWorld(const Scenario& s, std::uint64_t seed)
      : scenario(s), plane(s), chance(seed, "control.world"), layout(initial_layout(s)) {
    machines.resize(layout.machines.size());
    tenants.resize(layout.owner.size());
    for (std::size_t t = 0; t < tenants.size(); ++t) {
      tenants[t].serving = {layout.owner[t]};
      tenants[t].ordered_owner = layout.owner[t];
    }
    loss = chance.uniform() * 0.15;
    repeat = chance.uniform() * 0.3;
    crash_at_step = chance.uniform() * 0.1;
    slow = chance.uniform() < 0.3 ? 20.0 : 1.0;
    at_once = s.fleets[0].failover.at_once;
  }

  // ---- time

  void at(Time when, std::function<void()> what) {
    agenda.emplace(std::pair{when, next_event++}, std::move(what));
  }
  Duration delay(double most_ms) { return sim::from_seconds(chance.uniform() * most_ms * 1e-3); }

  void run_until(Time end) {
    while (!agenda.empty() && agenda.begin()->first.first <= end) {
      now = agenda.begin()->first.first;
      const auto what = std::move(agenda.begin()->second);
      agenda.erase(agenda.begin());
      what();
    }
    now = end;
  }

  // ---- facts

  void tell(const Fact& fact) {
    if (const auto* verified = std::get_if<Verified>(&fact); verified && verified->equal)
      found_equal.insert(verified->attempt);
    std::vector<Order> orders;
    plane.step(now, fact, orders);
    journal.emplace_back(now, fact);
    given.insert(given.end(), orders.begin(), orders.end());
    for (const Order& order : orders) std::visit([&](const auto& o) { carry_out(o); }, order);
    REQUIRE(active.size() <= at_once);
  }

  /// An answer: late, perhaps never, perhaps twice.
  void answer(const Fact& fact, double most_ms) {
    if (faults && chance.uniform() < loss) return;
    at(now + delay(most_ms), [=, this] { tell(fact); });
    if (faults && chance.uniform() < repeat)
      at(now + delay(most_ms * (chance.uniform() < 0.5 ? 2 : 50)), [=, this] { tell(fact); });
  }

  Machine& machine(MachineId m) { return machines.at(m.value); }
  Tenant& tenant(TenantId t) { return tenants.at(t.value); }
  /// An order to a machine that is down reaches nobody, also when it is up again later.
  std::uint32_t life_if_up(MachineId m) { return up(m) ? machine(m).life : 0xffffffffu; }
  bool up(MachineId m) { return machine(m).state == State::up; }

  void crash(MachineId m) {
    if (!up(m)) return;
    machine(m).state = State::down;
    ++machine(m).life;
    for (Tenant& t : tenants) t.serving.erase(m);
    for (auto& [attempt, move] : moves)
      if ((move.from == m || move.to == m) && chance.uniform() < 0.5)
        answer(MigrationBroken{attempt}, 100);
    const Time detected = now + delay(1000);
    at(detected, [=, this] {
      draining.erase(m);
      tell(MachineLost{m});
    });
    if (chance.uniform() < repeat)
      at(detected + delay(3000), [=, this] {
        if (machine(m).state != State::up) tell(MachineLost{m});
      });
    if (chance.uniform() < 0.6) at(detected + delay(30000), [=, this] { come_back(m); });
  }
  void come_back(MachineId m) {
    if (machine(m).state == State::down) machine(m).state = State::up;
    tell(MachineReturned{m});  // also of a released one: news may be old
  }

  // ---- orders

  void perhaps_crash(const Move& move) {
    if (!faults || chance.uniform() >= crash_at_step) return;
    const MachineId victim = chance.uniform() < 0.5 ? move.from : move.to;
    at(now + delay(40), [=, this] { crash(victim); });
  }
  bool intact(const Move& move) {
    return up(move.from) && up(move.to) && machine(move.from).life == move.from_life &&
           machine(move.to).life == move.to_life;
  }
  /// Does `what` to this move when the order arrives.
  void deliver(Attempt attempt, std::function<void(Move&)> what) {
    REQUIRE(moves.count(attempt) == 1);
    Move& move = moves[attempt];
    perhaps_crash(move);
    move.channel = std::max(move.channel, now + delay(2 * slow));
    at(move.channel, [=, this] { what(moves[attempt]); });
  }

  void carry_out(const Allocate& o) {
    REQUIRE(o.machine.value == machines.size());
    machines.push_back({State::booting, 0, false});
    if (faults && chance.uniform() < 0.2) return answer(BootFailed{o.machine, o.attempt}, 5000);
    at(now + delay(faults ? 20000 : 8000), [=, this] {
      if (machine(o.machine).state != State::booting) return;
      machine(o.machine).state = State::up;
      answer(MachineReady{o.machine, o.attempt}, 10);
    });
  }
  void carry_out(const Release& o) {
    for (const Tenant& t : tenants) {
      REQUIRE(t.ordered_owner != o.machine);
      REQUIRE(t.serving.count(o.machine) == 0);
    }
    REQUIRE(machine(o.machine).state != State::released);
    machine(o.machine).state = State::released;
    draining.erase(o.machine);
  }
  void carry_out(const Drain& o) {
    REQUIRE(machine(o.machine).state != State::released);
    REQUIRE(draining.count(o.machine) == (o.begins ? 0 : 1));
    if (o.begins)
      draining.insert(o.machine);
    else
      draining.erase(o.machine);
  }
  void carry_out(const AskLoads& o) {
    if (!up(o.machine)) return;
    LoadsReported report{o.attempt, o.machine, {}};
    for (std::uint32_t t = 0; t < tenants.size(); ++t)
      if (tenants[t].serving.count(o.machine))
        report.loads.push_back({{t}, chance.uniform(), 1_MiB});
    answer(report, 100);
  }
  void carry_out(const StartCopy& o) {
    REQUIRE(tenant(o.tenant).ordered_owner == o.from);
    REQUIRE(o.from != o.to);
    for (const auto& [attempt, moved] : active) REQUIRE(moved != o.tenant);
    active[o.attempt] = o.tenant;
    Move move;
    move.tenant = o.tenant;
    move.from = o.from;
    move.to = o.to;
    move.from_life = life_if_up(o.from);
    move.to_life = life_if_up(o.to);
    moves[o.attempt] = move;
    copy(o.attempt, 0, 2000);
  }
  void carry_out(const CopyRound& o) { copy(o.attempt, o.round, 500); }
  void copy(Attempt attempt, std::uint32_t round, double most_ms) {
    deliver(attempt, [=, this](Move& move) {
      if (!intact(move)) return answer(MigrationBroken{attempt}, 50);
      const std::int64_t copied = move.dirty;
      move.dirty = static_cast<std::int64_t>(static_cast<double>(copied) * chance.uniform());
      answer(Copied{attempt, {copied}, {move.dirty}, round}, most_ms);
    });
  }
  void carry_out(const Freeze& o) {
    frozen.insert(o.attempt);
    deliver(o.attempt, [=, this](Move& move) {
      if (move.aborted || !intact(move)) return answer(MigrationBroken{o.attempt}, 50);
      move.frozen = true;
      tenant(move.tenant).serving.erase(move.from);
      answer(Frozen{o.attempt, {move.dirty}}, 2 * slow);
    });
  }
  void carry_out(const CopyRest& o) {
    deliver(o.attempt, [=, this](Move& move) {
      if (!intact(move)) return answer(MigrationBroken{o.attempt}, 50);
      answer(Copied{o.attempt, {move.dirty}, {}, o.round}, 2 * slow);
      move.dirty = 0;
    });
  }
  void carry_out(const Verify& o) {
    deliver(o.attempt, [=, this](Move& move) {
      if (!intact(move)) return answer(MigrationBroken{o.attempt}, 50);
      // Verified too early it would be unequal: the rest must have arrived.
      REQUIRE(move.dirty == 0);
      answer(Verified{o.attempt, !faults || chance.uniform() < 0.9}, 2 * slow);
    });
  }
  void carry_out(const SwitchOver& o) {
    Move& ordered = moves.at(o.attempt);
    Tenant& t = tenant(o.tenant);
    REQUIRE_FALSE(ordered.aborted);
    REQUIRE(found_equal.count(o.attempt) == 1);
    if (!ordered.switch_ordered) {
      REQUIRE(o.epoch > t.ordered_epoch);
      t.ordered_epoch = o.epoch;
      t.ordered_owner = o.to;
      ordered.switch_ordered = true;
    }
    REQUIRE(o.epoch == t.ordered_epoch);  // repeated while nothing else happened
    frozen.erase(o.attempt);
    deliver(o.attempt, [=, this](Move& move) {
      Tenant& moved = tenant(o.tenant);
      if (!up(o.to) || machine(o.to).life != move.to_life || o.epoch < moved.epoch) return;
      if (o.epoch > moved.epoch) serve(o.tenant, o.to, o.epoch);
      answer(SwitchedOver{o.attempt, 10ms}, 2 * slow);
    });
  }
  void carry_out(const AbortMigration& o) {
    REQUIRE_FALSE(moves.at(o.attempt).switch_ordered);  // after it, forward only
    active.erase(o.attempt);
    frozen.erase(o.attempt);
    moves.at(o.attempt).aborted = true;
    deliver(o.attempt, [=, this](Move& move) {
      if (!move.frozen || !up(move.from) || machine(move.from).life != move.from_life) return;
      move.frozen = false;
      tenant(move.tenant).serving.insert(move.from);
      REQUIRE(tenant(move.tenant).serving.size() == 1);
    });
  }
  void carry_out(const Restore& o) {
    Tenant& t = tenant(o.tenant);
    if (restores.insert(o.attempt).second) {
      REQUIRE(o.epoch > t.ordered_epoch);
      t.ordered_epoch = o.epoch;
      t.ordered_owner = o.to;
    }
    const auto life = life_if_up(o.to);
    at(now + delay(3000), [=, this] {
      if (!up(o.to) || machine(o.to).life != life || o.epoch < tenant(o.tenant).epoch) return;
      const bool done = o.epoch == tenant(o.tenant).epoch;
      if (!done && faults && chance.uniform() < loss && refused.insert(o.attempt).second)
        tenant(o.tenant).ordered_owner = no_machine;
      if (refused.count(o.attempt) > 0)  // no room, or no copy: now and for ever
        return answer(MigrationBroken{o.attempt}, 10);
      if (!done) serve(o.tenant, o.to, o.epoch);
      answer(Restored{o.attempt, 1}, 10);
    });
  }
  void serve(TenantId id, MachineId m, Epoch epoch) {
    Tenant& t = tenant(id);
    t.epoch = epoch;
    t.serving.insert(m);
    REQUIRE(t.serving.size() == 1);  // never two owners
  }
  void carry_out(const Replicate& o) {
    REQUIRE(o.to != tenant(o.tenant).ordered_owner);
    if (!up(o.to)) return;
    if (faults && chance.uniform() < loss) return answer(MigrationBroken{o.attempt}, 3000);
    answer(Replicated{o.attempt}, 3000);
  }
  void carry_out(const SetTimer& o) {
    REQUIRE(o.at >= now);
    at(o.at, [=, this] { tell(TimerFired{o.attempt}); });
  }
  void carry_out(const Notify& o) {
    if (const auto* ended = std::get_if<MigrationEnded>(&o.notice)) {
      std::erase_if(active, [&](const auto& entry) { return entry.second == ended->tenant; });
    }
    if (const auto* began = std::get_if<SlaFailureBegan>(&o.notice)) {
      REQUIRE(began->failure == failures_seen++);  // numbered in order
      REQUIRE(began->start <= now);
      open_failures.insert(began->failure);
    }
    if (const auto* ended = std::get_if<SlaFailureEnded>(&o.notice))
      REQUIRE(open_failures.erase(ended->failure) == 1);
    if (const auto* triggered = std::get_if<FailoverTriggered>(&o.notice)) {
      REQUIRE(open_failures.count(triggered->failure) == 1);  // it answers one that is open
      REQUIRE(open_failovers.insert(triggered->failover).second);
    }
    if (const auto* ended = std::get_if<FailoverEnded>(&o.notice))
      REQUIRE(open_failovers.erase(ended->failover) == 1);
  }

  // ---- a life

  void samples() {
    for (std::uint32_t i = 0; i < machines.size(); ++i) {
      Machine& m = machines[i];
      if (faults && chance.uniform() < 0.02) m.sick = !m.sick;
      if (faults && chance.uniform() < 0.003) crash({i});
      if (faults && chance.uniform() < 0.1) continue;  // a lost sample
      Sampled fact{{i}, {}};
      fact.sample.utilisation[Resource::cpu] = faults && m.sick ? 1.0 : 0.3;
      tell(fact);  // also of booting, lost and released ones
    }
    if (now < end_of_samples) at(now + 1s, [this] { samples(); });
  }

  void live(Duration with_faults, Duration without) {
    end_of_samples = Time{with_faults + without};
    at(Time{1s}, [this] { samples(); });
    run_until(Time{with_faults});
    faults = false;
    for (std::uint32_t i = 0; i < machines.size(); ++i)
      if (machines[i].state == State::down &&
          scenario.fleets[0].failover.policy == FailoverPolicy::none)
        at(now + 5s, [this, i] {
          if (machines[i].state == State::down) come_back({i});
        });
    run_until(end_of_samples);
  }

  Scenario scenario;
  ControlPlane plane;
  sim::RandomStream chance;
  Layout layout;
  Time now, end_of_samples;
  bool faults = true;
  double loss = 0, repeat = 0, crash_at_step = 0, slow = 1;
  std::uint32_t at_once = 1;
  std::vector<Machine> machines;
  std::vector<Tenant> tenants;
  std::map<Attempt, Move> moves;
  std::map<Attempt, TenantId> active;
  std::set<Attempt> frozen, restores, refused, found_equal;
  std::set<MachineId> draining;
  std::set<std::uint32_t> open_failures;
  std::set<FailoverId> open_failovers;
  std::uint32_t failures_seen = 0;
  std::map<std::pair<Time, std::uint64_t>, std::function<void()>> agenda;
  std::uint64_t next_event = 0;
  std::vector<std::pair<Time, Fact>> journal;
  std::vector<Order> given;
};

}  // namespace rough_world
